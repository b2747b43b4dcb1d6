"""Whether the flags are those that the register gives reason for, as of the last run of the job.

Compared are the obligation, the kind, since when, and whether a flag is cleared. When it was
noticed and cleared depends on when the job ran, so that is not compared; but a flag that is not of
today must follow from the register on the day on which it says that it was noticed.

It is derived from the standings of that day. Where entries that were loaded later changed what was
known then, the runs of that time saw something else: what they raised is looked for in the register
as it was before each of these, and what they might have raised is not asked for. What was cleared
that the first edition of the rules had raised is taken as it is.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, Q

from commitments.findings import Finding
from commitments.models import ClearReason, Entry, Flag, FlagKind, Obligation, Plan, Standing
from commitments.register.entries import civil_day
from commitments.register.entry_types import EDITION, kinds_with
from commitments.register.flags import FlagKey, day_after, required_flags
from commitments.register.histories import read_recurrences
from commitments.register.standings import judged_rows, with_those_that_wait
from commitments.rules.events import Perspective
from commitments.rules.states import State

# on so many days the job must have run while a state lasted before a flag of it is missed: two
# entries of one day can bring and end it between two runs
LASTING_RUNS = 3
# after these the days before are judged otherwise
EDITION_KINDS = ("sealed", "edition")


def verify_flags(
    plan: Plan, run_days: Sequence[date], done_days: Collection[date]
) -> Iterator[Finding]:
    """The flags that the register gives no reason for, and those that are missing.

    `run_days` are the days for which the job ran, in the order in which it first ran for them;
    `done_days` are those for which it succeeded.

    1. Name the flags between two plans, and those that no run of the job can have left.
    2. Stop if the flags are not up to date: the next run brings them there.
    3. Name the other flags that the register does not give.
    4. Name those that it gives and that are not there.
    """
    obligations = Obligation.objects.filter(Q(plan=plan) | Q(flags__plan=plan))
    names = {obligation.pk: str(obligation) for obligation in obligations}
    flags, strays = _flags_and_strays(plan, run_days)
    for key in strays:
        yield _finding("row-added", key, names)
    day_text, _space, head_text = plan.flagged.partition(" ")
    if not head_text.isdigit():
        yield Finding("flags-later")
        return
    day = date.fromisoformat(day_text)
    head = int(head_text)
    changed = _obligations_changed_after(plan, head)
    required = required_flags(plan, Standing.objects.filter(plan=plan), day)
    reasons = _reasons(plan, day)
    former = FormerFlags(plan, run_days, reasons)
    for key, flag in flags.items():
        if not _is_sound(flag, day, required, changed, former):
            yield _finding("row-altered" if key in required else "row-added", key, names)
    missing = {key for key in required if key.obligation_id not in changed}
    missing |= _lasting_reasons(plan, reasons, done_days, day) - required
    for key in sorted(missing - flags.keys()):
        yield _finding("row-missing", key, names)


def _flags_and_strays(
    plan: Plan, run_days: Sequence[date]
) -> tuple[dict[FlagKey, Flag], list[FlagKey]]:
    """The flags that runs of the job can have left, and the keys of all others."""
    own_obligations = set(Obligation.objects.filter(plan=plan).values_list("pk", flat=True))
    latest_day = _latest_day(plan, run_days)
    flags: dict[FlagKey, Flag] = {}
    strays = []
    for flag in Flag.objects.filter(Q(plan=plan) | Q(obligation__plan=plan)):
        key = FlagKey(flag.obligation_id, flag.kind, flag.since)
        is_own = flag.plan_id == plan.pk and flag.obligation_id in own_obligations
        if is_own and _is_of_a_run(flag, run_days, latest_day):
            flags[key] = flag
        else:
            strays.append(key)
    return flags, strays


def _latest_day(plan: Plan, run_days: Iterable[date]) -> date:
    """The last one on which something was cleared, by the job or by an entry."""
    latest_load = Entry.objects.filter(plan=plan).aggregate(at=Max("loaded_at"))["at"]
    loaded_days = [civil_day(latest_load, plan.timezone)] if latest_load else []
    return max([*run_days, *loaded_days], default=date.min)


def _is_of_a_run(flag: Flag, run_days: Collection[date], latest_day: date) -> bool:
    """Whether a run of the job can have raised it, and cleared it afterwards."""
    if flag.noticed not in run_days or flag.kind not in FlagKind:
        return False
    if flag.cleared is None:
        return True
    return flag.noticed <= flag.cleared <= latest_day and flag.cleared_by in ClearReason


def _is_sound(
    flag: Flag, day: date, required: set[FlagKey], changed: set[int], former: "FormerFlags"
) -> bool:
    key = FlagKey(flag.obligation_id, flag.kind, flag.since)
    is_changed = flag.obligation_id in changed
    # the clock was set back since
    is_of_later_run = day < flag.noticed
    is_open = flag.cleared is None or day < flag.cleared <= former.last_day
    if is_open:
        if key in required:
            return True
        return (is_changed or is_of_later_run) and former.holds(flag)
    return (is_changed or key not in required) and former.holds(flag)


def _day_of_edition(plan: Plan) -> date:
    """The day until which flags were raised by the first edition of the rules, which is not judged
    any more.
    """
    edition = Entry.objects.filter(plan=plan, kind=EDITION).order_by("number").first()
    return edition.recorded_day if edition else date.min


def _finding(kind: str, key: FlagKey, names: Mapping[int, str]) -> Finding:
    obligation = names.get(key.obligation_id, str(key.obligation_id))
    values = {
        "table": Flag._meta.db_table,
        "row": f"{obligation} {key.kind} {key.since}",
        "column": "cleared",
    }
    return Finding(kind, values)


def _obligations_changed_after(plan: Plan, number: int) -> set[int]:
    """Those that entries after this one bear on, directly or as what supersedes them."""
    entries = Entry.objects.filter(plan=plan, number__gt=number).exclude(
        kind__in=kinds_with(is_silent=True)
    )
    refs = set(entries.values_list("ref", flat=True))
    obligations = Obligation.objects.filter(plan=plan)
    # an entry about the whole plan, such as its new term, bears on all
    if "" not in refs:
        obligations = obligations.filter(ref__in=refs)
    return with_those_that_wait(obligations.values_list("pk", flat=True))


Reasons = dict[FlagKey, list[Standing]]


def _reasons(plan: Plan, day: date) -> Reasons:
    """The flags that the standings up to a day give reason for, each with the stretches that do."""
    rows = Standing.objects.filter(
        plan=plan, lens=Perspective.AS_KNOWN_THEN.value, from_day__lte=day
    )
    return _reasons_in(rows.iterator(chunk_size=2000))


def _reasons_in(rows: Iterable[Standing]) -> Reasons:
    reasons: Reasons = defaultdict(list)
    for row in rows:
        if row.scored and row.state == State.OVERDUE:
            reasons[FlagKey(row.obligation_id, FlagKind.OVERDUE, row.since)].append(row)
        if row.scored and row.state == State.DUE_SOON:
            reasons[FlagKey(row.obligation_id, FlagKind.DUE_SOON, row.since)].append(row)
        if row.stale_since is not None:
            reasons[FlagKey(row.obligation_id, FlagKind.STALE, row.stale_since)].append(row)
        if row.scored and row.moved and row.slipped_since is not None:
            key = FlagKey(row.obligation_id, FlagKind.ORIGINAL_PASSED, row.slipped_since)
            reasons[key].append(row)
    return reasons


class FormerFlags:
    """The flags that the runs of the job saw reason for, each on its day."""

    def __init__(self, plan: Plan, run_days: Sequence[date], reasons: Reasons) -> None:
        self.plan = plan
        self.reasons = reasons
        self.run_days = run_days
        self.last_day = max(run_days, default=date.min)
        self.edition_day = _day_of_edition(plan)

    def holds(self, flag: Flag) -> bool:
        """Whether the flag follows from the register on the day on which it was noticed, as it is
        now or as a run of that day can have seen it.
        """
        if flag.noticed <= self.edition_day:
            return True
        key = FlagKey(flag.obligation_id, flag.kind, flag.since)
        if any(row.from_day <= flag.noticed < row.to_day for row in self.reasons.get(key, ())):
            return True
        heads: list[int | None] = [*self._numbers_unseen(flag.obligation, flag.noticed)]
        if key.kind == FlagKind.MISSED_PERIOD:
            return any(key in self._missed_periods(flag, before=head) for head in [None, *heads])
        return any(key in self._flags_noticed(flag, before=head) for head in heads)

    def _numbers_unseen(self, obligation: Obligation, day: date) -> list[int]:
        """The entries that bear on it and that a run of the day may not have seen yet: those that
        were loaded later, or so shortly before that they were written while it ran. What it saw is
        most likely what was there before the first of them.
        """
        refs = {"", obligation.ref, *_refs_waited_for(obligation)}
        entries = Entry.objects.filter(plan=self.plan).order_by("number")
        first_terms = entries.filter(obligation=obligation, kind="terms").first()
        if first_terms is None:
            return []
        bearing = entries.filter(ref__in=refs, number__gt=first_terms.number).exclude(
            kind__in=kinds_with(is_silent=True)
        )
        if self._is_true_day(day):
            midnight = datetime.combine(day, time(), ZoneInfo(self.plan.timezone))
            bearing = bearing.filter(loaded_at__gte=midnight - timedelta(days=1))
        return list(bearing.values_list("number", flat=True))

    def _is_true_day(self, day: date) -> bool:
        """Whether the clock was right when the job ran for the day: none of an earlier day followed."""
        if day not in self.run_days:
            return False
        position = self.run_days.index(day)
        return min(self.run_days[position:]) == day

    def _flags_noticed(self, flag: Flag, *, before: int | None) -> set[FlagKey]:
        """The flags of its obligation on its day as the register was before an entry."""
        rows = judged_rows(self.plan, [flag.obligation], before=before)
        return set(
            _reasons_in(
                row
                for row in rows
                if row.lens == Perspective.AS_KNOWN_THEN.value
                and row.from_day <= flag.noticed < row.to_day
            )
        )

    def _missed_periods(self, flag: Flag, *, before: int | None) -> set[FlagKey]:
        day = flag.noticed
        obligation_ids = [flag.obligation_id]
        recurrences = read_recurrences(self.plan, obligation_ids, day, day, before=before)
        return {
            FlagKey(flag.obligation_id, FlagKind.MISSED_PERIOD, day_after(period))
            for recurrence in recurrences.values()
            for period in recurrence.run_of_short_periods
        }


def _refs_waited_for(obligation: Obligation) -> set[str]:
    """Of the actions that it waits for, and of those that they wait for in turn."""
    refs: set[str] = set()
    latest = {obligation.pk}
    while latest:
        links = Obligation.waits_for.through._default_manager.filter(obligation__in=latest)
        awaited = dict(links.values_list("action_id", "action__ref"))
        latest = {key for key, ref in awaited.items() if ref not in refs}
        refs |= set(awaited.values())
    return refs


def _lasting_reasons(
    plan: Plan, reasons: Reasons, done_days: Collection[date], day: date
) -> set[FlagKey]:
    """The flags that the runs before this day cannot have overlooked.

    After more than a year without a run the job does not catch up on every day.
    """
    days = sorted(done_days)
    known_since = _known_since(plan)
    beginning = known_since.pop(None, date.min)
    lasting = set()
    for key, rows in reasons.items():
        start = max(beginning, known_since.get(key.obligation_id, date.min))
        for row in rows:
            # the flag of a stretch is that of its first day, for as long as it lasts
            first = bisect_left(days, max(row.from_day, start))
            end = bisect_left(days, min(row.to_day, day))
            if end - first >= LASTING_RUNS:
                lasting.add(key)
    return lasting


def _known_since(plan: Plan) -> dict[int | None, date]:
    """For each obligation the last day on which an entry of an earlier day was loaded; under None the
    day since which the rules hold that hold now.
    """
    known_since: dict[int | None, date] = {}
    silent_kinds = kinds_with(is_silent=True)
    entries = Entry.objects.filter(plan=plan)
    rows = entries.values_list("ref", "kind", "recorded_day", "loaded_at")
    keys_by_ref: dict[str, list[int]] = defaultdict(list)
    for key, ref in Obligation.objects.filter(plan=plan).values_list("pk", "ref"):
        keys_by_ref[ref].append(key)
    for ref, kind, recorded_day, loaded_at in rows.iterator(chunk_size=2000):
        loaded_day = civil_day(loaded_at, plan.timezone)
        is_late = loaded_day > recorded_day
        if kind in EDITION_KINDS or (is_late and not ref and kind not in silent_kinds):
            known_since[None] = max(loaded_day, known_since.get(None, date.min))
        if is_late:
            for key in keys_by_ref.get(ref, ()):
                known_since[key] = max(loaded_day, known_since.get(key, date.min))
    links = Obligation.waits_for.through._default_manager.filter(obligation__plan=plan)
    for key, awaited in links.values_list("obligation_id", "action_id"):
        both = (known_since.get(key, date.min), known_since.get(awaited, date.min))
        known_since[key] = max(both)
    return known_since
