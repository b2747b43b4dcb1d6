"""Until a plan is opened its files load the past; afterwards nothing is recorded for a day that has
passed.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from actionplan.overview.status import status
from commitments.files.entries import EntriesReading, load_entries
from commitments.models import Entry, Plan
from commitments.register import hash_chain
from commitments.register.opening import open_plan
from tests import factories
from tests.client import Client
from tests.factories import TODAY, action_status, entries_file, entry_row

OPENED = datetime(2014, 11, 1, 9, tzinfo=UTC)
LOADED = datetime(2015, 1, 12, 9, tzinfo=UTC)
STARTED = entry_row("4.4", "started", "2014-10-20", "2014-10-21")


@pytest.fixture
def opened(calais: Plan) -> Plan:
    open_plan(calais, by=None, now=OPENED)
    return calais


def load(plan: Plan, *rows: dict[str, str], side: str | None = "GB") -> EntriesReading:
    return load_entries(plan, entries_file(rows), now=LOADED, by=None, side=side)


def test_a_plan_is_opened_once(calais: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("open_plan", "calais-2014")
    call_command("open_plan", "calais-2014")
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("calais-2014: open since ")
    assert said[1].startswith("calais-2014: already open, since ")
    assert Entry.objects.filter(plan=calais, kind="opened").count() == 1


def test_before_the_opening_a_file_says_when_something_was_recorded(calais: Plan) -> None:
    assert load(calais, STARTED, side=None).errors == []
    entry = Entry.objects.get(ref="4.4", kind="started")
    assert entry.recorded_day == date(2014, 10, 21)
    assert entry.stated_day is None
    assert entry.is_from_file


def test_after_the_opening_a_file_cannot_change_what_was_known(opened: Plan) -> None:
    """Attack 2: `recorded` in the past, after the fact."""
    assert load(opened, STARTED).errors == []
    known_then = action_status("4.4", date(2014, 11, 5))
    assert (known_then["state"], known_then["days"]) == ("overdue", 5)
    assert action_status("4.4", date(2014, 11, 5), known_now=True)["state"] == "met"


def test_what_the_file_states_is_kept_in_the_chain(opened: Plan) -> None:
    load(opened, STARTED)
    entry = Entry.objects.get(ref="4.4", kind="started")
    assert (entry.recorded_day, entry.recorded_at) == (TODAY, LOADED)
    assert entry.stated_recorded == "2014-10-21"
    assert list(hash_chain.verify_chain(opened)) == []
    entry.stated_recorded = "2014-10-22"
    assert hash_chain.hash_of(entry) != entry.hash


def test_the_same_file_is_skipped_however_it_was_loaded(opened: Plan) -> None:
    load(opened, STARTED)
    assert load(opened, STARTED).skipped == 1
    as_exported = STARTED | {"recorded": LOADED.isoformat()}
    assert load(opened, as_exported).skipped == 1
    assert len(load(opened, STARTED | {"recorded": "2014-10-22"}).errors) == 1


def test_a_file_for_an_open_plan_has_the_rows_of_one_side(opened: Plan) -> None:
    """Attack 5: the other side's confirmation, forged among one's own rows."""
    assert load(opened, STARTED, side=None).errors != []
    forged = entry_row("", "confirmed", "2014-10-20", to="e0", side="FR")
    errors = load(opened, STARTED, forged).errors
    assert [error.line for error in errors] == [3]
    assert not Entry.objects.filter(kind__in=["started", "confirmed"]).exists()


def test_a_file_of_one_side_withdraws_nothing_that_another_side_said(opened: Plan) -> None:
    said = STARTED | {"id": "said", "side": "FR"}
    assert load(opened, said, side="FR").errors == []
    withdrawal = entry_row("", "withdrawn", "", "2014-11-05", to="said", reason="No.")
    (error,) = load(opened, withdrawal).errors
    assert error.text == "The entry “said” is the word of FR: only that side can withdraw it."
    assert not Entry.objects.filter(kind="withdrawn").exists()
    assert load(opened, withdrawal | {"side": "FR"}, side="FR").errors == []


def test_the_command_names_the_side_of_a_file(
    opened: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "facts.csv"
    path.write_bytes(entries_file([STARTED]))
    with pytest.raises(SystemExit):
        call_command("load_entries", str(path), "--plan", "calais-2014")
    assert "facts.csv:1:" in capsys.readouterr().err
    call_command("load_entries", str(path), "--plan", "calais-2014", "--side", "GB")
    assert Entry.objects.filter(ref="4.4", side="GB").exists()


def test_pages_say_that_an_entry_was_loaded_and_what_it_is_said_to_be_of(
    opened: Plan, client: Client
) -> None:
    load(opened, STARTED)
    client.force_login(factories.create_viewer(opened))
    number = Entry.objects.get(ref="4.4", kind="started").number
    for address in ("register/", f"register/{number}/", "actions/4.4/"):
        page = client.get(f"/{address}").content.decode()
        assert "said to be of 21 Oct 2014" in page


@pytest.mark.parametrize(
    ("on", "day"), [(date(2014, 10, 31), None), (date(2014, 11, 1), "2014-11-01")]
)
def test_the_status_says_since_when_a_plan_is_open(opened: Plan, on: date, day: str | None) -> None:
    assert status(opened, on, on, today=TODAY)["opened"] == day


def test_the_opening_is_neither_withdrawn_nor_redacted(opened: Plan, client: Client) -> None:
    number = Entry.objects.get(kind="opened").number
    for user in (factories.create_manager(opened), factories.create_administrator()):
        client.force_login(user)
        for act in ("withdraw", "redact"):
            assert client.get(f"/register/{number}/{act}/").status_code == 403


def test_an_administrator_opens_a_plan_on_its_page(calais: Plan, client: Client) -> None:
    client.force_login(factories.create_administrator())
    assert "/register/open/" in client.get("/register/load/").content.decode()
    assert client.get("/register/open/").status_code == 200
    for _ in range(2):
        assert client.post("/register/open/").status_code == 302
    assert Entry.objects.filter(kind="opened").count() == 1
    page = client.get("/register/load/").content.decode()
    assert "/register/open/" not in page
    assert 'name="side"' in page


def test_an_administrator_says_whose_rows_a_file_has(opened: Plan, client: Client) -> None:
    client.force_login(factories.create_administrator())
    form = {"file": factories.uploaded_file(entries_file([STARTED])), "side": "GB"}
    shown = client.post("/register/load/", form)
    assert 'name="side" value="GB"' in shown.content.decode()
    content = shown.context["form"].initial["content"]
    loading = {"content": content, "side": "GB", "load": "1"}
    assert client.post("/register/load/", loading).status_code == 302
    assert Entry.objects.get(ref="4.4", kind="started").side == "GB"
