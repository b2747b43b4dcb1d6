"""What a plan file may not say: each error with its line, all of them in one go."""

import re
import time
import tomllib
from pathlib import Path

import pytest

from actionplan.plan_transfer import load
from commitments.files.errors import MOST_ERRORS, FileError, FileRefused
from commitments.files.plan_schema import MOST_CIRCLES, WordsNotFound, find_words
from commitments.files.toml import PLAIN_WORDS, parse_toml
from tests.both_languages import in_both
from tests.plans import SMALL, changed, line_of


def find_errors(text: str) -> list[FileError]:
    return in_both(lambda: refused_errors(text.encode()))


def refused_errors(content: bytes) -> list[FileError]:
    with pytest.raises(FileRefused) as refused:
        load.read_plan_file(content)
    return refused.value.errors


def lines_of_errors(text: str, message: str) -> list[int]:
    """The lines of the errors that begin with this message."""
    errors = find_errors(text)
    return [error.line for error in errors if error.text.startswith(message)]


def only_error(text: str) -> FileError:
    (error,) = find_errors(text)
    return error


def test_the_small_plan_is_sound() -> None:
    file = load.read_plan_file(SMALL.encode())
    (fund,) = file.funds
    assert [action.row.ref for action in file.plan.actions] == ["1.1", "1.2", "1.3"]
    assert [contribution.row.ref for contribution in fund.contributions] == ["1.9", "1.9-FR"]


@pytest.mark.parametrize(
    ("before", "where"),
    [
        ("[plan]\n", "the file"),
        ('slug = "small"\n', "the plan"),
        ('id = "port"\n', "organisation port"),
        ('id = "A1"\n', "aim A1"),
        ("number = 1\n", "commitment 1"),
        ('ref = "1.2"\n', "action 1.2"),
        ('fr = "Quel octobre ?" }\n', "an interpretation of action 1.1"),
        ('id = "fund"\n', "fund fund"),
        ('ref = "1.9"\n', "contribution 1.9"),
        ('id = "security"\n', "purpose security"),
        ('amount = ["GBP", "12000000"]\n', "reported figure number 1"),
    ],
)
def test_an_unknown_key_is_refused_on_every_level(before: str, where: str) -> None:
    new = f"colour = 1\n{before}" if where == "the file" else f"{before}colour = 1\n"
    text = changed(SMALL, (before, new))
    error = only_error(text)
    assert error.line == line_of(text, "colour")
    assert error.text.startswith(f"{where} has an unknown key 'colour': it can have ")


def test_an_unknown_key_inside_a_line_is_refused_on_that_line() -> None:
    text = changed(SMALL, ('kind = "start",', 'kind = "start", colour = 1,'))
    error = only_error(text)
    assert (error.line, "the deadline of action 1.1 has an unknown key 'colour'" in error.text) == (
        line_of(text, "colour"),
        True,
    )


@pytest.mark.parametrize(
    ("gone", "header", "occurrence", "message"),
    [
        ("format = 1\n", "", 1, "the file has no format: it begins with format = 1"),
        ('slug = "small"\n', "[plan]", 1, "the plan has no slug: give it a text"),
        ('timezone = "Europe/London"\n', "[plan]", 1, "the plan has no timezone: give it a text"),
        (
            "lead_days = 14\n",
            "[plan]",
            1,
            "the plan has no lead_days: give it a whole number from 0 to 3660",
        ),
        ('id = "port"\n', "[[bodies]]", 2, "organisation number 2 has no id: give it a text"),
        ('name = { en = "Port", fr = "Port" }\n', "[[bodies]]", 2, "organisation port has no name"),
        ('title = { en = "Aim", fr = "Objectif" }\n', "[[aims]]", 1, "aim A1 has no title"),
        ("number = 1\n", "[[commitments]]", 1, "commitment number 1 has no number"),
        ('  modality = "soft"\n', "[[commitments.actions]]", 3, "action 1.3 has no modality"),
        ('  ref = "1.9"\n', "[[funds.contributions]]", 1, "contribution number 1 has no ref"),
        ('  from = "FR"\n', "[[funds.contributions]]", 2, "contribution 1.9-FR has no from"),
        ('  id = "security"\n', "[[funds.purposes]]", 1, "purpose number 1 has no id"),
    ],
)
def test_what_is_required_and_missing_is_named_at_its_table(
    gone: str, header: str, occurrence: int, message: str
) -> None:
    text = changed(SMALL, (gone, ""))
    assert lines_of_errors(text, message) == [line_of(text, header, occurrence)]


