"""The worked examples of docs/explanation: each row of their tables says what the rule says, in
both languages.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.utils import translation

from commitments.files import entries
from commitments.models import Action, Plan, Standing
from commitments.pages import labels
from commitments.rules.events import Perspective
from commitments.rules.states import State
from tests.generated import blank

PAGES = {"en": "reading-the-plan.md", "fr": "lire-le-plan.md"}
NOW = datetime(2015, 6, 1, 12, tzinfo=UTC)


class Example(NamedTuple):
    """What is recorded (kind, effective, recorded day, quantity or new date) about an action, and
    the day asked for.
    """

    ref: str
    recorded: tuple[tuple[str, str, str, str], ...]
    on: str
    known_now: bool = False


OCTOBER = (("started", "2014-10", "2014-11-03", ""),)
WINTER = (("completed", "2014-24", "2015-03-02", ""),)
AGENTS = (("delivered", "2014-10", "2014-11-03", "2"), ("delivered", "2014-11", "2014-12-01", "1"))
MORE = (*AGENTS, ("delivered", "2014-12", "2015-01-02", "3"))
MOVED = (("moved", "2014-12-15", "2014-12-15", "../2015-03-31"),)
# in the order of the tables
EXAMPLES = [
    Example("4.4", (), "2014-09-30"),
    Example("4.4", (), "2014-10-15"),
    Example("4.4", (), "2014-10-31"),
    Example("4.4", (), "2014-11-01"),
    Example("2.5", (), "2014-12-31"),
    Example("2.5", (), "2015-01-01"),
    Example("5.4", (), "2014-09-20"),
    Example("5.4", (), "2014-09-21"),
    Example("1.7", (), "2015-01-12"),
    Example("4.4", OCTOBER, "2014-11-03"),
    Example("4.4", OCTOBER, "2014-11-02"),
    Example("4.4", OCTOBER, "2014-11-02", known_now=True),
    Example("4.4", (("started", "2014-11-10", "2014-11-12", ""),), "2014-11-12"),
    Example("2.5", WINTER, "2015-03-02"),
    Example("5.5", AGENTS, "2014-11-03"),
    Example("5.5", AGENTS, "2014-12-01"),
    Example("5.5", MORE, "2015-01-02"),
    Example("2.5", MOVED, "2015-01-12"),
    Example("2.5", MOVED, "2015-04-01"),
]


def told(language: str) -> list[str]:
    """The last cell of each row of the tables of examples, which begin with a day."""
    text = (Path(settings.BASE_DIR) / "docs" / "explanation" / PAGES[language]).read_text()
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    return [row[-1] for row in cells if len(row) == 4 and row[2][:1].isdigit()]


def says(example: Example, plan: Plan, language: str) -> str:
    rows = [
        blank(
            id=f"e{number}",
            ref=example.ref,
            kind=kind,
            effective=effective,
            recorded=recorded,
            side="FR",
            quantity=more if kind == "delivered" else "",
            to=more if kind == "moved" else "",
            reason="a reason" if kind == "moved" else "",
        )
        for number, (kind, effective, recorded, more) in enumerate(example.recorded)
    ]
    # what one side decides counts once the other has confirmed it
    rows += [
        blank(
            id=f"{row['id']}-agreed",
            ref=row["ref"],
            kind="confirmed",
            effective=row["effective"],
            recorded=row["recorded"],
            side="GB",
            to=row["id"],
        )
        for row in rows
        if row["kind"] == "moved"
    ]
    if rows:
        text = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]) + "\n"
        assert entries.load_entries(plan, text.encode(), now=NOW, by=None).errors == []
    action = Action.objects.get(plan=plan, ref=example.ref)
    on = date.fromisoformat(example.on)
    lens = Perspective.AS_KNOWN_NOW if example.known_now else Perspective.AS_KNOWN_THEN
    row = Standing.objects.filter(obligation=action).on(on, lens).get()
    with translation.override(language):
        days = labels.days(row, on)
        return f"{labels.STATES[State(row.state)]}{f', {days}' if days else ''}"


@pytest.mark.parametrize("language", list(PAGES))
def test_every_example_has_its_row(language: str) -> None:
    assert len(told(language)) == len(EXAMPLES)


@pytest.mark.parametrize("language", list(PAGES))
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_each_worked_example_says_what_the_rule_says(
    calais: Plan, number: int, language: str
) -> None:
    said = says(EXAMPLES[number], calais, language)
    # pages break no line between a number and what it counts
    assert told(language)[number] == said.replace("\N{NO-BREAK SPACE}", " ")
