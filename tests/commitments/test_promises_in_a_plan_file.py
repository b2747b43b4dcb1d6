"""Levels, steps, rhythms, sides that each do it, the term and conditions, as a plan file says them."""

import pytest

from actionplan.plan_transfer import load
from actionplan.plan_transfer.load import PlanFileSpec
from commitments.files.plan_schema import ActionSpec
from commitments.register.recorded_terms import sides_of_bodies
from tests.commitments.test_plan_file import find_errors, only_error
from tests.plans import SMALL, changed, line_of

START = 'deadline = { kind = "start", when = "2014-10", words = "will begin in October" }'
MONTHLY = 'deadline = { kind = "recurring", every = "month", quantity = 2, first = "2014-10", words = "two" }'
WITHIN = 'deadline = { kind = "within", days = 14, of = "arrival", words = "within two weeks" }'
FRENCH_PORT = (
    'name = { en = "Port", fr = "Port" }',
    'name = { en = "Port", fr = "Port" }\nside = "FR"',
)
BOTH_LEAD = ('lead = ["office"]\n  with = ["port"]', 'lead = ["office", "port"]')


def read(*replacements: tuple[str, str]) -> PlanFileSpec:
    return load.read_plan_file(changed(SMALL, *replacements).encode())


def first_action(*replacements: tuple[str, str]) -> ActionSpec:
    return read(*replacements).plan.actions[0]


def with_words(deadline: str) -> str:
    """The key of a file, with the words that each deadline has."""
    return f'deadline = {deadline.removesuffix(" }")}, words = "x" }}'


def deadline_of(deadline: str) -> dict[str, object]:
    return first_action((START, with_words(deadline))).deadline.terms


@pytest.mark.parametrize(
    ("deadline", "stated"),
    [
        (
            '{ kind = "finish", when = "../2029-12-31", level = 1400 }',
            {"when": "../2029-12-31", "level": 1400, "at": "least"},
        ),
        (
            '{ kind = "none", level = 0, at = "most", baseline = { value = 900, on = "2025" } }',
            {"level": 0, "at": "most", "baseline": {"value": 900, "on": "2025"}},
        ),
        (
            '{ kind = "start", steps = [{ when = "../2023", quantity = 2 }, { when = "2025", quantity = 5 }] }',
            {"steps": [{"when": "../2023", "quantity": 2}, {"when": "2025", "quantity": 5}]},
        ),
        (
            '{ kind = "recurring", every = "week", quantity = 1, first = "2014-W42", last = "2015-02-03" }',
            {"every": "week", "quantity": 1, "first": "2014-W42", "last": "2015-02-03"},
        ),
        (
            '{ kind = "recurring", every = { days = 45 }, quantity = 1, first = "2014-11-05" }',
            {"every": "days", "every_days": 45, "quantity": 1, "first": "2014-11-05"},
        ),
        (
            '{ kind = "recurring", every = "plan-year", quantity = 1, last = "2016-04-01/2017-03-31" }',
            {"every": "plan-year", "quantity": 1, "last": "2016-04-01/2017-03-31"},
        ),
        (
            '{ kind = "within", days = 5, of = "1.2A" }',
            {"of": "1.2A", "days": 5},
        ),
        (
            '{ kind = "within", days = 5, of = "1.4" }',
            {"of": "1.4", "days": 5},
        ),
    ],
)
def test_a_deadline_is_kept_as_it_is_written(deadline: str, stated: dict[str, object]) -> None:
    terms = deadline_of(deadline)
    assert {key: terms[key] for key in terms.keys() - {"kind", "words"}} == stated


def test_a_clock_runs_from_an_action_where_a_ref_is_named_in_any_letters() -> None:
    third = ('ref = "1.3"', 'ref = "1.3(b)"')
    terms = first_action(
        third, ('until = ["1.1"]\n', ""), (START, WITHIN.replace("arrival", "1.3(B)"))
    ).deadline.terms
    assert terms["of_ref"] == "1.3(b)"
    assert "of" not in terms


