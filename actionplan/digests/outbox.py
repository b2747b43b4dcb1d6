"""The digests' way out: queued once for each recipient and week, claimed by one worker, sent at
most twice.

SMTP cannot be exactly-once, so this is a bounded at-least-once: a try that failed before the
message was handed over is repeated until the week ends; one after which it may have arrived is
repeated once and then ends as uncertain.
"""

import secrets
import smtplib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.utils import timezone

from actionplan.digests import content as weekly
from actionplan.digests import delivery, rendering
from actionplan.models import Digest, Mark, Subscription, User
from commitments.models import Membership, Plan, Role
from commitments.models.querysets import insert

WEEK = timedelta(days=7)
# a claim outlives any single try; a worker that was killed gives its claim back by this
LEASE = timedelta(minutes=10)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
MOST_DOUBTS = 2
# what lies further ahead than any wait was written by a clock that ran fast
ODD = timedelta(days=1)
# one run ends well before the worker's time limit, whatever the number of plans
SECONDS = 200.0
BATCH = 1000
PAUSE = 1.0
SEND_AT = time(7)
IN_DOUBT = Q(state=Digest.State.SENDING) | Q(doubts__gt=0)
ENDED_BADLY = (Digest.State.FAILED, Digest.State.UNCERTAIN, Digest.State.EXPIRED)
KINDS = {Role.OFFICIAL: Digest.Kind.OFFICIAL, Role.MANAGER: Digest.Kind.MANAGER}


def due_week(now: datetime, zone: str) -> date:
    """The week whose digest is due: that before this week from Monday 07:00 in the zone on, else
    the one before it.
    """
    local = now.astimezone(ZoneInfo(zone))
    week = rendering.week_before(local.date())
    return week - WEEK if local.weekday() == 0 and local.time() < SEND_AT else week


def monday(day: date) -> date:
    """The first day of the ISO week of the day."""
    return rendering.week_before(day) + WEEK


def recipients(plan: Plan) -> Iterator[tuple[User, str]]:
    """Who gets which digest of a plan: active officials and managers who did not unsubscribe."""
    for membership in _members(plan):
        yield membership.user, KINDS[Role(membership.role)]


def _members(plan: Plan) -> Any:
    off = Subscription.objects.filter(plan=plan, active=False).values("user")
    found = Membership.objects.filter(
        plan=plan, role__in=list(KINDS), user__is_active=True
    ).exclude(user__in=off)
    return found.select_related("user").order_by("user_id")


def queue(plan: Plan, week: date) -> dict[str, int]:
    """A row for everybody who has none for the week, its content frozen; missed weeks are marked as
    skipped.
    """
    mine = Digest.objects.filter(plan=OuterRef("plan"), recipient=OuterRef("user")).order_by()
    of_kind = mine.filter(kind=OuterRef("role"))
    last = of_kind.filter(week__lt=week).order_by("-week").values("week")[:1]
    had_one = Exists(mine.filter(state=Digest.State.SENT, week__lt=week))
    without = _members(plan).filter(~Exists(of_kind.filter(week=week)))
    wanted = weekly.members(without.annotate(last=Subquery(last), had_one=had_one))
    if not wanted:
        return {"queued": 0}
    writer = rendering.Writer(weekly.Week(plan, week, wanted))
    queued = 0
    # in parts, so that a run that is cut short has come further than the one before
    for start in range(0, len(wanted), BATCH):
        rows: list[Digest] = []
        for member in wanted[start : start + BATCH]:
            kind = KINDS[Role(member.role)]
            rows += _missed(plan, member.user, kind, member.last, week)
            rows.append(_row(writer, member, kind, week))
        queued += _insert(rows)
    return {"queued": queued}


def _insert(rows: Sequence[Digest]) -> int:
    """Those that nobody else wrote meanwhile; gives how many were queued."""
    fields = [field for field in Digest._meta.concrete_fields if not field.primary_key]
    queued, others = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for row in rows:
        values = tuple(
            field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields
        )
        (queued if row.state == Digest.State.QUEUED else others).append(values)
    columns = [field.column for field in fields]
    insert(Digest, columns, others, "ON CONFLICT DO NOTHING")
    return insert(Digest, columns, queued, "ON CONFLICT DO NOTHING")