@pytest.mark.parametrize(
    ("old", "new", "mark", "occurrence", "message"),
    [
        ('id = "port"', 'id = "office"', 'id = "office"', 2, "id 'office' stands twice in bodies"),
        (
            "[[commitments]]\nnumber = 1\n",
            '[[commitments]]\nnumber = 1\ntitle = { en = "x", fr = "x" }\n[[commitments]]\nnumber = 1\n',
            "number = 1",
            2,
            "number '1' stands twice in commitments",
        ),
        ('ref = "1.2"', 'ref = "1.1"', 'ref = "1.1"', 2, "ref '1.1' stands twice"),
        ('ref = "1.9-FR"', 'ref = "1.9"', 'ref = "1.9"', 2, "ref '1.9' stands twice"),
        ('ref = "1.9-FR"', 'ref = "1.1"', 'ref = "1.1"', 1, "ref '1.1' stands twice"),
    ],
)
def test_a_doubled_name_is_refused_where_it_stands_again(
    old: str, new: str, mark: str, occurrence: int, message: str
) -> None:
    text = changed(SMALL, (old, new))
    assert lines_of_errors(text, message) == [line_of(text, mark, occurrence)]


MONTHLY = 'every = "month", quantity = 2, first = "2014-10"'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            MONTHLY,
            'every = "quarter", quantity = 2, first = "2014-11"',
            "must begin a period of its kind, such as '2014-36'",
        ),
        (
            MONTHLY,
            'every = { days = 10 }, quantity = 2, first = "2014-11"',
            "must begin a period of its kind, such as '2014-11-01'",
        ),
        (
            MONTHLY,
            f'{MONTHLY}, last = "2015"',
            "must be a period of its kind, such as '2015-01', or a day in one",
        ),
        ("number = 1\n", 'number = ".."\n', "is '..': it needs a letter or a digit"),
        ('id = "port"', 'id = "Office"', "'Office' differs from 'office' in bodies by letter case"),
        (
            'when = "2014-10", words = "will',
            'words = "will',
            "has no when: give it a date such as 2014, 2014-10",
        ),
    ],
)
def test_a_refusal_names_a_value_that_would_do(old: str, new: str, message: str) -> None:
    assert any(message in error.text for error in find_errors(changed(SMALL, (old, new))))


@pytest.mark.parametrize("name", ["one two", "1/1", "é", "", " ", "..", "x" * 65, "a\\nb"])
def test_a_ref_holds_only_what_an_address_can_hold(name: str) -> None:
    text = changed(SMALL, ('ref = "1.2"', f'ref = "{name}"'))
    assert line_of(text, f'ref = "{name}"') in [error.line for error in find_errors(text)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('aims = ["A1"]', 'aims = ["A2"]', "aims of commitment 1 names 'A2': there is no such aim"),
        (
            'with = ["port"]',
            'with = ["harbour"]',
            "with of action 1.1 names 'harbour': there is no such organisation",
        ),
        ('consents = ["port"]', 'consents = ["harbour"]', "consents of action 1.3 names 'harbour'"),
        (
            'after = ["1.1"]',
            'after = ["7.7"]',
            "after of action 1.2 names '7.7': there is no such action",
        ),
        (
            'until = ["1.1"]',
            'until = ["1.9"]',
            "until of action 1.3 names '1.9': there is no such action",
        ),
        (
            "commitment = 1",
            "commitment = 7",
            "fund fund belongs to commitment 7: there is no such one",
        ),
        (
            'actions = ["1.1"]',
            'actions = ["1.1", "7.7"]',
            "actions of purpose security names '7.7'",
        ),
        (
            'from = "GB"',
            'from = "US"',
            "from of contribution 1.9 must be a side of the plan (FR, GB)",
        ),
    ],
)
def test_a_name_of_nothing_is_refused(old: str, new: str, message: str) -> None:
    text = changed(SMALL, (old, new))
    error = only_error(text)
    assert error.line == line_of(text, new)
    assert error.text.startswith(message)


