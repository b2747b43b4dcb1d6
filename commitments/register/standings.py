"""Standings stored: computed by the rule from the register, written by `_write` alone, read by day
and lens.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import islice
from operator import attrgetter, or_
from typing import Any, Protocol

from django.db.models import Q, QuerySet

from commitments.models import Entry, Obligation, Plan, Standing, Tally
from commitments.models.prepared import Slot, prepared
from commitments.models.querysets import Key, insert, remove
from commitments.register import tally
from commitments.rules.dates import BEGINNING, END
from commitments.rules.events import (
    Deadline,
    Event,
    EventsOnDay,
    Perspective,
    Terms,
    TermsVersion,
    terms_on,
)
from commitments.rules.recurrence import Recurrence
from commitments.rules.standing import History, Kept, Stretch, Verdict

Standings = dict[Perspective, list[Stretch]]


class Judgeable(Protocol):
    """The terms and entries of one obligation, ready to be judged."""

    def judge(self, on: date, known: date) -> Verdict: ...

    def standings(self, lens: Perspective, kept: Kept | None = None) -> list[Stretch]: ...


# How the history of an instalment is made; the app that knows money registers it.
instalment_history: list[Callable[[Sequence["Loaded"], Sequence[Event]], Judgeable]] = []


def terms_from(payload: Mapping[str, Any]) -> Terms:
    """The terms of an action from the entry that holds them."""
    content = dict(payload)
    content.pop("since", None)
    content["deadline"] = Deadline(**content["deadline"])
    content["adopted_on"] = date.fromisoformat(content["adopted_on"])
    for name in ("consents", "until", "countries"):
        content[name] = tuple(content[name])
    return Terms(**content)


@dataclass(frozen=True)
class Loaded:
    """Terms as an entry of the register holds them."""

    terms: dict[str, Any]

    @property
    def since(self) -> date:
        """From which day they count: a change from its loading, all else from the beginning."""
        since = self.terms.get("since")
        return date.fromisoformat(since) if since else BEGINNING


# of an entry, at last most of a fact in the order of its fields
EVENT_COLUMNS = (
    *("ref", "instalment", "obligation_id", "terms", "pk", "to_id", "kind", "quantity", "amount"),
    *(
        "number",
        "first_day",
        "last_day",
        "recorded_day",
        "recorded_at",
        "side",
        "words",
        "when",
        "currency",
    ),
)
NOTHING = Decimal(0)


def recurrence_of(entries: Iterable[Entry], on: date, known: date) -> Recurrence | None:
    """The periods of a recurring action from its entries, read already and in order."""
    terms: list[TermsVersion[Terms]] = []
    events: list[Event] = []
    for entry in entries:
        if entry.kind == "terms":
            terms.append(
                TermsVersion(Loaded(entry.terms or {}).since, terms_from(entry.terms or {}))
            )
        else:
            events.append(
                Event(
                    entry.kind,
                    entry.number,
                    first=entry.first_day,
                    last=entry.last_day,
                    recorded=entry.recorded_day,
                    words=entry.words,
                    quantity=entry.quantity or 0,
                    to=entry.to.number if entry.to else None,
                )
            )
    current = terms_on(terms, on, known) if terms else Terms(on)
    recurring = current.deadline.kind == "recurring"
    return Recurrence(current, EventsOnDay(events, on, known)) if recurring else None


def _columns(entries: QuerySet[Entry], kinds: tuple[str, ...]) -> QuerySet[Any, tuple[Any, ...]]:
    chosen = entries.filter(kind__in=kinds) if kinds else entries
    return chosen.order_by("number").values_list(*EVENT_COLUMNS)


@prepared
def _of_ref(kinds: tuple[str, ...]) -> QuerySet[Any, tuple[Any, ...]]:
    return _columns(Entry.objects.filter(plan=Slot("plan"), ref=Slot("ref")), kinds)


class Histories:
    """The histories of some obligations of a plan, or of all, read from the register in one pass.

    `alone`: where nothing would supersede them; `kinds`: of entries, if not all matter.
    """

    def __init__(
        self,
        plan: Plan,
        obligations: Iterable[Obligation] | None = None,
        *,
        alone: bool = False,
        kinds: tuple[str, ...] = (),
    ) -> None:
        self.plan, self.kinds = plan, kinds
        self.obligations: dict[int, Obligation] = {}
        self.by_ref: dict[str, int] = {}
        self.terms: dict[int, list[Loaded]] = defaultdict(list)
        self.events: dict[tuple[str, int | None], list[Event]] = defaultdict(list)
        every = obligations is None
        self._read(
            Obligation.objects.filter(plan=plan) if obligations is None else obligations,
            every=every,
        )
        asked: set[str] = set()
        while not alone and (new := self._superseders() - asked):
            self._read(Obligation.objects.filter(plan=plan, ref__in=new, instalment=0))
            asked |= new

    def _read(self, chosen: Iterable[Obligation], *, every: bool = False) -> None:
        found = {obligation.pk: obligation for obligation in chosen}
        self.obligations |= found
        self.by_ref |= {o.ref: o.pk for o in found.values() if not o.instalment}
        refs = {obligation.ref for obligation in found.values()}
        # an entry comes after the one that it names, which is of the same reference
        numbers: dict[int | None, int] = {}
        for ref, instalment, about, terms, pk, to, kind, quantity, amount, *rest in self._entries(
            every, refs
        ):
            numbers[pk] = rest[0]
            if kind == "terms" and about:
                self.terms[about].append(Loaded(terms or {}))
            elif kind not in ("terms", "plan"):
                event = Event._make(
                    (kind, *rest, quantity or 0, amount or NOTHING, numbers.get(to))
                )
                self.events[ref, instalment].append(event)

    def _entries(self, every: bool, refs: set[str]) -> Iterable[tuple[Any, ...]]:
        if not every and len(refs) == 1:
            return _of_ref(self.kinds)(plan=self.plan.pk, ref=next(iter(refs)))
        entries = Entry.objects.filter(plan=self.plan)
        return _columns(entries if every else entries.filter(ref__in=refs), self.kinds)

    def _superseders(self) -> set[str]:
        """The actions that some of these are pending and that have not been read."""
        found = (loaded.terms.get("until", ()) for terms in self.terms.values() for loaded in terms)
        return {ref for refs in found for ref in refs} - self.by_ref.keys()

    def __getitem__(self, pk: int) -> Judgeable:
        obligation = self.obligations[pk]
        if not obligation.instalment:
            return self.action(pk)
        events = [
            *self.events[obligation.ref, None],
            *self.events[obligation.ref, obligation.instalment],
        ]
        return instalment_history[0](self.terms[pk], sorted(events, key=lambda event: event.number))

    def action(self, pk: int) -> History:
        versions = self._versions(pk)
        refs = {ref for version in versions for ref in version.terms.until}
        superseders = {
            ref: self._alone(self.by_ref[ref]) for ref in sorted(refs) if ref in self.by_ref
        }
        return History(versions, self._events(pk), superseders)

    def _alone(self, pk: int) -> History:
        """The history of an action as if nothing could supersede it."""
        return History(self._versions(pk), self._events(pk), {})

    def _versions(self, pk: int) -> list[TermsVersion[Terms]]:
        return [TermsVersion(loaded.since, terms_from(loaded.terms)) for loaded in self.terms[pk]]

    def _events(self, pk: int) -> list[Event]:
        return self.events[self.obligations[pk].ref, None]

    def counted(self, rows: Iterable[Standing]) -> Iterator[tuple[int, Standing]]:
        """The stretches of actions, each with the key of the commitment that it counts for."""
        for row in rows:
            obligation = self.obligations[row.obligation_id]
            if not obligation.instalment:
                # what a version before this column wrote has none
                yield row.commitment_id or obligation.commitment_id, row

    def standings(self, pk: int, kept: Mapping[Perspective, Kept] | None = None) -> Standings:
        history = self[pk]
        return {lens: history.standings(lens, (kept or {}).get(lens)) for lens in Perspective}


# By lens the first day on which something can have changed.
Since = Mapping[Perspective, date]
ALWAYS: Since = dict.fromkeys(Perspective, BEGINNING)


def rebuild_all(plan: Plan) -> int:
    """Compute and write all standings of a plan anew; how many rows."""
    Tally.objects.filter(plan=plan).delete()
    Plan.objects.filter(pk=plan.pk).update(flagged="")
    Plan.objects.filter(pk=plan.pk).raise_version()
    Standing.objects.filter(plan=plan).delete()
    histories, counted, count = Histories(plan), Counter[Key](), 0
    for some in _parts(histories.obligations):
        rows = [
            row
            for pk in some
            for row in _rows(plan, histories.obligations[pk], histories.standings(pk))
        ]
        _write(histories, {}, _by_values(rows), counted)
        count += len(rows)
    Tally.objects.add(plan, counted)
    return count


def recompute(
    plan: Plan, obligations: Iterable[Obligation], since: Since = ALWAYS, on: date = END
) -> dict[int, Standing | None]:
    """Compute the standings of these and write what differs; then those of the actions that are
    pending one of these.

    What is stored for the days before `since` is right and stays. Returns what holds for each `on`
    a day, known then.
    """
    found: dict[int, Standing | None] = {}
    counted = Counter[Key]()
    todo = {obligation.pk: obligation for obligation in obligations}
    while todo:
        histories = Histories(plan, todo.values())
        changed: set[int] = set()
        for some in _parts(todo):
            before = _by_values(_stored(some, since))
            kept = _kept(before.values(), since)
            after = _by_values(
                row
                for pk in some
                for row in _rows(plan, todo[pk], histories.standings(pk, kept.get(pk)))
            )
            changed |= _write(histories, before, after, counted)
            found |= dict.fromkeys(some) | {
                row.obligation_id: row for row in after.values() if _holds(row, on)
            }
        # whose superseders stand as before, stands as before
        pending = (
            Obligation.objects.filter(action__superseders__in=changed).distinct() if changed else ()
        )
        todo = {obligation.pk: obligation for obligation in pending if obligation.pk not in found}
    Tally.objects.add(plan, counted)
    return found


def _parts(pks: Iterable[int]) -> Iterator[list[int]]:
    waiting = iter(pks)
    while some := list(islice(waiting, 500)):
        yield some


def _holds(row: Standing, day: date) -> bool:
    return row.lens == Perspective.AS_KNOWN_THEN.value and row.from_day <= day < row.to_day


Rows = dict[tuple[Any, ...], Standing]


def _write(histories: Histories, before: Rows, after: Rows, counted: Counter[Key]) -> set[int]:
    """Replace what differs, and count it; whose standings those were."""
    gone = {row.pk: row for values, row in before.items() if values not in after}
    new = {values: row for values, row in after.items() if values not in before}
    remove(Standing, list(gone))
    insert(Standing, [*COLUMNS, "figures"], list(new))
    counted.update(tally.changes(histories.counted(gone.values()), -1))
    counted.update(tally.changes(histories.counted(new.values())))
    return {row.obligation_id for row in (*gone.values(), *new.values())}


@prepared
def _stored_of_one() -> QuerySet[Standing]:
    return _from({lens: Slot(lens.value) for lens in Perspective}).filter(
        obligation=Slot("obligation")
    )


def _stored(obligations: list[int], since: Since) -> Iterable[Standing]:
    """What is stored of them for the days that are not over by then."""
    if len(obligations) == 1:
        return _stored_of_one()(
            obligation=obligations[0], **{lens.value: day for lens, day in since.items()}
        )
    return _from(since).filter(obligation__in=obligations)


def _from(since: Mapping[Perspective, Any]) -> QuerySet[Standing]:
    return Standing.objects.filter(
        reduce(or_, (Q(lens=lens.value, to_day__gte=day) for lens, day in since.items()))
    )


COLUMNS = [
    field.attname for field in Standing._meta.concrete_fields if field.name not in ("id", "figures")
]
_values = attrgetter(*COLUMNS)
_encoded = json.JSONEncoder(sort_keys=True).encode


def _by_values(rows: Iterable[Standing]) -> Rows:
    """Rows by all that they say: COLUMNS, and the figures as JSON."""
    return {(*_values(row), _encoded(row.figures)): row for row in rows}


def _kept(stored: Iterable[Standing], since: Since) -> dict[int, dict[Perspective, Kept]]:
    """For each obligation and lens the stored stretch that holds the day before `since`, where
    there is one.
    """
    found: dict[int, dict[Perspective, Kept]] = defaultdict(dict)
    for row in stored:
        until = since[Perspective(row.lens)]
        if row.from_day < until:
            found[row.obligation_id][Perspective(row.lens)] = Kept(
                row.from_day, until, row.since, row.stale_since, row.slipped_since
            )
    return found


COPIED = [
    field.name
    for field in fields(Verdict)
    if field.name not in ("slipped", "stale", "figures", "state", "confidence")
]


def _rows(plan: Plan, obligation: Obligation, standings: Standings) -> list[Standing]:
    return [
        Standing(
            plan=plan,
            obligation=obligation,
            commitment_id=None if obligation.instalment else obligation.commitment_id,
            lens=lens.value,
            from_day=stretch.start,
            to_day=stretch.end,
            state=stretch.verdict.state.value,
            since=stretch.since,
            stale_since=stretch.stale_since,
            slipped_since=stretch.slipped_since,
            confidence=stretch.verdict.confidence,
            # pairs and not tables, whose order PostgreSQL does not keep
            figures={
                name: [list(pair) for pair in amounts] for name, amounts in stretch.verdict.figures
            },
            **{name: getattr(stretch.verdict, name) for name in COPIED},
        )
        for lens, found in standings.items()
        for stretch in found
    ]


def find_mismatches(plan: Plan) -> list[str]:
    """The obligations whose stored standings are not what the rule says now."""
    histories = Histories(plan)
    stored: dict[int, list[Standing]] = defaultdict(list)
    for row in Standing.objects.filter(plan=plan):
        stored[row.obligation_id].append(row)
    expected = {
        pk: _rows(plan, found, histories.standings(pk))
        for pk, found in histories.obligations.items()
    }
    found = [
        str(obligation)
        for pk, obligation in sorted(histories.obligations.items())
        if _by_values(stored[pk]).keys() != _by_values(expected[pk]).keys()
    ]
    sums = Tally.objects.filter(plan=plan).values_list(
        "commitment_id", "lens", "name", "day", "change"
    )
    counted = tally.changes(histories.counted(row for rows in expected.values() for row in rows))
    if {tuple(key): change for *key, change in sums if change} != {
        key: n for key, n in counted.items() if n
    }:
        found.append("the tally")
    return found


def standings_on(plan: Plan, on: date, known: date | None, *, today: date) -> list[Standing]:
    """The standing of every obligation on a day, as known on another (None: now).

    Stored rows serve the two lenses; for any other day of knowing the same rule is asked afresh.
    """
    lens = lens_for(plan, on, known, today=today)
    rows = Standing.objects.select_related("obligation")
    if lens:
        return list(rows.filter(plan=plan).on(on, lens))
    return judged(plan, on, known or today)


def lens_for(plan: Plan, on: date, known: date | None, *, today: date) -> Perspective | None:
    """The stored lens that answers; None where nothing stored does."""
    if known == on:
        return Perspective.AS_KNOWN_THEN
    later = Entry.objects.filter(plan=plan, recorded_day__gt=known or today).exclude(kind="plan")
    return None if later.exists() else Perspective.AS_KNOWN_NOW


def judged(plan: Plan, on: date, known: date) -> list[Standing]:
    """Standings of one day, made by the rule and not stored."""
    histories = Histories(plan)
    made = []
    for pk, obligation in histories.obligations.items():
        if histories.terms[pk][0].since > min(on, known):
            continue  # not in the plan yet
        verdict = histories[pk].judge(on, known)
        stretch = Stretch(
            on, on, verdict, on, on if verdict.stale else None, on if verdict.slipped else None
        )
        made += _rows(plan, obligation, {Perspective.AS_KNOWN_THEN: [stretch]})
    return made


# all that bears on the periods of a recurring action
PERIODIC = ("terms", "delivered", "consent", "completed", "withdrawn")


def recurrences(
    plan: Plan, obligations: Iterable[int], on: date, known: date
) -> Iterator[tuple[int, Recurrence]]:
    """The periods of these recurring actions, which have no last day that could be stored; some at
    a time.
    """
    pks = iter(set(obligations))
    while some := list(islice(pks, 500)):
        histories = Histories(
            plan, Obligation.objects.filter(pk__in=some), alone=True, kinds=PERIODIC
        )
        for pk in some:
            history = histories.action(pk)
            yield (
                pk,
                Recurrence(
                    terms_on(history.versions, on, known), EventsOnDay(history.events, on, known)
                ),
            )
