"""The pages as they are asked for: by whom, on which day, with what; and what becomes of what was
typed.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
import time_machine
from django.test import Client as DjangoClient
from django.urls import URLPattern, URLResolver
from pytest_django import Settings

from actionplan import urls
from actionplan.accounts import urls as accounts
from actionplan.models import User
from actionplan.schemas import views as schemas
from commitments.models import Entry, Plan, Role
from commitments.pages import labels
from tests.client import Client
from tests.factories import (
    NOW,
    TODAY,
    create_administrator,
    create_manager,
    create_member,
    create_official,
    create_plan,
    create_user,
    create_viewer,
    report_entry,
    sign_in,
)
from tests.outline import outline_faults
from tests.plans import SMALL, changed

PINNED = datetime(2015, 1, 12, 9, 30, tzinfo=UTC)


@pytest.fixture
def plan(calais_with_entries: Plan) -> Plan:
    return calais_with_entries


@pytest.fixture
def official(calais: Plan, sample_day: date) -> User:
    return create_official(calais)


@pytest.fixture
def signed_in(official: User) -> Client:
    return sign_in(official)


def people(plan: Plan, language: str) -> dict[str, User]:
    """One account of each kind; the manager's and the official's body lead 4.4."""
    return {
        "viewer": create_viewer(plan, language=language),
        "official": create_official(plan, language=language),
        "manager": create_manager(plan, language=language),
        "administrator": create_administrator(language=language),
    }


def text(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return str(content.decode("utf-8", errors="replace"))


# Each page for each role in each language

EVERYBODY = {"viewer", "official", "manager", "administrator"}
WRITERS = {"official", "manager"}
# each role, in one language or both
EVERYDAY_READERS = [("viewer", "fr"), ("manager", "en")]
OTHER_READERS = [("official", "en"), ("manager", "fr"), ("administrator", "fr")]
# who reads each page; the rest are refused with 403
READERS: dict[str, set[str]] = {
    "": EVERYBODY,
    ".well-known/security.txt": EVERYBODY,
    "witnesses/": EVERYBODY,
    "witness.json": EVERYBODY,
    "commitments/": EVERYBODY,
    "commitments/?state=overdue&q=calais&sort=-deadline&page=2": EVERYBODY,
    "commitments/?format=csv": EVERYBODY,
    "commitments/?format=xlsx": EVERYBODY,
    "commitments/?format=json": EVERYBODY,
    "commitments/4/": EVERYBODY,
    "actions/4.4/": EVERYBODY,
    "actions/5.5/": EVERYBODY,
    "actions/4.4/report/": WRITERS,
    "actions/4.4/move/": {"manager"},
    "actions/4.4/decide/": {"manager"},
    "term/": {"manager"},
    "mine/": EVERYBODY,
    "mine/report/": WRITERS,
    "mine/confirm/?entry={french}": WRITERS,
    "ask/4.4/": WRITERS,
    "register/{french}/ask/": WRITERS,
    "fund/": EVERYBODY,
    "fund/pay/1.2/": {"manager"},
    "fund/spend/intervention/": {"manager"},
    "text/": EVERYBODY,
    "between/": EVERYBODY,
    "charts/timeline.svg": EVERYBODY,
    "between/paper/": EVERYBODY,
    "meetings/": EVERYBODY,
    "meetings/add/": WRITERS,
    "register/": EVERYBODY,
    "register/?format=csv": EVERYBODY,
    "register/load/": {"manager", "administrator"},
    "register/load/?template=xlsx": {"manager", "administrator"},
    "register/open/": {"administrator"},
    "register/export/": {"manager", "administrator"},
    "load-plan/": {"administrator"},
    "register/{paid}/": EVERYBODY,
    "register/{french}/confirm/": WRITERS,
    "register/{french}/dispute/": WRITERS,
    "register/{british}/withdraw/": {"manager"},
    "register/{british}/redact/": {"manager", "administrator"},
    "digests/": EVERYBODY,
    "tokens/": EVERYBODY,
    "webhooks/": {"manager", "administrator"},
    "calendar.ics": EVERYBODY,
    "register.atom": EVERYBODY,
    "status.json": EVERYBODY,
    "accessibility/": EVERYBODY,
    "health/": EVERYBODY,
}
# pages without a plan, those that only POST reaches; those of digests, files and accounts have
# tests of their own
ELSEWHERE = {
    "plans",
    "follow",
    "language",
    "unsubscribe",
    "health-jobs",
    "digest",
    "digest-preview",
    "digest-mend",
    "evidence",
    "agree",
    "answer",
    "change-meeting",
    "record-conclusion",
    "paper-order",
    "paper-file",
    "release-several",
    "held",
    "send-back",
    "take-back",
    "held-file",
    "held-picture",
    "picture",
}
ELSEWHERE |= {str(pattern.name) for pattern in accounts.urlpatterns}
ELSEWHERE |= {"health-ready", "mail-release", "styleguide", *schemas.NAMES}


def numbers() -> dict[str, int]:
    codes = {"paid": "sample-026", "french": "sample-014", "british": "sample-059"}
    return {name: Entry.objects.get(code=code).number for name, code in codes.items()}


@pytest.mark.parametrize(
    ("role", "language"),
    [
        *EVERYDAY_READERS,
        *(pytest.param(*reader, marks=pytest.mark.slow) for reader in OTHER_READERS),
    ],
)
def test_each_page_answers_each_role_in_its_language(
    plan: Plan, client: Client, role: str, language: str
) -> None:
    client.force_login(people(plan, language)[role])
    found, expected = {}, {}
    for path, readers in READERS.items():
        response = client.get("/" + path.format(**numbers()))
        found[path] = response.status_code
        expected[path] = 200 if role in readers else 403
        if response.headers["Content-Type"].startswith("text/html"):
            assert f'<html lang="{language}"' in text(response), path
            assert response.headers["Content-Language"] == language
            assert not re.search(r"\n\s*\n\s*\n", text(response)), f"blank lines on {path}"
            assert outline_faults(text(response)) == [], path
            # a browser's own field shows 1 December as 12 January
            assert not re.search(r'type="(?:date|month|week|datetime)', text(response)), path
    assert found == expected


def names(patterns: list[Any]) -> Iterator[tuple[str, str]]:
    """The pattern and the name of each address; those of a plan once."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if not pattern.namespace:
                yield from names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield str(pattern.pattern), str(pattern.name)


