"""The history of an action as people read it: one line for each entry with what was said of it
folded in, and what the sides say to each other.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from commitments.models import Entry
from commitments.pages.entries import EntryRow
from commitments.register.entry_types import ANSWER, QUESTION
from commitments.rules.events import REPORTS

ANSWERS = ("confirmed", "disputed")


@dataclass(frozen=True)
class HistoryLine:
    """An entry, and the later entries about it, the oldest first."""

    row: EntryRow
    about: list[EntryRow] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """What one side says in an exchange: it made the statement, or answered it, or did neither."""

    side: str
    statement: EntryRow | None = None
    answer: EntryRow | None = None


@dataclass(frozen=True)
class Exchange:
    """A statement of one side, and the latest answer of each of the others."""

    row: EntryRow
    cells: list[Cell]


@dataclass(frozen=True)
class Dialogue:
    """A question, and what the sides have said to it; it is open until the one that was asked has."""

    row: EntryRow
    answers: list[EntryRow]

    @property
    def is_open(self) -> bool:
        asked = self.row.entry.words
        answered = any(row.entry.side == asked for row in self.answers)
        return not answered and not self.row.is_withdrawn


def dialogues(rows: Iterable[EntryRow]) -> list[Dialogue]:
    """The questions among these entries, the newest first, with the answers that are not withdrawn."""
    in_order = sorted(rows, key=lambda row: row.entry.number)
    answers = [row for row in in_order if row.entry.kind == ANSWER and not row.is_withdrawn]
    return [
        Dialogue(row, [other for other in answers if other.entry.to_id == row.entry.pk])
        for row in reversed(in_order)
        if row.entry.kind == QUESTION
    ]


def fold_history(rows: Sequence[EntryRow]) -> list[HistoryLine]:
    """The lines of the history, the newest first. An entry about another one of them stands with it
    and not by itself.
    """
    rows_by_key = {row.entry.pk: row for row in rows}
    lines: dict[int, HistoryLine] = {}
    for row in sorted(rows, key=lambda row: row.entry.number):
        subject = lines.get(_subject_of(row.entry, rows_by_key))
        if subject is None:
            lines[row.entry.pk] = HistoryLine(row)
        else:
            subject.about.append(row)
    return list(reversed(lines.values()))


def _subject_of(entry: Entry, rows_by_key: dict[int, EntryRow]) -> int:
    """The key of the entry that this one is about, if need be by way of entries between them."""
    while entry.to_id in rows_by_key:
        entry = rows_by_key[entry.to_id].entry
    return entry.pk


def exchanges(
    rows: Iterable[EntryRow], sides: Sequence[str], kinds: Collection[str]
) -> Iterator[Exchange]:
    """Each statement of these kinds with the answers of the sides; withdrawn entries are left out."""
    counting = [row for row in rows if not row.is_withdrawn]
    for row in counting:
        if row.entry.kind in kinds:
            answers = {
                other.entry.side: other
                for other in sorted(counting, key=lambda other: other.entry.number)
                if other.entry.to_id == row.entry.pk and other.entry.kind in ANSWERS
            }
            cells = [_cell(side, row, answers) for side in sides]
            yield Exchange(row, cells)


def _cell(side: str, row: EntryRow, answers: dict[str, EntryRow]) -> Cell:
    if side == row.entry.side:
        return Cell(side, statement=row, answer=answers.get(side))
    return Cell(side, answer=answers.get(side))


def latest_reports(rows: Sequence[EntryRow], sides: Iterable[str]) -> list[Cell]:
    """The last report that each side has made on the action itself."""
    reports = [row for row in rows if row.entry.kind in REPORTS and not row.is_withdrawn]
    return [
        Cell(side, statement=next((row for row in reports if row.entry.side == side), None))
        for side in sides
    ]
