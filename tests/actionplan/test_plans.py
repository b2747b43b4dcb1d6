"""Several plans on one site: each under its own address, and nothing of one in another."""

import re
from datetime import UTC, date, datetime

import pytest
from django.test import override_settings

from actionplan.local import samples
from actionplan.models import User
from actionplan.overview.status import status
from actionplan.plan_transfer import load
from commitments.files import entries
from commitments.models import Entry, Membership, Plan
from tests.actionplan.test_status import by_the_rules
from tests.client import Client
from tests.generated import blank

NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
# a copy of the first plan in which every text is marked
MARK = "zwilling"
PAGES = (
    *(
        "",
        "commitments/",
        "commitments/4/",
        "actions/4.4/",
        "actions/4.4/report/",
        "mine/",
        "fund/",
        "text/",
    ),
    *(
        "register/",
        "digests/",
        "status.json",
        "commitments/?format=csv",
        "register/?format=json",
        "fund/?format=csv",
    ),
    *("commitments/?q=zwilling", "register/?q=zwilling", "?on=2014-11-01&known=now"),
)


@pytest.fixture
def twins(shared_twins: None, calais: Plan, sample_day: date) -> tuple[Plan, Plan]:
    """The Calais plan with its samples, and a marked copy with entries of its own."""
    return calais, Plan.objects.get(slug="twin")


@pytest.fixture(scope="module")
def shared_twins(shared_by_module: None) -> None:
    with override_settings(ACTIONPLAN_TODAY=NOW.date()):
        create_twins()


def create_twins() -> None:
    samples.load_samples(Plan.objects.get(slug="calais-2014"))
    text = samples.PLAN_FILE.read_text().replace('slug = "calais-2014"', 'slug = "twin"')
    text = re.sub(r'\b(en|fr) = "', rf'\1 = "{MARK} ', text)
    load.load_plan(text.encode(), now=NOW)
    twin = Plan.objects.get(slug="twin")
    rows = [
        blank(
            id="t1",
            ref="4.4",
            kind="started",
            effective="2014-10-05",
            recorded="2014-10-06",
            side="GB",
            note=MARK,
        ),
        blank(
            id="t2",
            ref="1.2",
            kind="paid",
            effective="2014-12-05",
            recorded="2014-12-06",
            side="GB",
            note=MARK,
        )
        | {"amount": "771234.56", "currency": "EUR", "instalment": "1"},
    ]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    assert entries.load_entries(twin, "\n".join(lines).encode(), now=NOW, by=None).errors == []


def member(plan: Plan, role: str = "manager", side: str = "GB") -> User:
    user = User.objects.create(email=f"{role}.{plan.slug}@example.org")
    membership = Membership.objects.create(user=user, plan=plan, role=role, side=side)
    membership.bodies.set(plan.bodies.filter(side=side))
    return user


@pytest.mark.slow
def test_no_page_of_one_plan_shows_anything_of_another(
    twins: tuple[Plan, Plan], client: Client
) -> None:
    calais, _twin = twins
    client.force_login(member(calais))
    for path in PAGES:
        response = client.get(f"/{path}")
        assert response.status_code == 200
        content = b"".join(response) if response.streaming else response.content
        # what the reader asked for is given back
        shown = re.sub(rf'(q=|value="|: |%3A ){MARK}', "", content.decode("utf-8-sig"))
        assert MARK not in shown, path
        assert not re.search(r"\b771.?234\b", shown), path


def test_a_plan_of_others_is_not_found_whoever_asks(
    twins: tuple[Plan, Plan], client: Client
) -> None:
    calais, _twin = twins
    client.force_login(member(calais))
    for path in [*PAGES, "register/1/", "register/load/", "fund/pay/1.2/", "register/1/withdraw/"]:
        assert client.get(f"/plans/twin/{path}").status_code == 404
        assert client.post(f"/plans/twin/{path}", {"key": "k", "reason": "r"}).status_code in (
            404,
            405,
        )


def test_an_entry_is_recorded_in_the_plan_of_its_address(
    twins: tuple[Plan, Plan], client: Client
) -> None:
    calais, twin = twins
    user = member(twin)
    Membership.objects.create(user=user, plan=calais, role="viewer")
    client.force_login(user)
    data = {
        "key": "k",
        "seen": "",
        "anyway": "1",
        "kind": "progress",
        "day": "2015-01-10",
        "note": "here",
    }
    assert client.post("/plans/calais-2014/actions/4.4/report/", data).status_code == 403
    assert client.post("/plans/twin/actions/4.4/report/", data).status_code == 302
    assert Entry.objects.get(code="k").plan == twin


def test_a_second_plan_stands_as_its_own_register_says(twins: tuple[Plan, Plan]) -> None:
    calais, twin = twins
    on = date(2014, 11, 1)
    before = by_the_rules(status(calais, on, on, today=NOW.date()))
    states = {
        row["ref"]: (row["state"], row["days"])
        for row in status(twin, on, on, today=NOW.date())["actions"]
    }
    assert states["4.4"] == ("met", None)
    assert states["5.4"] == ("overdue", 42)
    rows = [
        blank(
            id="t3",
            ref="5.4",
            kind="started",
            effective="2014-09-20",
            recorded="2014-10-06",
            side="GB",
        ),
    ]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    entries.load_entries(twin, "\n".join(lines).encode(), now=NOW, by=None)
    assert by_the_rules(status(calais, on, on, today=NOW.date())) == before


def test_the_header_leads_from_one_plan_to_the_others(
    twins: tuple[Plan, Plan], client: Client
) -> None:
    calais, twin = twins
    user = member(calais)
    Membership.objects.create(user=user, plan=twin, role="viewer")
    client.force_login(user)
    page = client.get("/plans/twin/").content.decode()
    assert 'href="/plans/calais-2014/"' in page
    assert 'href="/plans/twin/commitments/"' in page
    rows = client.get("/plans/").content.decode()
    assert rows.count('<th scope="row"') == 2
    assert '<a href="/plans/calais-2014/commitments/?state=overdue&amp;scored=1">1</a>' in rows
    client.force_login(member(calais, "official"))
    assert client.get("/plans/").content.decode().count('<th scope="row"') == 1
    assert Client().get("/plans/").headers["Location"] == "/sign-in/?next=/plans/"
    client.force_login(user)
    # the short addresses are now those of the plan that was chosen
    assert MARK in client.get("/").content.decode()


def test_a_plan_that_was_loaded_before_its_adoption_shows_what_its_register_has(
    client: Client, calais: Plan
) -> None:
    later = samples.PLAN_FILE.read_text().replace('slug = "calais-2014"', 'slug = "later"')
    later = re.sub(r"\b20(\d\d)(?=[-\"])", lambda year: f"20{int(year[1]) + 75}", later)
    load.load_plan(later.encode(), now=datetime(2026, 11, 24, 9, tzinfo=UTC))
    client.force_login(member(Plan.objects.get(slug="later")))
    shown = client.get("/register/").context["page_obj"]
    assert (shown.paginator.count, [entry.kind for entry in shown]) == (1, ["plan"])
