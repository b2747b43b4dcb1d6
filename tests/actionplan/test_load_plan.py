"""Plan files loaded by the command: what a run changes, what a later run may change, and what is
refused.
"""

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from pytest_django import Settings

from actionplan.local import samples
from actionplan.overview.status import status
from actionplan.plan_transfer import load as plan_loading
from actionplan.settings import BASE_DIR
from commitments import clock
from commitments.files.errors import FileError, FileRefused
from commitments.models import Action, Entry, Plan, Standing
from commitments.pages.term_changes import find_term_changes
from commitments.register import standings
from commitments.register.histories import terms_from
from commitments.register.opening import open_plan
from commitments.register.recorded_terms import RecordedTerms, TermsEntry
from commitments.rules.events import Perspective
from commitments.rules.terms import versions_of
from tests import spoilt_files
from tests.both_languages import in_both
from tests.factories import create_plan, create_viewer, sign_in
from tests.mutations import for_each_slip
from tests.plans import SMALL, changed, line_of

ADOPTED = date(2014, 9, 20)


class Desk:
    """Loads plan files on a day, and returns what the command wrote."""

    def __init__(
        self, folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.file = folder / "plan.toml"
        self.settings = settings
        self.capsys = capsys

    def load(self, content: str, day: date = ADOPTED, **options: Any) -> str:
        self.settings.ACTIONPLAN_TODAY = day
        self.file.write_text(content)
        call_command("load_plan", str(self.file), **options)
        return self.capsys.readouterr().out

    def refused(self, content: str, day: date = ADOPTED, **options: Any) -> list[str]:
        """The lines on stderr of a run that ends with 1 and writes nothing; a reader of French gets
        as many errors.
        """
        before = count_rows()
        with pytest.raises(SystemExit) as ended:
            self.load(content, day, **options)
        written = self.capsys.readouterr()
        assert ended.value.code == 1
        assert written.out == ""
        assert count_rows() == before
        in_both(lambda: self._find_errors(options.get("text")))
        return written.err.replace(str(self.file), "FILE").splitlines()

    def _find_errors(self, signed: Path | None) -> list[FileError]:
        signed_text = signed.read_text() if signed else None
        with pytest.raises(FileRefused) as refused:
            content = plan_loading.read_bounded_file(self.file)
            plan_loading.load_plan(content, now=clock.now("UTC"), signed_text=signed_text)
        return refused.value.errors


def count_rows() -> dict[str, int]:
    """How many rows there are of each model."""
    models = [
        model
        for app in ("commitments", "funding")
        for model in apps.get_app_config(app).get_models()
    ]
    return {model.__name__: model._default_manager.count() for model in models}


@pytest.fixture
def desk(db: None, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, settings, capsys)


def small_plan() -> Plan:
    return Plan.objects.get(slug="small")


def state(ref: str, on: date, *, known_now: bool = False) -> tuple[str, int | None]:
    """The state of an action or of a contribution's first instalment, and its days."""
    known = None if known_now else on
    answer = status(small_plan(), on, known, today=date(2020, 1, 1))
    rows = [*answer["actions"], *answer["contributions"]]
    row = next(row for row in rows if row["ref"] == ref)
    return row["state"], row["days"]


def states_on(ref: str, on: date) -> set[tuple[str, int | None]]:
    """As known then and as known now: one where they agree."""
    return {state(ref, on), state(ref, on, known_now=True)}


def recorded_kinds() -> list[str]:
    return list(Entry.objects.filter(plan=small_plan()).values_list("kind", flat=True))


# What a file must be


def test_ten_errors_are_named_in_one_run_and_nothing_is_written(desk: Desk) -> None:
    text = changed(
        SMALL,
        ('"Europe/London"', '"Europe/Calais"'),
        ("stale_days = 30", "stale_days = 0\ncolour = 1"),
        ('id = "port"', 'id = "office"'),
        ('{ en = "Aim", fr = "Objectif" }', '{ en = "Aim" }'),
        ('with = ["port"]', 'with = ["harbour"]'),
        ('when = "2014-10"', 'when = "2014-13"'),
        ("quantity = 2, ", ""),
        ('"5000000"', '"5,000,000"'),
        ('["GBP", "12000000"]', '["STG", "12000000"]'),
    )
    found = desk.refused(text)
    marks = [
        "Calais",
        "stale_days",
        "colour",
        '"office"',
        '{ en = "Aim" }',
        "harbour",
        "2014-13",
        "each month",
        "5,000",
        "STG",
    ]
    lines = [line_of(text, mark, 2 if mark == '"office"' else 1) for mark in marks]
    # the consent of the body that is gone is an eleventh
    lines.insert(8, line_of(text, 'consents = ["port"]'))
    assert [line.split(": ")[0] for line in found] == [f"FILE:{number}" for number in lines]


def test_a_file_over_one_mebibyte_is_not_read(desk: Desk) -> None:
    found = desk.refused(SMALL + "#" * 1024 * 1024)
    assert found == ["FILE:1: the file is larger than 1024 KiB: nothing of it was read"]


def test_a_file_that_is_not_there_is_one_line(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("load_plan", "nowhere.toml")
    assert (ended.value.code, capsys.readouterr().err) == (
        1,
        "nowhere.toml: cannot be read: No such file or directory\n",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "format = \n",
            "FILE:1: this is not TOML: this value cannot be read: a text stands in quotes",
        ),
        ("format = 1\nx = " + "[" * 50_000, "FILE:2: this is not TOML: nested too deeply"),
        ("", "FILE:1: the file has no [plan]"),
    ],
)
def test_what_is_no_plan_file_is_one_line(desk: Desk, text: str, message: str) -> None:
    assert message in desk.refused(text)