def test_each_address_is_among_the_pages_that_are_tested() -> None:
    tested = {re.sub(r"\?.*", "", path) for path in READERS}
    for route, name in names(urls.urlpatterns):
        shape = re.sub(r"<[^>]+>", "[^/]+", route)
        assert name in ELSEWHERE or any(re.fullmatch(shape, path) for path in tested), route


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in READERS
        if path not in (".well-known/security.txt", "accessibility/", "health/")
    ],
)
def test_nobody_reads_a_page_of_the_plan_without_signing_in(
    calais: Plan, client: Client, path: str
) -> None:
    response = client.get(
        "/" + path.format(paid=1, french=1, british=1), headers={"Accept": "text/html"}
    )
    if path in ("calendar.ics", "register.atom"):
        assert (response.status_code, "WWW-Authenticate" in response.headers) == (401, True)
        return
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in/?next=/")


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    ["on=2014-11-01", "on=2014-11-01&known=now", "known=now", "on=2030-01-01", "on=1066-10-14"],
)
def test_pages_show_any_day_as_known_then_or_now(plan: Plan, client: Client, query: str) -> None:
    client.force_login(create_viewer(plan))
    for path in (
        "",
        "commitments/",
        "commitments/4/",
        "actions/4.4/",
        "mine/",
        "fund/",
        "text/",
        "register/",
    ):
        assert client.get(f"/{path}?{query}").status_code == 200, path


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_of_signing_in_speaks_the_language_of_the_browser(
    calais: Plan, client: Client, language: str
) -> None:
    response = client.get("/sign-in/", headers={"Accept-Language": language})
    assert (response.status_code, f'<html lang="{language}"' in text(response)) == (200, True)


# Addresses that lead nowhere


