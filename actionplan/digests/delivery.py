"""One digest as a mail, and its way to the server: which answers say that it never left, which
leave it in doubt.
"""

import re
import smtplib
from email.utils import formatdate
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from actionplan.digests import rendering
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
        if not hasattr(self.connection, "host"):
            self.connection.send_messages([message_of(row)])
            return
        content = bytes_of(row)
        smtp = self._open()
        _command(smtp.mail(settings.DEFAULT_FROM_EMAIL))
        _command(smtp.rcpt(_ascii(row.recipient.email)))
        _command(smtp.docmd("DATA"), 354)
        try:
            smtp.send(content + b".\r\n")
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
                raise smtplib.SMTPException(
                    f"{error.smtp_code} {text_of(error.smtp_error)}"
                ) from error
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
        said = sha256(f"{self.body}{self.alternatives}".encode())
        mime.set_boundary(f"=_{said.hexdigest()[:32]}_=")
        return mime


def message_of(row: Digest) -> Letter:
    own, common = _own(row), _common(row.plan.slug, row.language)
    message = Letter(
        row.subject, row.text, settings.DEFAULT_FROM_EMAIL, [own.pop("To")], headers=own | common
    )
    message.attach_alternative(row.html, "text/html")
    return message


def _own(row: Digest) -> dict[str, str]:
    """What differs between mails that tell the same."""
    return {
        "To": row.recipient.email,
        "Message-ID": row.message_id,
        # the moment at which it was queued, see `_new`
        "Date": formatdate(int(row.message_id[1:].partition(".")[0])),
        "List-Unsubscribe": f"<{rendering.unsubscribe_url(row.recipient, row.plan)}>",
    }


def _common(slug: str, language: str) -> dict[str, str]:
    return {
        "List-ID": f"<{slug}.digest.{host()}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Archive": f"<{settings.SITE_URL}/digests/>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": language,
    }


# in no text that a database gives back, nor in a header
LEAVE = "\0"
# what is written into a header as it stands; any other address Django quotes, encodes or refuses
PLAIN = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}", re.ASCII)


def bytes_of(row: Digest) -> bytes:
    """The mail as it goes over the wire; making the parts that recipients share is the slowest part
    of sending.
    """
    own = _own(row)
    leave = own["List-Unsubscribe"][1:-1]
    texts = row.text.replace(leave, LEAVE), row.html.replace(leave, LEAVE)
    shared = _shared(row.plan.slug, row.language, row.subject, *texts)
    if shared is None or not PLAIN.fullmatch(own["To"]):
        return _dotted(message_of(row).message().as_bytes(linesep="\r\n"))
    head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
    return head.encode() + shared.replace(LEAVE.encode(), leave.encode())


@lru_cache(256)
def _shared(slug: str, language: str, subject: str, text: str, html: str) -> bytes | None:
    """A mail without what is a recipient's own, LEAVE for their way out; None where it cannot be
    put in afterwards.
    """
    message = Letter(subject, text, settings.DEFAULT_FROM_EMAIL, headers=_common(slug, language))
    message.attach_alternative(html, "text/html")
    mime = message.message()
    for name in ("Message-ID", "Date"):
        del mime[name]
    found = _dotted(mime.as_bytes(linesep="\r\n"))
    return found if found.count(LEAVE.encode()) == (text + html).count(LEAVE) else None


def _dotted(content: bytes) -> bytes:
    """As SMTP wants what follows DATA: it ends with a line, and a line's first dot is doubled."""
    lines = re.sub(rb"(?m)^\.", b"..", content)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def text_of(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