@pytest.mark.parametrize("key", ["after", "until"])
def test_a_circle_is_refused_on_each_of_its_lines(key: str) -> None:
    text = changed(SMALL, ('after = ["1.1"]\n', ""), ('until = ["1.1"]\n', ""))
    text = changed(text, ('ref = "1.1"\n', f'ref = "1.1"\n{key} = ["1.3"]\n'))
    text = changed(text, ('ref = "1.3"\n', f'ref = "1.3"\n{key} = ["1.2"]\n'))
    text = changed(text, ('ref = "1.2"\n', f'ref = "1.2"\n{key} = ["1.1"]\n'))
    assert [(error.line, error.text) for error in find_errors(text)] == [
        (line_of(text, f'{key} = ["1.3"]'), f"{key} runs in a circle: 1.1 → 1.3 → 1.2 → 1.1"),
        (line_of(text, f'{key} = ["1.1"]'), f"{key} runs in a circle: 1.2 → 1.1 → 1.3 → 1.2"),
        (line_of(text, f'{key} = ["1.2"]'), f"{key} runs in a circle: 1.3 → 1.2 → 1.1 → 1.3"),
    ]


def test_an_action_does_not_wait_for_itself() -> None:
    text = changed(SMALL, ('after = ["1.1"]', 'after = ["1.2"]'))
    assert only_error(text).text == "after runs in a circle: 1.2 → 1.2"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '{ en = "Aim", fr = "Objectif" }',
            '{ en = "Aim" }',
            "title of aim A1 has no text in 'fr'",
        ),
        (
            '{ en = "Aim", fr = "Objectif" }',
            '{ en = "Aim", fr = " " }',
            "title of aim A1 has no text in 'fr'",
        ),
        (
            '{ en = "Which October?", fr = "Quel octobre ?" }',
            '{ en = "Which October?" }',
            "question of an interpretation of action 1.1 has no text in 'fr'",
        ),
        (
            '{ en = "Fund", fr = "Fonds" }',
            '{ fr = "Fonds" }',
            "title of fund fund has no text in 'en'",
        ),
        (
            '  with = ["port"]',
            '  with = ["port"]\n  words_in = { en = "will begin" }',
            "words_in of action 1.1 is wrong in 'en': texts in fr are expected",
        ),
        (
            'fr = "Presse" }',
            'fr = "Presse", de = "Presse" }',
            "by of reported figure number 1 is in 'de'",
        ),
    ],
)
def test_a_text_stands_in_each_language_and_in_no_other(old: str, new: str, message: str) -> None:
    text = changed(SMALL, (old, new))
    error = only_error(text)
    assert error.line == line_of(text, new.strip("}").splitlines()[-1])
    assert error.text.startswith(message)


def test_without_languages_only_that_is_named() -> None:
    text = changed(SMALL, ('languages = ["en", "fr"]', 'languages = "en"'))
    assert only_error(text) == FileError(
        9, "languages of the plan must be a list of texts, [\"en\"], not 'en'"
    )