def test_a_file_that_is_not_utf_8_is_one_line(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.file.write_bytes(SMALL.encode("utf-16"))
    with pytest.raises(SystemExit):
        call_command("load_plan", str(desk.file))
    assert capsys.readouterr().err == f"{desk.file}:1: this is not UTF-8: save the file in UTF-8\n"


# The signed text


SIGNED = "The campaigns will begin\nin October, and they will begin in October indeed.\n"


def with_signed_text(desk: Desk, words: str) -> tuple[str, Path]:
    path = desk.file.parent / "signed.txt"
    path.write_text(SIGNED)
    return changed(SMALL, ('  words = "will begin in October"', f"  words = {words}")), path


def test_words_are_anchored_in_the_signed_text(desk: Desk) -> None:
    text, path = with_signed_text(desk, '"will begin in October"\n  at = 2')
    desk.load(text, text=path)
    action = Action.objects.get(plan__slug="small", ref="1.1")
    assert (action.anchor_start, action.anchor_end) == (
        SIGNED.rindex("will"),
        SIGNED.rindex(" indeed"),
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ('"will end in October"', "the signed text does not hold these words"),
        (
            '"will begin in October"',
            "the signed text holds these words 2 times: say which with at = 1 to 2",
        ),
        (
            '"will begin in October"\n  at = 3',
            "the signed text holds these words only 2 times: at = 3 is too many",
        ),
    ],
)
def test_words_that_the_signed_text_does_not_hold_once_are_refused(
    desk: Desk, words: str, message: str
) -> None:
    text, path = with_signed_text(desk, words)
    line = line_of(text, f"words = {words}".split("\n")[0])
    assert desk.refused(text, text=path) == [f"FILE:{line}: words of action 1.1: {message}"]


def test_the_signed_text_stays_for_later_loads(desk: Desk) -> None:
    text, path = with_signed_text(desk, '"will begin in October"\n  at = 2')
    desk.load(text, text=path)
    assert "holds these words 2 times" in desk.refused(changed(text, ("  at = 2\n", "")))[0]


