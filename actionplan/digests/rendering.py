"""The weekly digest in words: a subject, a text and HTML, which say the same, in either language."""

from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from actionplan.digests.content import HEADINGS, Content, Reader, Week
from actionplan.digests.recipients import Recipient
from actionplan.models import Digest, User
from commitments.lists.filters import SOON
from commitments.models import Plan
from commitments.pages import labels

UNSUBSCRIBE_SALT = "actionplan.unsubscribe"
# Stands for the unsubscribe link in texts that several recipients share. No text that is read from
# a form or file can hold this character.
UNSUBSCRIBE_PLACEHOLDER = "\0"


@dataclass(frozen=True)
class Texts:
    """`is_empty` says that there is nothing to tell, and so no mail."""

    is_empty: bool
    subject: str
    text: str
    html: str

    def write_to(self, digest: Digest) -> None:
        digest.subject = self.subject
        digest.text = self.text
        digest.html = self.html

    def with_unsubscribe_link(
        self, user: User, plan: Plan, *, notices_only: bool = False
    ) -> "Texts":
        link = unsubscribe_url(user, plan, notices_only=notices_only)
        return replace(
            self,
            text=self.text.replace(UNSUBSCRIBE_PLACEHOLDER, link),
            html=self.html.replace(UNSUBSCRIBE_PLACEHOLDER, link),
        )


class Renderer:
    """Renders the digests of one plan and week.

    Recipients who are told the same share one rendering, but for their unsubscribe link.
    """

    def __init__(self, week: Week) -> None:
        self.week = week
        self.rendered: dict[tuple[Reader, str], Texts] = {}

    def render(self, recipient: Recipient, language: str) -> Texts:
        reader = self.week.reader(recipient)
        if (reader, language) not in self.rendered:
            self.rendered[reader, language] = render(self.week.content(reader), language)
        texts = self.rendered[reader, language]
        return texts.with_unsubscribe_link(recipient.user, self.week.plan)


def render(content: Content, language: str) -> Texts:
    """Render a digest in a language. Times are in UTC, whatever the zone of the process."""
    plan = content.week.plan
    with translation.override(language), timezone.override(UTC), labels.in_languages_of(plan):
        context = {
            "content": content,
            "decisions": list_decisions(content),
            "lists": {HEADINGS[name]: items for name, items in content.lists.items()},
            "week": content.week,
            "plan": plan,
            "on": content.week.on,
            "site": settings.SITE_URL,
            "language": language,
            "unsubscribe": UNSUBSCRIBE_PLACEHOLDER,
        }
        return render_texts("weekly_digest", context, is_empty=content.is_empty)


def render_texts(name: str, context: dict[str, Any], *, is_empty: bool = False) -> Texts:
    """The three templates of a mail, in the language that is active."""
    subject = render_to_string(f"emails/{name}_subject.txt", context)
    return Texts(
        is_empty=is_empty,
        # a subject is one line, and the column holds 200 characters
        subject=" ".join(subject.split())[:200],
        text=render_to_string(f"emails/{name}_body.txt", context),
        html=render_to_string(f"emails/{name}_body.html", context),
    )


def list_decisions(content: Content) -> list[str]:
    """The lists that ask for a decision or a report, each with its count in words; empty lists are
    left out.
    """
    by_day = labels.day(content.week.on + SOON)
    totals = {name: items.total for name, items in content.lists.items()}
    to_release = totals.get("to_release", 0)
    counted = {
        "to_release": ngettext(
            "%(n)s waits for your release", "%(n)s wait for your release", to_release
        ),
        "waiting": ngettext(
            "%(n)s waits for your side’s word", "%(n)s wait for your side’s word", totals["waiting"]
        ),
        "overdue": ngettext("%(n)s overdue", "%(n)s overdue", totals.get("overdue", 0)),
        "newly_overdue": ngettext(
            "%(n)s newly overdue", "%(n)s newly overdue", totals.get("newly_overdue", 0)
        ),
        "due": ngettext("%(n)s due by %(day)s", "%(n)s due by %(day)s", totals["due"]),
        "stale": ngettext(
            "%(n)s without a recent report", "%(n)s without a recent report", totals["stale"]
        ),
    }
    return [
        text % {"n": totals[name], "day": by_day}
        for name, text in counted.items()
        if totals.get(name)
    ] or [_("nothing needs a decision")]


def unsubscribe_token(user: User, plan: Plan, *, notices_only: bool = False) -> str:
    """The token of an unsubscribe link. It is always the same, so that a second copy of a mail is
    the same as well.
    """
    named = [user.pk, plan.pk]
    if notices_only:
        named.append(1)
    return signing.Signer(salt=UNSUBSCRIBE_SALT).sign_object(named)


def read_unsubscribe_token(token: str) -> tuple[int, int, bool]:
    """The keys of the account and of the plan, and whether it ends notices alone; raises
    BadSignature or ValueError.
    """
    user, plan, *notices_only = signing.Signer(salt=UNSUBSCRIBE_SALT).unsign_object(token)
    return user, plan, bool(notices_only)


def unsubscribe_url(user: User, plan: Plan, *, notices_only: bool = False) -> str:
    token = unsubscribe_token(user, plan, notices_only=notices_only)
    return settings.SITE_URL + reverse("unsubscribe", args=[token])
