"""Each change of rights is an entry, and the table of memberships is derived from these again."""

from datetime import date

import pytest
from django.core.management import call_command

from actionplan.accounts import admin_services, invitations
from actionplan.integrity.verify import verify_plan
from commitments.findings import Finding
from commitments.models import Entry, Membership, Plan
from commitments.register import memberships
from tests.client import Client
from tests.factories import (
    NOW,
    create_administrator,
    create_official,
    create_user,
    create_viewer,
    sign_in,
)


def rights(plan: Plan) -> list[tuple[int | None, object]]:
    entries = Entry.objects.filter(plan=plan, kind="rights").order_by("number")
    return list(entries.values_list("by", "terms"))


def terms(account: int, role: str, side: str = "", *bodies: str) -> dict[str, object]:
    return {"account": account, "role": role, "side": side, "bodies": list(bodies)}


def test_rights_that_are_given_changed_and_ended_are_entries_by_the_administrator(
    calais: Plan,
) -> None:
    root, user = create_administrator(), create_user()
    bodies = calais.bodies.filter(code__in=["nca", "home-office"])
    admin_services.set_membership(user, calais, role="official", side="GB", bodies=bodies, by=root)
    for _again in range(2):
        admin_services.set_membership(user, calais, role="manager", side="FR", bodies=[], by=root)
    admin_services.set_membership(user, calais, role="", side="", bodies=[], by=root)
    assert rights(calais) == [
        (root.pk, terms(user.pk, "official", "GB", "home-office", "nca")),
        (root.pk, terms(user.pk, "manager", "FR")),
        (root.pk, terms(user.pk, "")),
    ]
    assert verify_plan(calais).findings == []


def test_an_accepted_invitation_gives_rights_in_the_name_of_who_invited(calais: Plan) -> None:
    root = create_administrator()
    invitation = invitations.invite(
        by=root, email="new@example.org", post="Post", language="en", plan=calais, role="viewer"
    )
    user = invitations.accept(invitations.make_token(invitation), password="a long phrase of four")
    assert user is not None
    assert rights(calais) == [(root.pk, terms(user.pk, "viewer"))]


def test_an_account_that_is_erased_leaves_each_plan_by_an_entry(calais: Plan) -> None:
    root, user = create_administrator(), create_viewer(calais)
    admin_services.erase(user, by=root)
    assert rights(calais) == [
        (None, terms(user.pk, "viewer")),
        (root.pk, terms(user.pk, "")),
    ]


def test_what_stood_before_is_recorded_once_by_the_last_step_of_an_upgrade(
    calais: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    official = create_official(calais)
    assert Finding("rights-later") in verify_plan(calais).notes
    call_command("finish_upgrade")
    call_command("finish_upgrade")
    assert rights(calais) == [(None, terms(official.pk, "official", "GB", "home-office"))]
    said = capsys.readouterr().out
    assert "calais-2014: 1 changes of rights are entries now" in said
    assert "calais-2014: every membership is an entry already" in said
    assert Finding("rights-later") not in verify_plan(calais).notes


def test_rights_taken_behind_the_register_are_named(calais: Plan) -> None:
    changed, moved, lost = (create_official(calais) for _one in range(3))
    memberships.record_differences(calais, NOW)
    Membership.objects.filter(user=changed).update(role="manager", side="FR")
    Membership.objects.get(user=moved).bodies.set(calais.bodies.filter(code="nca"))
    Membership.objects.filter(user=lost).delete()
    added = create_viewer(calais)
    accounts = [changed.pk, moved.pk, lost.pk, added.pk]
    assert verify_plan(calais).findings == [
        Finding("rights", {"account": account}) for account in accounts
    ]


def test_members_read_what_an_account_may_do_and_the_public_does_not(
    calais: Plan, sample_day: date
) -> None:
    Plan.objects.filter(pk=calais.pk).update(public=True)
    user = create_user(post="Head of Mission")
    bodies = calais.bodies.filter(code="home-office")
    memberships.set_rights(
        calais, user.pk, role="official", side="GB", bodies=bodies, by=None, now=NOW
    )
    entry = Entry.objects.get(kind="rights")
    words = f"account {user.pk} (Head of Mission): official, United Kingdom, Home Office"
    address = f"/register/{entry.number}/"
    assert words in sign_in(create_viewer(calais)).get(address).text
    assert Client().get(address).status_code == 404
    export = sign_in(create_viewer(calais)).get("/register/?format=csv").text
    assert f"{user.pk} official GB home-office" in export
