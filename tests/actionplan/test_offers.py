"""Whatever a page offers is not refused: every link to an act is followed and its form is sent."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.urls import ResolverMatch, resolve

from actionplan.models import User
from commitments.evidence import storage
from commitments.models import Action, Entry, Plan
from tests import factories
from tests.attacks.forms import forms_of
from tests.client import Client

ACTS_ON_ACTIONS = {"report", "move", "decide", "ask"}
# by the other side, so that it matters whose action it is
ANSWERS = {"confirm", "dispute"}
ACTS_ON_ENTRIES = ANSWERS | {"withdraw", "redact", "agree", "ask-about", "answer"}
MEETING_ACTS = {"add-meeting", "change-meeting", "record-conclusion"}
OTHER_ACTS = {"pay", "spend", "load-entries", "open-plan", "export-plan", "load-plan"}
ACTS = ACTS_ON_ACTIONS | ACTS_ON_ENTRIES | MEETING_ACTS | OTHER_ACTS
SENSIBLE_VALUES = {"reason": "Agreed.", "note": "Nothing to add.", "amount": "10"}


@pytest.fixture
def plan(calais_with_entries: Plan) -> Plan:
    return calais_with_entries


@pytest.fixture
def people(plan: Plan) -> dict[str, User | None]:
    """An account of each role, and entries of theirs of every kind that can be acted on."""
    people: dict[str, User | None] = {
        "nobody": None,
        "viewer": factories.create_viewer(plan),
        "official GB": factories.create_official(plan, side="GB", bodies=["home-office"]),
        "official FR": factories.create_official(plan, side="FR", bodies=["interior-ministry"]),
        "manager GB": factories.create_manager(plan, side="GB"),
        "manager FR": factories.create_manager(plan, side="FR"),
        "administrator": factories.create_administrator(),
    }
    official, manager = people["official GB"], people["manager GB"]
    # 4.4 is joint and asks for a start, 2.5 for a completion; 5.3 is British alone
    factories.report_entry("4.4", by=official, kind="started", effective="2014-10-29")
    factories.report_entry("5.3", by=official, kind="started")
    factories.report_entry("5.3", by=official, kind="completed", note="Done.")
    mistake = factories.report_entry("4.4", by=official, kind="progress")
    factories.annotate_entry(mistake, by=official, kind="withdrawn")
    factories.decide_action("2.5", by=manager, kind="moved", when="2015-03-31")
    factories.record_payment("1.2", by=manager)
    factories.record_meeting("Committee", "2015-01-05", by=manager)
    factories.report_entry(
        "5.3",
        by=manager,
        evidence=[storage.store(factories.uploaded_file())],
    )
    factories.ask_side("5.3", by=official, side="FR")
    factories.ask_side("5.3", by=people["official FR"], side="GB")
    # asked for by each side, so that both are offered to agree
    asked = factories.report_entry("5.3", by=official, note="Met J. Doe.")
    factories.ask_for_redaction(asked, by=manager)
    of_an_administrator = factories.report_entry("5.3", by=manager, note="Met J. Doe.")
    factories.ask_for_redaction(of_an_administrator, by=people["administrator"])
    return people


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href")
        if tag == "a" and address and address.startswith("/"):
            self.addresses.append(address)


def pages(plan: Plan) -> Iterator[str]:
    yield from ("/", "/commitments/", "/fund/", "/text/", "/mine/", "/meetings/")
    entries = Entry.objects.filter(plan=plan)
    yield from (f"/register/?page={page}" for page in range(1, entries.count() // 25 + 2))
    # of actions and entries that are alike one each
    refs = Action.objects.filter(plan=plan).values_list("ref", flat=True)
    alike = {sides_of(plan, ref): ref for ref in refs}
    yield from (f"/actions/{ref}/" for ref in {"4.4", *alike.values()})
    numbers = {(entry.kind, entry.side, entry.by_id): entry.number for entry in entries}
    yield from (f"/register/{number}/" for number in numbers.values())


def act_of(address: str) -> ResolverMatch | None:
    match = resolve(urlsplit(address).path)
    return match if match.url_name in ACTS else None


def offered_acts(client: Client, plan: Plan, person: User | None) -> dict[Any, str]:
    """The acts that pages offer: of those that are alike for the person one address each."""
    addresses: dict[Any, str] = {}
    seen = set()
    for page in pages(plan):
        response = client.get(page)
        if response.status_code != 200:
            continue
        for address in Links(response.content.decode()).addresses:
            if address in seen:
                continue
            seen.add(address)
            act = act_of(address)
            if act is not None:
                addresses.setdefault(likeness(act, plan, person), address)
    return addresses


def likeness(act: ResolverMatch, plan: Plan, person: User | None) -> Any:
    """What a right to the act can depend on."""
    side = plan.memberships.filter(user=person).values_list("side", flat=True).first()
    if act.url_name in ACTS_ON_ENTRIES:
        entry = Entry.objects.get(plan=plan, number=act.kwargs["number"])
        is_own = person is not None and entry.by_id == person.pk
        entry_likeness = act.url_name, entry.kind, entry.side == side, is_own
        if act.url_name not in ANSWERS:
            return entry_likeness
        sides = sides_of(plan, entry.ref)
        return *entry_likeness, side in sides, len(sides) > 1
    if act.url_name in ACTS_ON_ACTIONS:
        sides = sides_of(plan, act.kwargs["ref"])
        return act.url_name, side in sides, len(sides) > 1
    return act.url_name, *act.kwargs.values()


def sides_of(plan: Plan, ref: str) -> frozenset[str]:
    action = Action.objects.filter(plan=plan, ref=ref).first()
    if action is None:
        return frozenset()
    bodies = [*action.leads.all(), *action.partners.all()]
    return frozenset(body.side for body in bodies)


def press(client: Client, address: str) -> list[int]:
    """The statuses of the page and of its form, filled in sensibly; what it records is taken back."""
    page = client.get(address)
    if page.status_code != 200 or page.streaming or "html" not in page.headers["Content-Type"]:
        return [page.status_code]
    statuses = [page.status_code]
    for action, fields, _typed in forms_of(page.content.decode()):
        if "key" not in fields and "content" not in fields:
            continue
        with transaction.atomic():
            response = client.post(action or address, fields | SENSIBLE_VALUES)
            transaction.set_rollback(True)
        statuses.append(response.status_code)
    return statuses


@pytest.mark.slow
@pytest.mark.parametrize(
    "role",
    [
        "nobody",
        "viewer",
        "official GB",
        pytest.param("official FR", marks=pytest.mark.rare),
        pytest.param("manager GB", marks=pytest.mark.rare),
        "manager FR",
        "administrator",
    ],
)
def test_nothing_that_a_page_offers_is_refused(
    plan: Plan, people: dict[str, User | None], role: str
) -> None:
    Plan.objects.filter(pk=plan.pk).update(public=role == "nobody")
    person = people[role]
    client = factories.sign_in(person) if person else Client()
    acts = offered_acts(client, plan, person)
    refused = {
        address: statuses
        for address in acts.values()
        if set(statuses := press(client, address)) - {200, 302, 422}
    }
    assert refused == {}
    assert {name for name, *_ in acts} == ACTS_OF_ROLE[role]


OFFICIAL = {"report", "withdraw", "confirm", "dispute", "ask", "ask-about", "answer"} | MEETING_ACTS
MANAGER = OFFICIAL | {"move", "decide", "redact", "pay", "spend", "load-entries", "export-plan"}
ACTS_OF_ROLE: dict[str, set[str]] = {
    "nobody": set(),
    "viewer": set(),
    "official GB": OFFICIAL | {"agree"},
    "official FR": OFFICIAL,
    "manager GB": MANAGER | {"agree"},
    "manager FR": MANAGER,
    # the page for opening a plan is reached from the one for loading
    "administrator": {"redact", "agree", "load-entries", "export-plan", "load-plan"},
}
