"""The list of actions: searched in both languages, filtered, and each choice with its count."""

import re
from html import unescape
from itertools import pairwise

import pytest
from pytest_django import Settings

from commitments.lists.filters import KIND_GROUPS
from commitments.models import Entry, Plan
from commitments.register.entry_types import TYPES, kinds_with
from tests.client import Client
from tests.factories import TODAY, create_viewer, sign_in


@pytest.fixture
def reader(calais_with_entries: Plan) -> Client:
    return sign_in(create_viewer(calais_with_entries))


def get_html(client: Client, address: str) -> str:
    """The page with each run of white space as one blank, as a browser shows it."""
    html = unescape(client.get(address).content.decode())
    return re.sub(r"\s+", " ", html).replace("> <", "><")


def get_refs(client: Client, query: str) -> list[str]:
    """The refs of what the list shows, on all its pages."""
    return [row["ref"] for row in client.get(f"/commitments/?format=json&{query}").json()]


def get_refs_on_page(client: Client, query: str) -> list[str]:
    return list(rows(get_html(client, f"/commitments/?{query}")))


def rows(html: str) -> dict[str, str]:
    """By its number, what the list says of each action."""
    return dict(
        re.findall(r'scope="row" role="rowheader"><a[^>]*><span[^>]*>([\d.]+)<(.*?)</tr>', html)
    )


def get_counts(client: Client, query: str) -> dict[tuple[str, str], int]:
    """Name and value of each choice on the page, and the number beside it."""
    html = get_html(client, f"/commitments/?{query}")
    counts = {}
    for name, options in re.findall(r'<select[^>]* name="(\w+)".*?>(.*?)</select>', html):
        for value, count in re.findall(r'<option value="([^"]+)"[^>]*>[^<]*\((\d+)\)', options):
            counts[name, value] = int(count)
    for value, count in re.findall(r'name="state"[^>]*value="([\w-]+)".*?<small>(\d+)<', html):
        counts["state", value] = int(count)
    return counts


@pytest.mark.parametrize(
    "query",
    [
        "state=overdue&state=no-date",
        pytest.param("q=port&attention=stale&scored=1", marks=pytest.mark.slow),
        pytest.param("", marks=pytest.mark.rare),
        pytest.param("side=GB", marks=pytest.mark.rare),
        pytest.param("body=dcpaf&modality=firm", marks=pytest.mark.slow),
        pytest.param("commitment=1&state=no-date&side=FR", marks=pytest.mark.slow),
        pytest.param("due=2015-01-31", marks=pytest.mark.rare),
        pytest.param("q=zebra", marks=pytest.mark.rare),
    ],
)
def test_the_number_beside_a_choice_is_the_length_of_the_list_it_leads_to(
    reader: Client, query: str
) -> None:
    counts = get_counts(reader, query)
    assert len(counts) == 13 + 6 + 2 + 14 + 4 + 7 + 3 + 1
    for (name, value), count in counts.items():
        others = [part for part in query.split("&") if not part.startswith(f"{name}=")]
        refs = get_refs(reader, "&".join([*others, f"{name}={value}"]))
        assert len(refs) == count, (name, value)


@pytest.mark.parametrize("language", ["en", "fr"])
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
    reader: Client, words: str, ref: str, language: str
) -> None:
    reader.cookies["django_language"] = language
    assert ref in get_refs(reader, f"q={words}")


@pytest.mark.parametrize(
    "part", ["state=overdue", "state=due", "side=GB", "q=ring+fences", "due=2015-01-31"]
)
def test_each_filter_in_use_is_removed_by_a_link_of_its_own(reader: Client, part: str) -> None:
    query = "state=overdue&state=due&side=GB&q=ring+fences&due=2015-01-31&on=2015-01-12"
    html = get_html(reader, f"/commitments/?{query}&page=2")
    (active_filters,) = re.findall(r'<ul class="chips.*?</ul>', html)
    links = [set(link.split("&")) for link in re.findall(r'href="\?([^"]*)"', active_filters)]
    assert {*query.split("&")} - {part} in links


def test_all_filters_are_removed_at_once_and_the_day_is_kept(reader: Client) -> None:
    html = get_html(reader, "/commitments/?state=overdue&on=2014-11-01&known=now")
    assert '<a class="all" href="?on=2014-11-01&known=now">Clear filters</a>' in html


def test_the_export_holds_exactly_what_the_list_shows(reader: Client) -> None:
    query = "side=FR&attention=stale&sort=-ref"
    assert get_refs_on_page(reader, query) == get_refs(reader, query) != []


@pytest.mark.parametrize("column", ["ref", "state", "deadline", "modality"])
def test_a_column_sorts_the_list_both_ways(reader: Client, column: str) -> None:
    upwards = get_refs(reader, f"sort={column}")
    assert get_refs(reader, f"sort=-{column}") == upwards[::-1]


@pytest.mark.parametrize("sort", ["", "nothing", "days", "--ref"])
def test_a_list_that_cannot_be_sorted_so_is_by_commitment_and_urgency(
    reader: Client, sort: str
) -> None:
    by_urgency = get_refs(reader, "sort=state")
    assert get_refs(reader, f"sort={sort}") == sorted(by_urgency, key=lambda ref: ref[0])