def _missed(plan: Plan, user: User, kind: str, last: date | None, week: date) -> Iterator[Digest]:
    missed = last + WEEK if last else week
    while missed < week:
        yield _new(plan, user, kind, missed, Digest.State.SKIPPED)
        missed += WEEK


def _new(
    plan: Plan, user: User, kind: str, week: date, state: Digest.State, **content: str
) -> Digest:
    now = timezone.now()
    return Digest(
        plan=plan,
        recipient=user,
        kind=kind,
        week=week,
        state=state,
        language=user.language or settings.LANGUAGE_CODE,
        message_id=f"<{int(now.timestamp())}.{secrets.token_hex(12)}@{delivery.host()[-80:]}>",
        next_try=now,
        **content,
    )


def _row(writer: rendering.Writer, member: Membership, kind: str, week: date) -> Digest:
    texts = writer.write(member, member.user.language or settings.LANGUAGE_CODE)
    state = Digest.State.QUEUED if texts else Digest.State.SKIPPED
    return _new(writer.week.plan, member.user, kind, week, state, **texts)


def _ready(now: datetime) -> Q:
    queued = Q(next_try__lte=now) | Q(next_try__gt=now + ODD)
    held = Q(lease_until__lte=now) | Q(lease_until__gt=now + ODD)
    return (Q(state=Digest.State.QUEUED) & queued) | (Q(state=Digest.State.SENDING) & held)


class Lot:
    """Digests that are one caller's alone: claimed together, each sent on its own, their ends
    written together.

    What is written of those sent waits no longer than PAUSE, so that a kill puts few mails in
    doubt. Those that were in doubt before are claimed one by one: a second kill then concerns a
    single mail.
    """

    def __init__(self) -> None:
        self.lease = timezone.now() + LEASE
        self.until = monotonic() + LEASE.total_seconds() / 2
        self.sent: list[int] = []
        self.written = monotonic()
        with transaction.atomic():
            found = list(_ready_now().select_for_update(skip_locked=True, of=("self",))[:BATCH])
            self.rows = [row for row in found if not row.in_doubt] or found[:1]
            self.last = len(found) < BATCH and len(found) == len(self.rows)
            self.left = {row.pk for row in self.rows}
            for row in self.rows:
                # a lease that ran out may stand for a mail that arrived
                row.doubts += row.state == Digest.State.SENDING
            self._hold()

    def _hold(self) -> None:
        rows = Digest.objects.filter(pk__in=self.left)
        if self.left:
            rows.update(
                state=Digest.State.SENDING, lease_until=self.lease, doubts=self.rows[0].doubts
            )

    def held(self, *keys: int) -> Any:
        return Digest.objects.filter(
            pk__in=keys, state=Digest.State.SENDING, lease_until=self.lease
        )

    def take(self, end: float) -> Iterator[Any]:
        for row in self.rows:
            if monotonic() >= min(end, self.until):
                return
            if monotonic() - self.written > PAUSE:
                self.write()
                # a run that stood still may have lost them to another
                self.left.intersection_update(self.held(*self.left).values_list("pk", flat=True))
            if row.pk in self.left:
                self.left.discard(row.pk)
                yield row

    def write(self) -> None:
        """Those sent end as sent."""
        if self.sent:
            _end(self.held(*self.sent), Digest.State.SENT)
        self.sent, self.written = [], monotonic()

    def close(self) -> None:
        """Once more where the database was away for a moment; those not taken go back to the queue."""
        for wait in (1, 3, 0):
            try:
                self.write()
                if self.left:
                    self.held(*self.left).update(state=Digest.State.QUEUED, lease_until=None)
                return
            except OperationalError:
                connection.close()
                if not wait:
                    raise
                sleep(wait)


def _ready_now() -> Any:
    """Those to send, none while mail is held, the doubtful last.

    `wanted` says of each whether its account still is a recipient.
    """
    same = {"user": OuterRef("recipient"), "plan": OuterRef("plan")}
    member = Membership.objects.filter(**same, role__in=list(KINDS), user__is_active=True)
    off = Subscription.objects.filter(**same, active=False)
    held = Mark.objects.filter(name=Mark.MAIL_HELD)
    rows = Digest.objects.filter(_ready(timezone.now()), ~Exists(held)).annotate(
        wanted=Exists(member) & ~Exists(off)
    )
    rows = rows.annotate(in_doubt=Case(When(IN_DOUBT, then=True), default=False))
    with_account = rows.select_related("recipient", "plan").defer(
        "plan__signed_text", "plan__summary"
    )
    return with_account.order_by("in_doubt", "next_try", "pk")


