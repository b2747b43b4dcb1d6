"""The outbox: a row for each digest, queued once, claimed by one worker, and never lost.

SMTP cannot deliver exactly once. What certainly was not handed over is tried again until the week
after the digest's own is over. What may have arrived is never sent again by itself, with one
exception: the digests of a worker that was killed while it sent are tried once more.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from time import monotonic, sleep
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from actionplan.digests import messages
from actionplan.digests.content import WEEK, Week, week_before
from actionplan.digests.recipients import (
    Recipient,
    noticed_memberships,
    recipients_without_digest,
    subscribed_memberships,
)
from actionplan.digests.rendering import Renderer
from actionplan.jobs.claims import is_claimable, wait_after
from actionplan.models import Digest
from commitments.models import Membership, Plan, Role

State = Digest.State
ENDED_BADLY = (State.FAILED, State.UNCERTAIN, State.EXPIRED)
# digests are due from seven o'clock of Monday on, by the clocks of the plan's zone
SENT_AFTER = timedelta(hours=7)
# rows are written in parts, so that a run that is cut short has come further than the one before
WRITTEN_AT_ONCE = 1000
BATCH = 500
# a claim outlives any single try; what a killed worker claimed is free again after this
LEASE = timedelta(minutes=10)
# seconds after which those sent are recorded, so that a kill leaves few in doubt
RECORD_EVERY = 1.0
# so many are marked as in doubt at once, unless the last ones took longer than SLOW seconds
LONGEST_STEP = 64
SLOW = 0.1
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
MOST_ATTEMPTS_IN_DOUBT = 2
# one run ends well before the worker's time limit, whatever the number of plans
SECONDS = 200.0


def send(plan: Plan, day: date) -> dict[str, int]:
    """Queue the digests of the week that ended before the day's, and send all that is ready."""
    return queue(plan, week_before(day)) | deliver(SECONDS / Plan.objects.count())


def due_week(now: datetime, zone: str) -> date:
    """The latest week whose digest is due: on Monday before SENT_AFTER it is not yet the last one."""
    return week_before((now.astimezone(ZoneInfo(zone)) - SENT_AFTER).date())


def queue(plan: Plan, week: date) -> dict[str, int]:
    """Write a row for everybody who has none for the week, its content frozen.

    Missed weeks are marked as skipped. Whoever does the same meanwhile writes no second row.
    """
    recipients = recipients_without_digest(plan, week)
    renderer = Renderer(Week(plan, week, with_held=True))
    queued = 0
    for start in range(0, len(recipients), WRITTEN_AT_ONCE):
        digests: list[Digest] = []
        for recipient in recipients[start : start + WRITTEN_AT_ONCE]:
            digests += _missed_digests(plan, recipient, week)
            digests.append(_digest_of_week(renderer, recipient, week))
        queued += _write(plan, week, digests)
    return {"queued": queued}


def _missed_digests(plan: Plan, recipient: Recipient, week: date) -> Iterator[Digest]:
    """Skipped digests for the weeks between the recipient's last digest and this one."""
    if recipient.last_week is None:
        return
    missed = recipient.last_week + WEEK
    while missed < week:
        yield _skipped_digest(plan, recipient, missed)
        missed += WEEK


def _digest_of_week(renderer: Renderer, recipient: Recipient, week: date) -> Digest:
    digest = _skipped_digest(renderer.week.plan, recipient, week)
    texts = renderer.render(recipient, digest.language)
    if not texts.is_empty:
        digest.state = State.QUEUED
        texts.write_to(digest)
    return digest


def _skipped_digest(plan: Plan, recipient: Recipient, week: date) -> Digest:
    digest = messages.new_digest(plan, recipient.user, recipient.role, week)
    digest.state = State.SKIPPED
    return digest


def _write(plan: Plan, week: date, digests: list[Digest]) -> int:
    """Add the rows that nobody else wrote meanwhile; returns how many of them are queued."""
    Digest.objects.bulk_create(digests, ignore_conflicts=True)
    ours = [digest.message_id for digest in digests if digest.state == State.QUEUED]
    return Digest.objects.filter(plan=plan, week=week, message_id__in=ours).count()


def ready() -> QuerySet[Digest]:
    """The digests to send now; none while mail is held."""
    return Digest.objects.filter(is_claimable(timezone.now()))


