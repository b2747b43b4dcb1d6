"""One digest as a mail, and its way to the server: which answers say that it never left, which leave it in doubt."""

import smtplib
from email.header import Header
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from actionplan import digest
from actionplan.models import Digest


def host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


class Doubtful(Exception):
    """The message was handed over and nothing came back: it may have arrived."""


class Sender:
    """One connection, reused while it is healthy; no database transaction is open while it sends."""

    def __init__(self) -> None:
        self.connection: Any = get_connection()

    def send(self, row: Digest) -> None:
        message = message_of(row)
        if not hasattr(self.connection, "host"):
            self.connection.send_messages([message])
            return
        smtp = self._open()
        _command(smtp.mail(settings.DEFAULT_FROM_EMAIL))
        _command(smtp.rcpt(_ascii(row.recipient.email)))
        _command(smtp.docmd("DATA"), 354)
        body = message.message().as_bytes(linesep="\r\n")
        body = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in body.split(b"\r\n"))
        try:
            smtp.send(body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            reply = smtp.getreply()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise Doubtful(type(error).__name__) from error
        if reply[0] < 0:
            raise Doubtful("an answer that is none")
        _command(reply)

    def _open(self) -> smtplib.SMTP:
        if self.connection.connection is None:
            try:
                self.connection.open()
                self._smtp().ehlo_or_helo_if_needed()
            except smtplib.SMTPResponseException as error:
                # whatever its number, it says nothing about this recipient
                raise smtplib.SMTPException(f"{error.smtp_code} {text_of(error.smtp_error)}") from error
        return self._smtp()

    def _smtp(self) -> smtplib.SMTP:
        found: smtplib.SMTP = self.connection.connection
        return found

    def close(self) -> None:
        """Drop a connection of which nothing is known any more."""
        smtp = getattr(self.connection, "connection", None)
        if smtp is not None:
            smtp.close()
            self.connection.connection = None


def _ascii(address: str) -> str:
    """For the envelope; raises UnicodeError."""
    local, _at, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def _command(reply: tuple[int, bytes], expected: int = 250) -> None:
    code, text = reply
    if code not in (expected, 251, 252):
        raise smtplib.SMTPResponseException(code, text)


class Letter(EmailMultiAlternatives):
    """A second copy is the same, byte for byte: nothing in it comes from the clock or from chance."""

    def message(self, **kwargs: Any) -> Any:
        mime = super().message(**kwargs)
        mime.set_boundary(f"=_{self.extra_headers['Message-ID'].strip('<>').partition('@')[0]}_=")
        return mime


@lru_cache(256)
def subject_header(text: str) -> str:
    """Encoded once for all who are told the same: it is the slowest part of a mail."""
    return text if text.isascii() else Header(text, "utf-8", header_name="Subject").encode(linesep="")


def message_of(row: Digest) -> Letter:
    leave = digest.unsubscribe_url(row.recipient, row.plan)
    message = Letter(
        subject_header(row.subject),
        row.text,
        settings.DEFAULT_FROM_EMAIL,
        [row.recipient.email],
        headers={
            "Message-ID": row.message_id,
            # the moment at which it was queued, see `_new`
            "Date": formatdate(int(row.message_id[1:].partition(".")[0])),
            "List-ID": f"<{row.plan.slug}.digest.{host()}>",
            "List-Unsubscribe": f"<{leave}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Archive": f"<{settings.SITE_URL}/digests/>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": row.language,
        },
    )
    message.attach_alternative(row.html, "text/html")
    return message


def text_of(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
