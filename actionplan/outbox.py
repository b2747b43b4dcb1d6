"""The digests' way out: queued once for each recipient and week, claimed by one worker, sent at most twice.

SMTP cannot be exactly-once, so this is a bounded at-least-once: a try that failed before the message was handed over is
repeated until the week ends; one after which it may have arrived is repeated once and then ends as uncertain.
"""

import secrets
import smtplib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from email.utils import formatdate
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from actionplan import digest
from actionplan.models import Digest, Subscription, User
from commitments.models import Membership, Plan, Role

WEEK = timedelta(days=7)
# a claim outlives any single try; a worker that was killed gives its claim back by this
LEASE = timedelta(minutes=10)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
MOST_DOUBTS = 2
# what lies further ahead than any wait was written by a clock that ran fast
ODD = timedelta(days=1)
# one run ends well before the worker's time limit, whatever the number of plans
SECONDS = 200.0
BATCH = 200
# so many are read at a time, each claimed on its own
SEEN = 50
SEND_AT = time(7)
ENDED_BADLY = (Digest.State.FAILED, Digest.State.UNCERTAIN, Digest.State.EXPIRED)
KINDS = {Role.OFFICIAL: Digest.Kind.OFFICIAL, Role.MANAGER: Digest.Kind.MANAGER}


def due_week(now: datetime, zone: str) -> date:
    """The week whose digest is due: that before this week from Monday 07:00 in the zone on, else the one before it."""
    local = now.astimezone(ZoneInfo(zone))
    week = digest.week_before(local.date())
    return week - WEEK if local.weekday() == 0 and local.time() < SEND_AT else week


def monday(day: date) -> date:
    """The first day of the ISO week of the day."""
    return digest.week_before(day) + WEEK


def recipients(plan: Plan) -> Iterator[tuple[User, str]]:
    """Who gets which digest of a plan: active officials and managers who did not unsubscribe."""
    for membership in _members(plan):
        yield membership.user, KINDS[Role(membership.role)]


def _members(plan: Plan) -> Any:
    off = Subscription.objects.filter(plan=plan, active=False).values("user")
    found = Membership.objects.filter(plan=plan, role__in=list(KINDS), user__is_active=True).exclude(user__in=off)
    return found.select_related("user").order_by("user_id")


def queue(plan: Plan, week: date) -> dict[str, int]:
    """A row for everybody who has none for the week, its content frozen; missed weeks are marked as skipped."""
    there = _there(plan, week)
    wanted = [member for member in _members(plan) if (member.user_id, KINDS[Role(member.role)]) not in there]
    if not wanted:
        return {"queued": 0}
    writer = digest.Writer(plan, week)
    earlier = Digest.objects.filter(plan=plan, week__lt=week).values_list("recipient_id", "kind")
    last = {(user, kind): newest for user, kind, newest in earlier.order_by().annotate(Max("week"))}
    queued = 0
    # in parts, so that a run that is cut short has come further than the one before
    for start in range(0, len(wanted), BATCH):
        rows: list[Digest] = []
        for member in wanted[start : start + BATCH]:
            kind = KINDS[Role(member.role)]
            rows += _missed(plan, member.user, kind, last.get((member.user_id, kind)), week)
            rows.append(_row(writer, member, kind))
        queued += _insert(plan, week, rows)
    return {"queued": queued}


def _there(plan: Plan, week: date) -> set[tuple[int, str]]:
    return set(Digest.objects.filter(plan=plan, week=week).values_list("recipient_id", "kind"))


def _insert(plan: Plan, week: date, rows: Sequence[Digest]) -> int:
    """Those that nobody else wrote meanwhile; gives how many were queued."""
    with transaction.atomic():
        Plan.objects.select_for_update().get(pk=plan.pk)
        there = _there(plan, week)
        new = [row for row in rows if row.week < week or (row.recipient_id, row.kind) not in there]
        Digest.objects.bulk_create(new, ignore_conflicts=True)
    return sum(row.state == Digest.State.QUEUED for row in new)


def _missed(plan: Plan, user: User, kind: str, last: date | None, week: date) -> Iterator[Digest]:
    missed = last + WEEK if last else week
    while missed < week:
        yield _new(plan, user, kind, missed, Digest.State.SKIPPED)
        missed += WEEK


def _new(plan: Plan, user: User, kind: str, week: date, state: Digest.State, **content: str) -> Digest:
    now = timezone.now()
    return Digest(
        plan=plan,
        recipient=user,
        kind=kind,
        week=week,
        state=state,
        language=user.language or settings.LANGUAGE_CODE,
        message_id=f"<{int(now.timestamp())}.{secrets.token_hex(12)}@{_host()[-80:]}>",
        next_try=now,
        **content,
    )


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def _row(writer: digest.Writer, member: Membership, kind: str) -> Digest:
    texts = writer.write(member, kind, member.user.language or settings.LANGUAGE_CODE)
    state = Digest.State.QUEUED if texts else Digest.State.SKIPPED
    return _new(writer.plan, member.user, kind, writer.week, state, **texts)


