"""Each change of rights is an entry, and the table of memberships is derived from these again."""

from datetime import date

import pytest
from django.core.management import call_command

from actionplan.accounts import admin_services, invitations
from actionplan.integrity.verify import verify_plan
from actionplan.models import User
from commitments.findings import Finding
from commitments.models import Entry, Membership, Plan
from commitments.register import memberships
from commitments.register.entries import append
from commitments.register.hash_chain import digest_of_name
from commitments.register.services import draft_now
from tests.client import Client
from tests.factories import (
    NOW,
    create_administrator,
    create_manager,
    create_official,
    create_user,
    create_viewer,
    redact_entry,
    report_entry,
    sign_in,
)


def rights(plan: Plan) -> list[tuple[int | None, object]]:
    """Without the digest of the post."""
    entries = Entry.objects.filter(plan=plan, kind="rights").order_by("number")
    recorded: list[tuple[int | None, object]] = []
    for by, terms in entries.values_list("by", "terms"):
        assert terms is not None
        assert terms.pop("post")
        recorded.append((by, terms))
    return recorded


def terms(account: int, role: str, side: str = "", *bodies: str) -> dict[str, object]:
    return {"account": account, "role": role, "side": side, "bodies": list(bodies)}


def test_rights_that_are_given_changed_and_ended_are_entries_by_the_administrator(
    calais: Plan,
) -> None:
    root, user = create_administrator(), create_user(post="Official")
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


def test_another_post_is_an_entry_in_each_plan_that_shows_it(calais: Plan) -> None:
    member, former, stranger = (create_official(calais, post="Oficial") for _one in range(3))
    Membership.objects.filter(user=stranger).delete()
    root = create_administrator()
    memberships.record_differences(calais, NOW)
    admin_services.set_membership(former, calais, role="", side="", bodies=[], by=root)
    before = calais.entries.count()
    for user in (member, former, stranger):
        admin_services.change_post(user, post="Official", by=user)
        admin_services.change_post(user, post="Official", by=user)
    of_member, of_former = calais.entries.filter(number__gt=before).order_by("number")
    assert (of_member.by, of_former.by) == (member, former)
    assert of_member.terms == {
        **terms(member.pk, "official", "GB", "home-office"),
        "post": digest_of_name(member.post_salt, "Official"),
        "post_changed": True,
    }
    assert verify_plan(calais).findings == []
    words = f"account {member.pk} (Official): has another post, shown with earlier entries too"
    assert words in sign_in(create_viewer(calais)).get(f"/register/{of_member.number}/").text


def test_an_administrator_who_agreed_to_something_has_another_post(calais: Plan) -> None:
    root, manager = create_administrator(), create_manager(calais)
    memberships.record_differences(calais, NOW)
    entry = report_entry(by=manager, note="A name.")
    redact_entry(entry, by=manager, agreed_by=root)
    admin_services.change_post(root, post="Head of Administration", by=root)
    assert Entry.objects.filter(kind="rights", terms__account=root.pk).count() == 1
    assert verify_plan(calais).findings == []
    User.objects.filter(pk=root.pk).update(post="Head of Mission")
    assert verify_plan(calais).findings == [Finding("rights", {"account": root.pk})]


@pytest.mark.parametrize("forged", [{"post": "Minister"}, {"post": "Minister", "post_salt": ""}])
def test_a_post_altered_beside_the_register_is_named(calais: Plan, forged: dict[str, str]) -> None:
    member, former = create_official(calais), create_official(calais)
    memberships.record_differences(calais, NOW)
    admin_services.set_membership(
        former, calais, role="", side="", bodies=[], by=create_administrator()
    )
    assert verify_plan(calais).findings == []
    User.objects.filter(pk__in=[member.pk, former.pk]).update(**forged)
    accounts = [member.pk, former.pk]
    assert verify_plan(calais).findings == [
        Finding("rights", {"account": account}) for account in accounts
    ]


def test_an_erased_post_is_no_alarm_and_leaves_no_salt(calais: Plan) -> None:
    user = create_official(calais)
    memberships.record_differences(calais, NOW)
    admin_services.erase(user, by=create_administrator())
    assert (User.objects.get(pk=user.pk).post, user.post_salt) == ("", "")
    assert verify_plan(calais).findings == []
    assert memberships.record_differences(calais, NOW) == []


def test_what_an_older_version_recorded_verifies_until_the_upgrade_is_finished(
    calais: Plan,
) -> None:
    """It knows no digest of a post, and gives a new account no salt."""
    user = create_official(calais)
    User.objects.filter(pk=user.pk).update(post_salt="")
    without_post = terms(user.pk, "official", "GB", "home-office")
    append(
        calais,
        [draft_now(calais, NOW, kind="rights", code="r", terms=without_post)],
        by=None,
        now=NOW,
    )
    assert verify_plan(calais).findings == []
    (entry,) = memberships.record_differences(calais, NOW)
    user.refresh_from_db()
    assert user.post_salt
    assert entry.terms == {
        **without_post,
        "post": digest_of_name(user.post_salt, user.post),
    }
    assert verify_plan(calais).findings == []


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
