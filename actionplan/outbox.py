"""The digests' way out: queued once for each recipient and week, claimed by one worker, sent at most twice.

SMTP cannot be exactly-once, so this is a bounded at-least-once: a try that failed before the message was handed over is
repeated until the week ends; one after which it may have arrived is repeated once and then ends as uncertain.
"""

import smtplib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import Q
from django.utils import timezone

from actionplan import digest
from actionplan.models import Digest, Subscription, User
from commitments.models import Membership, Plan, Role

WEEK = timedelta(days=7)
# a claim outlives any single try; a worker that was killed gives its claim back by this
LEASE = timedelta(minutes=10)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
MOST_DOUBTS = 2
SEND_AT = time(7)
KINDS = {Role.OFFICIAL: Digest.Kind.OFFICIAL, Role.MANAGER: Digest.Kind.MANAGER}


def due_week(now: datetime, zone: str) -> date:
    """The week whose digest is due: that before this week from Monday 07:00 in the zone on, else the one before it."""
    local = now.astimezone(ZoneInfo(zone))
    week = digest.week_before(local.date())
    return week - WEEK if local.weekday() == 0 and local.time() < SEND_AT else week


def recipients(plan: Plan) -> Iterator[tuple[User, str]]:
    """Who gets which digest of a plan: active officials and managers who did not unsubscribe."""
    off = Subscription.objects.filter(plan=plan, active=False).values("user")
    found = Membership.objects.filter(plan=plan, role__in=list(KINDS), user__is_active=True).exclude(user__in=off)
    for membership in found.select_related("user").order_by("user_id"):
        yield membership.user, KINDS[Role(membership.role)]


def queue(plan: Plan, week: date) -> dict[str, int]:
    """A row for everybody who has none for the week, its content frozen; missed weeks are marked as skipped."""
    there = set(Digest.objects.filter(plan=plan, week=week).values_list("recipient_id", "kind"))
    rows = [
        row
        for user, kind in recipients(plan)
        if (user.pk, kind) not in there
        for row in (*_missed(plan, user, kind, week), _row(plan, user, kind, week))
    ]
    Digest.objects.bulk_create(rows, ignore_conflicts=True, batch_size=200)
    return {"queued": sum(row.state == Digest.State.QUEUED for row in rows)}


def _missed(plan: Plan, user: User, kind: str, week: date) -> Iterator[Digest]:
    last = Digest.objects.filter(plan=plan, recipient=user, kind=kind, week__lt=week).order_by("-week").first()
    missed = last.week + WEEK if last else week
    while missed < week:
        yield _new(plan, user, kind, missed, Digest.State.SKIPPED)
        missed += WEEK


def _new(plan: Plan, user: User, kind: str, week: date, state: Digest.State, **content: str) -> Digest:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return Digest(
        plan=plan,
        recipient=user,
        kind=kind,
        week=week,
        state=state,
        language=user.language or settings.LANGUAGE_CODE,
        message_id=make_msgid(f"{plan.slug}-{week}-{user.pk}", domain=host),
        next_try=timezone.now(),
        **content,
    )


def _row(plan: Plan, user: User, kind: str, week: date) -> Digest:
    content, rendered = digest.rendered(plan, user, kind, week, user.language or settings.LANGUAGE_CODE)
    if content.is_empty:
        return _new(plan, user, kind, week, Digest.State.SKIPPED)
    return _new(plan, user, kind, week, Digest.State.QUEUED, **rendered)


def claim(now: datetime) -> Digest | None:
    """The next digest to send, this caller's alone; what a dead worker held comes back when its lease is over."""
    ready = Q(state=Digest.State.QUEUED, next_try__lte=now) | Q(state=Digest.State.SENDING, lease_until__lte=now)
    for row in Digest.objects.filter(ready).order_by("next_try", "pk")[:50]:
        same = Digest.objects.filter(pk=row.pk, state=row.state, tries=row.tries, lease_until=row.lease_until)
        if row.state == Digest.State.SENDING and row.doubts + 1 >= MOST_DOUBTS:
            _end(same, Digest.State.UNCERTAIN, "a worker ended while it was sending this, twice")
            continue
        # a lease that ran out may stand for a mail that arrived
        doubts = row.doubts + (row.state == Digest.State.SENDING)
        taken = {"state": Digest.State.SENDING, "lease_until": now + LEASE, "tries": row.tries + 1, "doubts": doubts}
        if same.update(**taken) == 1:
            row.refresh_from_db()
            return row
    return None


