"""The list of actions: searched in both languages, filtered, and each choice with its count."""

import json
import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from actionplan.local import samples
from commitments.files import entries
from commitments.models import Entry, Plan, Role
from tests.people import account

pytestmark = pytest.mark.sqlite


@pytest.fixture
def reader(calais: Plan, client: Client, settings: Settings) -> Client:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    now = datetime(2015, 1, 12, 9, tzinfo=UTC)
    assert (
        entries.load_entries(calais, samples.ENTRIES_FILE.read_bytes(), now=now, by=None).errors
        == []
    )
    client.force_login(account(calais, Role.VIEWER))
    return client


def shown(client: Client, query: str) -> set[str]:
    return {
        row["ref"] for row in json.loads(client.get(f"/commitments/?format=json&{query}").content)
    }


def choices(client: Client, query: str) -> dict[tuple[str, str], int]:
    """Name and value of each choice on the page, and the number beside it."""
    page = unescape(client.get(f"/commitments/?{query}").content.decode())
    found = {}
    for options in re.finditer(r'<select[^>]* name="(\w+)".*?</select>', page, re.DOTALL):
        for value, count in re.findall(r'<option value="([^"]+)"[^>]*>[^<]*\((\d+)\)', options[0]):
            found[options[1], value] = int(count)
    for value, count in re.findall(
        r'name="state"[^>]*value="([\w-]+)".*?<small>(\d+)</small>', page, re.DOTALL
    ):
        found["state", value] = int(count)
    return found


@pytest.mark.parametrize(
    "query",
    [
        *(
            "",
            "state=overdue&state=no-date",
            "side=GB",
            "body=dcpaf&modality=firm",
            "q=port&attention=stale&scored=1",
        ),
        *("commitment=1&state=no-date&side=FR", "due=2015-01-31", "q=zebra"),
    ],
)
def test_the_number_beside_a_choice_is_the_length_of_the_list_it_leads_to(
    reader: Client, query: str
) -> None:
    found = choices(reader, query)
    assert len(found) == 11 + 6 + 2 + 14 + 4 + 4 + 1
    others = [part for part in query.split("&") if part]
    for (name, value), count in found.items():
        kept = [part for part in others if not part.startswith(f"{name}=")]
        assert len(shown(reader, "&".join([*kept, f"{name}={value}"]))) == count, (name, value)


def test_the_list_with_all_its_counts_asks_nine_questions(
    reader: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(9):
        reader.get("/commitments/?state=overdue&side=GB")


@pytest.mark.parametrize(
    ("words", "ref"),
    [
        ("clotures", "1.4"),
        ("CLÔTURES", "1.4"),
        ("fences", "1.4"),
        ("ring fences", "1.4"),
        ("5.5", "5.5"),
    ],
)
def test_words_are_found_in_either_language_with_or_without_accents(
    reader: Client, words: str, ref: str
) -> None:
    assert ref in shown(reader, f"q={words}")
    reader.cookies["django_language"] = "fr"
    assert ref in shown(reader, f"q={words}")


def test_each_filter_in_use_is_removed_by_a_link_of_its_own(reader: Client) -> None:
    page = unescape(
        reader.get("/commitments/?state=overdue&state=due&side=GB&on=2015-01-12").content.decode()
    )
    chips = re.search(r'<ul class="chips.*?</ul>', page, re.DOTALL)
    assert chips
    links = [set(link.split("&")) for link in re.findall(r'href="\?([^"]+)"', chips[0])]
    everything = {"state=overdue", "state=due", "side=GB", "on=2015-01-12"}
    assert [everything - link for link in links[:3]] == [
        {"state=overdue"},
        {"state=due"},
        {"side=GB"},
    ]


def test_the_export_holds_exactly_what_the_list_shows(reader: Client) -> None:
    query = "side=FR&attention=stale&sort=-ref"
    page = reader.get(f"/commitments/?{query}").content.decode()
    listed = re.findall(r'href="/actions/([\d.]+)/"', page)
    exported = [
        row["ref"] for row in json.loads(reader.get(f"/commitments/?{query}&format=json").content)
    ]
    assert listed == exported != []


def test_the_pages_of_the_register_hold_each_entry_once_in_order(
    reader: Client, settings: Settings
) -> None:
    last = Entry.objects.order_by("-number")[0].number
    for query, pinned in (("", True), ("", False), ("kind=terms", True)):
        # with the real day the page is found by numbers, else by counting
        settings.ACTIONPLAN_TODAY = date(2015, 1, 12) if pinned else None
        first = reader.get(f"/register/?{query}").context["page_obj"]
        pages = [
            reader.get(f"/register/?{query}&page={n}").context["page_obj"]
            for n in first.paginator.page_range
        ]
        numbers = [entry.number for page in pages for entry in page.object_list]
        assert numbers == sorted(set(numbers), reverse=True)
        assert len(numbers) == first.paginator.count
        assert query or len(numbers) == last


def test_a_list_longer_than_a_page_leads_on_and_back(reader: Client) -> None:
    pages = [reader.get(f"/commitments/?page={number}").content.decode() for number in (1, 2)]
    assert [re.findall(r'rel="(\w+)" href="\?page=(\d)"', page) for page in pages] == [
        [("next", "2")],
        [("prev", "1")],
    ]
    rows = [re.findall(r'<tr role="row"><td role="cell">([\d.]+)<', page) for page in pages]
    assert [len(page) for page in rows] == [25, 8]
    assert len({*rows[0], *rows[1]}) == 33


def test_what_is_wrong_with_a_filter_is_seen_without_opening_anything(reader: Client) -> None:
    wrong, right = (
        reader.get(f"/commitments/?due={day}").content.decode() for day in ("soon", "2015-01-31")
    )
    assert "<details open>\n<summary>Filters" in wrong
    assert 'aria-describedby="id_due_error"' in wrong
    assert "<details>\n<summary>Filters" in right
    assert ["A filter was not understood" in page for page in (wrong, right)] == [True, False]


def test_the_list_says_of_which_actions_the_deadline_was_moved(reader: Client) -> None:
    page = reader.get("/commitments/").content.decode()
    rows = dict(re.findall(r'<tr role="row"><td role="cell">([\d.]+)<(.*?)</tr>', page))
    assert "moved" in rows["2.5"] and "moved" not in rows["5.5"]
