"""Past facts from a file: every error with its line, all or nothing, the same rows only once."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from commitments.files import entries
from commitments.files.entries import EntriesReading
from commitments.files.errors import MOST_ERRORS, FileError
from commitments.models import Entry, EntryText, Flag, Plan, Standing
from commitments.register import hash_chain
from tests import spoilt_files
from tests.both_languages import in_both
from tests.factories import action_status, create_plan
from tests.generated import blank
from tests.mutations import for_each_slip
from tests.plans import SMALL
from tests.spoilt_files import FileKind

TODAY = date(2015, 1, 12)
NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
STARTED = {
    "ref": "4.4",
    "kind": "started",
    "effective": "2014-10-29",
    "recorded": "2014-11-05",
    "side": "GB",
}
PAID = {
    "ref": "1.2",
    "kind": "paid",
    "effective": "2014-11-28",
    "recorded": "2014-12-01",
    "side": "GB",
}
SUM = {"amount": "3000000.00", "currency": "EUR", "instalment": "1"}
SPENT = {"kind": "spent", "effective": "2015-01-05", "recorded": "2015-01-08", "side": "FR"}


def make_file(*rows: dict[str, str], delimiter: str = ",") -> str:
    """A file of these rows, which get the ids e1, e2 … where they have none."""
    lines = [blank()]
    for number, row in enumerate(rows, 1):
        lines.append(blank(id=f"e{number}") | row)
    texts = [delimiter.join(lines[0]), *(delimiter.join(line.values()) for line in lines[1:])]
    return "\n".join(texts) + "\n"


def load(plan: Plan, text: str | bytes) -> EntriesReading:
    content = text if isinstance(text, bytes) else text.encode()
    return entries.load_entries(plan, content, now=NOW, by=None)


def load_rows(plan: Plan, *rows: dict[str, str]) -> EntriesReading:
    reading = load(plan, make_file(*rows))
    assert reading.errors == []
    return reading


def find_errors(plan: Plan, *rows: dict[str, str]) -> list[FileError]:
    """The errors of a file of which nothing was written."""
    before = count_rows()
    errors = in_both(lambda: load(plan, make_file(*rows)).errors)
    assert count_rows() == before
    return errors


def count_rows() -> list[int]:
    return [model._default_manager.count() for model in (Entry, EntryText, Standing, Flag)]


def recorded_codes(plan: Plan) -> list[str]:
    entries = Entry.objects.without_plan_entries().filter(plan=plan)
    return list(entries.values_list("code", flat=True))


# The same rows only once


def test_rows_are_skipped_the_second_time(calais: Plan) -> None:
    rows = (
        STARTED | {"note": "seen"},
        PAID | SUM,
        {"kind": "withdrawn", "to": "e1", "reason": "no", "recorded": "2014-12-05"},
    )
    assert (len(load_rows(calais, *rows).drafts), recorded_codes(calais)) == (3, ["e1", "e2", "e3"])
    before = count_rows()
    again = load_rows(calais, *rows)
    assert (again.drafts, again.skipped, count_rows()) == ([], 3, before)


def test_new_rows_are_added_to_those_that_are_there(calais: Plan) -> None:
    load_rows(calais, STARTED)
    again = load_rows(
        calais, STARTED, {"kind": "confirmed", "to": "e1", "recorded": "2014-11-06", "side": "FR"}
    )
    assert (len(again.drafts), again.skipped, recorded_codes(calais)) == (1, 1, ["e1", "e2"])


@pytest.mark.parametrize(
    "other",
    [
        *(
            {"effective": "2014-10-30"},
            {"recorded": "2014-11-06"},
            {"recorded": "2014-11-05T10:00+00:00"},
        ),
        *(
            {"kind": "progress"},
            {"ref": "4.1"},
            {"note": "x"},
            {"source": "x"},
            {"reason": "x"},
        ),
    ],
)
def test_the_same_id_with_other_content_is_an_error(calais: Plan, other: dict[str, str]) -> None:
    load_rows(calais, STARTED)
    assert find_errors(calais, STARTED | other) == [
        FileError(2, "The id “e1” is there already, with other content.")
    ]


@pytest.mark.parametrize(
    "other", [{"amount": "3000000.01"}, {"currency": "GBP"}, {"instalment": "2"}]
)
def test_another_amount_under_the_same_id_is_an_error(calais: Plan, other: dict[str, str]) -> None:
    load_rows(calais, PAID | SUM)
    assert find_errors(calais, PAID | SUM | other) == [
        FileError(2, "The id “e1” is there already, with other content.")
    ]


@pytest.mark.parametrize("other", [{"amount": "3000000"}, {"amount": "03000000.0"}])
def test_the_same_amount_written_otherwise_is_the_same_content(
    calais: Plan, other: dict[str, str]
) -> None:
    load_rows(calais, PAID | SUM)
    assert load_rows(calais, PAID | SUM | other).skipped == 1


def test_the_same_moment_written_otherwise_is_the_same_content(calais: Plan) -> None:
    load_rows(calais, STARTED | {"recorded": "2014-11-05T10:00:00+01:00"})
    assert load_rows(calais, STARTED | {"recorded": "2014-11-05T09:00Z"}).skipped == 1


def test_a_row_that_would_be_refused_today_is_still_the_same_row(calais: Plan) -> None:
    row = STARTED | {"ref": "1.4", "kind": "completed"}
    load_rows(calais, row)
    Plan.objects.update(evidence_required=True)
    calais.refresh_from_db()
    assert load_rows(calais, row).skipped == 1


# What a file must be


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(calais: Plan) -> None:
    text = make_file(STARTED | {"note": '"two\nlines"'})
    load(calais, text)
    again = load(calais, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert (again.errors, again.skipped) == ([], 1)


def test_semicolons_separate_as_well(calais: Plan) -> None:
    load(calais, make_file(STARTED | {"note": "a, b"}, delimiter=";"))
    assert EntryText.objects.get(entry__code="e1", entry__plan=calais).note == "a, b"


def test_the_line_of_a_row_is_its_first(calais: Plan) -> None:
    note = {"note": '"one\n\ntwo ""three"",\n"'}
    text = make_file(
        STARTED | note, STARTED | note | {"side": "US"}, {}, STARTED | {"side": "DE"}
    ).replace("e3,,", ",,")
    assert [error.line for error in load(calais, text).errors] == [6, 11]


def test_blank_lines_and_spaces_around_a_cell_are_nothing(calais: Plan) -> None:
    text = make_file(STARTED).replace(",started,", ", started ,") + "\n\n,,,\n"
    assert (load(calais, text).errors, recorded_codes(calais)) == ([], ["e1"])


def test_columns_may_be_in_any_order_and_those_not_needed_left_out(calais: Plan) -> None:
    load(calais, "side,recorded,effective,kind,ref,id\nGB,2014-11-05,2014-10-29,started,4.4,e1\n")
    assert recorded_codes(calais) == ["e1"]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "The first line must name the columns, each once: id,ref,kind,"),
        ("\n", "The first line must name the columns, each once: id,ref,kind,"),
        ("Read me first", "It begins with “Read me first”."),
        ("id,ref,kind,effective,recorded,side,colour", "columns that are unknown: colour."),
        ("id,ref,kind,effective,recorded", "The first line lacks columns: side."),
        (
            "id,ref,kind,effective,recorded,ѕide",
            "unknown: ѕide (U+0455 CYRILLIC SMALL LETTER DZE).",
        ),
        ('"id,ref,kind,effective,recorded,side"', "All columns stand in one cell, “id,ref,kind,"),
        ("id,ref,kind,effective,recorded,side,side", "names a column twice: side."),
    ],
)
def test_the_column_that_is_unknown_missing_or_doubled_is_named(
    calais: Plan, head: str, message: str
) -> None:
    errors = load(calais, f"{head}\n").errors
    assert {error.line for error in errors} == {1}
    assert any(message in error.text for error in errors)


QUOTES = "This is not CSV: a quotation mark is missing or misplaced."
NO_NAME = "“x” stands in a column that has no name."
NULL = "“4.4” holds the character U+0000, which no text may hold."


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        ('e2,4.4,"started', QUOTES),
        ('e2,"4.4"x,started', QUOTES),
        ('e2,"a\n\n"x', QUOTES),
    ],
)
def test_what_is_no_csv_is_refused_at_its_line(calais: Plan, tail: str, message: str) -> None:
    assert load(calais, f"{make_file(STARTED)}{tail}\n").errors == [FileError(3, message)]


@pytest.mark.parametrize(
    ("tail", "message"), [("e2" + "," * 15 + "x", NO_NAME), ("e2,4.4\x00", NULL)]
)
def test_a_cell_that_no_column_can_hold_is_named(calais: Plan, tail: str, message: str) -> None:
    errors = load(calais, f"{make_file(STARTED)}{tail}\n").errors
    assert FileError(3, message) in errors


def test_a_long_text_is_kept_whole(calais: Plan) -> None:
    load_rows(calais, STARTED | {"note": "x" * 200_000})
    assert len(EntryText.objects.get(entry__code="e1").note) == 200_000


def test_a_file_that_is_not_utf_8_is_refused_at_its_line(calais: Plan) -> None:
    text = make_file(STARTED, STARTED | {"note": "café"})
    (error,) = load(calais, text.encode("latin-1")).errors
    assert error.line == 3
    assert (
        "This is not UTF-8: save the file as CSV in UTF-8. The byte E9 stands behind" in error.text
    )
    assert error.text.endswith(",caf”.")


def test_a_file_over_four_mebibytes_is_refused(calais: Plan) -> None:
    assert load(calais, make_file(STARTED) + "\n" * 4 * 1024 * 1024).errors == [
        FileError(1, "The file is larger than 4 MiB: load it in parts.")
    ]


def test_a_file_of_errors_is_read_no_further_than_anybody_reads(calais: Plan) -> None:
    rows = [STARTED | {"id": f"e{number}", "quantity": "none"} for number in range(2000)]
    *errors, last = load(calais, make_file(*rows)).errors
    assert len(errors) == MOST_ERRORS
    assert last.text == ("There are 1000 faults or more: correct these, then load the file again.")


# What a row may not say


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (STARTED | {"id": ""}, "Give each row an id of its own, of at most 64 characters."),
        (STARTED | {"id": "x" * 65}, "Give each row an id of its own, of at most 64 characters."),
        (STARTED | {"ref": "4.9"}, "There is no action or contribution “4.9” in this plan."),
        (STARTED | {"ref": ""}, "The column ref is empty."),
        (STARTED | {"ref": "1.2"}, "“started” cannot be recorded on 1.2."),
        (STARTED | {"kind": "begun"}, "There is no kind of entry called “begun”: it must be one of started, "),
        (STARTED | {"kind": "terms"}, "There is no kind of entry called “terms”"),
        (STARTED | {"side": "US"}, "“US” is no side of the plan: it must be one of GB, FR."),
        (STARTED | {"recorded": "2015-01-13"}, "It cannot be recorded on 2015-01-13, which is after today."),
        (STARTED | {"recorded": "2015-01-13T00:30+00:00"}, "It cannot be recorded on 2015-01-13, which is"),
        (STARTED | {"recorded": "2014-11-05T09:30"}, "“2014-11-05T09:30” is no day or time of recording: give"),
        (STARTED | {"recorded": "2014-W45-3"}, "“2014-W45-3” is no day or time of recording: give"),
        (STARTED | {"recorded": "2014-11"}, "“2014-11” is no day or time of recording: give"),
        (STARTED | {"recorded": ""}, "The column recorded is empty."),
        (STARTED | {"recorded": "0001-01-01T00:00+14:00"}, "“0001-01-01T00:00+14:00” is no day or time of recording"),
        (STARTED | {"effective": "2014-11-06"}, "2014-11-06 had not begun when it was recorded"),
        (STARTED | {"effective": "2015"}, "2015 had not begun when it was recorded"),
        (STARTED | {"effective": "2014-02-30"}, "“2014-02-30” is not a date that can be read"),
        (STARTED | {"effective": "../2014-10"}, "“../2014-10” is not a date that can be read"),
        (STARTED | {"effective": ""}, "The column effective is empty."),
        (STARTED | {"kind": ""}, "The column kind is empty."),
        (STARTED | {"quantity": "1"}, "“started” does not take a quantity."),
        (STARTED | {"to": "2014-11"}, "“started” does not take a new deadline."),
        (STARTED | {"words": "x"}, "“started” does not take what it names."),
        (STARTED | {"amount": "1"}, "“started” does not take an amount."),
        (STARTED | {"ref": "5.5", "kind": "delivered"}, "“delivered” needs a quantity."),
        (STARTED | {"ref": "5.5", "kind": "delivered", "quantity": "0"}, "quantity must be a whole number above zero"),
        (STARTED | {"ref": "5.5", "kind": "delivered", "quantity": "-1"}, "quantity must be a whole number above zero"),
        (STARTED | {"ref": "5.5", "kind": "delivered", "quantity": "1.5"}, "quantity must be a whole number above"),
        (STARTED | {"ref": "5.5", "kind": "delivered", "quantity": "٢"}, "quantity must be a whole number above zero"),
        (STARTED | {"ref": "5.5", "kind": "delivered", "quantity": "9" * 13}, "quantity must be a whole number above"),
        (STARTED | {"ref": "5.5", "kind": "reopened", "reason": "x"}, "5.5 has a quantity, so it is not reopened"),
        (STARTED | {"kind": "reopened"}, "“reopened” needs a reason."),
        (STARTED | {"kind": "superseded"}, "“superseded” needs a reason."),
        (STARTED | {"kind": "not-pursued"}, "“not pursued” needs a reason."),
        (STARTED | {"kind": "consent"}, "“consent given” needs what it names."),
        (STARTED | {"kind": "consent", "words": "harbour"}, "“harbour” is no organisation of the plan: it must be "),
        (STARTED | {"kind": "event", "words": "x" * 201}, "The name of an event has at most 200 characters."),
        (STARTED | {"kind": "confidence", "words": "blue"}, "Confidence is green, amber or red, not “blue”."),
        (STARTED | {"kind": "confidence", "words": "red"}, "Give a reason for amber or red."),
        (STARTED | {"kind": "moved", "reason": "x"}, "“deadline moved” needs a new deadline."),
        (STARTED | {"kind": "moved", "to": "2014-12"}, "“deadline moved” needs a reason."),
        (STARTED | {"kind": "moved", "to": "December", "reason": "x"}, "“December” is not a deadline that can be read"),
        (STARTED | {"kind": "moved", "to": "2015", "reason": "x", "ref": "5.5"}, "5.5 recurs, so it has no"),
        (STARTED | {"kind": "withdrawn", "to": "e9", "reason": "x"}, "There is no entry with the id “e9”."),
        (STARTED | {"kind": "withdrawn", "reason": "x"}, "“entry withdrawn” needs the entry that it names."),
        (STARTED | {"kind": "disputed", "to": "e9", "reason": "x"}, "There is no entry with the id “e9”."),
        (STARTED | {"kind": "withdrawn", "to": "e1", "reason": "x"}, "These rows name each other in a circle."),
        (PAID | SUM | {"ref": "4.4"}, "“paid” cannot be recorded on 4.4."),
        (PAID | SUM | {"instalment": "4"}, "1.2 has no instalment 4."),
        (PAID | SUM | {"instalment": "99999999999"}, "instalment must be a whole number above zero"),
        (PAID | SUM | {"instalment": ""}, "Say which instalment of 1.2 it belongs to: 1, 2, 3."),
        (PAID | SUM | {"amount": ""}, "“paid” needs an amount."),
        (PAID | SUM | {"currency": ""}, "“paid” needs a currency."),
        (PAID | SUM | {"amount": "5.001"}, "“5.001 EUR” is no amount in this currency: it must be"),
        (PAID | SUM | {"currency": "EURO"}, "“EURO” is no currency of ISO 4217: give a code such as EUR or GBP."),
        (SPENT | {"amount": "1", "currency": "EUR", "words": "roads"}, "“roads” is no purpose of a fund of the plan"),
        (SPENT | {"amount": "1", "currency": "EUR"}, "“spent” needs what it names."),
        (SPENT | {"amount": "1", "currency": "EUR", "words": "security", "ref": "9.9"}, "There is no action or"),
    ],
)  # fmt: skip
def test_a_malformed_dangling_or_contradictory_row_is_an_error(
    calais: Plan, row: dict[str, str], message: str
) -> None:
    (error,) = find_errors(calais, row)
    assert (error.line, error.text[: len(message)]) == (2, message)


@pytest.mark.parametrize(
    "amount",
    [
        "0",
        "0.00",
        "-1",
        "+1",
        "1.00005",
        "1e400",
        "1e3",
        "NaN",
        "Infinity",
        "1 000",
        '"1,000"',
        ".5",
        "5.",
        "١",
        "€5",
        "1" * 16,
    ],
)
def test_an_amount_that_is_no_plain_positive_decimal_is_an_error(calais: Plan, amount: str) -> None:
    (error,) = find_errors(calais, PAID | SUM | {"amount": amount})
    assert error.text.endswith("must be a plain number above zero, such as 4000000.00.")


def test_a_doubled_id_is_an_error_on_its_second_row(calais: Plan) -> None:
    other = STARTED | {"id": "e1", "note": "other"}
    assert find_errors(calais, STARTED, other) == [
        FileError(3, "The id “e1” stands twice, with other content.")
    ]


def test_what_a_naming_row_says_of_the_entry_must_be_so(calais: Plan) -> None:
    confirmed = {"kind": "confirmed", "recorded": "2014-12-05", "side": "FR"}
    assert find_errors(
        calais,
        STARTED,
        PAID | SUM,
        confirmed | {"to": "e1", "ref": "4.1"},
        confirmed | {"to": "e2", "instalment": "2"},
        STARTED | {"kind": "note"},
        confirmed | {"to": "e5"},
    ) == [
        FileError(4, "The entry “e1” is about 4.4, not 4.1."),
        FileError(5, "The entry “e2” is not about instalment 2."),
        FileError(
            7,
            "Only what somebody claims to have reached, paid or decided can be confirmed or "
            "disputed, and a start only where one is due.",
        ),
    ]


def test_terms_are_not_withdrawn(calais: Plan) -> None:
    terms = Entry.objects.filter(plan=calais, kind="terms")[0].code
    (error,) = find_errors(
        calais, {"kind": "withdrawn", "to": terms, "reason": "x", "recorded": "2015-01-01"}
    )
    assert error.text == "Terms are not withdrawn: load a corrected plan file."


def test_all_errors_are_named_at_once_and_no_row_is_written(calais: Plan) -> None:
    errors = find_errors(
        calais,
        STARTED,
        STARTED | {"ref": "9.9", "side": "US", "recorded": "soon"},
        PAID | SUM | {"amount": "-1", "currency": "XYZW"},
        STARTED | {"id": "e1", "kind": "begun"},
        {"kind": "withdrawn", "to": "e2", "reason": "x", "recorded": "2014-12-05"},
        {"kind": "withdrawn", "to": "e2", "recorded": "2014-12-05"},
    )
    assert [(error.line, error.text[:24]) for error in errors] == [
        (3, "There is no action or co"),
        (3, "“US” is no side of the p"),
        (3, "“soon” is no day or time"),
        (4, "The amount “-1” must be "),
        (4, "“XYZW” is no currency of"),
        (5, "The id “e1” stands twice"),
        (5, "There is no kind of entr"),
        (7, "“entry withdrawn” needs "),
    ]


def test_rows_that_name_each_other_in_a_circle_are_errors(calais: Plan) -> None:
    names = {"kind": "withdrawn", "reason": "x", "recorded": "2014-12-05"}
    errors = find_errors(
        calais, names | {"to": "e2"}, names | {"to": "e3"}, names | {"to": "e1"}, STARTED
    )
    assert errors == [
        FileError(line, "These rows name each other in a circle.") for line in (2, 3, 4)
    ]


# What a file may say


def test_a_row_may_name_one_that_comes_later_in_the_file(calais: Plan) -> None:
    names = {"kind": "withdrawn", "reason": "x", "recorded": "2014-12-05"}
    load_rows(calais, names | {"to": "e2"}, names | {"to": "e3"}, STARTED)
    assert recorded_codes(calais) == ["e3", "e2", "e1"]
    assert action_status("4.4", date(2014, 12, 5), known_now=True)["state"] == "met"
    assert list(hash_chain.verify_chain(calais)) == []


def test_a_naming_row_takes_ref_and_instalment_from_the_entry_that_it_names(calais: Plan) -> None:
    load_rows(
        calais,
        PAID | SUM,
        {"kind": "confirmed", "to": "e1", "recorded": "2014-12-05", "side": "FR"},
    )
    entry = Entry.objects.get(plan=calais, code="e2")
    assert (entry.ref, entry.instalment, entry.effective) == ("1.2", 1, "2014-12-05")


def test_a_spoken_for_side_is_not_asked_for(calais: Plan) -> None:
    load_rows(
        calais,
        STARTED | {"side": ""},
        SPENT | {"amount": "1", "currency": "EUR", "words": "security"},
    )
    assert recorded_codes(calais) == ["e1", "e2"]


def test_an_entry_keeps_the_recorded_time_of_the_file_and_that_of_loading(calais: Plan) -> None:
    load_rows(calais, STARTED | {"recorded": "2014-11-05T23:30:00-01:00"}, STARTED)
    first, second = Entry.objects.without_plan_entries().filter(plan=calais)
    assert (first.recorded_day, first.recorded_at) == (
        date(2014, 11, 6),
        datetime(2014, 11, 6, 0, 30, tzinfo=UTC),
    )
    assert (second.recorded_day, second.recorded_at) == (date(2014, 11, 5), None)
    assert first.loaded_at == second.loaded_at == NOW


def test_a_vague_date_counts_from_its_first_day(calais: Plan) -> None:
    load_rows(calais, STARTED | {"effective": "2014", "recorded": "2014-11-05"})
    assert action_status("4.4", date(2014, 11, 5), known_now=True)["state"] == "met-undated"


MOVED = {
    "ref": "2.5",
    "kind": "moved",
    "effective": "2014-12-17",
    "recorded": "2014-12-17",
    "side": "GB",
    "reason": "x",
}
DONE = {
    "ref": "2.5",
    "kind": "completed",
    "effective": "2014-12-10",
    "recorded": "2014-12-10",
    "side": "GB",
}
DROPPED = {
    "ref": "2.5",
    "kind": "not-pursued",
    "effective": "2014-12-10",
    "recorded": "2014-12-10",
    "reason": "x",
}


@pytest.mark.parametrize(
    ("rows", "warnings"),
    [
        ([STARTED | {"effective": "2014-09-19"}], [(2, "the date lies before the adoption of the plan")]),
        ([MOVED | {"to": "2014-12-01"}], [(2, "the new deadline lies before the day of the move")]),
        ([DONE, MOVED | {"to": "2015-12-01"}], [(3, "the action has a completion already")]),
        ([DROPPED, MOVED | {"to": "2015-12-01"}], [(3, "it comes after the action was no longer pursued")]),
        ([DROPPED, DONE | {"effective": "2014-12-09"}], []),
        ([DROPPED, {"kind": "withdrawn", "to": "e1", "reason": "x", "recorded": "2014-12-11"}, DONE], []),
        ([STARTED | {"kind": "delivered", "quantity": "1"}], [(2, "4.4 has no quantity to reach: the delivery")]),
        ([STARTED | {"kind": "consent", "words": "ngos"}], [(2, "4.4 does not wait for the consent of ngos")]),
        ([STARTED | {"kind": "event", "words": "arrival"}], [(2, "4.4 does not wait for “arrival”")]),
        ([PAID | SUM | {"currency": "USD"}], [(2, "USD is not a currency in which 1.2 is stated")]),
        (
            [STARTED, {"kind": "withdrawn", "to": "e1", "reason": "x", "recorded": "2014-10-30"}],
            [(3, "it withdraws an entry that was recorded later")],
        ),
    ],
)  # fmt: skip
def test_what_is_only_unusual_is_a_warning(
    calais: Plan, rows: list[dict[str, str]], warnings: list[tuple[int, str]]
) -> None:
    reading = load_rows(calais, *rows)
    for warning, (line, text) in zip(reading.warnings, warnings, strict=True):
        assert warning.line == line
        assert warning.text.startswith(text)
    assert len(recorded_codes(calais)) == len(rows)


def test_an_entry_after_an_earlier_file_said_not_pursued_is_a_warning(calais: Plan) -> None:
    load_rows(calais, DROPPED)
    again = load_rows(calais, DROPPED, MOVED | {"to": "2015-12-01"})
    assert again.warnings == [FileError(3, "it comes after the action was no longer pursued")]


# The command


@pytest.fixture
def path(calais: Plan, tmp_path: Path, settings: Settings) -> Path:
    settings.ACTIONPLAN_TODAY = TODAY
    return tmp_path / "entries.csv"


def test_the_command_says_what_it_appended(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text(make_file(STARTED))
    for counts in (
        "1 to append, 0 there already",
        "1 appended, 0 there already",
        "0 appended, 1 there already",
    ):
        call_command("load_entries", str(path), plan="calais-2014", check="to append" in counts)
        assert capsys.readouterr().out == f"calais-2014: {counts}\n"


def test_the_command_names_each_error_with_file_and_line(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text(make_file(STARTED, STARTED | {"side": "US"}, STARTED | {"ref": "9.9"}))
    before = count_rows()
    with pytest.raises(SystemExit) as ended:
        call_command("load_entries", str(path), plan="calais-2014")
    captured = capsys.readouterr()
    assert (ended.value.code, captured.out, count_rows()) == (1, "", before)
    assert captured.err.splitlines() == [
        f"{path}:3: “US” is no side of the plan: it must be one of GB, FR.",
        f"{path}:4: There is no action or contribution “9.9” in this plan.",
    ]


def test_the_command_warns_and_loads_what_is_only_unusual(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text(make_file(STARTED | {"effective": "2014-09-19"}))
    call_command("load_entries", str(path), plan="calais-2014")
    captured = capsys.readouterr()
    assert captured.err == f"{path}:2: the date lies before the adoption of the plan (warning)\n"
    assert captured.out == "calais-2014: 1 appended, 0 there already\n"


@pytest.mark.parametrize(
    ("name", "plan", "message"),
    [
        ("nowhere.csv", "calais-2014", "nowhere.csv: cannot be read: No such file or directory\n"),
        ("nowhere.csv", "calais-2015", "there is no plan 'calais-2015': known are calais-2014\n"),
    ],
)
def test_the_command_says_what_is_not_there(
    path: Path, capsys: pytest.CaptureFixture[str], name: str, plan: str, message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("load_entries", name, plan=plan)
    assert (ended.value.code, capsys.readouterr().err) == (1, message)


# Slips


@pytest.mark.attacks
@pytest.mark.parametrize("kind", [spoilt_files.CSV, spoilt_files.XLSX], ids=["csv", "xlsx"])
def test_a_spoilt_file_is_refused_with_errors_or_loaded_whole(
    calais: Plan, pytestconfig: pytest.Config, kind: FileKind
) -> None:
    for_each_slip(pytestconfig, kind)


# Look-alikes


LOOK_ALIKE = SMALL.replace(
    'deadline = { kind = "start", when = "2014-10", words = "will begin in October" }',
    'deadline = { kind = "within", of = "l’arrivée", days = 5, words = "after" }',
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "event",
    [
        "l'arrivée",
        "L’ARRIVÉE",
        "l’arrive\u0301e",
        " l’arri\u00advée",
        "l´arrivée",
        "l\uff40arrivée",
        "l\ua78carrivée",
        "l’arrivée\ufe0f",
        "l’arri\u034fvée",
        "l’arrivée\u2800",
    ],
)
def test_an_event_that_looks_like_the_plans_is_the_plans(event: str) -> None:
    plan = create_plan(LOOK_ALIKE)
    row = STARTED | {"ref": "1.1", "kind": "Event", "side": "gb", "words": event}
    load_rows(plan, row)
    entry = Entry.objects.get(code="e1")
    assert (entry.kind, entry.side, entry.words) == ("event", "GB", "l’arrivée")
    assert load_rows(plan, row).skipped == 1


@pytest.mark.django_db
def test_a_body_and_a_colour_are_found_in_any_capitals() -> None:
    plan = create_plan()
    consent = STARTED | {"ref": "1.1", "kind": "consent", "words": "Office"}
    colour = STARTED | {"ref": "1.1", "kind": "confidence", "words": "Green"}
    load_rows(plan, consent, colour)
    words = Entry.objects.filter(code__in=("e1", "e2")).values_list("words", flat=True)
    assert list(words.order_by("number")) == ["office", "green"]


@pytest.mark.parametrize(
    ("column", "text", "sign"),
    [
        ("ref", "4.\u0665", "U+0665 ARABIC-INDIC DIGIT FIVE"),
        ("side", "G\u0412", "U+0412 CYRILLIC CAPITAL LETTER VE"),
        ("effective", "2014\u00a010", "U+00A0 NO-BREAK SPACE"),
    ],
)
def test_a_sign_that_looks_like_another_is_named(
    calais: Plan, column: str, text: str, sign: str
) -> None:
    errors = find_errors(calais, STARTED | {column: text})
    assert any(sign in error.text for error in errors)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (
            ("a-1", "a\u20111"),
            "“a-1” looks like “a\u20111”, but is written with other signs: U+002D",
        ),
        (("l'a", "l’a"), "is written with other signs: U+0027 APOSTROPHE, U+2019 RIGHT SINGLE"),
        (("a1", "ａ１"), "U+FF11 FULLWIDTH DIGIT ONE"),
        (("a1", '"a\n1"'), "“a 1” holds U+000A."),
        (("a1", "a\u00a01"), "“a 1” holds U+00A0 NO-BREAK SPACE."),
    ],
)
def test_ids_that_nobody_can_tell_apart_are_errors(
    calais: Plan, ids: tuple[str, str], message: str
) -> None:
    errors = find_errors(calais, *(STARTED | {"id": code} for code in ids))
    assert any(message in error.text for error in errors)


def test_a_ref_with_the_number_of_a_note_is_no_other_ref(calais: Plan) -> None:
    (error,) = find_errors(calais, STARTED | {"ref": "1.1²"})[:1]
    assert error.text == "There is no action or contribution “1.1²” in this plan."
