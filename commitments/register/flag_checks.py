"""Whether the flags are those that the register gives reason for, as of the last run of the job.

Compared are the obligation, the kind, since when, and whether a flag is cleared. When it was
noticed and cleared depends on when the job ran, so that is not.

A flag of an earlier day is derived from the standings of that day. Where entries that were loaded
later changed what was known then, the runs of that time saw something else: what they raised is
looked for in the register as it was then, and what they might have raised is not asked for. What
was cleared that the first edition of the rules had raised is taken as it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from commitments.findings import Finding
from commitments.models import Entry, Flag, FlagKind, Obligation, Plan, Standing
from commitments.register.entries import civil_day
from commitments.register.entry_types import EDITION, kinds_with
from commitments.register.flags import FlagKey, required_flags
from commitments.register.histories import read_recurrences
from commitments.register.standings import judged_rows, with_those_that_wait
from commitments.rules.events import Perspective
from commitments.rules.states import State

# for so many days a state must have lasted before a flag of it is missed: two entries of one day
# can bring and end it between two runs
LASTING = timedelta(days=3)
# after these the days before are judged otherwise
EDITION_KINDS = ("sealed", "edition")


def verify_flags(plan: Plan, first_run: date | None, last_run: date | None) -> Iterator[Finding]:
    """The flags that the register gives no reason for, and those that are missing; the runs are the
    first and the last day for which the job ran. Where a clock was set back, days up to the last
    one came after the day that the flags are of.
    """
    day_text, _space, head_text = plan.flagged.partition(" ")
    if not head_text.isdigit():
        # the next run of the job brings them up to date
        yield Finding("flags-later")
        return
    day, head = date.fromisoformat(day_text), int(head_text)
    names = {row.pk: str(row) for row in Obligation.objects.filter(plan=plan)}
    flags = {
        FlagKey(flag.obligation_id, flag.kind, flag.since): flag
        for flag in Flag.objects.filter(plan=plan)
    }
    changed = _obligations_changed_after(plan, head)
    required = required_flags(plan, Standing.objects.filter(plan=plan), day)
    reasons = _reasons(plan, day)
    last_day = max(day, last_run or day)
    edition_day = _day_of_edition(plan)
    for key, flag in flags.items():
        is_open = flag.cleared is None or day < flag.cleared <= last_day
        is_early = day < flag.noticed <= last_day
        is_sound = key in required or is_early or key.obligation_id in changed
        if not is_open:
            is_sound = key not in required or key.obligation_id in changed
            is_of_first_edition = flag.noticed <= edition_day
            is_sound = is_sound and (is_of_first_edition or _had_reason(plan, key, reasons, day))
        if not is_sound:
            yield _finding("row-altered" if key in required else "row-added", key, names)
    for key in sorted(required - flags.keys()):
        if key.obligation_id not in changed:
            yield _finding("row-missing", key, names)
    if first_run is not None:
        for key in sorted(
            _lasting_reasons(plan, reasons, first_run, day) - flags.keys() - required
        ):
            yield _finding("row-missing", key, names)


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


def _had_reason(plan: Plan, key: FlagKey, reasons: Reasons, day: date) -> bool:
    """Whether a flag that was cleared follows from the standings, or from those of some time."""
    if key in reasons:
        return True
    obligation = Obligation.objects.filter(plan=plan, pk=key.obligation_id).first()
    if obligation is None or key.since > day:
        return False
    if key.kind == FlagKind.MISSED_PERIOD:
        return _is_after_a_period(plan, key, day)
    entries = Entry.objects.filter(plan=plan).order_by("-number")
    first_terms = entries.filter(obligation=obligation, kind="terms").last()
    if first_terms is None:
        return False
    bearing = entries.filter(ref__in=_refs_that_bear_on(obligation), number__gt=first_terms.number)
    numbers = bearing.values_list("number", flat=True)
    for number in numbers:
        rows = judged_rows(plan, [obligation], before=number)
        then = [row for row in rows if row.lens == Perspective.AS_KNOWN_THEN.value]
        if key in _reasons_in(then):
            return True
    return False


def _refs_that_bear_on(obligation: Obligation) -> list[str]:
    return [obligation.ref, *obligation.waits_for.values_list("ref", flat=True)]


def _is_after_a_period(plan: Plan, key: FlagKey, day: date) -> bool:
    try:
        recurrences = read_recurrences(plan, [key.obligation_id], day, day)
    except (KeyError, TypeError, ValueError, AttributeError):
        # it has no periods
        return False
    return any(
        period.window.last + timedelta(days=1) == key.since
        for recurrence in recurrences.values()
        for period in recurrence.periods
    )


def _lasting_reasons(plan: Plan, reasons: Reasons, first_run: date, day: date) -> set[FlagKey]:
    """The flags that the runs cannot have overlooked, whenever they ran."""
    known_since = _known_since(plan)
    beginning = max(first_run, known_since.pop(None, date.min))
    lasting = set()
    for key, rows in reasons.items():
        start = max(beginning, known_since.get(key.obligation_id, date.min))
        for row in rows:
            # the flag of a stretch is that of its first day, for as long as it lasts
            if min(row.to_day, day) - max(row.from_day, start) >= LASTING:
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