def test_what_is_not_there_or_not_to_be_read_is_not_found(calais: Plan, client: Client) -> None:
    create_plan()
    client.force_login(create_manager(calais))
    for path in (
        *(
            "actions/9.9/",
            "actions/9.9/report/",
            "actions/1.2/",
            "commitments/9/",
            "commitments/99999999999999999999/",
        ),
        *(
            "register/99999/",
            "register/99999999999999999999/",
            "register/99999/withdraw/",
            "fund/pay/4.4/",
            "nowhere/",
        ),
        *("plans/nowhere/", "plans/nowhere/actions/4.4/", "plans/small/", "plans/small/register/"),
    ):
        response = client.get(f"/{path}")
        assert (response.status_code, "<h1>" in text(response)) == (404, True), path


@pytest.mark.parametrize(
    "query",
    [
        "on=x",
        "on=2014-11-31",
        "on=2014-W44-6",
        "on=20141101",
        "on=0999-12-31",
        "on=2014-11",
        "on=%00",
        "on=٢٠١٤-11-01",
    ],
)
def test_a_day_that_is_none_is_answered_with_what_would_be_right(
    signed_in: Client, query: str
) -> None:
    response = signed_in.get(f"/actions/4.4/?{query}")
    assert response.status_code == 400
    assert "is not a valid date. Write one day, such as “12 January 2015”." in text(response)


@pytest.mark.parametrize(
    ("address", "numbers"),
    [
        ("/?on=1 November 2014", "on=2014-11-01"),
        ("/?on=le 1er novembre 2014", "on=2014-11-01"),
        ("/between/?from=01/11/2014&to=12.1.2015", "from=2014-11-01&to=2015-01-12"),
        ("/commitments/?due=31 janv. 2015", "due=2015-01-31"),
        ("/register/?since=Mon 1 December 2014", "since=2014-12-01"),
    ],
)
def test_days_are_written_as_people_write_them_and_kept_as_numbers(
    signed_in: Client, address: str, numbers: str
) -> None:
    path, query = address.split("?")
    response = signed_in.get(path, dict(parse_qsl(query)))
    assert response.request["QUERY_STRING"] == numbers
    assert 'type="date"' not in response.text
    day = labels.day(date.fromisoformat(numbers[-10:]))
    assert f'value="{day}"' in response.text


def test_a_month_first_plan_is_asked_back(signed_in: Client) -> None:
    Plan.objects.update(languages=["en-US", "fr"])
    response = signed_in.get("/?on=10/11/2014")
    assert "two readings, 2014-11-10 and 2014-10-11: write the month in words" in text(response)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/register/?page=2", "Register · page 2"),
        ("/register/?since=2014-12-01", "Register · Recorded since: 1 December 2014"),
        ("/register/?since=spring", "Error · Register"),
        ("/commitments/?state=overdue&q=port", "Commitments · Search: port · Status: overdue"),
        ("/actions/4.4/?on=2014-11-01", "4.4 Begin the information campaigns · 1 Nov 2014"),
    ],
)
def test_a_title_says_what_is_chosen_and_where_one_is(
    signed_in: Client, path: str, words: str
) -> None:
    title = text(signed_in.get(path)).partition("<title>")[2].partition("</title>")[0]
    assert " ".join(title.split()) == f"{words} · Actionplan"


def test_days_of_the_register_do_not_go_back_and_forth(signed_in: Client) -> None:
    days = [row.entry.recorded_day for row in signed_in.get("/register/").context["entries"]]
    assert days == sorted(days, reverse=True)


def test_a_filter_says_beside_its_field_which_day_it_could_not_read(signed_in: Client) -> None:
    response = signed_in.get("/register/?since=spring")
    assert "“spring” is not a valid date. Write one day" in text(response)


def test_another_way_of_knowing_is_answered_with_what_would_be_right(signed_in: Client) -> None:
    response = signed_in.get("/?known=2014-11-01")
    assert response.status_code == 400
    assert "can only be “now”" in text(response)


