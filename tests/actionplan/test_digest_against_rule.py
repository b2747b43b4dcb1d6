"""What a digest says of the actions of any plan is what the rule says of them on its day."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from actionplan.digests import rendering
from actionplan.digests.content import Week
from actionplan.digests.recipients import recipients
from commitments.files.entries import load_entries
from commitments.models import Plan, Standing
from commitments.register import flags
from commitments.rules.events import Perspective
from commitments.rules.states import days_counted
from tests import factories
from tests.generated import registers
from tests.memory import Register
from tests.plans import toml

LOADED = datetime(2016, 6, 1, 12, tzinfo=UTC)
MONDAYS = [date(2014, 9, 29) + timedelta(weeks=week) for week in range(30)]
WORDS = {
    "overdue": "overdue",
    "due": "due",
    "due soon": "due-soon",
    "awaiting": "awaiting",
    "upcoming": "upcoming",
    "no date": "no-date",
    "met": "met",
    "met late": "met-late",
    "met, date uncertain": "met-undated",
    "met, some periods short": "met-short",
    "superseded": "superseded",
    "not pursued": "not-pursued",
    "lapsed": "lapsed",
}
LISTS = ("NEWLY OVERDUE", "DUE IN 14 DAYS", "WAITING FOR CONSENT OR AN EVENT", "NO RECENT REPORT")
COUNT = re.compile(r"- (?P<words>[a-z, ]+): (?P<now>\d+)(, of them (?P<disputed>\d+) disputed)?.*")
PROPOSED = "(proposed, not yet confirmed by the other side)"
ACTION = re.compile(r"- (?P<ref>1\.\d) 1\.\d: (?P<said>.*)")


@dataclass(frozen=True)
class Said:
    """What a digest says of an action in one of its lists."""

    state: str
    days: int | None


class DigestText:
    """The text of a digest, read line by line as somebody does who knows nothing but English."""

    def __init__(self, text: str) -> None:
        self.lines = text.replace("\xa0", " ").splitlines()

    def section(self, heading: str) -> list[str]:
        """The lines that follow a heading, up to an empty one."""
        starts = [
            number for number, line in enumerate(self.lines) if line.partition(" (")[0] == heading
        ]
        if not starts:
            return []
        following = self.lines[starts[0] + 1 :]
        return following[: following.index("")]

    def actions(self, heading: str) -> dict[str, Said]:
        found = (ACTION.fullmatch(line) for line in self.section(heading))
        return {match["ref"]: read_state(match["said"]) for match in found if match}

    def proposals(self) -> Counter[str]:
        """By ref, how many decisions are called proposed; the ref of the plan is empty."""
        lines = self.section("DEADLINES MOVED") + self.section("WHAT WAS RECORDED")
        proposed = [line for line in lines if PROPOSED in line]
        refs = (re.match(r"- (1\.\d) ", line) for line in proposed)
        return Counter(match[1] if match else "" for match in refs)

    def counts(self) -> dict[str, tuple[int, int]]:
        """By state how many actions, and how many of them are disputed."""
        found = (
            COUNT.fullmatch(line) for line in self.section("Actions by state, against last week")
        )
        return {
            WORDS[match["words"]]: (int(match["now"]), int(match["disputed"] or 0))
            for match in found
            if match and match["now"] != "0"
        }


def read_state(said: str) -> Said:
    """Such as "overdue by 3 days, never reported"; progress may stand before that there is no date."""
    words = said.removeprefix("under way, ")
    state = max((words_of for words_of in WORDS if words.startswith(words_of)), key=len)
    count = re.match(r",? ?(?:by|in|its date passed)? ?(\d+) days?\b", words[len(state) :])
    days = int(count[1]) if count else None
    if words[len(state) :].strip(" ,").startswith("last day today"):
        days = 0
    return Said(WORDS[state], days)


def rows_on(register: Register, on: date) -> Iterator[tuple[str, Standing]]:
    """What the rule says of each action that counts, as known on the day."""
    for ref, instalment in sorted(register.keys_on(on, Perspective.AS_KNOWN_THEN)):
        row = register.row((ref, instalment), on, Perspective.AS_KNOWN_THEN)
        if not instalment and row.scored:
            yield ref, row


def is_due_by(row: Standing, recurs: bool, day: date) -> bool:
    """Whether it is not yet overdue and its last day comes by then; of what recurs only the current
    period is looked at.
    """
    if recurs:
        return row.state == "due" and row.anchor is not None and row.anchor <= day
    is_ahead = row.state in ("due", "due-soon", "upcoming")
    return is_ahead and row.last_day is not None and row.last_day <= day


def expected_lists(rows: dict[str, Standing], on: date) -> dict[str, set[str]]:
    """The refs that belong under each heading, worked out from the state alone."""
    soon = on + timedelta(days=14)
    due = {ref for ref, row in rows.items() if is_due_by(row, bool(row.every), soon)}
    return {
        "NEWLY OVERDUE": {ref for ref, row in rows.items() if row.state == "overdue"},
        "DUE IN 14 DAYS": due,
        "WAITING FOR CONSENT OR AN EVENT": {
            ref for ref, row in rows.items() if row.state == "awaiting"
        },
        "NO RECENT REPORT": {
            ref
            for ref, row in rows.items()
            if row.stale_since
            and not row.never_reported
            and row.state not in ("overdue", "awaiting")
        },
    }


def load_accepted(plan: Plan, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Loads the rows that the plan does not refuse, and returns them."""
    while rows:
        reading = load_entries(plan, factories.entries_file(rows), now=LOADED, by=None)
        if not reading.errors:
            return rows
        refused = {error.line - 2 for error in reading.errors}
        rows = [row for place, row in enumerate(rows) if place not in refused]
    return rows


