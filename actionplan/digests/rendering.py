"""The weekly digest in words: what somebody is told as a subject, a text and HTML, in either
language.
"""

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from actionplan.digests.content import WEEK, Content, Items, Reader, Week, build
from actionplan.models import Digest, User
from commitments.models import ClearReason, Entry, Flag, Membership, Plan, Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.rules.states import State
from funding.templatetags.money import money

UNSUBSCRIBE = "actionplan.unsubscribe"
# where a text that several share has their way out; in no text that is read from a form or file
LEAVE = "\0"


def week_before(day: date) -> date:
    """The Monday of the ISO week that ended before the week of the day."""
    return day - timedelta(days=day.weekday()) - WEEK


@dataclass
class Line:
    text: str
    url: str = ""


@dataclass
class Section:
    """A list under its heading; text and HTML show the same lines."""

    title: str
    items: Items
    lines: list[Line]


def sections(content: Content) -> list[Section]:
    """The lists of a digest that hold anything, worst first, in the language in force."""
    manager = content.kind == Digest.Kind.MANAGER
    action = "action" if manager else "report"
    lists, page = content.lists, content.page

    def rows(items: Items) -> list[Line]:
        return [_of_row(row, page, action) for row in items.rows]

    def entries(items: Items) -> list[Line]:
        return [_of_entry(entry, page) for entry in items.rows]

    found = [
        (_("Newly overdue") if manager else _("Overdue"), lists["overdue"], rows),
        (_("Cleared"), content.cleared, lambda items: [_of_flag(flag) for flag in items.rows]),
        (_("Due in 14 days"), lists["due"], rows),
        (_("Deadlines moved"), content.moved, entries),
        (_("Awaiting somebody"), lists["awaiting"], rows),
        (_("Without news"), lists["stale"], rows),
        (_("Never reported"), content.never, rows),
        (_("Nobody is reminded of these"), content.unreminded, rows),
        (
            _("What was recorded") if manager else _("What others recorded"),
            content.changed,
            entries,
        ),
    ]
    return [Section(title, items, lines(items)) for title, items, lines in found if items.total]


def _of_row(row: Standing, page: Page, name: str) -> Line:
    parts = [labels.STATES[State(row.state)], labels.days(row, page.on)]
    said = " ".join(str(part) for part in parts if part)
    if row.stale_since:
        news = row.stale_since - timedelta(days=page.plan.stale_days)
        said += _(", no news since %(day)s") % {"day": labels.short_day(news)}
    words = _(" (“%(words)s”)") % {"words": row.words} if row.words else ""
    return Line(
        f"{row.obligation.ref} {labels.text(row.action.title)}{labels.colon()}{said}{words}",
        _link(page, name, row.obligation.ref),
    )


def _of_entry(entry: Entry, page: Page) -> Line:
    to = f" → {labels.edtf(entry.when)}" if entry.when else ""
    text = getattr(entry, "text", None)
    reason = f"{labels.colon()}{text.reason}" if text and text.reason else ""
    said = f"{entry.ref} {labels.kind(entry.kind)}{to}{reason}".strip()
    if entry.amount:
        said += f" {money({entry.currency: entry.amount})}"
    return Line(
        f"{said} ({labels.side(entry.side)}, {labels.short_day(entry.recorded_day)})",
        _link(page, "entry", entry.number),
    )


def _of_flag(flag: Flag) -> Line:
    reason = ClearReason(flag.cleared_by).label
    return Line(f"{flag.obligation}{labels.colon()}{reason} ({labels.short_day(flag.cleared)})")


def _link(page: Page, name: str, *args: Any) -> str:
    """An address that stays right when the site gains a plan; the day is the reader's own."""
    return settings.SITE_URL + reverse(f"plan:{name}", args=[page.plan.slug, *args])


def unsubscribe_token(user: User, plan: Plan) -> str:
    """Always the same, so that a second copy of a mail is the same, too."""
    return signing.Signer(salt=UNSUBSCRIBE).sign_object([user.pk, plan.pk])


def unsubscribed_by(token: str) -> tuple[int, int]:
    """The account and the plan of a token; raises BadSignature or ValueError."""
    user, plan = signing.Signer(salt=UNSUBSCRIBE).unsign_object(token)
    return user, plan


def unsubscribe_url(user: User, plan: Plan) -> str:
    return settings.SITE_URL + reverse("unsubscribe", args=[unsubscribe_token(user, plan)])


def rendered(
    plan: Plan, recipient: User, week: date, language: str
) -> tuple[Content, dict[str, str]]:
    """What one recipient is told, and their subject, text and HTML in a language."""
    content = build(plan, recipient, week)
    return content, with_leave(written(content, language), recipient, plan)


def written(content: Content, language: str) -> dict[str, str]:
    """Subject, text and HTML, which say the same; their times are in UTC, also where a page has
    them written.
    """
    with translation.override(language), timezone.override(UTC):
        context = {
            "content": content,
            "sections": sections(content),
            "page": content.page,
            "plan": content.page.plan,
            "on": content.page.on,
            "site": settings.SITE_URL,
            "language": language,
            "unsubscribe": LEAVE,
        }
        name = "emails/weekly_digest"
        subject = " ".join(render_to_string(f"{name}_subject.txt", context).split())
        return {
            "subject": subject[:200],
            "text": render_to_string(f"{name}_body.txt", context),
            "html": render_to_string(f"{name}_body.html", context),
        }


def with_leave(texts: dict[str, str], user: User, plan: Plan) -> dict[str, str]:
    """The texts with the recipient's own way out."""
    leave = unsubscribe_url(user, plan)
    return {name: text.replace(LEAVE, leave) for name, text in texts.items()}


class Writer:
    """Writes the digests of one plan and week; those who are told the same share one text, but for
    their way out.
    """

    def __init__(self, week: Week) -> None:
        self.week = week
        self.written: dict[tuple[Reader, str], dict[str, str]] = {}

    def write(self, member: Membership, language: str) -> dict[str, str]:
        """Subject, text and HTML; nothing where there is nothing to say."""
        reader = self.week.reader(member)
        content = self.week.contents[reader]
        if content.is_empty:
            return {}
        if (reader, language) not in self.written:
            self.written[reader, language] = written(content, language)
        return with_leave(self.written[reader, language], member.user, self.week.plan)
