"""What the terms entries of the register say: whole terms, and what later plan files altered of them.

The first entry of an obligation holds its whole terms and `since`, the day from which a change
brought it in; null is from adoption. Where files had altered the plan's settings before, its terms
have the settings that were signed, and `settings` what was altered of them, each with its days.
Later entries hold what a file altered: `altered` counts from the entry's own day, `corrected` from
when the value counted that it replaces, and `described` are words in the place of all earlier ones.
Version 1.0.0 wrote the whole terms each time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from commitments.rules.dates import BEGINNING
from commitments.rules.terms import AlteredTerms

Payload = Mapping[str, Any]  # terms, as they stand in the register
Days = tuple[date, date]  # from which day something counts, and from which it is known
# The side of each body that leads or must consent is a term of its own: "side of", then its id.
SIDE_OF = "side of "
# keys of a deadline that decide nothing
DESCRIPTIVE = ("words", "baseline")


@dataclass(frozen=True)
class TermsEntry:
    terms: Payload
    effective: date
    recorded: date

    @property
    def altered(self) -> Payload:
        return self.terms.get("altered") or {}

    @property
    def corrected(self) -> Payload:
        return self.terms.get("corrected") or {}

    @property
    def described(self) -> Payload | None:
        described: Payload | None = self.terms.get("described")
        return described

    @property
    def settings(self) -> list[AlteredTerms]:
        """What files altered of the plan's settings before the obligation came."""
        return [
            AlteredTerms(date.fromisoformat(since), date.fromisoformat(known), altered)
            for since, known, altered in self.terms.get("settings", ())
        ]

    @property
    def whole(self) -> Payload:
        """The whole terms; empty where it holds only what was altered."""
        return whole_terms(self.terms)


def whole_terms(terms: Payload) -> Payload:
    if {"altered", "corrected", "described"} & terms.keys():
        return {}
    return {name: value for name, value in terms.items() if name not in ("since", "settings")}


class RecordedTerms:
    """The terms of one obligation, given its entries in the order of the register."""

    def __init__(self, entries: Iterable[TermsEntry] = ()) -> None:
        self.latest: dict[str, Any] = {}
        self._altered: list[AlteredTerms] = []
        self._days: dict[str, Days] = {}  # those of the latest value of each term
        for entry in entries:
            self.read(entry)

    @property
    def altered(self) -> list[AlteredTerms]:
        """What each file altered, with the latest words and baseline of the deadline."""
        return [
            replace(altered, values=self._described(altered.values)) for altered in self._altered
        ]

    def read(self, entry: TermsEntry) -> None:
        values = {**entry.corrected, **entry.altered}
        if entry.whole:
            values = self._altered_by_whole_terms(entry)
        by_days: defaultdict[Days, dict[str, Any]] = defaultdict(dict)
        for name, value in values.items():
            self._days[name] = self._days_of(name, entry)
            by_days[self._days[name]][name] = value
        self._altered += [AlteredTerms(*days, altered) for days, altered in by_days.items()]
        self.latest |= values
        for altered in entry.settings:
            self._altered.append(altered)
            self._days |= dict.fromkeys(altered.values, (altered.since, altered.known))
            self.latest |= altered.values
        if entry.described is not None:
            self.latest["deadline"] = {
                **decisive(self.latest["deadline"]),
                **entry.described,
            }

    def counts_from(self, name: str) -> date:
        """The day from which the latest value of a term counts; BEGINNING from adoption on."""
        since, _known = self._days.get(name, (BEGINNING, BEGINNING))
        return since

    def _altered_by_whole_terms(self, entry: TermsEntry) -> dict[str, Any]:
        """The terms that an entry of whole terms alters: those that differ. A correction by version
        1.0.0 alters all of them, since it took all back to the adoption.
        """
        values: dict[str, Any] = {**dict.fromkeys(self.latest), **entry.whole}
        if entry.terms["since"] is None:
            return values
        return {name: value for name, value in values.items() if self._differs(name, value)}

    def _differs(self, name: str, value: Any) -> bool:
        return name not in self.latest or self.latest[name] != value

    def _days_of(self, name: str, entry: TermsEntry) -> Days:
        if entry.whole and entry.terms["since"] is None:
            return BEGINNING, BEGINNING
        is_corrected = name in entry.corrected and name not in entry.altered
        # a body that comes to lead was on its side before
        is_new_body = name.startswith(SIDE_OF) and name not in self._days
        if self._altered and (is_corrected or is_new_body):
            first = self._altered[0]
            return self._days.get(name, (first.since, first.known))
        return entry.effective, entry.recorded

    def _described(self, values: Payload) -> Payload:
        if "deadline" not in values:
            return values
        return {**values, "deadline": decisive(values["deadline"]) | description(self.latest)}


def terms_of_sides(sides: Mapping[str, str]) -> dict[str, str]:
    """The sides of bodies as terms, given by the ids of the bodies."""
    return {SIDE_OF + body: side for body, side in sides.items()}


def sides_of_bodies(terms: Payload) -> dict[str, str]:
    """The sides of bodies that are among these terms, by the ids of the bodies."""
    return {
        name.removeprefix(SIDE_OF): side
        for name, side in terms.items()
        if name.startswith(SIDE_OF) and side
    }


def decisive(deadline: Payload) -> dict[str, Any]:
    """What a deadline says without its words and baseline."""
    return {name: value for name, value in deadline.items() if name not in DESCRIPTIVE}


def description(terms: Payload) -> dict[str, Any]:
    """The words and baseline of the deadline."""
    deadline = terms.get("deadline") or {}
    return {name: deadline[name] for name in DESCRIPTIVE if name in deadline}


def differing_terms(before: Payload, after: Payload) -> dict[str, Any]:
    """The terms that differ, with None for those that are no longer there. Words and baseline of a
    deadline do not count.
    """
    names = [*after, *(name for name in before if name not in after)]
    return {
        name: after.get(name)
        for name in names
        if _compared(name, before.get(name)) != _compared(name, after.get(name))
    }


def alterations(before: Payload, after: Payload, *, is_correction: bool = False) -> dict[str, Any]:
    """The content of a later terms entry of an obligation: what is altered, corrected or described
    anew. What a file withdraws is withdrawn from its day on, even by a correction.
    """
    altered = differing_terms(before, after)
    corrected = {}
    if is_correction:
        corrected = {
            name: altered[name] for name in altered if name != "withdrawn" or not after[name]
        }
    altered = {name: value for name, value in altered.items() if name not in corrected}
    described = None
    if description(before) != description(after):
        described = description(after)
    parts = {"altered": altered or None, "corrected": corrected or None, "described": described}
    return {name: part for name, part in parts.items() if part is not None}


def _compared(name: str, value: Any) -> Any:
    return decisive(value) if name == "deadline" and value else value


def refs_waited_for(terms: Payload) -> set[str]:
    """The refs of the actions on which a standing depends by these terms, or by what an entry
    altered of them.
    """
    refs: set[str] = set()
    for part in (terms, terms.get("altered") or {}, terms.get("corrected") or {}):
        deadline = part.get("deadline") or {}
        refs |= {*(part.get("until") or ()), part.get("condition_ref") or ""}
        refs.add(deadline.get("of_ref", ""))
    return refs - {""}