def _end(rows: Any, state: Digest.State, error: str = "") -> None:
    ended = {"state": state, "lease_until": None, "finished": timezone.now(), "error": error[:200]}
    rows.update(tries=F("tries") + 1, **ended)


def deliver(seconds: float = SECONDS) -> dict[str, int]:
    """Send what is ready until nothing is, or the time is over; a second caller takes other rows."""
    counts = {"sent": 0, "failed": 0, "retried": 0}
    end, sender = monotonic() + seconds, delivery.Sender()
    try:
        last = False
        while not last and monotonic() < end:
            lot = Lot()
            try:
                for row in lot.take(end):
                    counts[_send(row, sender, lot)] += 1
            finally:
                lot.close()
            last = lot.last and not lot.left
    finally:
        sender.connection.close()
    return counts


def _send(row: Any, sender: delivery.Sender, lot: Lot) -> str:
    if row.doubts >= MOST_DOUBTS:
        return _ended(
            row, lot, Digest.State.UNCERTAIN, "a worker ended while it was sending this, twice"
        )
    if not row.wanted:
        gone = "the account is disabled, has left the plan or wants no digests"
        return _ended(row, lot, Digest.State.SKIPPED, gone)
    try:
        sender.send(row)
    except (delivery.Doubtful, smtplib.SMTPException, OSError, ValueError) as error:
        sender.close()
        return _not_sent(row, lot, error)
    lot.sent.append(row.pk)
    return "sent"


def _not_sent(row: Any, lot: Lot, error: Exception) -> str:
    said = f"{type(error).__name__}: {error}"
    match error:
        case delivery.Doubtful():
            said = f"no answer after the message was handed over: {error}"
            if row.doubts + 1 >= MOST_DOUBTS:
                return _ended(row, lot, Digest.State.UNCERTAIN, said)
            lot.held(row.pk).update(doubts=row.doubts + 1)
        case smtplib.SMTPResponseException():
            said = f"{error.smtp_code} {delivery.text_of(error.smtp_error)}"
            if error.smtp_code >= 500:
                return _ended(row, lot, Digest.State.FAILED, said)
        # an address or a subject of which no mail can be made holds up no other; some errors are of
        # both families
        case ValueError() if not isinstance(error, OSError | smtplib.SMTPException):
            return _ended(row, lot, Digest.State.FAILED, said)
    return _again(row, lot, said)


def _ended(row: Any, lot: Lot, state: Digest.State, error: str) -> str:
    _end(lot.held(row.pk), state, error)
    return "failed"


def _again(row: Digest, lot: Lot, error: str) -> str:
    """Back to the queue with a longer wait, until the week after the digest's own is over."""
    wait = min(FIRST_WAIT * 2**row.tries, LONGEST_WAIT)
    ends = datetime.combine(row.week + 2 * WEEK, time(), ZoneInfo(row.plan.timezone))
    if not settings.ACTIONPLAN_TODAY and timezone.now() + wait >= ends:
        return _ended(row, lot, Digest.State.EXPIRED, error)
    again = {"state": Digest.State.QUEUED, "lease_until": None, "next_try": timezone.now() + wait}
    lot.held(row.pk).update(tries=F("tries") + 1, error=error[:200], **again)
    return "retried"


def retry(row: Digest) -> bool:
    """An administrator sends a failed or uncertain one once more; the same row, the same content."""
    ended = Digest.objects.filter(pk=row.pk, state__in=ENDED_BADLY)
    fresh = {
        "state": Digest.State.QUEUED,
        "tries": 0,
        "doubts": 0,
        "next_try": timezone.now(),
        "finished": None,
    }
    return ended.update(**fresh) == 1


def close(row: Digest) -> bool:
    """An administrator has looked at one that ended badly; it needs no more attention."""
    ended = Digest.objects.filter(pk=row.pk, state__in=ENDED_BADLY)
    return ended.update(state=Digest.State.SKIPPED, error=f"{row.error[:180]} (closed)") == 1


def send(plan: Plan, day: date) -> dict[str, int]:
    """Queue the digests of the week that ended before the day's, and send all that is ready."""
    return queue(plan, rendering.week_before(day)) | deliver(SECONDS / Plan.objects.count())
