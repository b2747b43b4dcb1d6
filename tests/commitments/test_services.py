"""Who may record what, and what follows from it."""

import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError

from actionplan.models import User
from actionplan.overview.status import status
from commitments.models import Action, Entry, Membership, Plan, Role, Standing
from commitments.register import services
from commitments.register.services import NewerEntries
from tests import factories
from tests.factories import create_manager, create_official, create_viewer

pytestmark = pytest.mark.sqlite
NOW = datetime(2014, 11, 5, 9, tzinfo=UTC)


def find(ref: str) -> Action:
    return Action.objects.get(plan__slug="calais-2014", ref=ref)


def report(
    ref: str, by: Any, kind: str = "progress", effective: str = "2014-11-05", **given: Any
) -> Entry:
    given = {"now": NOW, "key": secrets.token_hex(8), **given}
    return services.report(action=find(ref), kind=kind, effective=effective, by=by, **given)


def decide(ref: str, by: User, kind: str, **given: Any) -> Entry:
    given = {"now": NOW, "key": secrets.token_hex(8), "reason": "agreed", **given}
    return services.decide(action=find(ref), kind=kind, effective="2014-11-05", by=by, **given)


def name(entry: Entry, by: User, kind: str, **given: Any) -> Entry:
    given = {"now": NOW, "key": secrets.token_hex(8), "reason": "said", **given}
    return services.annotate_entry(entry=entry, kind=kind, by=by, **given)


def stands(ref: str, on: date = date(2014, 11, 5)) -> dict[str, Any]:
    found = status(Plan.objects.get(slug="calais-2014"), on, on, today=on)
    (one,) = [row for row in found["actions"] if row["ref"] == ref]
    return dict(one)


# Reporting


def test_an_official_reports_for_their_own_side_on_what_their_body_leads(official: User) -> None:
    entry = report("4.4", official, "started", "2014-10-29", note="seen", source="a letter")
    assert (entry.side, entry.by, entry.recorded_day, entry.recorded_at) == (
        "GB",
        official,
        date(2014, 11, 5),
        NOW,
    )
    assert (entry.text.note, entry.text.source) == ("seen", "a letter")
    assert (stands("4.4")["state"], stands("4.4", date(2014, 11, 4))["state"]) == ("met", "overdue")


@pytest.mark.parametrize(
    ("bodies", "ref"),
    [
        (("nca",), "5.4"),
        (("nca",), "5.1"),
        (("border-force",), "2.2"),
        (("nca",), "2.6"),
        ((), "6.2"),
    ],
)
def test_an_official_reports_where_their_body_leads_or_joins_or_where_no_side_leads(
    calais: Plan, bodies: tuple[str, ...], ref: str
) -> None:
    assert report(ref, create_official(calais, bodies=bodies)).side == "GB"


@pytest.mark.parametrize(
    ("bodies", "ref"), [(("nca",), "4.4"), (("home-office",), "5.5"), ((), "4.4")]
)
def test_an_official_does_not_report_on_what_others_lead(
    calais: Plan, bodies: tuple[str, ...], ref: str
) -> None:
    with pytest.raises(PermissionDenied):
        report(ref, create_official(calais, bodies=bodies))


@pytest.mark.parametrize(
    ("ref", "may"), [("4.4", True), ("5.3", True), ("5.5", False), ("1.4", False), ("2.6", True)]
)
def test_a_manager_reports_on_what_their_side_leads_or_joins(
    manager: User, ref: str, may: bool
) -> None:
    if may:
        assert report(ref, manager).side == "GB"
        return
    with pytest.raises(PermissionDenied):
        report(ref, manager)


def test_a_viewer_a_stranger_and_a_disabled_account_report_nothing(
    calais: Plan, official: User
) -> None:
    viewer = create_viewer(calais, side="GB", bodies=["home-office"])
    administrator = User.objects.create(email="root@example.org", is_superuser=True)
    User.objects.filter(pk=official.pk).update(is_active=False)
    before = Entry.objects.count()
    for somebody in (viewer, administrator, official, AnonymousUser()):
        with pytest.raises(PermissionDenied):
            report("4.4", somebody)
    assert Entry.objects.count() == before