def expected_proposals(register: Register, on: date) -> Counter[str]:
    """By ref, how many proposals were recorded in the week before and still wait for a side."""
    proposed = set(register.plan_term.proposed(("GB", "FR"), on, on))
    for key in register.keys_on(on, Perspective.AS_KNOWN_THEN):
        proposed |= set(register.row(key, on, Perspective.AS_KNOWN_THEN).proposed or ())
    return Counter(
        recorded.ref
        for recorded in register.events
        if recorded.event.number in proposed
        and on - timedelta(weeks=1) <= recorded.event.recorded < on
    )


def first_digest(plan: Plan, monday: date) -> DigestText:
    week = Week(plan, monday - timedelta(weeks=1))
    (manager,) = recipients(plan, week.monday)
    return DigestText(rendering.Renderer(week).render(manager, "en").text)


@given(registers(), st.lists(st.sampled_from(MONDAYS), min_size=2, max_size=2, unique=True))
@hypothesis_settings(
    max_examples=2,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_digest_says_of_each_action_what_the_rule_says(
    db: None, case: Any, mondays: list[date]
) -> None:
    tree, entries = case
    with transaction.atomic():
        plan = factories.create_plan(toml(tree))
        factories.create_manager(plan)
        register = Register(tree, load_accepted(plan, entries))
        for on in sorted(mondays):
            flags.bring_up_to(plan, on)
            rows = dict(rows_on(register, on))
            text = first_digest(plan, on)
            states = Counter(row.state for row in rows.values())
            disputed = Counter(row.state for row in rows.values() if row.disputed)
            assert text.counts() == {
                state: (count, disputed[state] if state.startswith("met") else 0)
                for state, count in states.items()
            }
            assert text.proposals() == expected_proposals(register, on)
            for heading, refs in expected_lists(rows, on).items():
                said = text.actions(heading)
                assert said.keys() == refs, (heading, on)
                for ref in refs:
                    row = rows[ref]
                    days = days_counted(row.state, row.anchor, row.late, on)
                    assert said[ref] == Said(row.state, days), (heading, ref, on)
        transaction.set_rollback(True)