def test_what_is_wrong_is_said_in_the_language_of_the_reader(calais: Plan, client: Client) -> None:
    client.force_login(create_viewer(calais, language="fr"))
    for path in ("/?on=x", "/actions/9.9/", "/register/load/"):
        response = client.get(path)
        assert '<html lang="fr"' in text(response)
        assert response.headers["Content-Language"] == "fr"


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=99",
        "page=x",
        "sort=x",
        "sort=-x",
        "state=x",
        "q=%00",
        "q=%25_'\"",
        "commitment=x",
        "side=US",
        "format=pdf",
        "attention=x",
    ],
)
def test_odd_filters_show_the_list_all_the_same(signed_in: Client, query: str) -> None:
    for path in ("/commitments/", "/register/"):
        assert signed_in.get(f"{path}?{query}").status_code == 200


def test_a_short_address_leads_to_the_permanent_one(signed_in: Client) -> None:
    follows_nothing = DjangoClient()
    follows_nothing.cookies = signed_in.cookies
    for path in ("/", "/fund/", "/actions/4.4/?on=2014-11-01&known=now", "/commitments/?q=%C3%A9"):
        for method in ("GET", "HEAD"):
            short = follows_nothing.generic(method, path)
            assert (short.status_code, short.headers["Location"]) == (
                302,
                f"/plans/calais-2014{path}",
            )


def test_every_address_on_a_page_is_permanent(signed_in: Client) -> None:
    for path in ("/", "/commitments/", "/actions/4.4/", "/fund/", "/text/", "/register/", "/mine/"):
        addresses = re.findall(r'(?:href|action)="(/[a-z]*)', text(signed_in.get(path)))
        assert set(addresses) <= {
            "/plans",
            "/static",
            "/account",
            "/accessibility",
            "/language",
            "/sign",
        }, path


def test_a_page_says_how_it_is_cited(signed_in: Client) -> None:
    send(signed_in)
    entry = Entry.objects.latest("number")
    for path in ("/", "/actions/4.4/", f"/register/{entry.number}/"):
        cited = text(signed_in.get(path)).partition("Cite this")[2]
        assert f"entry {entry.number} of the register" in cited
        assert entry.hash in cited
        assert f"http://localhost:8000/plans/calais-2014{path}?on=20" in cited


def test_plans_stand_under_their_own_addresses_where_there_are_several(
    calais: Plan, client: Client
) -> None:
    create_plan(changed(SMALL, ("2014-09-20", "2014-10-01")), now=NOW)
    client.force_login(create_administrator())
    assert "/plans/small/commitments/" in text(client.get("/"))
    assert "/plans/calais-2014/commitments/" in text(client.get("/plans/calais-2014/"))
    assert "/plans/calais-2014/commitments/" in text(client.get("/"))


def test_an_account_without_a_plan_is_told_so(calais: Plan, client: Client) -> None:
    client.force_login(create_user())
    assert client.get("/").status_code == 200


# Recording

REPORT = {
    "key": "k1",
    "seen": "0",
    "kind": "progress",
    "day": "2015-01-09",
    "note": "Leaflets printed < twice",
}


def send(client: Client, path: str = "/actions/4.4/report/", **fields: str) -> Any:
    return client.post(path, {**REPORT, **fields})


def recorded() -> list[str]:
    return list(
        Entry.objects.without_plan_entries().order_by("number").values_list("code", flat=True)
    )


def test_a_report_is_recorded_and_leads_back_to_the_action(signed_in: Client) -> None:
    response = send(signed_in)
    assert (response.status_code, response.headers["Location"], recorded()) == (
        302,
        "/plans/calais-2014/actions/4.4/",
        ["k1"],
    )
    assert "Leaflets printed &lt; twice" in text(signed_in.get("/actions/4.4/"))


def test_a_form_sent_twice_is_one_entry(signed_in: Client) -> None:
    assert [send(signed_in).status_code for _ in range(2)] == [302, 302]
    assert recorded() == ["k1"]


def test_a_preview_says_what_would_be_and_records_nothing(signed_in: Client) -> None:
    response = send(signed_in, kind="started", day="2014-10-29", preview="1")
    assert (response.status_code, recorded()) == (200, [])
    assert "Leaflets printed &lt; twice" in text(response)