def _end(rows: Any, state: Digest.State, error: str = "") -> None:
    rows.update(state=state, lease_until=None, finished=timezone.now(), error=error[:200])


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
        if self.connection.connection is None:
            self.connection.open()
        smtp: smtplib.SMTP = self.connection.connection
        _command(smtp.mail(settings.DEFAULT_FROM_EMAIL))
        _command(smtp.rcpt(row.recipient.email))
        _command(smtp.docmd("DATA"), 354)
        body = message.message().as_bytes(linesep="\r\n")
        body = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in body.split(b"\r\n"))
        try:
            smtp.send(body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            reply = smtp.getreply()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise Doubtful(type(error).__name__) from error
        _command(reply)

    def close(self) -> None:
        """Drop a connection of which nothing is known any more."""
        smtp = getattr(self.connection, "connection", None)
        if smtp is not None:
            smtp.close()
            self.connection.connection = None


def _command(reply: tuple[int, bytes], expected: int = 250) -> None:
    code, text = reply
    if code not in (expected, 251, 252):
        raise smtplib.SMTPResponseException(code, text)


def message_of(row: Digest) -> EmailMultiAlternatives:
    leave = digest.unsubscribe_url(row.recipient, row.plan)
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    message = EmailMultiAlternatives(
        row.subject,
        row.text,
        settings.DEFAULT_FROM_EMAIL,
        [row.recipient.email],
        headers={
            "Message-ID": row.message_id,
            "List-ID": f"<{row.plan.slug}.digest.{host}>",
            "List-Unsubscribe": f"<{leave}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Archive": f"<{settings.SITE_URL}/digests/>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": row.language,
        },
    )
    message.attach_alternative(row.html, "text/html")
    return message


def deliver(seconds: float = 300) -> dict[str, int]:
    """Send what is ready until nothing is, or the time is over; a second caller takes other rows."""
    counts = {"sent": 0, "failed": 0, "retried": 0}
    end, sender = timezone.now() + timedelta(seconds=seconds), Sender()
    while timezone.now() < end and (row := claim(timezone.now())):
        counts[_send(row, sender)] += 1
    sender.connection.close()
    return counts


def _send(row: Digest, sender: Sender) -> str:
    held = Digest.objects.filter(pk=row.pk, state=Digest.State.SENDING, tries=row.tries)
    if not User.objects.filter(pk=row.recipient_id, is_active=True).exists():
        _end(held, Digest.State.SKIPPED, "the account is disabled")
        return "failed"
    try:
        sender.send(row)
    except Doubtful as error:
        sender.close()
        if row.doubts + 1 >= MOST_DOUBTS:
            _end(held, Digest.State.UNCERTAIN, f"no answer after the message was handed over: {error}")
            return "failed"
        held.update(doubts=row.doubts + 1)
        return _again(row, held, "no answer after the message was handed over")
    except smtplib.SMTPResponseException as error:
        sender.close()
        text = f"{error.smtp_code} {_text(error.smtp_error)}"
        if error.smtp_code >= 500:
            _end(held, Digest.State.FAILED, text)
            return "failed"
        return _again(row, held, text)
    except (smtplib.SMTPException, OSError) as error:
        sender.close()
        return _again(row, held, f"{type(error).__name__}: {error}")
    _end(held, Digest.State.SENT)
    return "sent"


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


def _again(row: Digest, held: Any, error: str) -> str:
    """Back to the queue with a longer wait, until the week after the digest's own is over."""
    wait = min(FIRST_WAIT * 2 ** (row.tries - 1), LONGEST_WAIT)
    ends = datetime.combine(row.week + 2 * WEEK, time(), ZoneInfo(row.plan.timezone))
    if not settings.ACTIONPLAN_TODAY and timezone.now() + wait >= ends:
        _end(held, Digest.State.EXPIRED, error)
        return "failed"
    held.update(state=Digest.State.QUEUED, lease_until=None, next_try=timezone.now() + wait, error=error[:200])
    return "retried"


def retry(row: Digest) -> bool:
    """An administrator sends a failed or uncertain one once more; the same row, the same content."""
    ended = Digest.objects.filter(
        pk=row.pk, state__in=[Digest.State.FAILED, Digest.State.UNCERTAIN, Digest.State.EXPIRED]
    )
    fresh = {"state": Digest.State.QUEUED, "tries": 0, "doubts": 0, "next_try": timezone.now(), "finished": None}
    return ended.update(**fresh) == 1


def close(row: Digest) -> bool:
    """An administrator has looked at a failed or uncertain one; it needs no more attention."""
    ended = Digest.objects.filter(pk=row.pk, state__in=[Digest.State.FAILED, Digest.State.UNCERTAIN])
    return ended.update(state=Digest.State.SKIPPED, error=row.error + " (closed)") == 1


def send(plan: Plan, day: date) -> dict[str, int]:
    """Queue the digests of the week that ended before the day's, and send all that is ready."""
    return queue(plan, digest.week_before(day)) | deliver()