@pytest.mark.parametrize(
    "when",
    [
        "2014-13",
        "2014-02-30",
        "2014-25",
        "2014-37",
        "14-10",
        "2014-1",
        "2014/10",
        "October 2014",
        "",
        "~2014",
        "2014-10/..",
        "../",
        "/2014",
        "../../2014",
        "9001",
        "9999-24",
        "0000",
        "2014-10-15T09:00",
    ],
)
def test_an_impossible_deadline_is_refused(when: str) -> None:
    text = changed(SMALL, ('when = "2014-10"', f'when = "{when}"'))
    error = only_error(text)
    assert error.line == line_of(text, f'when = "{when}"')
    assert error.text.startswith("when of the deadline of action 1.1 is ")


@pytest.mark.parametrize(
    "first", ["../2014-10", "2014-13", "2014-10-02", "2014-08", "1014-10", "2014"]
)
def test_a_first_period_that_is_none_or_ends_before_adoption_is_refused(first: str) -> None:
    text = changed(SMALL, ('first = "2014-10"', f'first = "{first}"'))
    assert {error.line for error in find_errors(text)} == {line_of(text, f'first = "{first}"')}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("adopted_on = 2014-09-20", 'adopted_on = "2014-09-20"'),
        ("adopted_on = 2014-09-20", "adopted_on = 2014-09-20T09:00:00Z"),
        ("adopted_on = 2014-09-20", "adopted_on = 0999-12-31"),
        ("adopted_on = 2014-09-20", "adopted_on = 9001-01-01"),
        ("adopted_on = 2014-09-20", "adopted_on = 2014-09-31"),
        ("  on = 2014-09-20", "  on = 2014-09-20T09:00:00Z"),
        ("  on = 2014-09-20", '  on = "../2014"'),
        ("  on = 2014-09-20", '  on = "2014-13"'),
        ("  on = 2014-09-20", "  on = 2014"),
        ('year = "2014"', "year = 2014"),
        ('year = "2014"', 'year = "14"'),
        ('year = "2014"', 'year = "２０１４"'),
    ],
)
def test_an_impossible_day_or_year_is_refused(old: str, new: str) -> None:
    text = changed(SMALL, (old, new))
    assert {error.line for error in find_errors(text)} == {line_of(text, new)}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'kind = "start", when = "2014-10", ',
            'kind = "start", ',
            "the deadline of action 1.1 has no when",
        ),
        (
            'kind = "start", when = "2014-10", ',
            'kind = "finish", ',
            "the deadline of action 1.1 has no when",
        ),
        ('kind = "start", when = "2014-10", ', "", "the deadline of action 1.1 has no kind"),
        (
            'kind = "start"',
            'kind = "begin"',
            "kind of the deadline of action 1.1 must be one of start, finish,",
        ),
        ('kind = "start"', 'kind = "none"', "the deadline of action 1.1 has an unknown key 'when'"),
        (
            'when = "2014-10", words = "will begin in October"',
            'when = "2014-10"',
            "the deadline of action 1.1 has no words",
        ),
        ('every = "month", ', "", "the deadline of action 1.2 has no every"),
        (
            'every = "month"',
            'every = "fortnight"',
            "every of the deadline of action 1.2 must be one of week, month, quarter, half-year, year, plan-year",
        ),
        ("quantity = 2, ", "", "the deadline of action 1.2 has no quantity"),
        (
            "quantity = 2",
            "quantity = 0",
            "quantity of the deadline of action 1.2 must be a whole number from 1",
        ),
        (
            "quantity = 2",
            "quantity = 2.0",
            "quantity of the deadline of action 1.2 must be a whole number from 1",
        ),
        (
            "quantity = 2",
            "quantity = true",
            "quantity of the deadline of action 1.2 must be a whole number from 1",
        ),
        (
            "days = 14, ",
            "",
            "the deadline of action 1.3 needs days, months or working_days, and only one of them",
        ),
        (
            " days = 14",
            " days = 14, months = 1",
            "the deadline of action 1.3 needs days, months or working_days",
        ),
        ('of = "arrival", ', "", "the deadline of action 1.3 has no of"),
        (
            " days = 14",
            " days = -1",
            "days of the deadline of action 1.3 must be a whole number from 0",
        ),
    ],
)
def test_a_kind_of_deadline_has_its_fields_and_no_others(old: str, new: str, message: str) -> None:
    text = changed(SMALL, (old, new))
    number = message.partition("action 1.")[2][0]
    line = line_of(SMALL, "deadline = ", int(number))
    assert lines_of_errors(text, message) == [line]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"Europe/London"', '"Europe/london"', "timezone 'Europe/london' is unknown"),
        ('"Europe/London"', '"../../etc/passwd"', "timezone '../../etc/passwd' is unknown"),
        (
            '["EUR", "5000000"]',
            '["EURO", "5000000"]',
            "stated of contribution 1.9 has an unknown currency 'EURO'",
        ),
        (
            '["EUR", "5000000"]',
            '["eur", "5000000"]',
            "stated of contribution 1.9 has an unknown currency 'eur'",
        ),
        (
            '["GBP", "4000000"]',
            '["EUR", "4000000"]',
            "stated of contribution 1.9 names a currency twice",
        ),
        ('sides = ["GB", "FR"]', 'sides = ["GB", "Fr"]', "a side is two to eight capital letters"),
        ('slug = "small"', 'slug = "Small_Plan"', "slug of the plan may hold only small letters"),
        (
            'year_basis = "uk-financial"',
            'year_basis = "uk"',
            "year_basis of the plan must be one of",
        ),
        ("lead_days = 14", "lead_days = -1", "lead_days of the plan must be a whole number from 0"),
        (
            "stale_days = 30",
            "stale_days = 0",
            "stale_days of the plan must be a whole number from 1",
        ),
        (
            'modality = "soft"',
            'modality = "weak"',
            "modality of action 1.3 must be one of firm, soft,",
        ),
        ("times = 3", "times = 0", "times of contribution 1.9 must be a whole number from 1"),
        ("format = 1", "format = 2", "format of the file must be"),
        (
            'lead = ["office"]',
            'lead = ["office", "office"]',
            "lead of action 1.1 names 'office' twice: once is enough",
        ),
        ('lead = ["office"]', "lead = [1]", "lead of action 1.1 must be a list of texts"),
    ],
)
def test_an_odd_value_is_refused_with_what_would_be_right(old: str, new: str, message: str) -> None:
    text = changed(SMALL, (old, new))
    assert lines_of_errors(text, message) == [line_of(text, new)]