def test_what_somebody_recorded_in_between_is_shown_and_the_text_kept(
    calais: Plan, signed_in: Client
) -> None:
    french = create_manager(calais, side="FR")
    report_entry("4.4", by=french, kind="note", now=PINNED, key="f1", note="Déjà vu")
    response = send(signed_in)
    said = text(response)
    assert (response.status_code, recorded()) == (409, ["f1"])
    assert re.search(r"<textarea[^>]*>\s*Leaflets printed &lt; twice</textarea>", said)
    assert "Déjà vu" in said
    assert 'name="anyway"' in said
    assert (send(signed_in, anyway="1").status_code, recorded()) == (302, ["f1", "k1"])


def test_a_report_dated_before_adoption_is_recorded_only_when_that_was_read(
    signed_in: Client,
) -> None:
    early = {"day": "1 September 2014"}
    for page, status in (
        (send(signed_in, preview="1", **early), 200),
        (send(signed_in, **early), 409),
    ):
        assert (page.status_code, recorded()) == (status, [])
        assert "The date lies before the adoption of the plan." in text(page)
    assert (send(signed_in, anyway="1", **early).status_code, recorded()) == (302, ["k1"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "moved"}, "kind"),
        ({"day": ""}, "day"),
        ({"day": "31/02/2015"}, "day"),
        ({"day": "Michaelmas"}, "day"),
        ({"confidence": "red"}, "reason"),
        ({"note": "x" * 4001}, "note"),
    ],
)
def test_what_cannot_be_recorded_comes_back_with_a_link_to_each_field(
    signed_in: Client, fields: dict[str, str], field: str
) -> None:
    response = send(signed_in, **fields)
    said = text(response)
    assert (response.status_code, recorded()) == (422, [])
    links = re.findall(r'<li><a href="#([^"]+)">', said)
    assert any(link.startswith(f"id_{field}") for link in links)
    assert all(f'id="{link}"' in said for link in links)
    assert fields.get("note", "Leaflets printed &lt; twice") in said


def test_what_the_register_refuses_comes_back_with_its_reason(signed_in: Client) -> None:
    response = send(signed_in, day="2015-01-13")
    assert (response.status_code, recorded()) == (422, [])
    assert "2015-01-13 had not begun when it was recorded" in text(response)


@pytest.mark.parametrize("path", ["actions/4.4/move/", "actions/4.4/decide/"])
def test_a_decision_comes_back_with_a_link_to_each_field(
    calais: Plan, client: Client, path: str
) -> None:
    client.force_login(create_manager(calais))
    response = client.post(
        f"/{path}", {"key": "k1", "seen": "0", "decided_by": "both", "reason": ""}
    )
    said = text(response)
    links = re.findall(r'<li><a href="#([^"]+)">', said)
    assert (response.status_code, recorded(), len(links)) == (422, [], 3)
    assert all(f'id="{link}"' in said for link in links)


def test_a_moved_deadline_is_recorded_once(
    calais: Plan, client: Client, settings: Settings
) -> None:
    settings.ACTIONPLAN_TODAY = TODAY
    client.force_login(create_manager(calais))
    form = {
        "key": "k1",
        "seen": "0",
        "when": "../2015-03-31",
        "reason": "agreed",
        "day": "2015-01-12",
    }
    assert [client.post("/actions/2.5/move/", form).status_code for _ in range(2)] == [302, 302]
    assert recorded() == ["k1"]


def test_an_entry_is_withdrawn_once_and_with_a_reason(signed_in: Client) -> None:
    send(signed_in)
    path = f"/register/{Entry.objects.get(code='k1').number}/withdraw/"
    assert signed_in.post(path, {"key": "k2", "reason": " "}).status_code == 422
    assert signed_in.post(path, {"key": "k2", "reason": "slip"}).status_code == 302
    assert recorded() == ["k1", "k2"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OFFICIAL])