def test_a_signed_text_that_is_not_utf_8_is_named_with_its_own_name(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk.file.parent / "signed.txt"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(SystemExit):
        desk.load(SMALL, text=path)
    assert capsys.readouterr().err == f"{path}:1: this is not UTF-8: save the file in UTF-8\n"


# The first load


def test_a_first_load_records_the_file_and_the_terms_from_adoption(desk: Desk) -> None:
    assert "the plan: new\n" in desk.load(SMALL, date(2015, 1, 12))
    file, *terms = Entry.objects.filter(plan=small_plan())
    assert (file.kind, file.words) == ("plan", hashlib.sha256(SMALL.encode()).hexdigest())
    assert file.recorded_day == date(2015, 1, 12)
    assert [(entry.ref, entry.instalment) for entry in terms] == [
        ("1.1", None),
        ("1.2", None),
        ("1.3", None),
        ("1.9", 1),
        ("1.9", 2),
        ("1.9", 3),
        ("1.9-FR", 1),
    ]
    assert {entry.recorded_day for entry in terms} == {ADOPTED}
    assert states_on("1.1", date(2014, 11, 1)) == {("overdue", 1)}


def test_checking_says_what_would_change_and_writes_nothing(desk: Desk) -> None:
    before = count_rows()
    assert "would change" in desk.load(SMALL, check=True)
    assert count_rows() == before


# Later loads


def test_a_second_load_changes_nothing_and_leaves_no_entry(desk: Desk) -> None:
    desk.load(SMALL)
    before, numbers = count_rows(), recorded_kinds()
    assert desk.load(SMALL, date(2015, 1, 12)) == "small: nothing changed\n"
    assert (count_rows(), recorded_kinds()) == (before, numbers)


def test_the_calais_plan_loads_a_second_time_without_a_change(calais: Plan, desk: Desk) -> None:
    assert (
        desk.load(samples.PLAN_FILE.read_text(), date(2015, 1, 12))
        == "calais-2014: nothing changed\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("Petit plan", "Plan mineur", "the plan: title"),
        ("slug", 'summary = { en = "x", fr = "y" }\nslug', "the plan: summary"),
        ("slug", 'place = "Paris"\nslug', "the plan: place"),
        ("slug", "evidence_required = true\nslug", "the plan: evidence_required"),
        ("Bureau", "Office", "organisation office: name"),
        ("Objectif", "But", "aim A1: title"),
        ("Engagement", "Promesse", "commitment 1: title"),
        ("Campagne", "Action", "action 1.1: title"),
        ("Which October?", "Which year?", "action 1.1: interpretations"),
        ('with = ["port"]', "with = []", "with of action 1.1: changed"),
        ("  after", '  clause = "2"\n  after', "action 1.2: clause"),
        ("Fonds", "Caisse", "fund fund: title"),
        ("Sécurité", "Sûreté", "purpose security: title"),
        ('actions = ["1.1"]', "actions = []", "purpose security: actions"),
        ("Presse", "Journaux", "reported figures of fund fund: 1"),
    ],
)
def test_texts_change_freely(desk: Desk, old: str, new: str, change: str) -> None:
    desk.load(SMALL)
    text = changed(SMALL, (old, new))
    assert change in desk.load(text)
    assert recorded_kinds() == ["plan", *["terms"] * 7, "plan"]
    assert (
        Entry.objects.filter(plan=small_plan()).order_by("-number")[0].words
        == hashlib.sha256(text.encode()).hexdigest()
    )


LATER = date(2014, 11, 5)
NOVEMBER = ('when = "2014-10"', 'when = "2014-11"')


@pytest.mark.parametrize(
    ("old", "new", "mark", "occurrence"),
    [
        (*NOVEMBER, "[[commitments.actions]]", 1),
        ('modality = "soft"', 'modality = "firm"', "[[commitments.actions]]", 3),
        (
            'modality = "soft"',
            'modality = "soft"\nthird_party = true',
            "[[commitments.actions]]",
            3,
        ),
        ('consents = ["port"]', "consents = []", "[[commitments.actions]]", 3),
        ('until = ["1.1"]', "until = []", "[[commitments.actions]]", 3),
        ("quantity = 2", "quantity = 3", "[[commitments.actions]]", 2),
        ('stated = [["EUR", "7"]]', 'stated = [["EUR", "8"]]', "[[funds.contributions]]", 2),
        ('from = "FR"', 'from = "FR"\nfirmness = "up-to"', "[[funds.contributions]]", 2),
        ("lead_days = 14", "lead_days = 7", "lead_days = 7", 1),
        ("grace_days = 0", "grace_days = 1", "grace_days = 1", 1),
        ("stale_days = 30", "stale_days = 31", "stale_days = 31", 1),
        ('"Europe/London"', '"Europe/Paris"', "timezone", 1),
        ("2014-09-20", "2014-09-21", "adopted_on", 1),
        ('["GB", "FR"]', '["GB", "FR", "EU"]', "sides", 1),
    ],
)
def test_other_terms_are_refused_with_the_advice(
    desk: Desk, old: str, new: str, mark: str, occurrence: int
) -> None:
    desk.load(SMALL)
    text = changed(SMALL, (old, new))
    (error,) = desk.refused(text, LATER)
    assert error.startswith(f"FILE:{line_of(text, mark, occurrence)}: ")
    assert (
        "move a deadline in the register instead, or give the file a reason at its top level"
        in error
    )


