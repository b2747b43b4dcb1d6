"""Standings stored: computed by the rule from the register, written by `store` alone, read by day and lens."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, Protocol

from commitments.dates import BEGINNING
from commitments.facts import Counting, Deadline, Fact, Lens, Terms, Version, terms_on
from commitments.models import Action, Entry, Obligation, Plan, Standing
from commitments.periods import Recurrence
from commitments.rule import History, Stretch, Verdict

Standings = dict[Lens, list[Stretch]]


class Judgeable(Protocol):
    """The terms and entries of one obligation, ready to be judged."""

    def judge(self, on: date, known: date) -> Verdict: ...

    def standings(self, lens: Lens) -> list[Stretch]: ...


# How the history of an instalment is made; the app that knows money registers it.
instalment_history: list[Callable[[Sequence[Entry], Sequence[Fact]], Judgeable]] = []


def terms_from(payload: Mapping[str, Any]) -> Terms:
    """The terms of an action from the entry that holds them."""
    content = dict(payload)
    content.pop("since", None)
    content["deadline"] = Deadline(**content["deadline"])
    content["adopted_on"] = date.fromisoformat(content["adopted_on"])
    for name in ("consents", "until", "countries"):
        content[name] = tuple(content[name])
    return Terms(**content)


def since_of(entry: Entry) -> date:
    """From which day the terms of an entry count: a change from its loading, all else from the beginning."""
    since = (entry.terms or {}).get("since")
    return date.fromisoformat(since) if since else BEGINNING


def fact_from(entry: Entry) -> Fact:
    return Fact(
        number=entry.number,
        kind=entry.kind,
        first=entry.first_day,
        last=entry.last_day,
        recorded=entry.recorded_day,
        recorded_at=entry.recorded_at,
        side=entry.side,
        words=entry.words,
        when=entry.when,
        quantity=entry.quantity or 0,
        to=entry.to.number if entry.to else None,
        amount=entry.amount or Fact.amount,
        currency=entry.currency,
    )


class Histories:
    """The histories of some obligations of a plan, read from the register in two queries."""

    def __init__(self, plan: Plan, obligations: Iterable[int] | None = None) -> None:
        self.plan = plan
        chosen = Obligation.objects.filter(plan=plan)
        if obligations is not None:
            chosen = chosen.filter(pk__in=with_superseders(set(obligations)))
        self.obligations = {obligation.pk: obligation for obligation in chosen}
        self.actions: dict[int, History] = {}
        self.by_ref = {o.ref: o.pk for o in self.obligations.values() if not o.instalment}
        entries = Entry.objects.filter(plan=plan).select_related("to").order_by("number")
        if obligations is not None:
            entries = entries.filter(ref__in={o.ref for o in self.obligations.values()})
        self.terms: dict[int, list[Entry]] = defaultdict(list)
        self.facts: dict[tuple[str, int | None], list[Fact]] = defaultdict(list)
        for entry in entries:
            if entry.kind == "terms" and entry.obligation_id:
                self.terms[entry.obligation_id].append(entry)
            elif entry.kind not in ("terms", "plan"):
                self.facts[entry.ref, entry.instalment].append(fact_from(entry))

    def __getitem__(self, pk: int) -> Judgeable:
        obligation = self.obligations[pk]
        if not obligation.instalment:
            return self.action(pk)
        facts = [*self.facts[obligation.ref, None], *self.facts[obligation.ref, obligation.instalment]]
        return instalment_history[0](self.terms[pk], sorted(facts, key=lambda fact: fact.number))

    def action(self, pk: int) -> History:
        if pk not in self.actions:
            self.actions[pk] = self._action(pk)
        return self.actions[pk]

    def _action(self, pk: int) -> History:
        versions = [Version(since_of(entry), terms_from(entry.terms or {})) for entry in self.terms[pk]]
        refs = {ref for version in versions for ref in version.terms.until}
        until = {ref: self.action(self.by_ref[ref]) for ref in refs if ref in self.by_ref}
        return History(versions, self.facts[self.obligations[pk].ref, None], until)

    def standings(self, pk: int) -> Standings:
        history = self[pk]
        return {lens: history.standings(lens) for lens in Lens}


def with_superseders(obligations: set[int]) -> set[int]:
    """These, and the actions that they are pending, however far."""
    found, new = set(obligations), set(obligations)
    through = Action.superseders.through.objects
    while new:
        new = set(through.filter(from_action__in=new).values_list("to_action", flat=True)) - found
        found |= new
    return found


def with_superseded(obligations: set[int]) -> set[int]:
    """These, and the actions that are pending them, however far."""
    found, new = set(obligations), set(obligations)
    through = Action.superseders.through.objects
    while new:
        new = set(through.filter(to_action__in=new).values_list("from_action", flat=True)) - found
        found |= new
    return found


def store(plan: Plan, obligations: Iterable[int] | None = None) -> int:
    """Compute and write the standings of these obligations and of those that depend on them; how many rows."""
    wanted = None if obligations is None else with_superseded(set(obligations))
    histories = Histories(plan, wanted)
    targets = set(histories.obligations) if wanted is None else wanted
    rows = [row for pk in targets for row in _rows(plan, pk, histories.standings(pk))]
    stored = Standing.objects.filter(plan=plan)
    (stored if wanted is None else stored.filter(obligation__in=wanted)).delete()
    Standing.objects.bulk_create(rows, batch_size=500)
    return len(rows)


COPIED = [
    field.name for field in fields(Verdict) if field.name not in ("slipped", "stale", "figures", "state", "confidence")
]


def _rows(plan: Plan, pk: int, standings: Standings) -> list[Standing]:
    return [
        Standing(
            plan=plan,
            obligation_id=pk,
            lens=lens.value,
            from_day=stretch.start,
            to_day=stretch.end,
            state=stretch.verdict.state.value,
            since=stretch.since,
            stale_since=stretch.stale_since,
            slipped_since=stretch.slipped_since,
            confidence=stretch.verdict.confidence,
            # pairs and not tables, whose order PostgreSQL does not keep
            figures={name: [list(pair) for pair in amounts] for name, amounts in stretch.verdict.figures},
            **{name: getattr(stretch.verdict, name) for name in COPIED},
        )
        for lens, found in standings.items()
        for stretch in found
    ]


def differences(plan: Plan) -> list[str]:
    """The obligations whose stored standings are not what the rule says now."""
    histories = Histories(plan)
    stored: dict[int, list[Standing]] = defaultdict(list)
    for row in Standing.objects.filter(plan=plan):
        stored[row.obligation_id].append(row)
    return [
        str(obligation)
        for pk, obligation in sorted(histories.obligations.items())
        if _compared(stored[pk]) != _compared(_rows(plan, pk, histories.standings(pk)))
    ]


def _compared(rows: list[Standing]) -> list[tuple[Any, ...]]:
    names = [field.attname for field in Standing._meta.concrete_fields if field.name not in ("id", "figures")]
    return sorted(
        (*(repr(getattr(row, name)) for name in names), json.dumps(row.figures, sort_keys=True)) for row in rows
    )


def read(plan: Plan, on: date, known: date | None, *, today: date) -> list[Standing]:
    """The standing of every obligation on a day, as known on another (None: now).

    Stored rows serve the two lenses; for any other day of knowing the same rule is asked afresh.
    """
    lens = lens_for(plan, on, known, today=today)
    rows = Standing.objects.select_related("obligation")
    if lens:
        return list(rows.filter(plan=plan).on(on, lens))
    return judged(plan, on, known or today)


def lens_for(plan: Plan, on: date, known: date | None, *, today: date) -> Lens | None:
    """The stored lens that answers; None where nothing stored does."""
    if known == on:
        return Lens.THEN
    later = Entry.objects.filter(plan=plan, recorded_day__gt=known or today).exclude(kind="plan")
    return None if later.exists() else Lens.NOW


def judged(plan: Plan, on: date, known: date) -> list[Standing]:
    """Standings of one day, made by the rule and not stored."""
    histories = Histories(plan)
    made = []
    for pk, obligation in histories.obligations.items():
        if since_of(histories.terms[pk][0]) > min(on, known):
            continue  # not in the plan yet
        verdict = histories[pk].judge(on, known)
        stretch = Stretch(on, on, verdict, on, on if verdict.stale else None, on if verdict.slipped else None)
        row = _rows(plan, pk, {Lens.THEN: [stretch]})[0]
        row.obligation = obligation
        made.append(row)
    return made


def recurrences(plan: Plan, rows: Iterable[Standing], on: date, known: date) -> dict[int, Recurrence]:
    """The periods of the recurring actions among the rows, which have no last day that could be stored."""
    pks = {row.obligation_id for row in rows if row.every}
    histories = Histories(plan, pks) if pks else None
    found = {}
    for pk in pks:
        assert histories
        history = histories.action(pk)
        found[pk] = Recurrence(terms_on(history.versions, on, known), Counting(history.facts, on, known))
    return found