def is_wanted() -> Case:
    """Whether the account still is a recipient; of an alarm, whether it still is a manager; of a
    notice, whether it still hears of things before Monday.
    """
    here = {"user": OuterRef("recipient"), "plan": OuterRef("plan")}
    managers = Membership.objects.filter(**here, role=Role.MANAGER, user__is_active=True)
    is_notice = Q(kind=Digest.Kind.NOTICE)
    is_recipient = Q(Exists(subscribed_memberships().filter(**here))) & ~is_notice
    is_alarmed = Q(Exists(managers), kind=Digest.Kind.ALARM)
    is_noticed = Q(Exists(noticed_memberships().filter(**here))) & is_notice
    return Case(
        When(is_recipient | is_alarmed | is_noticed, then=Value(True)), default=Value(False)
    )


class Batch:
    """Digests that this worker alone may send: claimed together, each ended on its own.

    `waiting` are those not yet taken, `begun` those that are marked as in doubt and come next,
    `sent` the keys of those whose end is not yet recorded.
    """

    def __init__(self) -> None:
        self.lease = timezone.now() + LEASE
        self.recorded = monotonic()
        self.step = 4
        self.sent: list[int] = []
        fresh = Q(doubts=0)
        if not self._claim(fresh, BATCH):
            self._claim(~fresh, 1)
        rows = self._held().annotate(is_wanted=is_wanted()).order_by("next_try", "pk")
        self.waiting: list[Digest] = list(rows.select_related("recipient", "plan"))
        self.begun: list[Digest] = []
        self.step_began = monotonic()

    def _claim(self, which: Q, count: int) -> int:
        """Claim by one conditional update: of two workers that want a row, the second finds it
        taken. Returns how many rows were claimed.
        """
        candidates = ready().filter(which).order_by("next_try", "pk")[:count]
        claimed = ready().filter(pk__in=candidates.values("pk"))
        return claimed.update(state=State.SENDING, lease_until=self.lease)

    def _held(self) -> QuerySet[Digest]:
        """The digests of this batch that no other worker took over: one that stood still can lose
        its claim.
        """
        return Digest.objects.filter(state=State.SENDING, lease_until=self.lease)

    def take(self, end: float) -> Iterator[Digest]:
        """Yield the digests one by one until `end`. The sent ones are recorded from time to time."""
        end = min(end, monotonic() + LEASE.total_seconds() / 2)
        while (self.begun or self.waiting) and monotonic() < end:
            if monotonic() - self.recorded > RECORD_EVERY:
                self.record_sent()
                self._drop_lost()
            elif self.begun:
                yield self.begun.pop(0)
            else:
                self._begin_next()

    def _drop_lost(self) -> None:
        held = set(self._held().values_list("pk", flat=True))
        self.begun = [digest for digest in self.begun if digest.pk in held]
        self.waiting = [digest for digest in self.waiting if digest.pk in held]

    def _begin_next(self) -> None:
        """Mark the next digests as in doubt: from here until their end is recorded they may have
        been sent.

        They are marked one by one where the mail server is slow, else as many as it takes in a
        moment.
        """
        now = monotonic()
        self.step = min(2 * self.step, LONGEST_STEP)
        if now - self.step_began > SLOW:
            self.step = 1
        self.step_began = now
        self.begun = self.waiting[: self.step]
        self.waiting = self.waiting[self.step :]
        begun = self._held().filter(pk__in=[digest.pk for digest in self.begun])
        begun.update(doubts=F("doubts") + 1)

    def record_sent(self) -> None:
        if self.sent:
            record_end(self._held().filter(pk__in=self.sent), State.SENT)
        self.sent = []
        self.recorded = monotonic()

    def finish(self, digest: Digest, state: Digest.State, error: str) -> str:
        """Record an end that is not "sent"; returns under which name it is counted."""
        record_end(self._held().filter(pk=digest.pk), state, error)
        return "failed"

    def retry_later(self, digest: Digest, error: str) -> str:
        """Back to the queue with a longer wait, unless the digest has expired by then."""
        next_try = timezone.now() + wait_after(digest.tries, FIRST_WAIT, LONGEST_WAIT)
        expires = datetime.combine(digest.week + 2 * WEEK, time(), ZoneInfo(digest.plan.timezone))
        if not settings.ACTIONPLAN_TODAY and next_try >= expires:
            return self.finish(digest, State.EXPIRED, error)
        self._held().filter(pk=digest.pk).update(
            state=State.QUEUED,
            lease_until=None,
            next_try=next_try,
            tries=F("tries") + 1,
            # it certainly was not sent
            doubts=F("doubts") - 1,
            error=error[:200],
        )
        return "retried"

    def close(self) -> None:
        """Record those sent and give the others back; again where the database was away."""
        for wait in (1, 3, 0):
            try:
                self.record_sent()
                self._give_back(self.waiting, 0)
                self._give_back(self.begun, 1)
                return
            except OperationalError:
                connection.close()
                if not wait:
                    raise
                sleep(wait)

    def _give_back(self, digests: list[Digest], doubts: int) -> None:
        if digests:
            unsent = self._held().filter(pk__in=[digest.pk for digest in digests])
            unsent.update(state=State.QUEUED, lease_until=None, doubts=F("doubts") - doubts)