def test_another_year_basis_is_refused_with_the_instalments_that_it_moves(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(SMALL, ("uk-financial", "calendar"))
    found = desk.refused(text, LATER)
    assert [error.partition(" (")[0].partition(" is ")[0] for error in found] == [
        f"FILE:{line_of(text, 'year_basis')}: year_basis of the plan",
        *(
            f"FILE:{line_of(text, '[[funds.contributions]]')}: terms of 1.9/{n} differ from those recorded"
            for n in (1, 2, 3)
        ),
        f"FILE:{line_of(text, '[[funds.contributions]]', 2)}: terms of 1.9-FR/1 differ from those recorded",
    ]


def test_a_change_counts_from_the_day_on_which_it_is_loaded(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(SMALL, NOVEMBER, ("format = 1\n", 'format = 1\nchange = "agreed"\n'))
    assert "terms of 1.1: recorded" in desk.load(text, LATER)
    assert states_on("1.1", date(2014, 11, 4)) == {("overdue", 4)}
    assert states_on("1.1", LATER) == {("due", 25)}
    terms = Entry.objects.filter(plan=small_plan(), ref="1.1").last()
    assert terms and (terms.recorded_day, terms.text.reason) == (LATER, "agreed")


AGREED = ("format = 1\n", 'format = 1\nchange = "agreed"\n')
FEBRUARY = ('when = "2014-10"', 'when = "2015-02"')


def test_a_change_can_say_from_when_it_counts_and_when_it_was_said(desk: Desk) -> None:
    desk.load(SMALL)
    days = "from = 2014-11-03\nrecorded = 2014-11-04\n"
    desk.load(changed(SMALL, FEBRUARY, (AGREED[0], AGREED[1] + days)), LATER)
    assert states_on("1.1", date(2014, 11, 2)) == {("overdue", 2)}
    assert state("1.1", date(2014, 11, 3)) == ("overdue", 3)
    assert state("1.1", date(2014, 11, 3), known_now=True) == ("upcoming", 90)
    assert states_on("1.1", date(2014, 11, 4)) == {("upcoming", 89)}


def test_what_a_change_brings_in_is_there_from_its_day(desk: Desk) -> None:
    desk.load(SMALL)
    agreed = (AGREED[0], AGREED[1] + "from = 2014-10-01\n")
    text = changed(SMALL, ("  times = 3", "  times = 4"), agreed)
    desk.load(text, LATER)
    days = [date(2014, 9, 30), date(2014, 10, 1), LATER]
    counts = {
        perspective: [
            Standing.objects.filter(obligation__ref="1.9").on(day, perspective).count()
            for day in days
        ]
        for perspective in Perspective
    }
    assert counts == {Perspective.AS_KNOWN_THEN: [4, 4, 5], Perspective.AS_KNOWN_NOW: [4, 5, 5]}


@pytest.mark.parametrize(
    ("reason", "lines"),
    [
        ('change = "x"\nfrom = 2014-09-19\n', {3: "from 2014-09-20 to 2014-11-05"}),
        ('change = "x"\nfrom = 2014-11-06\n', {3: "from 2014-09-20 to 2014-11-05"}),
        (
            'change = "x"\nfrom = 2014-10-02\nrecorded = 2014-10-01\n',
            {4: "from 2014-10-02 to 2014-11-05"},
        ),
        ('correction = "x"\nfrom = 2014-10-01\n', {3: "belongs to a change"}),
        ("from = 2014-10-01\nrecorded = 2014-10-01\n", {2: "belongs to a change", 3: "belongs"}),
    ],
)
def test_days_that_a_change_cannot_have_are_refused(
    desk: Desk, reason: str, lines: dict[int, str]
) -> None:
    desk.load(SMALL)
    errors = desk.refused(changed(SMALL, ("format = 1\n", f"format = 1\n{reason}")), LATER)
    found = dict(error.removeprefix("FILE:").split(": ", 1) for error in errors)
    assert all(text in found[str(line)] for line, text in lines.items()), errors


def test_what_an_open_plan_is_told_of_the_past_is_known_from_its_loading(desk: Desk) -> None:
    desk.load(SMALL)
    open_plan(small_plan(), by=None, now=datetime(2014, 10, 1, 9, tzinfo=UTC))
    days = "from = 2014-10-20\nrecorded = 2014-10-21\n"
    desk.load(changed(SMALL, FEBRUARY, (AGREED[0], AGREED[1] + days)), LATER)
    assert state("1.1", date(2014, 11, 4)) == ("overdue", 4)
    assert state("1.1", date(2014, 11, 4), known_now=True)[0] == "upcoming"
    assert states_on("1.1", LATER) == {("upcoming", 88)}
    entry = Entry.objects.filter(plan=small_plan(), kind="plan").last()
    assert entry and entry.stated_recorded == "2014-10-21"


def test_a_correction_leaves_what_it_does_not_alter(desk: Desk) -> None:
    """An earlier change of other terms keeps its day, and so does one of the plan's settings."""
    desk.load(SMALL)
    settings = ("lead_days = 14", "lead_days = 40")
    desk.load(changed(SMALL, FEBRUARY, settings, AGREED), LATER)
    corrected = ("format = 1\n", 'format = 1\ncorrection = "misread"\n')
    text = changed(SMALL, FEBRUARY, settings, corrected, ("quantity = 2", "quantity = 3"))
    desk.load(text, date(2014, 12, 1))
    assert states_on("1.1", date(2014, 11, 4)) == {("overdue", 4)}
    assert states_on("1.1", date(2015, 1, 1)) == {("due-soon", 31)}
    periods = status(small_plan(), date(2014, 11, 1), None, today=date(2020, 1, 1))
    assert [row["target"] for row in periods["actions"][1]["periods"]] == [3, 3]
    entry = Entry.objects.filter(plan=small_plan(), kind="terms").order_by("number").last()
    terms = entry and entry.terms
    assert terms and set(terms) == {"corrected"} and set(terms["corrected"]) == {"deadline"}


def test_what_a_file_altered_is_shown_before_and_after(desk: Desk) -> None:
    desk.load(SMALL)
    desk.load(changed(SMALL, FEBRUARY, AGREED), LATER)
    register = Entry.objects.filter(plan=small_plan())
    entries = register.filter(kind="terms", ref="1.1").order_by("number")
    changes = find_term_changes(entries, register)
    assert [[(one.key, one.old, one.new) for one in found] for found in changes.values()] == [
        [("when", "2014-10", "2015-02")]
    ]


def test_a_correction_counts_from_the_day_of_the_change_that_it_corrects(desk: Desk) -> None:
    desk.load(SMALL)
    desk.load(changed(SMALL, FEBRUARY, AGREED), LATER)
    corrected = ("format = 1\n", 'format = 1\ncorrection = "misread"\n')
    desk.load(
        changed(SMALL, ('when = "2014-10"', 'when = "2015-03"'), corrected), date(2014, 12, 1)
    )
    assert states_on("1.1", date(2014, 11, 4)) == {("overdue", 4)}
    assert states_on("1.1", LATER) == {("upcoming", 116)}


def test_a_term_that_a_file_takes_away_is_gone(desk: Desk) -> None:
    needed = ('modality = "soft"', 'modality = "soft"\n  needs = ["inspection"]')
    desk.load(changed(SMALL, needed))
    desk.load(changed(SMALL, AGREED), LATER)
    assert desk.load(changed(SMALL, AGREED), LATER) == "small: nothing changed\n"
    assert (
        Standing.objects.filter(needs__isnull=False).on(LATER, Perspective.AS_KNOWN_NOW).count()
        == 0
    )


def test_the_words_of_a_deadline_change_freely_for_all_days(desk: Desk) -> None:
    desk.load(SMALL)
    words = 'when = "2014-10", words = "will begin in {}"'
    said = desk.load(changed(SMALL, (words.format("October"), words.format("autumn"))), LATER)
    assert "terms of 1.1" in said
    rows = Standing.objects.filter(plan=small_plan(), obligation__ref="1.1")
    assert set(rows.values_list("words", flat=True)) == {"will begin in autumn"}


def test_whole_terms_of_the_first_version_mean_what_they_meant(desk: Desk) -> None:
    """A change by version 1.0.0 and a correction carried all terms."""
    desk.load(SMALL)
    first = Entry.objects.get(plan=small_plan(), kind="terms", ref="1.1").terms or {}
    changed_terms = {**first, "lead_days": 40, "since": "2014-11-05"}
    corrected = {**first, "deadline": {**first["deadline"], "when": "2015-03"}, "since": None}
    entries = [
        TermsEntry(first, ADOPTED, ADOPTED),
        TermsEntry(changed_terms, LATER, LATER),
        TermsEntry(corrected, ADOPTED, ADOPTED),
    ]
    versions = versions_of(RecordedTerms(entries[:2]).altered, terms_from)
    assert [(one.since, one.terms.lead_days) for one in versions[1:]] == [(LATER, 40)]
    versions = versions_of(RecordedTerms(entries).altered, terms_from)
    assert {one.terms.deadline.when for one in versions} == {"2015-03"}
    assert {one.terms.lead_days for one in versions} == {14}


def test_a_correction_counts_from_adoption(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(SMALL, NOVEMBER, ("format = 1\n", 'format = 1\ncorrection = "misread"\n'))
    desk.load(text, LATER)
    assert states_on("1.1", date(2014, 11, 4)) == {("due", 26)}
    assert states_on("1.1", date(2014, 10, 17)) == {("upcoming", 15)}
    assert states_on("1.1", LATER) == {("due", 25)}


def test_a_reason_left_in_the_file_changes_nothing_more(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(SMALL, NOVEMBER, ("format = 1\n", 'format = 1\nchange = "agreed"\n'))
    desk.load(text, LATER)
    before = count_rows()
    assert desk.load(text, date(2014, 12, 1)) == "small: nothing changed\n"
    assert count_rows() == before


def test_changed_settings_of_the_plan_count_from_the_day_on_which_they_are_loaded(
    desk: Desk,
) -> None:
    desk.load(SMALL)
    text = changed(
        SMALL,
        ("lead_days = 14", "lead_days = 40"),
        ("format = 1\n", 'format = 1\nchange = "agreed"\n'),
    )
    desk.load(text, date(2014, 9, 22))
    assert states_on("1.9", date(2015, 3, 1)) == {("due-soon", 30)}
    # 1 October less 14 days is 17 September, so only the earlier terms could have said upcoming
    assert states_on("1.1", date(2014, 9, 16)) == {("upcoming", 15)}


CORRECTED = ("format = 1\n", 'format = 1\ncorrection = "left out"\n')
NO_LEAD = ("lead_days = 14", "lead_days = 0")
FORGOTTEN = """\
  [[commitments.actions]]
  ref = "1.0"
  title = { en = "Forgotten", fr = "Oubliée" }
  modality = "firm"
  lead = ["office"]
  deadline = { kind = "start", when = "2014-11-06", words = "will begin on 6 November" }

"""


def test_what_a_file_adds_has_the_settings_that_held_on_each_day(desk: Desk) -> None:
    desk.load(SMALL)
    desk.load(changed(SMALL, NO_LEAD, AGREED), LATER)
    text = changed(SMALL, NO_LEAD, CORRECTED)
    place = text.index("  [[commitments.actions]]")
    desk.load(text[:place] + FORGOTTEN + text[place:], date(2014, 12, 10))
    assert states_on("1.0", date(2014, 11, 4)) == {("due-soon", 2)}
    assert states_on("1.0", LATER) == {("upcoming", 1)}


def test_what_is_brought_back_has_the_settings_that_held_on_each_day(desk: Desk) -> None:
    place = SMALL.index("  [[commitments.actions]]")
    desk.load(SMALL[:place] + FORGOTTEN + SMALL[place:])
    gone = ("format = 1\n", 'format = 1\nwithdrawn = "given up"\n')
    desk.load(changed(SMALL, gone), date(2014, 10, 1))
    desk.load(changed(SMALL, NO_LEAD, AGREED), LATER)
    back = SMALL[:place] + FORGOTTEN + SMALL[place:]
    desk.load(changed(back, NO_LEAD, CORRECTED), date(2014, 12, 10))
    assert states_on("1.0", date(2014, 11, 4)) == {("due-soon", 2)}
    assert states_on("1.0", LATER) == {("upcoming", 1)}


def test_changed_amounts_count_from_the_day_on_which_they_are_loaded(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(
        SMALL,
        ('["EUR", "7"]', '["EUR", "8.50"]'),
        ("format = 1\n", 'format = 1\nchange = "agreed"\n'),
    )
    desk.load(text, LATER)
    for day, amount in ((date(2014, 11, 4), "7.00"), (LATER, "8.50")):
        found = status(small_plan(), day, None, today=date(2020, 1, 1))
        assert [row["stated"] for row in found["contributions"] if row["ref"] == "1.9-FR"] == [
            {"EUR": amount}
        ]


def test_earlier_and_later_terms_run_in_no_circle_either(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(
        SMALL,
        ("format = 1\n", 'format = 1\nchange = "agreed"\n'),
        ('  until = ["1.1"]\n', ""),
        ('ref = "1.1"\n', 'ref = "1.1"\n  until = ["1.3"]\n'),
    )
    (error,) = desk.refused(text, LATER)
    assert error.startswith(
        f"FILE:{line_of(text, '[[commitments.actions]]')}: until runs in a circle with earlier terms"
    )


# What vanishes


def without_campaign(text: str) -> str:
    """The plan without its first action, which others name."""
    start = text.index("  [[commitments.actions]]")
    cut = text[:start] + text[text.index("  [[commitments.actions]]", start + 1) :]
    return changed(
        cut,
        ('  after = ["1.1"]\n', ""),
        ('  until = ["1.1"]\n', ""),
        ('actions = ["1.1"]', "actions = []"),
    )


def test_a_vanished_action_is_refused(desk: Desk) -> None:
    desk.load(SMALL)
    assert (
        'FILE:1: action 1.1 is missing: nothing is deleted, so keep it and give it withdrawn = "…"'
        in desk.refused(without_campaign(SMALL), LATER)
    )


def test_a_vanished_action_stays_as_not_pursued_where_the_file_says_why(desk: Desk) -> None:
    desk.load(changed(SMALL, ('  until = ["1.1"]\n', "")))
    text = changed(
        without_campaign(SMALL), ("format = 1\n", 'format = 1\nwithdrawn = "given up"\n')
    )
    desk.load(text, LATER)
    assert states_on("1.1", date(2014, 11, 4)) == {("overdue", 4)}
    assert states_on("1.1", LATER) == {("not-pursued", None)}
    assert desk.load(text, date(2014, 12, 1)) == "small: nothing changed\n"


def test_an_action_is_withdrawn_where_it_stands(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(SMALL, ('ref = "1.1"\n', 'ref = "1.1"\n  withdrawn = "given up"\n'))
    desk.load(text, LATER)
    assert states_on("1.1", date(2014, 11, 4)) == {("overdue", 4)}
    assert states_on("1.1", LATER) == {("not-pursued", None)}
    assert "terms of 1.1 differ from those recorded (withdrawn)" in desk.refused(SMALL, LATER)[0]


def test_a_shortened_contribution_is_refused_without_a_reason(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(SMALL, ("times = 3", "times = 2"))
    (error,) = desk.refused(text, LATER)
    assert error.startswith(
        "FILE:1: instalment 3 of contribution 1.9 is missing: nothing is deleted, so keep it"
    )


def test_a_vanished_commitment_and_fund_are_refused(desk: Desk) -> None:
    desk.load(SMALL)
    start = SMALL.index("[[commitments]]")
    found = desk.refused(SMALL[:start], LATER)
    assert "FILE:1: commitment 1 is missing: a commitment of a plan stays" in found
    assert "FILE:1: fund fund is missing: a fund of a plan stays" in found
    assert len(found) == 2 + 3 + 2


def test_an_aim_a_purpose_and_a_figure_that_are_gone_are_said_to_be(desk: Desk) -> None:
    desk.load(SMALL)
    text = changed(
        SMALL,
        ('[[aims]]\nid = "A1"\ntitle = { en = "Aim", fr = "Objectif" }\n', ""),
        ('aims = ["A1"]\n', ""),
    )
    said = desk.load(text[: text.index("  [[funds.purposes]]")], LATER).splitlines()
    assert {
        "aim A1: removed",
        "purpose security: removed",
        "reported figures of fund fund: 0",
    } <= set(said)


def test_a_body_that_nothing_names_goes(desk: Desk) -> None:
    desk.load(SMALL)
    body = '[[bodies]]\nid = "spare"\nname = { en = "x", fr = "x" }\n'
    text = changed(SMALL, ("[[aims]]", f"{body}[[aims]]"))
    assert "organisation spare: new" in desk.load(text)
    assert "organisation spare: removed" in desk.load(SMALL)
    assert not small_plan().bodies.filter(code="spare")


def test_a_body_that_leads_an_action_which_vanishes_with_it_stays(desk: Desk) -> None:
    body = '[[bodies]]\nid = "spare"\nname = { en = "x", fr = "x" }\n'
    text = changed(
        SMALL, ("[[aims]]", f"{body}[[aims]]"), ('lead = ["office"]', 'lead = ["spare"]')
    )
    desk.load(text)
    gone = changed(
        without_campaign(SMALL),
        ("format = 1\n", 'format = 1\nwithdrawn = "given up"\nchange = "x"\n'),
    )
    assert desk.refused(gone, LATER) == [
        "FILE:1: organisation spare is missing: accounts, entries or actions that are kept name it"
    ]


# The second example


def test_the_second_example_takes_the_addendum_of_the_guide(desk: Desk) -> None:
    text = (samples.PLAN_FILE.parent / "small-boats-2019.toml").read_text()
    desk.load(text, date(2019, 1, 24))
    (addendum,) = re.findall(
        r"(?s)```toml\n(change.*?)```", (BASE_DIR / "docs/how-to/write-a-plan-file.md").read_text()
    )
    reason, _, added = addendum.partition("\n\n")
    assert "terms of 6.1: recorded" in desk.load(f"{reason}\n{text}{added}", date(2019, 9, 15))
    plan = Plan.objects.get(slug="small-boats-2019")

    def states(day: date, known: date | None = None) -> dict[str, str]:
        answer = status(plan, day, known or day, today=date(2020, 1, 1))
        return {row["ref"]: row["state"] for row in answer["actions"]}

    assert "6.1" not in states(date(2019, 9, 14))
    assert "6.1" in states(date(2019, 9, 5), known=date(2019, 9, 15))
    assert "6.1" not in states(date(2019, 9, 4), known=date(2019, 9, 15))
    assert states(date(2019, 11, 1))["6.1"] == "overdue"
    assert {state for ref, state in states(date(2019, 11, 1)).items() if ref != "6.1"} == {
        "no-date"
    }


# Slips


@pytest.mark.attacks
def test_a_spoilt_file_is_refused_with_errors_or_loaded_whole(
    calais: Plan, pytestconfig: pytest.Config
) -> None:
    for_each_slip(pytestconfig, spoilt_files.PLAN_FILE)


# Later files


def test_what_a_later_file_adds_needs_a_reason_and_counts_from_its_loading(db: None) -> None:
    now = datetime(2015, 1, 12, 9, tzinfo=UTC)
    plan_loading.load_plan(SMALL.encode(), now=now)
    added = SMALL.replace("times = 3", "times = 4")
    with pytest.raises(FileRefused) as refused:
        plan_loading.load_plan(added.encode(), now=now)
    assert "is new in this plan" in refused.value.errors[0].text
    later = now + timedelta(days=10)
    plan_loading.load_plan(f'change = "a fourth year was agreed"\n{added}'.encode(), now=later)
    plan = Plan.objects.get(slug="small")

    def numbers(day: date) -> list[int]:
        found = status(plan, day, day, today=later.date())["contributions"]
        return [row["instalment"] for row in found if row["ref"] == "1.9"]

    assert numbers(later.date() - timedelta(days=1)) == [1, 2, 3]
    assert numbers(later.date()) == [1, 2, 3, 4]
    assert standings.find_mismatches(plan) == []


def test_the_parties_that_the_list_counts_are_those_that_lead_or_join(
    calais: Plan, desk: Desk
) -> None:
    desk.load(SMALL)
    desk.load(changed(SMALL, ('  with = ["port"]\n', "")), date(2014, 12, 1))
    desk.load(SMALL, date(2014, 12, 2))
    actions = Action.objects.prefetch_related("leads", "partners")
    assert {action.ref: action.parties.split() for action in actions} == {
        action.ref: sorted({body.code for body in (*action.leads.all(), *action.partners.all())})
        for action in actions
    }
    assert any(" " in action.parties for action in actions)


SECOND = """
[[commitments]]
number = 2
title = { en = "Second", fr = "Deuxième" }
aims = ["A1"]

"""


def test_an_action_counts_for_the_commitment_under_which_a_later_file_has_it(desk: Desk) -> None:
    third = SMALL[
        SMALL.index('  [[commitments.actions]]\n  ref = "1.3"') : SMALL.index("[[funds]]")
    ]
    desk.load(changed(SMALL, (third, third + SECOND)))
    desk.load(changed(SMALL, (third, SECOND + third)), date(2014, 12, 1))
    plan = Plan.objects.get(slug="small")
    assert set(
        plan.standings.filter(obligation__ref="1.3").values_list("commitment__number", flat=True)
    ) == {"2"}
    assert standings.find_mismatches(plan) == []


NUMBERED = ("number = 1", 'number = "III"'), ("commitment = 1", 'commitment = "III"')


@pytest.mark.django_db
def test_the_address_of_a_commitment_quotes_its_number_in_any_letters() -> None:
    number = ("number = 1", 'number = "4(2)b"'), ("commitment = 1", 'commitment = "4(2)B"')
    plan = create_plan(changed(SMALL, *number))
    page = sign_in(create_viewer(plan))
    assert page.get("/commitments/4(2)b/").status_code == 200
    assert page.get("/commitments/4(2)B/").status_code == 200


@pytest.mark.django_db
def test_a_number_keeps_its_letters_when_the_file_is_loaded_again() -> None:
    create_plan(changed(SMALL, *NUMBERED))
    with pytest.raises(FileRefused) as refused:
        create_plan(changed(SMALL, ("number = 1", 'number = "iii"'), NUMBERED[1]))
    assert "is spelled III in this plan" in refused.value.errors[0].text


@pytest.mark.django_db
def test_commitments_stand_in_the_order_of_the_file() -> None:
    other = '[[commitments]]\nnumber = "II"\ntitle = { en = "x", fr = "x" }\n\n'
    plan = create_plan(changed(SMALL, *NUMBERED, ("[[commitments]]", f"{other}[[commitments]]")))
    assert [commitment.number for commitment in plan.commitments.all()] == ["II", "III"]


def test_conditional_money_that_names_no_condition_is_loaded_with_a_warning(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    text = changed(SMALL, ('ref = "1.9"', 'ref = "1.9"\n  firmness = "conditional"'))
    desk.file.write_text(text)
    call_command("load_plan", str(desk.file))
    line = line_of(text, 'ref = "1.9"') - 1
    assert f"plan.toml:{line}: contribution 1.9 names no condition" in capsys.readouterr().err