@pytest.mark.parametrize(
    "amount",
    [
        "",
        "5 000 000",
        "5,000,000",
        "5000000,00",
        "1e400",
        "NaN",
        "Infinity",
        "-0",
        "-5",
        "+5",
        "0",
        "0.00",
        "1.00005",
        ".5",
        "5.",
        "٣",
        "1" * 16,
        "£5",
    ],
)
def test_an_amount_that_is_no_plain_positive_decimal_is_refused(amount: str) -> None:
    text = changed(SMALL, ('"5000000"', f'"{amount}"'))
    error = only_error(text)
    assert error.line == line_of(text, "stated = ")
    assert "it must be a plain positive decimal" in error.text


@pytest.mark.parametrize(
    "pair", ['["EUR", 5000000]', '"EUR 5000000"', '["EUR"]', '["EUR", "5", "6"]', "5000000"]
)
def test_an_amount_is_a_pair_of_texts(pair: str) -> None:
    text = changed(SMALL, ('["GBP", "12000000"]', pair))
    error = only_error(text)
    assert error.line == line_of(text, "amount = ")
    assert "must name a currency and an amount" in error.text


@pytest.mark.parametrize(
    ("old", "new", "mark", "message"),
    [
        (
            '  each = "year"\n',
            "",
            "times = 3",
            'contribution 1.9 has times but no each: give it each = "year"',
        ),
        ("  times = 3\n", "", "[[funds.contributions]]", "contribution 1.9 has no times"),
        (
            "times = 3",
            "times = 3\ndue = 2014-12-31",
            "[[funds.contributions]]",
            "contribution 1.9 needs one of each",
        ),
        (
            '  stated = [["EUR", "5000000"], ["GBP", "4000000"]]\n',
            "",
            "[[funds.contributions]]",
            "contribution 1.9 has no stated",
        ),
        (
            '{ year = "2014", stated = [["EUR", "7"]] }',
            "",
            "instalments = [",
            "instalments of contribution 1.9-FR is empty",
        ),
    ],
)
def test_a_contribution_says_in_one_way_when_it_is_due(
    old: str, new: str, mark: str, message: str
) -> None:
    text = changed(SMALL, (old, new))
    assert line_of(text, mark) in lines_of_errors(text, message)


