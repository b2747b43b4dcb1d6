"""Mails about accounts: three templates each, in the reader's language."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation


def send(name: str, to: str, language: str, **context: Any) -> None:
    """Raises OSError (of which SMTP's errors are) where it cannot be handed over."""
    language = language or settings.LANGUAGE_CODE
    context |= {"language": language, "site": settings.SITE_URL}
    with translation.override(language):
        subject, text, html = (
            render_to_string(f"emails/{name}_{part}", context)
            for part in ("subject.txt", "body.txt", "body.html")
        )
    mail = EmailMultiAlternatives(
        " ".join(subject.split()), text, settings.DEFAULT_FROM_EMAIL, [to]
    )
    mail.attach_alternative(html, "text/html")
    mail.send()