@pytest.mark.parametrize(
    ("deadline", "message"),
    [
        ('{ kind = "recurring", every = "week", level = 2 }', "level of the deadline"),
        ('{ kind = "none", level = 2, quantity = 2 }', "quantity of the deadline"),
        ('{ kind = "none", at = "most" }', "at of the deadline"),
        ('{ kind = "none", level = 2, at = "best" }', "at of the deadline"),
        ('{ kind = "none", level = 2.5 }', "level of the deadline"),
        ('{ kind = "none", level = 2, baseline = { value = 1 } }', "the baseline of"),
        (
            '{ kind = "none", level = 2, baseline = { value = 1, on = "x" } }',
            "on of the",
        ),
        (
            '{ kind = "within", days = 1, of = "x", steps = [] }',
            "steps of the deadline",
        ),
        ('{ kind = "finish", steps = [] }', "steps of the deadline"),
        (
            '{ kind = "finish", when = "2015", steps = [{ when = "2015", quantity = 1 }] }',
            "when of the deadline",
        ),
        (
            '{ kind = "start", steps = [{ when = "2015", quantity = 1 }, { when = "2015", quantity = 2 }] }',
            "when of a step",
        ),
        (
            '{ kind = "start", steps = [{ when = "2015", quantity = 2 }, { when = "2016", quantity = 2 }] }',
            "quantity of a step",
        ),
        ('{ kind = "recurring", every = "fortnight", quantity = 1 }', "every of the"),
        (
            '{ kind = "recurring", every = { days = 0 }, quantity = 1 }',
            "days of every",
        ),
        (
            '{ kind = "recurring", every = "week", quantity = 1, first = "2014-10-07" }',
            "first of the deadline",
        ),
        (
            '{ kind = "recurring", every = { days = 45 }, quantity = 1, first = "2014-10" }',
            "first of the deadline",
        ),
        (
            '{ kind = "recurring", every = "quarter", quantity = 1, last = "2015-01" }',
            "last of the deadline",
        ),
        (
            '{ kind = "recurring", every = "month", quantity = 1, first = "2015-01", last = "2014-12" }',
            "last of the deadline",
        ),
        ('{ kind = "within", days = 5, of = "1.2" }', "of of action 1.1 names '1.2'"),
        ('{ kind = "within", days = 5, of = "1.9" }', "of of action 1.1 names the"),
        ('{ kind = "within", days = 5, of = "1.3" }', "of runs in a circle: 1.1 →"),
        ('{ kind = "within", days = 5, of = "1.1" }', "of runs in a circle: 1.1 →"),
    ],
)
def test_a_deadline_that_contradicts_itself_is_refused_on_its_line(
    deadline: str, message: str
) -> None:
    text = changed(SMALL, (START, with_words(deadline)))
    line = line_of(text, with_words(deadline))
    of_deadline = [error for error in find_errors(text) if error.line == line]
    assert any(error.text.startswith(message) for error in of_deadline)


def test_an_unknown_key_of_a_deadline_is_told_with_all_that_it_can_have() -> None:
    error = only_error(changed(SMALL, (START, START.replace("{ ", '{ last = "2015", ', 1))))
    assert error.text.endswith(
        "'last': it can have at, baseline, kind, level, quantity, steps, unit, when, words"
    )


def test_each_names_sides_that_lead() -> None:
    action = first_action(
        FRENCH_PORT, BOTH_LEAD, ('words = "will', 'each = ["GB", "FR"]\n  words = "will')
    )
    assert action.terms["each"] == ["GB", "FR"]
    assert action.terms["lead"] == ["office", "port"]
    assert sides_of_bodies(action.terms) == {"office": "GB", "port": "FR"}


@pytest.mark.parametrize(
    ("each", "deadline", "message"),
    [
        ('["GB"]', START, "each of action 1.1 must name two"),
        ('["GB", "FR"]', START, "each of action 1.1 names 'FR'"),
        ('["GB", "EU"]', START, "each of action 1.1 names 'EU'"),
        ('["GB", "GB"]', MONTHLY, "each of action 1.1 does not go with periods"),
    ],
)
def test_each_is_refused_where_it_can_not_be(each: str, deadline: str, message: str) -> None:
    text = changed(SMALL, (START, deadline), ('words = "will', f'each = {each}\n  words = "will'))
    wrong = [error for error in find_errors(text) if error.line == line_of(text, "each = [")]
    assert any(error.text.startswith(message) for error in wrong)