def test_lines_hold_after_lists_and_texts_of_several_lines() -> None:
    stated = (
        'stated = [\n  # in the text\'s order [[\n  ["EUR", "5000000"],\n  ["GBP", "4000000"]\n  ]'
    )
    summary = "summary.en = \"\"\"\nIt's \"so\" ''' [x]\nnumber = 2\n\"\"\"\nsummary.fr = '''\n[[commitments]]\n'''\n"
    text = changed(
        SMALL,
        ('stated = [["EUR", "5000000"], ["GBP", "4000000"]]', stated),
        ('aims = ["A1"]\n', f'aims = ["A1"]\n{summary}'),
        ('each = "year"', 'each = "month"'),
        ("times = 3", "times = 3\ncolour = 1"),
    )
    assert [(error.line, error.text[:20]) for error in find_errors(text)] == [
        (line_of(text, 'each = "month"'), "each of contribution"),
        (line_of(text, "colour = 1"), "contribution 1.9 has"),
    ]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    file = load.read_plan_file(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert file.plan.row.slug == "small"


def test_a_text_that_is_not_utf_8_is_refused_at_its_line() -> None:
    errors = in_both(lambda: refused_errors(SMALL.encode("latin-1")))
    assert errors == [
        FileError(line_of(SMALL, "Sécurité"), "this is not UTF-8: save the file in UTF-8")
    ]


def test_a_text_that_is_not_toml_is_refused_at_its_line() -> None:
    error = only_error(changed(SMALL, ("lead_days = 14", "lead_days = fourteen")))
    assert (error.line, error.text) == (
        10,
        "this is not TOML: this value cannot be read: a text stands in quotes",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = 2014-02-30", "there is no such day or time"),
        ("x = 2014-10", "a month, a quarter or a year in place of a day stands in quotes"),
        ("x 1", "after a key comes =, and then its value"),
        ("x = 1 2", "the line goes on after its end"),
        ('x = "one" two"', "the line goes on after its end"),
        ('x = "one', "a text is not closed"),
        ("x = 'one", "a text is not closed"),
        ('x = """one', "a text is not closed"),
        ("x = '''one", "a text is not closed"),
        ('x = "C:\\dir"', "in a text between double quotes each backslash is doubled"),
        ('x = "C:\\users"', "in a text between double quotes each backslash is doubled"),
        ('x = "\\udddd"', "in a text between double quotes each backslash is doubled"),
        ('x = "a\x01"', "it has a character that no text may hold"),
        ("x = 1 # \x01", "it has a character that no text may hold"),
        ("[x", "a header ends with as many brackets as it begins with"),
        ("[[x]", "a header ends with as many brackets as it begins with"),
        ("x = [1, 2", "a bracket or brace is not closed"),
        ("x = { y = 1", "a bracket or brace is not closed"),
        ("x = { y = 1, y = 2 }", "a key or a table stands twice"),
        ("[plan]", "a key or a table stands twice"),
        ("date = 1\ndate = 1", "a key or a table stands twice"),
        ("plan.languages.x = 1", "a key or a table stands twice"),
        ("= 1", "a line begins with a key, a header in brackets or #"),
        ("[ ]", "a line begins with a key, a header in brackets or #"),
        ("x = " + "9" * 5000, "a number has thousands of digits"),
    ],
)
def test_what_is_wrong_with_the_toml_is_said_in_plain_words(line: str, message: str) -> None:
    error = only_error(
        f"{SMALL}{line}\n" if line != "plan.languages.x = 1" else f"plan.languages = []\n{line}\n"
    )
    assert error.text.startswith(f"this is not TOML: {message}")


