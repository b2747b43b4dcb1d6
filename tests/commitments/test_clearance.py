"""A side clears what its officials write: it waits apart, is released, edited or sent back."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from pytest_django import Settings

from actionplan.digests import outbox
from actionplan.models import Digest, User
from commitments.evidence import storage
from commitments.files.errors import FileRefused
from commitments.models import Entry, HeldReport, Plan
from commitments.register import clearance
from commitments.register.hash_chain import verify_chain
from commitments.register.services import HeldForRelease
from tests.factories import (
    action_status,
    annotate_entry,
    ask_side,
    create_administrator,
    create_manager,
    create_official,
    create_plan,
    report_entry,
    sign_in,
    uploaded_file,
)
from tests.plans import SMALL

pytestmark = pytest.mark.django_db
WRITTEN = datetime(2015, 1, 12, 9, tzinfo=UTC)
RELEASED = datetime(2015, 1, 14, 15, 30, tzinfo=UTC)


@pytest.fixture
def plan(calais: Plan, settings: Settings) -> Plan:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 14)
    Plan.objects.filter(pk=calais.pk).update(clearance=["GB"])
    return Plan.objects.get(pk=calais.pk)


@pytest.fixture
def official(plan: Plan) -> User:
    return create_official(plan, post="Desk officer")


@pytest.fixture
def manager(plan: Plan) -> User:
    return create_manager(plan, post="Deputy director")


@pytest.fixture
def french(plan: Plan) -> User:
    return create_manager(plan, side="FR")


def hold(official: User, **fields: Any) -> HeldReport:
    """A report of the official, as it waits."""
    with pytest.raises(HeldForRelease) as held:
        report_entry(by=official, now=WRITTEN, **fields)
    (report,) = held.value.reports
    return report


def texts_of(entry: Entry) -> tuple[str, str]:
    return entry.kind, entry.text.note


def test_a_report_waits_apart_from_the_register(
    plan: Plan, official: User, manager: User, french: User
) -> None:
    before = Entry.objects.count(), action_status("4.4"), Plan.objects.get(pk=plan.pk).version
    held = hold(official, kind="progress", note="Ships hired.")
    hold(official, key=held.code)
    assert HeldReport.objects.count() == 1
    after = Entry.objects.count(), action_status("4.4"), Plan.objects.get(pk=plan.pk).version
    assert after == before
    report_entry(by=manager)
    report_entry("2.5", by=french)
    assert HeldReport.objects.count() == 1


def test_a_released_report_is_its_authors_and_known_from_the_release_on(
    plan: Plan, official: User, manager: User
) -> None:
    held = hold(official, note="Ships hired.", effective="2015-01-10", confidence="green")
    entry = clearance.release(report=held, by=manager, now=RELEASED)
    confidence, released = Entry.objects.filter(number__gt=entry.number)
    assert (entry.by, entry.recorded_at, entry.effective) == (official, RELEASED, "2015-01-10")
    assert texts_of(entry) == ("progress", "Ships hired.")
    assert (confidence.kind, confidence.words, confidence.by) == ("confidence", "green", official)
    assert (released.kind, released.to, released.by) == ("released", entry, manager)
    assert released.words == WRITTEN.isoformat()
    assert not HeldReport.objects.exists()
    assert list(verify_chain(plan)) == []


def test_a_manager_edits_and_releases_on_the_page(
    plan: Plan, official: User, manager: User
) -> None:
    held = hold(official, note="Ships hired.", effective="2015-01-10")
    client = sign_in(manager)
    address = f"/mine/held/{held.pk}/"
    page = client.get(address, follow=True).content.decode()
    assert "Ships hired." in page and "10 January 2015" in page
    data = {"key": "k", "day": "11 January 2015", "note": "Ships chartered."}
    for _sent_twice in range(2):
        assert client.post(address, data).headers["Location"] == "/plans/calais-2014/mine/"
    entry = Entry.objects.get(kind="progress")
    assert (entry.effective, entry.text.note) == ("2015-01-11", "Ships chartered.")
    page = client.get(f"/plans/calais-2014/register/{entry.number}/").content.decode()
    assert "Desk officer" in page and "released by Deputy director" in page


def test_several_are_released_at_once_or_none(
    plan: Plan, official: User, manager: User, french: User
) -> None:
    claim = report_entry("2.5", by=french, kind="completed")
    with pytest.raises(HeldForRelease):
        annotate_entry(claim, by=official, kind="confirmed")
    hold(official)
    confirmation, report = HeldReport.objects.all()
    confirmed = annotate_entry(claim, by=manager, kind="confirmed")
    client = sign_in(manager)
    both = f"/mine/held/release/?report={report.pk}&report={confirmation.pk}"
    assert client.get(both, follow=True).status_code == 200
    none = client.get("/mine/held/release/", follow=True).content.decode()
    assert "Mark at least one report." in none and "Back to my actions" in none
    assert client.post(both, {"key": "k"}).status_code == 422
    assert HeldReport.objects.count() == 2
    annotate_entry(confirmed, by=manager, kind="withdrawn")
    assert client.post(both, {"key": "k"}).status_code == 302
    assert not HeldReport.objects.exists()


def test_what_is_sent_back_stays_for_its_author_to_read_and_remove(
    plan: Plan, official: User, manager: User
) -> None:
    held = hold(official, note="Ships hired.")
    sign_in(manager).post(f"/mine/held/{held.pk}/return/", {"key": "k", "reason": "Which ships?"})
    with pytest.raises(ValidationError):
        clearance.release(report=held, by=manager, now=RELEASED)
    client = sign_in(official)
    page = client.get("/mine/", follow=True).content.decode()
    assert "sent back" in page and "Which ships?" in page
    assert "Which ships?" not in sign_in(manager).get("/mine/", follow=True).content.decode()
    client.post(f"/mine/held/{held.pk}/remove/")
    assert not HeldReport.objects.exists()
    assert "Which ships?" not in client.get("/mine/", follow=True).content.decode()


def test_what_was_sent_back_is_in_the_form_when_its_author_reports_again(
    plan: Plan, official: User, manager: User
) -> None:
    held = hold(
        official,
        kind="progress",
        note="Ships hired.",
        effective="2014-12",
        source="Minute 12",
        confidence="amber",
        reason="Late.",
    )
    clearance.send_back(report=held, by=manager, now=RELEASED, reason="Which ships?")
    client = sign_in(official)
    address = f"/plans/calais-2014/actions/4.4/report/?again={held.pk}"
    assert address in client.get(f"/plans/calais-2014/mine/held/{held.pk}/").text
    page = client.get(address)
    form = page.context["form"]
    assert {name: form[name].value() for name in form.fields if name not in ("key", "seen")} == {
        "kind": "progress",
        "day": "December 2014",
        "note": "Ships hired.",
        "confidence": "amber",
        "reason": "Late.",
        "source": "Minute 12",
        "uploads": None,
    }
    assert "Which ships?" in page.text
    data = {"key": "again", "kind": "progress", "day": "December 2014", "note": "Two ferries."}
    assert client.post(address, data).status_code == 302
    assert HeldReport.objects.get(state="waiting").drafts[0]["note"] == "Two ferries."


def test_nobody_elses_report_and_none_of_another_action_fills_the_form_in(
    plan: Plan, official: User, manager: User, french: User
) -> None:
    held = hold(official, note="Ships hired.")
    addresses = [
        f"/plans/calais-2014/actions/{ref}/report/?again={again}"
        for ref, again in (("4.4", held.pk), ("5.3", held.pk), ("4.4", "x"), ("4.4", 10**12))
    ]
    for person in (official, manager):
        assert "Ships hired." not in sign_in(person).get(addresses[1]).text
    # while it waits it is shown beside the form, and not in it
    assert sign_in(official).get(addresses[0]).context["form"]["note"].value() is None
    clearance.send_back(report=held, by=manager, now=RELEASED, reason="Which ships?")
    for person, address in ((manager, addresses[0]), (french, addresses[0])):
        assert "Ships hired." not in sign_in(person).get(address).text
    for address in addresses[1:]:
        assert "Ships hired." not in sign_in(official).get(address).text


def test_managers_of_the_side_alone_decide(
    plan: Plan, official: User, french: User, manager: User
) -> None:
    held = hold(official)
    for person in (official, french):
        with pytest.raises(PermissionDenied):
            clearance.release(report=held, by=person, now=RELEASED)
        with pytest.raises(PermissionDenied):
            clearance.send_back(report=held, by=person, now=RELEASED, reason="No.")
    with pytest.raises(PermissionDenied):
        clearance.take_back(report=held, by=manager)
    client = sign_in(french)
    for address in ("", "return/"):
        assert client.get(f"/plans/calais-2014/mine/held/{held.pk}/{address}").status_code == 404
    assert sign_in(official).post(f"/mine/held/{held.pk}/", {"key": "k"}).status_code == 403


def test_nothing_is_released_of_somebody_who_left_the_side(official: User, manager: User) -> None:
    held = hold(official)
    official.memberships.update(role="viewer")
    with pytest.raises(ValidationError, match="no longer writes for your side"):
        clearance.release(report=held, by=manager, now=RELEASED)
    assert HeldReport.objects.exists() and not Entry.objects.filter(kind="progress").exists()


def test_whatever_an_official_says_waits(plan: Plan, official: User, french: User) -> None:
    done = report_entry("2.5", by=french, kind="completed")
    with pytest.raises(HeldForRelease):
        annotate_entry(done, by=official, kind="confirmed")
    with pytest.raises(HeldForRelease):
        ask_side(by=official, side="FR")
    kinds = [report.drafts[0]["kind"] for report in HeldReport.objects.all()]
    assert kinds == ["confirmed", "question"]


def test_the_bar_counts_what_waits_for_a_manager(plan: Plan, official: User, manager: User) -> None:
    client = sign_in(manager)
    page = client.get("/plans/calais-2014/")
    assert '<b class="tally"' not in page.content.decode()
    hold(official)
    page = client.get("/plans/calais-2014/", headers={"If-None-Match": page.headers["ETag"]})
    assert '<b class="tally"' in page.content.decode()
    assert '<b class="tally"' not in sign_in(official).get("/plans/calais-2014/").content.decode()


def test_the_digest_lists_what_waits_for_managers_of_the_side_alone(
    plan: Plan, official: User, manager: User, french: User
) -> None:
    held = hold(official, note="Ships hired.")
    outbox.queue(plan, date(2015, 1, 5))
    texts = dict(Digest.objects.values_list("recipient", "text"))
    assert (
        "WAITING FOR YOUR RELEASE (1)\n- 4.4 progress (Desk officer, 12 Jan 2015)"
        in texts[manager.pk]
    )
    assert f"/plans/calais-2014/mine/held/{held.pk}/" in texts[manager.pk]
    assert "1 waits for your release" in Digest.objects.get(recipient=manager).subject
    preview = sign_in(create_administrator()).get(
        f"/digests/preview/?week=2015-01-05&recipient={manager.pk}", follow=True
    )
    assert preview.status_code == 200
    for other in (texts[french.pk], texts.get(official.pk, ""), preview.content.decode()):
        assert "release" not in other.lower()


def test_a_file_waits_with_its_report_and_becomes_evidence(
    plan: Plan, official: User, manager: User, french: User
) -> None:
    file = storage.store(uploaded_file())
    held = hold(official, evidence=[file])
    address = f"/plans/calais-2014/mine/held/file/{file.pk}/"
    content: Any = sign_in(manager).get(address)
    assert b"".join(content.streaming_content) == storage.path_of(file.pk).read_bytes()
    colleague = create_official(plan, bodies=["home-office"])
    for reader in (french, colleague):
        assert sign_in(reader).get(address).status_code == 404
    assert storage.sweep() == 0
    entry = clearance.release(report=held, by=manager, now=RELEASED)
    assert [kept.pk for kept in entry.evidence.all()] == [file.pk]
    assert list(storage.verify_files(plan)) == []


def test_the_form_previews_and_says_that_it_waits(plan: Plan, official: User) -> None:
    client = sign_in(official)
    address = "/plans/calais-2014/actions/4.4/report/"
    data = {"key": "k", "seen": 0, "kind": "started", "day": "14 January 2015"}
    preview = client.post(address, data | {"preview": "1", "anyway": "1"}).content.decode()
    assert "If you save" in preview
    assert not HeldReport.objects.exists()
    answer = client.post(address, data | {"anyway": "1"}, follow=True).content.decode()
    assert "A manager of your side has been asked to release it" in answer
    assert "This waits for release on your side already" in client.get(address).content.decode()


def test_a_plan_file_says_which_sides_clear(db: None) -> None:
    first = next(line for line in SMALL.splitlines() if line.startswith("slug"))
    plan = create_plan(SMALL.replace(first, f'{first}\nclearance = ["GB"]'))
    assert plan.clearance == ["GB"]
    assert create_plan(SMALL).clearance == []
    with pytest.raises(FileRefused) as refused:
        create_plan(SMALL.replace(first, f'{first}\nclearance = ["XX"]'))
    (error,) = refused.value.errors
    assert "XX" in str(error) and error.line == SMALL.splitlines().index(first) + 2


def test_visitors_see_no_release_of_a_public_plan(
    plan: Plan, official: User, manager: User, client: Client
) -> None:
    Plan.objects.filter(pk=plan.pk).update(public=True)
    entry = clearance.release(report=hold(official, kind="started"), by=manager, now=RELEASED)
    rows = client.get("/plans/calais-2014/register/?format=json").json()
    numbers = [row["number"] for row in rows]
    assert entry.number in numbers and entry.number + 1 not in numbers


def test_a_table_of_reports_waits_row_by_row_and_its_preview_leaves_nothing(
    plan: Plan, official: User
) -> None:
    form = {"key": "k", "seen": "9999", "rows": "2.5 4.4"}
    for number, note in enumerate(["Signs ordered.", "Leaflets printed."]):
        row = {"kind": "progress", "day": "12 January 2015", "note": note}
        form |= {f"r{number}-{name}": value for name, value in row.items()}
    client = sign_in(official)
    preview = client.post("/mine/report/", form | {"preview": "1"})
    assert (preview.status_code, HeldReport.objects.count()) == (200, 0)
    for _sent_twice in range(2):
        page = client.post("/mine/report/", form, follow=True).content.decode()
    assert "asked to release it" in page
    assert sorted(HeldReport.objects.values_list("code", flat=True)) == ["k-2.5", "k-4.4"]
    assert not Entry.objects.filter(by=official).exists()