def record_end(digests: QuerySet[Digest], state: Digest.State, error: str = "") -> int:
    """Record how these digests ended; returns how many there are."""
    return digests.update(
        state=state,
        tries=F("tries") + 1,
        lease_until=None,
        finished=timezone.now(),
        error=error[:200],
    )


def deliver(seconds: float = SECONDS) -> dict[str, int]:
    """Send what is ready, until nothing is or the time is over.

    1. Claim a batch by one conditional update: the digests are "sending", under a lease. Whoever
       does the same meanwhile gets others.
    2. Hand them over one by one on one connection, with no transaction open. The next ones are
       marked as in doubt just before.
    3. Record those sent at least once a second of sending, and every other end at once.
    4. Give back what there was no time for.
    5. A worker that is killed leaves digests whose lease runs out. Those in doubt may have been
       sent: they are claimed one by one and tried once more. The others were never begun.
    """
    counts = {"sent": 0, "failed": 0, "retried": 0}
    end = monotonic() + seconds
    mailer = messages.Mailer()
    try:
        while monotonic() < end and ready().exists():
            batch = Batch()
            try:
                for digest in batch.take(end):
                    counts[_send(digest, mailer, batch)] += 1
            finally:
                batch.close()
    finally:
        mailer.close()
    return counts


def _send(digest: Digest, mailer: messages.Mailer, batch: Batch) -> str:
    """Send one and record how that ended; returns under which name it is counted."""
    if digest.doubts >= MOST_ATTEMPTS_IN_DOUBT:
        reason = "a worker ended while it was sending this, twice"
        return batch.finish(digest, State.UNCERTAIN, reason)
    if not digest.is_wanted:  # type: ignore[attr-defined]
        reason = "the account is disabled, has left the plan or wants no digests"
        return batch.finish(digest, State.SKIPPED, reason)
    try:
        mailer.send(digest)
    except (messages.InDoubt, messages.Refused, OSError, ValueError) as error:
        mailer.drop_connection()
        return _end_unsent(digest, error, batch)
    batch.sent.append(digest.pk)
    return "sent"


def _end_unsent(digest: Digest, error: Exception, batch: Batch) -> str:
    reason = f"{type(error).__name__}: {error}"
    match error:
        case messages.InDoubt():
            doubt = f"no answer after the message was handed over: {error}"
            return batch.finish(digest, State.UNCERTAIN, doubt)
        case messages.Refused(is_final=True):
            return batch.finish(digest, State.FAILED, str(error))
        case messages.Refused():
            return batch.retry_later(digest, str(error))
        # some errors of certificates are both an OSError and a ValueError
        case OSError():
            return batch.retry_later(digest, reason)
    # an address or a subject of which no mail can be made holds up no other
    return batch.finish(digest, State.FAILED, reason)


def retry(digest: Digest) -> None:
    """Send a failed or uncertain digest once more, with the same row and content; for
    administrators.
    """
    Digest.objects.filter(pk=digest.pk, state__in=ENDED_BADLY).update(
        state=State.QUEUED, tries=0, doubts=0, next_try=timezone.now(), finished=None
    )


def close(digest: Digest) -> None:
    """An administrator has looked at one that ended badly; it needs no more attention."""
    Digest.objects.filter(pk=digest.pk, state__in=ENDED_BADLY).update(
        state=State.SKIPPED, error=f"{digest.error[:180]} (closed)"
    )
