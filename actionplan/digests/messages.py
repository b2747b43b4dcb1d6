"""One digest as an e-mail, and the connection on which it leaves."""

import secrets
import smtplib
from datetime import date, datetime
from email.utils import formatdate
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends import smtp
from django.urls import reverse
from django.utils import timezone

from actionplan.digests.rendering import unsubscribe_url
from actionplan.models import Digest, User
from commitments.models import Plan


class Refused(Exception):
    """The mail server said no, for good or for now."""

    def __init__(self, code: int, text: bytes | str) -> None:
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        super().__init__(f"{code} {words}")
        self.is_final = code >= 500


class InDoubt(Exception):
    """The connection broke while the message was handed over: it may have been accepted."""


class _Connection(smtplib.SMTP):
    """Tells a connection that breaks during DATA from one that breaks before it.

    smtplib raises the same for both, but only after the first can the message have arrived.
    """

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]
        try:
            code, text = super().data(msg)
        except smtplib.SMTPResponseException:
            raise
        except OSError as error:
            raise InDoubt(type(error).__name__) from error
        if code < 0:
            raise InDoubt("an answer that is none")
        return code, text


class SmtpBackend(smtp.EmailBackend):
    connection_class = _Connection


class Mailer:
    """Sends digests on one connection, which is opened when it is needed."""

    def __init__(self) -> None:
        self.connection: Any = get_connection()
        if isinstance(self.connection, smtp.EmailBackend):
            self.connection = SmtpBackend()

    def send(self, digest: Digest) -> None:
        """Hand one digest over.

        Raises Refused or InDoubt, ValueError where no mail can be made of it, and OSError where the
        server cannot be reached: then it was certainly not sent.
        """
        message = message_of(digest)
        try:
            self.connection.open()
        except smtplib.SMTPResponseException as error:
            # whatever its number, it says nothing about this recipient
            raise OSError(str(Refused(error.smtp_code, error.smtp_error))) from error
        try:
            self.connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            ((code, text),) = error.recipients.values()
            raise Refused(code, text) from error
        except smtplib.SMTPHeloError as error:
            raise OSError(str(Refused(error.smtp_code, error.smtp_error))) from error
        except smtplib.SMTPResponseException as error:
            raise Refused(error.smtp_code, error.smtp_error) from error

    def drop_connection(self) -> None:
        """Close the socket without telling the server, whose state is unknown after an error."""
        connection = getattr(self.connection, "connection", None)
        if connection is not None:
            connection.close()
            self.connection.connection = None

    def close(self) -> None:
        self.connection.close()


class DigestMessage(EmailMultiAlternatives):
    """An e-mail that is the same, byte for byte, whenever it is made again: nothing in it comes
    from the clock or from chance.
    """

    def message(self, **kwargs: Any) -> Any:
        mime = super().message(**kwargs)
        digest = sha256(self.extra_headers["Message-ID"].encode())
        mime.set_boundary(f"=_{digest.hexdigest()[:32]}_=")
        return mime


def message_of(digest: Digest) -> DigestMessage:
    archive = reverse("plan:digests", args=[digest.plan.slug])
    # the second in which it was queued, as `new_message_id` wrote it
    queued_at = int(digest.message_id[1:].partition(".")[0])
    is_notice = digest.kind == Digest.Kind.NOTICE
    unsubscribe = unsubscribe_url(digest.recipient, digest.plan, notices_only=is_notice)
    headers = {
        "Message-ID": digest.message_id,
        "Date": formatdate(queued_at),
        "List-ID": f"<{digest.plan.slug}.digest.{host()}>",
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Archive": f"<{settings.SITE_URL}{archive}>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": digest.language,
    }
    message = DigestMessage(
        subject=digest.subject,
        body=digest.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[digest.recipient.email],
        headers=headers,
    )
    message.attach_alternative(digest.html, "text/html")
    return message


def new_digest(plan: Plan, recipient: User, kind: str, week: date) -> Digest:
    """A row for the outbox, in the recipient's language; it has no texts and is not stored yet."""
    now = timezone.now()
    return Digest(
        plan=plan,
        recipient=recipient,
        kind=kind,
        week=week,
        language=recipient.mail_language,
        message_id=new_message_id(now),
        next_try=now,
    )


def new_message_id(now: datetime) -> str:
    return f"<{int(now.timestamp())}.{secrets.token_hex(12)}@{host()[-80:]}>"


def host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"