def test_events_that_are_needed_and_an_own_silence_are_terms() -> None:
    terms = first_action(
        ('words = "will', 'needs = ["crossings fallen"]\n  stale_days = 0\n  words = "will')
    ).terms
    assert terms["needs"] == ["crossings fallen"]
    assert terms["own_stale_days"] == 0


def test_a_plan_may_have_a_last_day_from_adoption_on() -> None:
    plan = read(("lead_days", 'until = "2026-06-11"\nlead_days'))
    assert plan.plan.settings["plan_until"] == "2026-06-11"
    text = changed(SMALL, ("lead_days", 'until = "2014-08"\nlead_days'))
    assert only_error(text).text.startswith("until of the plan is '2014-08'")


@pytest.mark.parametrize("number", ['"III"', '"4(2)(b)"', '"10bis"', '"1"', "7"])
def test_a_commitment_is_numbered_as_the_instrument_does(number: str) -> None:
    text = (
        ("number = 1", f"number = {number}"),
        ("commitment = 1", f"commitment = {number.lower()}"),
    )
    (commitment,) = read(*text).plan.commitments
    assert commitment.row.number == number.strip('"')


def test_numbers_and_refs_that_differ_by_case_alone_are_refused() -> None:
    other = '[[commitments]]\nnumber = "iii"\ntitle = { en = "x", fr = "x" }\n\n'
    text = changed(
        SMALL,
        ("number = 1", 'number = "III"'),
        ("[[funds]]", f"{other}[[funds]]"),
        ("commitment = 1", 'commitment = "III"'),
    )
    assert only_error(text).line == line_of(text, 'number = "iii"')
    text = changed(SMALL, ('ref = "1.1"', 'ref = "1.a"'), ('ref = "1.2"', 'ref = "1.A"'))
    assert line_of(text, '"1.A"') in [error.line for error in find_errors(text)]


CONDITIONAL = ('ref = "1.9"', 'ref = "1.9"\n  firmness = "conditional"\n  condition = "{}"')


@pytest.mark.parametrize(
    ("condition", "event", "ref"), [("evaluation", "evaluation", ""), ("1.3", "", "1.3")]
)
def test_conditional_money_names_what_opens_it(condition: str, event: str, ref: str) -> None:
    before, after = CONDITIONAL
    (fund,) = read((before, after.format(condition))).funds
    assert fund.contributions[0].condition == event
    assert fund.contributions[0].condition_ref == ref


def test_a_condition_is_refused_that_can_not_open_the_money() -> None:
    text = changed(SMALL, (CONDITIONAL[0], CONDITIONAL[1].format("1.2")))
    assert only_error(text).text.startswith(
        "condition of contribution 1.9 names '1.2', which recurs"
    )
    text = changed(SMALL, ('ref = "1.9"', 'ref = "1.9"\n  condition = "evaluation"'))
    assert only_error(text).text.startswith("condition of contribution 1.9 needs firmness")


@pytest.mark.parametrize(
    ("pair", "stated"),
    [
        ('["JPY", "700"]', ["JPY", "700"]),
        ('["TND", "7.125"]', ["TND", "7.125"]),
        ('["IQD", "7.5"]', ["IQD", "7.500"]),
    ],
)
def test_a_currency_keeps_its_decimals(pair: str, stated: list[str]) -> None:
    (fund,) = read(('["EUR", "7"]', pair)).funds
    assert fund.contributions[1].instalments[0].stated == [stated]


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ('["JPY", "7.5"]', "stated of instalment 2014 has the amount '7.5': JPY has 0 decimals"),
        (
            '["EUR", "7.125"]',
            "stated of instalment 2014 has the amount '7.125': EUR has 2 decimals",
        ),
        ('["XXX", "7"]', "stated of instalment 2014 has an unknown currency 'XXX'"),
    ],
)
def test_an_amount_that_its_currency_can_not_have_is_refused(pair: str, message: str) -> None:
    text = changed(SMALL, ('["EUR", "7"]', pair))
    assert only_error(text).text.startswith(message)
