"""The meetings of those who carry out a plan, as the register has them: planned or held."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from commitments.models import Entry
from commitments.pages import labels
from commitments.pages.entries import EntryRow, describe_entries, entries_on, find_withdrawn
from commitments.pages.page import Page
from commitments.register.entry_types import MEETING
from commitments.rules import dates
from commitments.rules.dates import Window


@dataclass(frozen=True)
class Meeting:
    """`row` is the latest entry that says when it is or was; `first_number` the number of the
    first, which stays. `outcome` are the conclusions and decisions that name it.
    """

    row: EntryRow
    first_number: int
    outcome: list[EntryRow] = field(default_factory=list)

    @property
    def entry(self) -> Entry:
        return self.row.entry

    @property
    def is_held(self) -> bool:
        return not self.entry.when

    @property
    def when(self) -> str:
        """Its date in EDTF."""
        return self.entry.when or self.entry.effective

    @property
    def window(self) -> Window:
        return dates.parse(self.when)

    @property
    def name(self) -> str:
        """Empty for a reader who sees no words of others."""
        return self.entry.words

    def is_on_or_before(self, day: date) -> bool:
        return self.window.last <= day

    def __str__(self) -> str:
        return " · ".join(filter(None, [labels.edtf(self.when), self.name]))


def meetings_on(page: Page) -> list[Meeting]:
    """The meetings that the register of the page's day has, the latest first."""
    entries = list(entries_on(page).filter(kind=MEETING).order_by("number"))
    withdrawn = find_withdrawn([entry.pk for entry in entries], page)
    # the number of the first entry about the same meeting, which later ones name
    first_numbers: dict[int | None, int] = {}
    latest: dict[int, Entry] = {}
    for entry in entries:
        number = first_numbers.get(entry.to_id, entry.number)
        first_numbers[entry.pk] = number
        if entry.pk not in withdrawn:
            latest[number] = entry
    outcomes_by_entry = _outcomes_of(first_numbers.keys(), page)
    outcomes: dict[int, list[EntryRow]] = defaultdict(list)
    for key, number in first_numbers.items():
        outcomes[number] += outcomes_by_entry[key]
    rows_by_key = {row.entry.pk: row for row in describe_entries(latest.values(), page)}
    meetings = [
        Meeting(row=rows_by_key[entry.pk], first_number=number, outcome=outcomes[number])
        for number, entry in latest.items()
    ]
    return sorted(meetings, key=lambda meeting: meeting.window.last, reverse=True)


def _outcomes_of(keys: Collection[int | None], page: Page) -> dict[int | None, list[EntryRow]]:
    """What was concluded and decided there, by the key of the entry of the meeting that it names."""
    named = entries_on(page).filter(to__in=keys).exclude(kind__in=(MEETING, "withdrawn"))
    outcomes: dict[int | None, list[EntryRow]] = defaultdict(list)
    for row in describe_entries(named.order_by("number"), page):
        if not row.is_withdrawn:
            outcomes[row.entry.to_id].append(row)
    return outcomes
