"""Mails about accounts: three templates each, in the reader's language."""

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation


def send(name: str, to: str, language: str, **context: object) -> None:
    """Raises OSError, to which the errors of SMTP belong, where it cannot be handed over."""
    language = language or settings.LANGUAGE_CODE
    context |= {"language": language, "site": settings.SITE_URL}
    with translation.override(language):
        subject = render_to_string(f"emails/{name}_subject.txt", context)
        text = render_to_string(f"emails/{name}_body.txt", context)
        html = render_to_string(f"emails/{name}_body.html", context)
    send_mail(" ".join(subject.split()), text, settings.DEFAULT_FROM_EMAIL, [to], html_message=html)