def test_rights_are_read_again_when_it_is_written(calais: Plan, official: User) -> None:
    assert Membership.objects.of(official, calais)
    Membership.objects.filter(user=official).update(role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        report("4.4", official)


def test_the_same_key_twice_is_one_entry(official: User) -> None:
    first = report("4.4", official, key="k", note="one")
    assert report("4.4", official, key="k", note="two", seen=0) == first
    assert Entry.objects.filter(code="k").count() == 1


def test_a_key_of_somebody_else_is_refused(manager: User, official: User) -> None:
    report("4.4", official, key="k")
    with pytest.raises(PermissionDenied):
        report("4.4", manager, key="k")


def test_an_author_who_has_not_seen_the_newest_entry_is_shown_it(
    official: User, french_manager: User
) -> None:
    seen = report("4.4", official).number
    newer = report("4.4", french_manager)
    with pytest.raises(NewerEntries) as refused:
        report("4.4", official, seen=seen)
    assert refused.value.entries == [newer]
    assert report("4.4", official, seen=newer.number).number == newer.number + 1


def test_an_author_who_has_seen_nothing_is_shown_everything(
    official: User, french_manager: User
) -> None:
    newer = report("4.4", french_manager)
    with pytest.raises(NewerEntries) as refused:
        report("4.4", official, seen=0)
    assert refused.value.entries == [newer]


def test_an_author_who_wants_it_all_the_same_is_recorded(
    official: User, french_manager: User
) -> None:
    newer = report("4.4", french_manager)
    assert report("4.4", official, seen=None).number == newer.number + 1


def test_a_newer_entry_on_another_action_stands_against_nothing(
    official: User, french_manager: User
) -> None:
    report("4.1", french_manager)
    assert report("4.4", official, seen=0)


@pytest.mark.parametrize(
    ("kind", "effective", "given"),
    [
        ("started", "2014-11-06", {}),
        ("started", "2015", {}),
        ("started", "October", {}),
        ("delivered", "2014-11-05", {}),
        ("consent", "2014-11-05", {"words": "harbour"}),
        ("confidence", "2014-11-05", {"words": "red"}),
        ("moved", "2014-11-05", {}),
        ("withdrawn", "2014-11-05", {}),
        ("paid", "2014-11-05", {}),
    ],
)
def test_what_is_unsound_is_refused_with_words(
    official: User, kind: str, effective: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError) as refused:
        report("4.4", official, kind, effective, **given)
    assert all(refused.value.messages)


def test_a_day_is_the_day_in_the_zone_of_the_plan(official: User) -> None:
    late = datetime(2014, 6, 30, 23, 30, tzinfo=UTC) + timedelta(days=365)
    entry = report("4.4", official, effective="2015-07-01", now=late)
    assert entry.recorded_day == date(2015, 7, 1)


def test_confidence_is_recorded_beside_a_report(official: User) -> None:
    entry = report("4.4", official, key="k", note="slow", confidence="amber", reason="printer")
    beside = Entry.objects.get(code="k-confidence")
    assert (entry.text.note, entry.text.reason) == ("slow", "")
    assert (beside.kind, beside.words, beside.text.reason, beside.text.note) == (
        "confidence",
        "amber",
        "printer",
        "",
    )
    assert stands("4.4")["confidence"] == "amber"


def test_evidence_is_asked_for_where_the_plan_requires_it(calais: Plan, official: User) -> None:
    Plan.objects.filter(pk=calais.pk).update(evidence_required=True)
    with pytest.raises(ValidationError, match="asks for evidence"):
        report("1.1", official, "completed")
    assert report("1.1", official, "completed", source="letter of 5 November")
    assert report("1.3", official, "progress")


# Deciding


@pytest.mark.parametrize("kind", ["moved", "reopened", "superseded", "not-pursued"])
def test_only_a_manager_decides_and_only_where_their_side_reports(
    official: User, french_manager: User, kind: str
) -> None:
    when = {"when": "../2015-03-31"} if kind == "moved" else {}
    with pytest.raises(PermissionDenied):
        decide("4.4", official, kind, **when)
    with pytest.raises(PermissionDenied):
        decide("5.3", french_manager, kind, **when)
    assert decide("4.4", french_manager, kind, **when).side == "FR"


def test_a_moved_deadline_keeps_reason_and_who_decided(manager: User) -> None:
    entry = decide(
        "2.5", manager, "moved", when="../2015-03-31", reason="port", decided_by="both directors"
    )
    assert (entry.when, entry.text.reason, entry.text.decided_by) == (
        "../2015-03-31",
        "port",
        "both directors",
    )
    factories.agree(entry, now=NOW)
    found = stands("2.5")
    assert (found["last_day"], found["original_last_day"]) == ("2015-03-31", "2014-12-31")


@pytest.mark.parametrize(
    ("ref", "given"),
    [
        ("4.4", {"when": ""}),
        ("4.4", {"when": "spring"}),
        ("4.4", {"when": "2015", "reason": ""}),
        ("5.5", {"when": "2015"}),
    ],
)
def test_a_move_without_day_or_reason_or_of_a_duty_each_month_is_refused(
    calais: Plan, manager: User, ref: str, given: dict[str, Any]
) -> None:
    by = manager if ref == "4.4" else create_manager(calais, side="FR")
    with pytest.raises(ValidationError):
        decide(ref, by, "moved", **given)


def test_reports_are_no_decisions(manager: User) -> None:
    with pytest.raises(ValidationError, match="not something to decide"):
        decide("4.4", manager, "completed")


# Withdrawing


def test_an_official_withdraws_their_own_entry(official: User) -> None:
    entry = report("4.4", official, "started", "2014-10-29")
    name(entry, official, "withdrawn")
    assert stands("4.4")["state"] == "overdue"


def test_an_official_does_not_withdraw_the_entry_of_a_colleague(
    calais: Plan, official: User
) -> None:
    colleague = create_official(calais)
    with pytest.raises(PermissionDenied):
        name(report("4.4", colleague), official, "withdrawn")


def test_a_manager_withdraws_any_entry_of_their_side_and_none_of_the_other(
    official: User, manager: User, french_manager: User
) -> None:
    entry = report("4.4", official)
    with pytest.raises(PermissionDenied):
        name(entry, french_manager, "withdrawn")
    assert name(entry, manager, "withdrawn").to == entry


def test_nobody_withdraws_terms(calais: Plan, manager: User) -> None:
    with pytest.raises(PermissionDenied):
        name(Entry.objects.filter(plan=calais, kind="terms")[0], manager, "withdrawn")


def test_a_withdrawal_needs_a_reason(official: User) -> None:
    with pytest.raises(ValidationError, match="needs a reason"):
        name(report("4.4", official), official, "withdrawn", reason="")


def test_a_withdrawn_withdrawal_lets_the_entry_count_again(official: User) -> None:
    entry = report("4.4", official, "started", "2014-10-29")
    withdrawal = name(entry, official, "withdrawn")
    again = name(withdrawal, official, "withdrawn")
    assert stands("4.4")["state"] == "met"
    name(again, official, "withdrawn")
    assert stands("4.4")["state"] == "overdue"


# Confirming


@pytest.mark.parametrize(("kind", "field"), [("confirmed", "confirmed"), ("disputed", "disputed")])
def test_the_other_side_confirms_or_disputes_and_the_state_stays(
    official: User, french_manager: User, kind: str, field: str
) -> None:
    entry = report("4.4", official, "started", "2014-10-29")
    name(entry, french_manager, kind)
    assert (stands("4.4")["state"], stands("4.4")[field]) == ("met", True)


def test_nobody_confirms_what_they_said_or_what_their_side_said_on_a_shared_action(
    calais: Plan, official: User, manager: User
) -> None:
    entry = report("4.4", official, "started", "2014-10-29")
    for somebody in (official, manager, create_viewer(calais, side="FR")):
        with pytest.raises(PermissionDenied):
            name(entry, somebody, "confirmed")


def test_a_second_person_confirms_what_one_side_does_alone(
    calais: Plan, official: User, manager: User
) -> None:
    entry = report("5.3", official, "completed")
    with pytest.raises(PermissionDenied):
        name(entry, official, "confirmed")
    name(entry, manager, "confirmed")
    assert stands("5.3")["confirmed"]


def test_an_official_of_the_other_side_confirms_whatever_their_body(
    calais: Plan, official: User
) -> None:
    other = create_official(calais, side="FR", bodies=["dcpaf"])
    assert name(report("4.4", official, "started"), other, "confirmed").side == "FR"


@pytest.mark.parametrize("kind", ["progress", "note"])
def test_what_claims_nothing_is_not_confirmed(
    official: User, french_manager: User, kind: str
) -> None:
    with pytest.raises(ValidationError, match="Only what somebody claims to have reached"):
        name(report("4.4", official, kind), french_manager, "confirmed")


def test_a_dispute_needs_a_reason_and_a_confirmation_none(
    official: User, french_manager: User
) -> None:
    entry = report("4.4", official, "started")
    with pytest.raises(ValidationError, match="needs a reason"):
        name(entry, french_manager, "disputed", reason="")
    assert name(entry, french_manager, "confirmed", reason="")


# What follows


def test_what_waits_for_others_follows_when_they_are_done(french_manager: User) -> None:
    assert stands("1.7")["state"] == "awaiting"
    report("1.4", french_manager, "completed", "2014-11-04")
    assert stands("1.7")["state"] == "awaiting"
    last = report("1.5", french_manager, "completed", "2014-11-05")
    assert (stands("1.7")["state"], stands("1.7", date(2014, 11, 4))["state"]) == (
        "superseded",
        "awaiting",
    )
    name(last, french_manager, "withdrawn")
    assert stands("1.7")["state"] == "awaiting"


def test_an_entry_touches_the_standings_of_its_action_alone(official: User) -> None:
    others = Standing.objects.exclude(obligation__ref="4.4")
    before = set(others.values_list("pk", flat=True))
    report("4.4", official, "started", "2014-10-29")
    assert set(others.values_list("pk", flat=True)) == before


def test_a_refused_entry_leaves_nothing(official: User) -> None:
    before = Entry.objects.count(), set(Standing.objects.values_list("pk", flat=True))
    with pytest.raises(ValidationError):
        report("4.4", official, "progress", confidence="red")
    assert (Entry.objects.count(), set(Standing.objects.values_list("pk", flat=True))) == before
