"""Words are found by their stems, whatever a keyboard writes, and the best stand first."""

import csv
from pathlib import Path

import pytest
from django.core.management import call_command

from commitments.models import Action, Entry, EntryStems, Plan
from commitments.register import search_index
from commitments.stems import join_stems, stem
from commitments.text import plain
from tests.client import Client
from tests.commitments.test_filters import get_refs
from tests.factories import (
    create_administrator,
    create_manager,
    create_official,
    create_plan,
    create_viewer,
    get_action,
    redact_entry,
    report_entry,
    sign_in,
)
from tests.plans import SMALL

# the first by the author of the keywords, the second by somebody who had not seen them
QUESTIONS = ("search_questions.csv", "search_questions_blind.csv")
pytestmark = pytest.mark.sqlite


@pytest.fixture
def reader(calais: Plan) -> Client:
    return sign_in(create_viewer(calais))


def get_numbers(client: Client, words: str) -> list[int]:
    return [row["number"] for row in client.get(f"/register/?format=json&q={words}").json()]


@pytest.mark.parametrize(
    ("written", "plain_text"),
    [
        ("Œuvre", "oeuvre"),
        ("Ærø", "aero"),
        ("Łódź", "lodz"),
        ("l’École", "l'ecole"),
        ("rendez‑vous", "rendez-vous"),
        ("co\u00adopéra\u200btion", "cooperation"),
    ],
)
def test_what_keyboards_write_differently_is_the_same_word(written: str, plain_text: str) -> None:
    assert plain(written) == plain_text


@pytest.mark.parametrize(
    "words",
    [
        ("fence", "fences", "fencing"),
        ("clôture", "Clôtures"),
        ("security", "sécurité", "securing"),
        ("évaluer", "évaluation", "évaluations"),
        ("smuggler", "smugglers", "smuggling"),
        ("NGO", "NGOs"),
    ],
)
def test_forms_of_a_word_have_one_stem(words: tuple[str, ...]) -> None:
    assert len({stem(plain(word)) for word in words}) == 1


def test_refs_and_numbers_stay_as_they_are() -> None:
    assert join_stems("4.4", "2014 and the 5.5") == " 2014 4.4 5.5 "


def measure(reader: Client, file: str, half: str) -> tuple[int, int]:
    """How many of the questions have a right action among the first three, and how many there are."""
    text = Path(__file__).with_name(file).read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    questions = [row for row in rows if row["half"] == half]
    answered = 0
    for row in questions:
        first = get_refs(reader, f"q={row['question']}")[:3]
        answered += bool(set(first) & set(row["refs"].split()))
    return answered, len(questions)


@pytest.mark.slow
@pytest.mark.parametrize("file", [QUESTIONS[1], pytest.param(QUESTIONS[0], marks=pytest.mark.rare)])
def test_four_of_five_everyday_questions_have_a_right_action_among_the_first_three(
    reader: Client, file: str
) -> None:
    answered, asked = measure(reader, file, "test")
    assert answered >= 0.8 * asked


def test_an_action_with_all_words_stands_before_one_with_a_rare_word(reader: Client) -> None:
    assert get_refs(reader, "q=eastern parking area")[0] == "1.5"
    assert get_refs(reader, "q=evaluate eastern parking")[0] == "1.6"


def test_any_of_the_words_finds_an_action(reader: Client) -> None:
    assert set(get_refs(reader, "q=fences campaigns")) >= {"1.4", "4.1"}


def test_an_action_is_found_by_its_organisation_and_by_a_keyword(reader: Client) -> None:
    assert "5.5" in get_refs(reader, "q=DCPAF")
    assert get_refs(reader, "q=prosecute")[0] == "5.1"


def test_a_word_that_nothing_has_stands_for_those_that_are_like_it(reader: Client) -> None:
    assert get_refs(reader, "q=vulnerabel")[0] == "1.8"
    assert get_refs(reader, "q=techno")[0] == "2.3"
    assert get_refs(reader, "q=zebra") == []


def test_the_page_stands_in_the_rank_of_its_exports_until_another_order_is_asked_for(
    reader: Client,
) -> None:
    refs = get_refs(reader, "q=evaluate eastern parking")
    page = reader.get("/commitments/?q=evaluate eastern parking").content.decode()
    places = [page.index(f"/actions/{ref}/") for ref in refs[:3]]
    assert places == sorted(places)
    by_ref = get_refs(reader, "q=evaluate eastern parking&sort=ref")
    assert sorted(refs) == sorted(by_ref)
    assert by_ref.index("1.5") < by_ref.index("1.6")


NOTE = "Réunion à l’École nationale des œuvres de Zanzibar"


@pytest.fixture
def noted(calais: Plan) -> int:
    official = create_official(calais)
    entry = report_entry("4.4", by=official, kind="note", note=NOTE, plan=calais)
    return entry.number


@pytest.mark.parametrize("words", ["école", "reunion", "RÉUNION", "oeuvres", "l'École", "œuvre"])
def test_a_note_is_found_however_it_is_typed(noted: int, reader: Client, words: str) -> None:
    assert get_numbers(reader, words) == [noted]
    assert "4.4" in get_refs(reader, f"q={words}")


def test_outsiders_find_no_action_and_no_entry_by_an_internal_note(
    noted: int, calais: Plan, client: Client
) -> None:
    assert get_refs(sign_in(create_viewer(calais)), "q=Zanzibar") == ["4.4"]
    Plan.objects.filter(pk=calais.pk).update(public=True)
    assert get_refs(client, "q=Zanzibar") == []
    assert get_numbers(client, "Zanzibar") == []


def test_a_note_that_was_redacted_is_found_no_more(noted: int, calais: Plan) -> None:
    entry = Entry.objects.get(number=noted, plan=calais)
    manager = create_manager(calais)
    redact_entry(entry, by=manager, agreed_by=create_administrator())
    assert not EntryStems.objects.filter(stems__contains=" oeuvr").exists()


def test_the_last_step_of_an_upgrade_completes_what_the_old_version_left_out(
    noted: int, calais: Plan, reader: Client
) -> None:
    EntryStems.objects.all().delete()
    Action.objects.update(title_stems="", text_stems="")
    call_command("finish_upgrade")
    assert get_refs(reader, "q=fences")[0] == "1.4"
    assert get_numbers(reader, "école") == [noted]


@pytest.mark.django_db
def test_a_file_that_is_loaded_again_leaves_the_stems_and_says_of_no_change() -> None:
    plan = create_plan(SMALL)
    action = get_action("1.1", plan=plan)
    assert action.title_stems.strip()
    create_plan(SMALL)
    action.refresh_from_db()
    assert action.title_stems.strip()


def test_stems_that_do_not_follow_from_the_texts_are_named(noted: int, calais: Plan) -> None:
    assert list(search_index.verify_stems(calais)) == []
    Action.objects.filter(plan=calais, ref="4.4").update(title_stems=" other ")
    EntryStems.objects.filter(text__entry__number=noted).delete()
    assert [str(finding) for finding in search_index.verify_stems(calais)] == [
        "title_stems of 4.4 in commitments_action is not what the register says",
        f"{noted} is missing in commitments_entrystems",
    ]