def test_who_may_not_record_is_refused(calais: Plan, client: Client, role: Role) -> None:
    client.force_login(create_member(calais, role, side="FR", bodies=["dcpaf"]))
    assert send(client).status_code == 403
    assert client.post("/actions/4.4/move/", REPORT).status_code == 403
    assert recorded() == []


def test_who_is_refused_is_led_back_to_what_they_came_from(
    calais: Plan, client: Client, signed_in: Client
) -> None:
    send(signed_in)
    entry = Entry.objects.count()
    client.force_login(create_viewer(calais))
    refused = [
        client.get(f"/{path}")
        for path in ("actions/4.4/report/", f"register/{entry}/withdraw/", "fund/pay/1.2/")
    ]
    ways = [re.findall(r'<a href="([^"]+)">\s*Back to', text(page))[0] for page in refused]
    assert [page.status_code for page in refused] == [403] * 3
    assert ways == [
        f"/plans/calais-2014/{path}" for path in ("actions/4.4/", f"register/{entry}/", "")
    ]


def test_an_entry_leads_to_its_action_by_name(signed_in: Client) -> None:
    assert send(signed_in).status_code == 302
    page = text(signed_in.get(f"/register/{Entry.objects.count()}/"))
    assert (
        '· <a href="/plans/calais-2014/actions/4.4/">4.4 Begin the information campaigns</a>'
        in page
    )


@pytest.mark.parametrize("path", ["/fund/pay/1.2/", "/fund/spend/intervention/"])
def test_money_is_recorded_in_a_currency_of_the_plan(
    calais: Plan, client: Client, path: str
) -> None:
    client.force_login(create_manager(calais))
    page = text(client.get(path))
    assert re.findall(r'<option value="([A-Z]{3})">', page) == ["EUR", "GBP"]
    refused = client.post(path, {"key": "k", "seen": "0", "currency": "USD"})
    assert "Choose a currency of the plan: EUR, GBP." in text(refused)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/account/", "My account"),
        ("/account/factor/", "Second factor"),
        ("/digests/", "Digests"),
        ("/tokens/", "Tokens for programs"),
    ],
)
def test_the_pages_of_an_account_lead_to_each_other_and_name_the_current_one(
    calais: Plan, client: Client, path: str, name: str
) -> None:
    client.force_login(create_manager(calais))
    page = text(client.get(path))
    navigation = page.partition('<nav aria-label="Pages of my account">')[2].partition("</nav>")[0]
    assert re.findall(r'aria-current="page">([^<]+)', navigation) == [name]
    assert navigation.count("<a ") == 5


def test_pages_of_an_account_keep_the_navigation_of_the_plan_opened_last(
    calais: Plan, client: Client
) -> None:
    client.force_login(create_administrator(language="en"))
    client.get("/plans/calais-2014/")
    for path in ("/account/", "/accounts/", "/accounts/invite/", "/load-plan/", "/nothing/?on=x"):
        page = text(client.get(path))
        assert 'href="/plans/calais-2014/commitments/"' in page, path
        assert "Day shown:" not in page, path
    assert re.search(r'href="/accounts/" aria-current="page"', text(client.get("/accounts/")))


def test_what_the_star_means_stands_before_the_first_field(signed_in: Client) -> None:
    page = text(signed_in.get("/actions/4.4/report/"))
    form = page[page.index('<form method="post" class="fields"') :]
    assert 0 < form.index("Fields marked * are required.") < form.index("asteriskField")
    assert form.count("Fields marked *") == 1


def test_the_end_of_the_session_is_told_in_minutes_and_in_no_zone(signed_in: Client) -> None:
    page = text(signed_in.get("/actions/4.4/report/"))
    (sentence,) = re.findall(r'id="session-end"[^>]*>([^<]+)<', page)
    assert re.match(r"We will sign you out in \d+ minutes if you do nothing", sentence)
    assert not re.search(r"\d:\d\d", sentence)


# Nothing that was typed is lost


