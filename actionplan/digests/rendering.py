"""The weekly digest in words: a subject, a text and HTML, which say the same, in either language."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from actionplan.digests.content import WEEK, Content, Items, Reader, Week
from actionplan.digests.recipients import Recipient
from actionplan.models import User
from commitments.models import ClearReason, Entry, Flag, Plan, Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.rules.states import State
from funding.templatetags.money import money

UNSUBSCRIBE_SALT = "actionplan.unsubscribe"
# Stands for the unsubscribe link in texts that several recipients share. No text that is read from
# a form or file can hold this character.
UNSUBSCRIBE_PLACEHOLDER = "\0"


def week_before(day: date) -> date:
    """The Monday of the ISO week that ended before the week of the day."""
    return day - timedelta(days=day.weekday()) - WEEK


@dataclass(frozen=True)
class Texts:
    subject: str
    text: str
    html: str

    def with_unsubscribe_link(self, user: User, plan: Plan) -> "Texts":
        link = unsubscribe_url(user, plan)
        return Texts(
            subject=self.subject,
            text=self.text.replace(UNSUBSCRIBE_PLACEHOLDER, link),
            html=self.html.replace(UNSUBSCRIBE_PLACEHOLDER, link),
        )


@dataclass(frozen=True)
class Line:
    text: str
    url: str = ""


@dataclass(frozen=True)
class Section:
    """A list under its heading; text and HTML show the same lines."""

    title: str
    items: Items
    lines: list[Line]


class Renderer:
    """Renders the digests of one plan and week.

    Recipients who are told the same share one rendering, but for their unsubscribe link.
    """

    def __init__(self, week: Week) -> None:
        self.week = week
        self.rendered: dict[tuple[Reader, str], Texts | None] = {}

    def render(self, recipient: Recipient, language: str) -> Texts | None:
        """None where there is nothing to say."""
        reader = self.week.reader(recipient)
        if (reader, language) not in self.rendered:
            self.rendered[reader, language] = self._render(reader, language)
        texts = self.rendered[reader, language]
        if texts is None:
            return None
        return texts.with_unsubscribe_link(recipient.user, self.week.plan)

    def _render(self, reader: Reader, language: str) -> Texts | None:
        content = self.week.content(reader)
        if content.is_empty:
            return None
        return render(content, language)


def render_for(week: Week, recipient: Recipient, language: str) -> Texts:
    """What one recipient is told, even where that is nothing."""
    content = week.content(week.reader(recipient))
    return render(content, language).with_unsubscribe_link(recipient.user, week.plan)


def render(content: Content, language: str) -> Texts:
    """Times are in UTC, whatever the zone of the process."""
    with translation.override(language), timezone.override(UTC):
        context = {
            "content": content,
            "sections": sections(content),
            "week": content.week,
            "plan": content.week.plan,
            "on": content.week.on,
            "site": settings.SITE_URL,
            "language": language,
            "unsubscribe": UNSUBSCRIBE_PLACEHOLDER,
        }
        subject = render_to_string("emails/weekly_digest_subject.txt", context)
        return Texts(
            subject=" ".join(subject.split())[:200],
            text=render_to_string("emails/weekly_digest_body.txt", context),
            html=render_to_string("emails/weekly_digest_body.html", context),
        )


def sections(content: Content) -> list[Section]:
    """The lists of a digest that hold anything, worst first, in the language in force."""
    return [
        Section(title, items, [_line(row, content) for row in items.rows])
        for title, items in _lists(content).items()
        if items.total
    ]


def _lists(content: Content) -> dict[str, Items]:
    """By their headings."""
    if not content.is_for_managers:
        return {
            _("Overdue"): content.overdue,
            _("Due in 14 days"): content.due,
            _("Awaiting somebody"): content.awaiting,
            _("Without news"): content.stale,
            _("What others recorded"): content.changed,
        }
    return {
        _("Newly overdue"): content.overdue,
        _("Cleared"): content.cleared,
        _("Due in 14 days"): content.due,
        _("Deadlines moved"): content.moved,
        _("Awaiting somebody"): content.awaiting,
        _("Without news"): content.stale,
        _("Never reported"): content.never_reported,
        _("Nobody is reminded of these"): content.unreminded,
        _("What was recorded"): content.changed,
    }


def _line(row: Standing | Entry | Flag, content: Content) -> Line:
    if isinstance(row, Flag):
        return _flag_line(row)
    if isinstance(row, Entry):
        return _entry_line(row, content.week.page)
    link_to = "action" if content.is_for_managers else "report"
    return _action_line(row, content.week.page, link_to)


def _action_line(row: Standing, page: Page, link_to: str) -> Line:
    parts = [labels.STATES[State(row.state)], labels.days(row, page.on)]
    status = " ".join(str(part) for part in parts if part)
    if row.stale_since:
        last_news = row.stale_since - timedelta(days=page.plan.stale_days)
        status += _(", no news since %(day)s") % {"day": labels.short_day(last_news)}
    if row.words:
        status += _(" (“%(words)s”)") % {"words": row.words}
    title = labels.text(row.action.title)
    return Line(
        text=f"{row.obligation.ref} {title}{labels.colon()}{status}",
        url=_link(page, link_to, row.obligation.ref),
    )


def _entry_line(entry: Entry, page: Page) -> Line:
    event = f"{entry.ref} {labels.kind(entry.kind)}"
    if entry.when:
        event += f" → {labels.edtf(entry.when)}"
    text = getattr(entry, "text", None)
    if text and text.reason:
        event += f"{labels.colon()}{text.reason}"
    if entry.amount:
        event += f" {money({entry.currency: entry.amount})}"
    source = f"{labels.side(entry.side)}, {labels.short_day(entry.recorded_day)}"
    return Line(text=f"{event.strip()} ({source})", url=_link(page, "entry", entry.number))


def _flag_line(flag: Flag) -> Line:
    reason = ClearReason(flag.cleared_by).label
    return Line(f"{flag.obligation}{labels.colon()}{reason} ({labels.short_day(flag.cleared)})")


def _link(page: Page, name: str, *args: Any) -> str:
    """An address that stays right when the site gains a plan; the day is the reader's own."""
    return settings.SITE_URL + reverse(f"plan:{name}", args=[page.plan.slug, *args])


def unsubscribe_token(user: User, plan: Plan) -> str:
    """Always the same, so that a second copy of a mail is the same, too."""
    return signing.Signer(salt=UNSUBSCRIBE_SALT).sign_object([user.pk, plan.pk])


def read_unsubscribe_token(token: str) -> tuple[int, int]:
    """The keys of the account and of the plan; raises BadSignature or ValueError."""
    user, plan = signing.Signer(salt=UNSUBSCRIBE_SALT).unsign_object(token)
    return user, plan


def unsubscribe_url(user: User, plan: Plan) -> str:
    return settings.SITE_URL + reverse("unsubscribe", args=[unsubscribe_token(user, plan)])