def test_the_heads_of_columns_say_how_the_list_is_sorted(reader: Client) -> None:
    html = get_html(reader, "/commitments/?side=GB&sort=-ref")
    assert re.search(r'aria-sort="descending"><a href="\?side=GB&sort=ref">', html)
    assert re.search(r'<th scope="col" role="columnheader"><a href="\?side=GB&sort=state">', html)


@pytest.mark.parametrize("is_pinned", [True, False])
@pytest.mark.parametrize("query", ["", "kind=terms"])
def test_the_pages_of_the_register_hold_each_entry_once_in_order(
    reader: Client, settings: Settings, query: str, is_pinned: bool
) -> None:
    # with the real day the page is found by numbers, else by counting
    settings.ACTIONPLAN_TODAY = TODAY if is_pinned else None
    first = reader.get(f"/register/?{query}").context["page_obj"]
    shown = []
    for page in first.paginator.page_range:
        entries = reader.get(f"/register/?{query}&page={page}").context["page_obj"].object_list
        shown += [(entry.recorded_day, entry.number) for entry in entries]
    assert shown == sorted(set(shown), reverse=True)
    assert len(shown) == first.paginator.count
    if not query:
        assert len(shown) == Entry.objects.order_by("-number")[0].number


def test_a_list_longer_than_a_page_leads_on_and_back(reader: Client) -> None:
    first, second = (get_html(reader, f"/commitments/?page={number}") for number in (1, 2))
    assert re.findall(r'rel="(\w+)" href="\?page=(\d)"', first) == [("next", "2")]
    assert re.findall(r'rel="(\w+)" href="\?page=(\d)"', second) == [("prev", "1")]


@pytest.mark.parametrize(
    ("page", "shown"),
    [("1", 25), ("2", 8), ("3", 8), ("0", 8), ("-1", 8), ("x", 25), ("9" * 30, 8), ("²", 25)],
)
def test_a_page_that_is_not_there_is_the_nearest_one(reader: Client, page: str, shown: int) -> None:
    assert len(get_refs_on_page(reader, f"page={page}")) == shown


def test_pages_do_not_overlap(reader: Client) -> None:
    refs = get_refs_on_page(reader, "page=1") + get_refs_on_page(reader, "page=2")
    assert len(refs) == len(set(refs)) == 33


def test_what_is_wrong_with_a_filter_is_seen_without_opening_anything(reader: Client) -> None:
    html = get_html(reader, "/commitments/?due=soon")
    assert "<details open><summary>Filters" in html
    assert 'aria-describedby="id_due_helptext id_due_error"' in html
    assert "A filter was not understood" in html


def test_where_every_filter_is_understood_they_stay_closed(reader: Client) -> None:
    html = get_html(reader, "/commitments/?due=2015-01-31")
    assert "<details><summary>Filters" in html
    assert "A filter was not understood" not in html


def test_the_list_says_of_which_actions_the_deadline_was_moved(reader: Client) -> None:
    html = get_html(reader, "/commitments/")
    assert "moved" in rows(html)["2.5"]
    assert "moved" not in rows(html)["5.5"]


def test_the_list_says_who_leads_and_when_it_was_last_reported(reader: Client) -> None:
    shown = rows(get_html(reader, "/commitments/?page=all"))
    assert "French border police (DCPAF)" in shown["5.5"]
    assert "22 Dec 2014" in shown["5.5"]
    assert "5 Nov 2014" in shown["1.7"]
    assert "no recent report" in shown["1.7"]
    assert "never reported" in shown["5.6"]


def test_actions_stand_below_their_commitment_unless_sorted_otherwise(reader: Client) -> None:
    html = get_html(reader, "/commitments/?page=all")
    heads = re.findall(r'scope="rowgroup".*?<span class="number">(\d)</span>', html)
    assert heads == ["1", "2", "3", "4", "5", "6"]
    for query in ("sort=state", "q=port"):
        assert 'scope="rowgroup"' not in get_html(reader, f"/commitments/?{query}")


def test_all_rows_stand_on_one_page_to_print(reader: Client) -> None:
    assert 'href="?page=all">All rows, to print</a>' in get_html(reader, "/commitments/")
    html = get_html(reader, "/commitments/?page=all")
    assert len(rows(html)) == 33
    assert "All rows" not in html
    html = get_html(reader, "/register/?page=all")
    assert len(re.findall(r'<li id="entry-', html)) == Entry.objects.count() > 25


def test_each_kind_of_entry_is_in_one_of_five_groups() -> None:
    kinds = [kind for group in KIND_GROUPS for kind in kinds_with(group=group)]
    assert sorted(kinds) == sorted(TYPES)
    assert len(KIND_GROUPS) == 5
    assert KIND_GROUPS.keys().isdisjoint([*kinds, "reported"])


def test_the_register_is_filtered_by_a_group_of_kinds(reader: Client) -> None:
    rows = reader.get("/register/?format=json&kind=money&kind=moved").json()
    assert {row["kind"] for row in rows} == {"paid", "spent", "moved"}


def test_the_register_has_a_line_for_each_entry_below_its_day(reader: Client) -> None:
    html = get_html(reader, "/register/")
    days = re.findall(r"<h2>([^<]*2015)</h2>", html)
    assert days != []
    assert all(day != after for day, after in pairwise(days))
    assert len(re.findall(r'<li id="entry-', html)) == 25
    assert "<code" not in html
