"""The weekly digest in words: a subject, a text and HTML, which say the same, in either language."""

from dataclasses import dataclass, replace
from datetime import UTC

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from actionplan.digests.content import Content, Items, Reader, Week
from actionplan.digests.recipients import Recipient
from actionplan.models import User
from commitments.models import Plan

UNSUBSCRIBE_SALT = "actionplan.unsubscribe"
# Stands for the unsubscribe link in texts that several recipients share. No text that is read from
# a form or file can hold this character.
UNSUBSCRIBE_PLACEHOLDER = "\0"


@dataclass(frozen=True)
class Texts:
    subject: str
    text: str
    html: str

    def with_unsubscribe_link(self, user: User, plan: Plan) -> "Texts":
        link = unsubscribe_url(user, plan)
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
            "lists": lists(content),
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


def lists(content: Content) -> dict[str, Items]:
    """Those of a digest by their headings, worst first, in the language in force."""
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


def unsubscribe_token(user: User, plan: Plan) -> str:
    """Always the same, so that a second copy of a mail is the same, too."""
    return signing.Signer(salt=UNSUBSCRIBE_SALT).sign_object([user.pk, plan.pk])


def read_unsubscribe_token(token: str) -> tuple[int, int]:
    """The keys of the account and of the plan; raises BadSignature or ValueError."""
    user, plan = signing.Signer(salt=UNSUBSCRIBE_SALT).unsign_object(token)
    return user, plan


def unsubscribe_url(user: User, plan: Plan) -> str:
    return settings.SITE_URL + reverse("unsubscribe", args=[unsubscribe_token(user, plan)])