@pytest.mark.parametrize(
    "path", ["/actions/4.4/report/", "/actions/4.4/move/", "/register/1/withdraw/"]
)
def test_a_form_sent_after_the_session_has_ended_gives_the_text_back(
    calais: Plan, client: Client, path: str
) -> None:
    response = send(client, path, key="key-of-the-form")
    said = text(response)
    assert (response.status_code, recorded()) == (401, [])
    assert "Leaflets printed &lt; twice</textarea>" in said
    assert f'href="/sign-in/?next={path}"' in said
    assert "key-of-the-form" not in said


def test_a_form_without_its_token_gives_the_text_back(official: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(official)
    response = send(client)
    said = text(response)
    assert (response.status_code, recorded()) == (403, [])
    assert "Leaflets printed &lt; twice</textarea>" in said
    assert 'href="/actions/4.4/report/"' in said


def test_a_password_is_never_given_back(calais: Plan) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(
        "/sign-in/", {"username": "a@example.org", "password": "sample-calais-2014"}
    )
    assert response.status_code == 403
    assert "sample-calais-2014" not in text(response)


def test_an_empty_form_sent_after_the_session_has_ended_leads_to_signing_in(
    calais: Plan, client: Client
) -> None:
    response = client.post("/actions/4.4/report/", {"key": "k1"})
    assert (response.status_code, response.headers["Location"]) == (
        302,
        "/sign-in/?next=/actions/4.4/report/",
    )


def test_another_language_on_the_page_of_signing_in_is_no_lost_text(
    calais: Plan, client: Client
) -> None:
    response = client.post("/language/", {"language": "fr", "next": "/sign-in/?next=/fund/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/sign-in/?next=/fund/")
    assert '<html lang="fr"' in text(client.get("/sign-in/"))


# The day


@pytest.mark.parametrize(
    ("moment", "day", "state"),
    [
        (datetime(2014, 10, 31, 23, 30, tzinfo=UTC), "2014-10-31", "due"),
        (datetime(2014, 11, 1, 0, 0, tzinfo=UTC), "2014-11-01", "overdue"),
        (datetime(2015, 6, 30, 22, 30, tzinfo=UTC), "2015-06-30", "overdue"),
        (datetime(2015, 6, 30, 23, 30, tzinfo=UTC), "2015-07-01", "overdue"),
        (datetime(2014, 10, 25, 23, 30, tzinfo=UTC), "2014-10-26", "due"),
        (datetime(2014, 10, 26, 23, 30, tzinfo=UTC), "2014-10-26", "due"),
    ],
)
def test_a_day_ends_at_midnight_in_the_zone_of_the_plan(
    calais: Plan, client: Client, moment: datetime, day: str, state: str
) -> None:
    with time_machine.travel(moment, tick=False):
        client.force_login(create_viewer(calais))
        found = client.get("/status.json").json()
    (action,) = [row for row in found["actions"] if row["ref"] == "4.4"]
    assert (found["on"], found["known"], action["state"]) == (day, day, state)


def test_a_report_late_in_a_summer_evening_is_of_the_next_day(calais: Plan, client: Client) -> None:
    with time_machine.travel(datetime(2015, 6, 30, 23, 30, tzinfo=UTC), tick=False):
        client.force_login(create_official(calais))
        assert send(client, day="2015-07-01").status_code == 302
    entry = Entry.objects.get(code="k1")
    assert (entry.recorded_day, entry.recorded_at) == (
        date(2015, 7, 1),
        datetime(2015, 6, 30, 23, 30, tzinfo=UTC),
    )


def test_the_preview_of_a_withdrawal_says_what_would_be_and_withdraws_nothing(
    signed_in: Client,
) -> None:
    send(signed_in, kind="started", day="2014-10-20")
    entry = Entry.objects.without_plan_entries().get()
    fields = {"key": "w", "reason": "It was another campaign.", "preview": "1"}
    answer = signed_in.post(f"/register/{entry.number}/withdraw/", fields)
    assert (answer.status_code, answer.context["preview"].state) == (200, "overdue")
    assert recorded() == [entry.code]


def test_an_unknown_host_is_refused_where_pages_are_for_https_too(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = Client(raise_request_exception=False).get("/", HTTP_HOST="evil.example")
    assert (
        response.status_code,
        "Something is wrong with the address" in response.content.decode(),
    ) == (400, True)
