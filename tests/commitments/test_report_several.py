"""Several reports in one table: all of them or none, each an entry of its own."""

from datetime import date
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from actionplan.models import User
from commitments.models import Entry, Plan
from commitments.register import services
from tests.factories import (
    NOW,
    create_manager,
    create_official,
    create_viewer,
    get_action,
    report_entry,
    sign_in,
)

SEVERAL = "/mine/report/"
MONTHS = "/mine/report/?action=5.5"


@pytest.fixture(autouse=True)
def on_12_january(settings: Settings) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)


@pytest.fixture
def british(calais: Plan) -> User:
    return create_manager(calais)


def fill(*rows: dict[str, str], names: str, **more: str) -> dict[str, str]:
    """What the browser sends: the rows by their place, each with the date that was filled in."""
    form = {"key": "k", "seen": "9999", "rows": names, **more}
    for number, row in enumerate(rows):
        for name, value in {"day": "12 January 2015", **row}.items():
            form[f"r{number}-{name}"] = value
    return form


def words(response: Any) -> str:
    return unescape(response.content.decode())


def test_two_actions_and_an_empty_row_become_two_entries(british: User) -> None:
    client = sign_in(british)
    form = fill(
        {"kind": "completed"}, {"kind": ""}, {"kind": "progress", "note": "x"}, names="2.5 4.4 5.3"
    )
    for _sent_twice in range(2):
        assert client.post(SEVERAL, form).headers["Location"] == "/plans/calais-2014/mine/"
    entries = Entry.objects.filter(by=british).order_by("number")
    assert [(entry.ref, entry.kind, entry.side) for entry in entries] == [
        ("2.5", "completed", "GB"),
        ("5.3", "progress", "GB"),
    ]


def test_months_of_a_duty_are_reported_together(calais_with_entries: Plan) -> None:
    client = sign_in(create_manager(calais_with_entries, side="FR"))
    page = words(client.get(MONTHS))
    assert 'value="November 2014"' in page and "1 of 2 officers" in page
    names = "5.5@2014-11 5.5@2015-01"
    form = fill({"quantity": "1", "day": "November 2014"}, {"quantity": "2"}, names=names)
    form |= {"r0-kind": "delivered", "r1-kind": "delivered"}
    preview = words(client.post(MONTHS, form | {"preview": "1"}))
    assert "If you save, the status will be" in preview
    assert not Entry.objects.filter(code__startswith="k-").exists()
    answer = client.post(MONTHS, form, follow=True)
    assert "as 2 entries of the register" in words(answer)
    entries = Entry.objects.filter(code__startswith="k-").order_by("number")
    assert [(entry.effective, entry.quantity) for entry in entries] == [
        ("2014-11", 1),
        ("2015-01-12", 2),
    ]
    # the months are met, and the same table is still understood
    assert client.post(MONTHS, form).status_code == 302
    assert entries.count() == 2


def test_one_wrong_row_saves_none_and_every_fault_stands_in_its_row(british: User) -> None:
    rows = [
        {"kind": "completed"},
        {"kind": "progress"},
        {"note": "Without a kind"},
        {"kind": "progress", "note": "x", "day": "soon"},
    ]
    response = sign_in(british).post(SEVERAL, fill(*rows, names="2.5 4.4 5.3 1.8"))
    page = words(response)
    assert response.status_code == 422
    assert "4.4: Say it in a few words, or add a file or a source." in page
    assert "5.3: Select what happened." in page
    assert "1.8: “soon” is not a date." in page
    assert page.count('class="row-wrong"') == 3
    assert not Entry.objects.filter(by=british).exists()


def test_what_the_register_refuses_stands_in_its_row_and_nothing_is_saved(british: User) -> None:
    """A completion of tomorrow is refused by the register, not by the form."""
    rows = [{"kind": "completed"}, {"kind": "completed", "day": "13 January 2015"}]
    response = sign_in(british).post(SEVERAL, fill(*rows, names="2.5 4.4"))
    assert response.status_code == 422
    assert "4.4: " in words(response) and "2.5: " not in words(response)
    assert not Entry.objects.filter(by=british).exists()


def test_news_of_others_is_shown_before_anything_is_saved(british: User) -> None:
    client = sign_in(british)
    form = fill({"kind": "completed"}, {"kind": "completed"}, names="2.5 4.4", seen="0")
    report_entry("4.4", by=british, kind="started")
    response = client.post(SEVERAL, form)
    assert response.status_code == 409
    assert "Save anyway" in words(response)
    assert client.post(SEVERAL, form | {"anyway": "1"}).status_code == 302
    assert Entry.objects.filter(kind="completed", by=british).count() == 2


def test_a_table_waits_until_its_author_has_signed_in_again(
    calais: Plan, british: User, client: Client
) -> None:
    path = f"/plans/calais-2014{SEVERAL}"
    form = fill({"kind": ""}, {"kind": "progress", "note": "Leaflets printed"}, names="2.5 4.4")
    expired = words(client.post(path, form))
    assert "Leaflets printed" in expired and "r1-note" not in expired
    client.force_login(british)
    page = words(client.get(path))
    assert "Leaflets printed</textarea>" in page
    assert 'value="2.5 4.4"' in page


def test_only_what_is_ones_own_is_offered_and_taken(calais: Plan) -> None:
    official = create_official(calais)
    client = sign_in(official)
    page = words(client.get("/mine/"))
    assert 'href="/plans/calais-2014/mine/report/"' in page
    table = words(client.get(SEVERAL))
    assert "/actions/4.4/report/" in table and "/actions/5.5/report/" not in table
    assert client.get(MONTHS).status_code == 403
    theirs = fill({"kind": "progress", "note": "x"}, names="5.6@2015-01")
    assert client.post(SEVERAL, theirs).status_code == 403
    viewer = sign_in(create_viewer(calais))
    assert viewer.get(SEVERAL).status_code == 403
    assert "mine/report/" not in words(viewer.get("/commitments/"))
    assert "mine/report/?action=" in words(client.get("/commitments/"))


def test_the_service_takes_all_or_none(calais: Plan, british: User) -> None:
    def arguments(ref: str, effective: str) -> dict[str, object]:
        return {"action": get_action(ref), "kind": "completed", "effective": effective}

    reports = {"a": arguments("2.5", "2015-01-12"), "b": arguments("4.4", "2015-02-01")}
    with pytest.raises(services.SeveralRefused) as refused:
        services.report_several(reports=reports, by=british, now=NOW, key="k")
    assert list(refused.value.refusals) == ["b"]
    assert not Entry.objects.filter(by=british).exists()