def _ready(now: datetime) -> Q:
    queued = Q(next_try__lte=now) | Q(next_try__gt=now + ODD)
    held = Q(lease_until__lte=now) | Q(lease_until__gt=now + ODD)
    return (Q(state=Digest.State.QUEUED) & queued) | (Q(state=Digest.State.SENDING) & held)


def claims(end: float) -> Iterator[Any]:
    """One digest to send after the other, each this caller's alone, until none is ready or it is `end`.

    `wanted` says of each whether its account still is one of the recipients.
    """
    while monotonic() < end and (seen := list(_ready_now()[:SEEN])):
        for row in seen:
            if monotonic() < end and _claim(row):
                yield row


def _ready_now() -> Any:
    same = {"user": OuterRef("recipient"), "plan": OuterRef("plan")}
    member = Membership.objects.filter(**same, role__in=list(KINDS), user__is_active=True)
    off = Subscription.objects.filter(**same, active=False)
    rows = Digest.objects.filter(_ready(timezone.now())).annotate(wanted=Exists(member) & ~Exists(off))
    return rows.select_related("recipient", "plan").order_by("next_try", "pk")


def _claim(row: Digest) -> bool:
    """Whether it was still as it was seen; what a dead worker held comes back when its lease is over."""
    same = Digest.objects.filter(pk=row.pk, state=row.state, tries=row.tries, lease_until=row.lease_until)
    # a lease that ran out may stand for a mail that arrived
    doubts = row.doubts + (row.state == Digest.State.SENDING)
    if doubts >= MOST_DOUBTS:
        _end(same, Digest.State.UNCERTAIN, "a worker ended while it was sending this, twice")
        return False
    row.tries, row.doubts = row.tries + 1, doubts
    row.state, row.lease_until = Digest.State.SENDING, timezone.now() + LEASE
    taken = {name: getattr(row, name) for name in ("state", "lease_until", "tries", "doubts")}
    return same.update(**taken) == 1


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
                raise smtplib.SMTPException(f"{error.smtp_code} {_text(error.smtp_error)}") from error
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


def message_of(row: Digest) -> Letter:
    leave = digest.unsubscribe_url(row.recipient, row.plan)
    message = Letter(
        row.subject,
        row.text,
        settings.DEFAULT_FROM_EMAIL,
        [row.recipient.email],
        headers={
            "Message-ID": row.message_id,
            # the moment at which it was queued, see `_new`
            "Date": formatdate(int(row.message_id[1:].partition(".")[0])),
            "List-ID": f"<{row.plan.slug}.digest.{_host()}>",
            "List-Unsubscribe": f"<{leave}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Archive": f"<{settings.SITE_URL}/digests/>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": row.language,
        },
    )
    message.attach_alternative(row.html, "text/html")
    return message


def deliver(seconds: float = SECONDS) -> dict[str, int]:
    """Send what is ready until nothing is, or the time is over; a second caller takes other rows."""
    counts = {"sent": 0, "failed": 0, "retried": 0}
    end, sender = monotonic() + seconds, Sender()
    try:
        for row in claims(end):
            counts[_send(row, sender)] += 1
    finally:
        sender.connection.close()
    return counts


def _send(row: Any, sender: Sender) -> str:
    held = Digest.objects.filter(pk=row.pk, state=Digest.State.SENDING, tries=row.tries)
    if not row.wanted:
        _end(held, Digest.State.SKIPPED, "the account is disabled, has left the plan or wants no digests")
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
    except ValueError as error:
        # an address or a subject of which no mail can be made holds up no other
        sender.close()
        _end(held, Digest.State.FAILED, f"{type(error).__name__}: {error}")
        return "failed"
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
    ended = Digest.objects.filter(pk=row.pk, state__in=ENDED_BADLY)
    fresh = {"state": Digest.State.QUEUED, "tries": 0, "doubts": 0, "next_try": timezone.now(), "finished": None}
    return ended.update(**fresh) == 1


def close(row: Digest) -> bool:
    """An administrator has looked at one that ended badly; it needs no more attention."""
    ended = Digest.objects.filter(pk=row.pk, state__in=ENDED_BADLY)
    return ended.update(state=Digest.State.SKIPPED, error=f"{row.error[:180]} (closed)") == 1


def send(plan: Plan, day: date) -> dict[str, int]:
    """Queue the digests of the week that ended before the day's, and send all that is ready."""
    return queue(plan, digest.week_before(day)) | deliver(SECONDS / Plan.objects.count())