def test_everything_that_the_parser_says_has_words_of_ours() -> None:
    source = (Path(tomllib.__file__).parent / "_parser.py").read_text()
    messages = {
        match[1]
        for match in re.finditer(r"""suffixed_err\(\s*src,[^"]*?f?"((?:[^"\\]|\\.)+)""", source)
    }
    assert len(messages) > 15
    patterns = [pattern for pattern in PLAIN_WORDS if pattern]
    assert [text for text in messages if not any(re.match(one, text) for one in patterns)] == []


@pytest.mark.parametrize(
    "deep",
    [
        "x = " + "[" * 100_000,
        "x = " + "{a=" * 100_000,
        "x" + ".a" * 400_000 + " = 1",
        "[x" + ".a" * 400_000 + "]",
        ".".join(['"a b"'] * 70_000) + " = 1",
        "[" + ".".join(["'a b'"] * 70_000) + "]",
    ],
)
def test_a_text_nested_too_deeply_is_refused(deep: str) -> None:
    error = only_error(f"format = 1\n{deep}\n")
    assert "nested too deeply" in error.text


@pytest.mark.parametrize(
    "text",
    [
        '"' + " . " * 70_000 + '" = 1',
        '["a' + " " * 70_000 + 'b"]',
        "\n".join(f'"a b".k{number} = 1' for number in range(70_000)),
    ],
)
def test_the_lines_of_a_text_are_found_in_a_time_that_grows_with_its_length(text: str) -> None:
    start = time.process_time()
    assert parse_toml(text).errors == []
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    "value",
    [
        "0x" + "f" * 10_000,
        "9" * 5000,
        '{ a.b = { c.d = { e.f = "g" } } }',
        '"' + "x" * 100_000 + '"',
    ],
)
def test_an_enormous_value_makes_a_short_message(value: str) -> None:
    error = only_error(changed(SMALL, ("lead_days = 14", f"lead_days = {value}")))
    assert len(error.text) < 250


def test_a_name_that_breaks_the_line_does_not_break_the_message() -> None:
    text = changed(
        SMALL,
        ('ref = "1.2"', 'ref = "1\\n2"'),
        ('modality = "firm"\n  lead = ["office"]\n  after', 'lead = ["office"]\n  after'),
    )
    assert all("\n" not in error.text for error in find_errors(text))


def test_a_text_with_the_null_character_is_refused() -> None:
    text = changed(SMALL, ('en = "Campaign"', 'en = "Cam\\u0000paign"'))
    error = only_error(text)
    assert (error.line, "U+0000" in error.text) == (line_of(text, "paign"), True)


def test_a_file_without_a_plan_says_so_and_names_what_else_is_wrong() -> None:
    text = changed(SMALL, ("[plan]", "[plot]"), ('modality = "soft"', 'modality = "weak"'))
    assert [(error.line, error.text.partition(":")[0]) for error in find_errors(text)] == [
        (1, "the file has no [plan]"),
        (3, "the file has an unknown key 'plot'"),
        (
            line_of(text, "weak"),
            "modality of action 1.3 must be one of firm, soft, optional, statement, not 'weak'",
        ),
    ]


def test_a_change_and_a_correction_are_two_files() -> None:
    text = changed(SMALL, ("format = 1\n", 'format = 1\nchange = "x"\ncorrection = "y"\n'))
    assert only_error(text) == FileError(
        3, "the file gives a change and a correction: load one after the other"
    )


SIGNED_TEXT = "it, will\nbegin; it."


@pytest.mark.parametrize(
    ("words", "at", "start", "end"),
    [("will begin", None, 4, 14), ("will  begin", None, 4, 14), ("it", 2, 16, 18)],
)
def test_words_are_found_in_the_signed_text(
    words: str, at: int | None, start: int, end: int
) -> None:
    assert find_words(SIGNED_TEXT, words, at).span() == (start, end)


@pytest.mark.parametrize(
    ("words", "at", "message"),
    [
        ("it", None, "the signed text holds these words 2 times: say which with at = 1 to 2"),
        ("it", 3, "the signed text holds these words only 2 times: at = 3 is too many"),
        ("begin", 2, "the signed text holds these words only once: at = 2 is too many"),
        ("it ended", None, "the signed text does not hold these words"),
    ],
)
def test_words_that_the_signed_text_lacks_are_refused(
    words: str, at: int | None, message: str
) -> None:
    with pytest.raises(WordsNotFound, match=message):
        find_words(SIGNED_TEXT, words, at)


def test_a_long_circle_is_not_named_more_often_than_a_page_shows_errors() -> None:
    head, tail = SMALL.split("  [[commitments.actions]]", 1)[0], SMALL[SMALL.index("[[funds]]") :]
    actions = [
        f'[[commitments.actions]]\nref = "2.{number}"\ntitle = {{ en = "x", fr = "y" }}\n'
        f'modality = "firm"\nlead = ["office"]\nafter = ["2.{(number + 1) % 300}"]\n'
        for number in range(300)
    ]
    errors = refused_errors("".join([head, *actions, tail]).encode())
    circles = [error for error in errors if "runs in a circle" in error.text]
    assert len(circles) == MOST_CIRCLES


@pytest.mark.parametrize(
    ("old", "new", "signs"),
    [
        ('ref = "1.3"', 'ref = "1\u20113"', "U+2011 NON-BREAKING HYPHEN"),
        ('ref = "1.3"', 'ref = "1.3\u200b"', "U+200B ZERO WIDTH SPACE"),
        ('"GB", "FR"]', '"G\u0412", "FR"]', "U+0412 CYRILLIC CAPITAL LETTER VE"),
    ],
)
def test_a_sign_that_looks_like_another_is_named(old: str, new: str, signs: str) -> None:
    assert any(f"({signs})" in error.text for error in find_errors(changed(SMALL, (old, new))))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('slug = "', '\u0455lug = "', "(here stands U+0455 CYRILLIC SMALL LETTER DZE)"),
        (
            'slug = "small"',
            'slug = "small\u201d',
            "(here stands U+201D RIGHT DOUBLE QUOTATION MARK)",
        ),
        ('lead = ["office"]', 'lead = ["Office"]', "names 'Office': it is written office"),
        ('lead = ["office"]', 'lead = ["of\u200bfice"]', ": it is written office"),
    ],
)
def test_what_looks_right_is_named_or_told_as_the_plan_spells_it(
    old: str, new: str, message: str
) -> None:
    assert any(message in error.text for error in find_errors(changed(SMALL, (old, new))))


@pytest.mark.parametrize(
    "text", ["\ufeff\ufeff" + SMALL, SMALL + "\x1a", SMALL.replace("\n", "\r")]
)
def test_what_an_editor_leaves_in_a_plan_file_changes_nothing(text: str) -> None:
    plan = load.read_plan_file(text.encode()).plan
    assert plan.file.tree == tomllib.loads(SMALL)


@pytest.mark.parametrize(
    "more",
    [
        "[t{n}]\n",
        pytest.param("[[bodies]]\n", marks=pytest.mark.slow),
        pytest.param("[[commitments]]\n", marks=pytest.mark.slow),
        pytest.param("[[funds]]\n", marks=pytest.mark.slow),
        pytest.param("[a{n}]\nb = 1\n", marks=pytest.mark.slow),
    ],
)
def test_a_plan_file_of_errors_is_read_no_further_than_anybody_reads(more: str) -> None:
    content = SMALL + "".join(more.format(n=number) for number in range(50_000))
    begun = time.process_time()
    errors = refused_errors(content.encode())
    assert time.process_time() - begun < 2
    assert len(errors) <= MOST_ERRORS + 1
