"""Writing what is not one's own: walked numbers, forged fields, rights that went while a form was
open.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from actionplan.api_tokens import tokens
from actionplan.models import Digest, Token, User
from commitments.models import Action, Body, Entry, Membership, Plan, Role
from commitments.register import services
from tests.actionplan.test_permissions import NOW
from tests.attacks.world import World, contents
from tests.client import Client
from tests.factories import (
    create_manager,
    create_official,
    entries_file,
    entry_row,
    load_entries_file,
    report_entry,
)

SAID = {"kind": "progress", "day": "2015-01-10", "note": "said"}
CLIENTS = (
    "viewer",
    "official GB",
    "manager GB",
    "manager FR",
    "administrator",
    "member of another plan",
    "disabled",
)


def entry_of(side: str, world: World, ref: str) -> Entry:
    """An entry in the word of a side."""
    by = world.people[f"manager {side}"]
    action = Action.objects.get(plan=world.plan, ref=ref)
    return services.report(
        action=action, kind="progress", effective="2015-01-09", by=by, now=NOW, key=f"of {side}"
    )


def form(**fields: str) -> dict[str, str]:
    return {**SAID, "key": f"k{len(fields)}-{Entry.objects.count()}", "seen": "99999", **fields}


@pytest.fixture
def inside(world: World) -> str:
    return f"/plans/{world.plan.slug}"


def refs(world: World, other: str) -> list[str]:
    """The actions that a side leads alone, so that the other never reports on them."""
    mine = Body.objects.filter(plan=world.plan, side={"GB": "FR", "FR": "GB"}[other])
    theirs = Action.objects.filter(plan=world.plan, leads__side=other)
    return [
        action.ref
        for action in theirs.exclude(leads__in=mine).exclude(partners__in=mine).distinct()
    ]


@pytest.mark.parametrize(("side", "other"), [("GB", "FR"), ("FR", "GB")])
def test_one_side_never_writes_an_entry_of_the_other(
    world: World, inside: str, side: str, other: str
) -> None:
    """By every road that there is: forms with each action, forged fields, a file, withdrawals,
    JSON, tokens.
    """
    theirs = refs(world, other)
    assert theirs
    entry = entry_of(other, world, theirs[0])
    before = Entry.objects.filter(plan=world.plan, side=other).count()
    head = Entry.objects.count()
    for role in (f"official {side}", f"manager {side}"):
        client = world.client(role)
        forged = {
            "side": other,
            "by": str(world.people[f"manager {other}"].pk),
            "plan": world.plan.slug,
            "anyway": "1",
        }
        for ref in theirs:
            for page in ("report", "move", "decide"):
                sent = form(**forged, ref=ref, when="2016-01-01", reason="x")
                sent["kind"] = "not-pursued" if page == "decide" else "completed"
                assert client.post(f"{inside}/actions/{ref}/{page}/", sent).status_code == 403, (
                    role,
                    ref,
                    page,
                )
        assert (
            client.post(
                f"{inside}/register/{entry.number}/withdraw/", form(reason="x", **forged)
            ).status_code
            == 403
        )
        for method in ("put", "patch", "delete"):
            assert getattr(client, method)(f"{inside}/register/{entry.number}/").status_code == 405
        row = (
            "id,ref,kind,effective,recorded,side\n"
            f"forged-{role},{theirs[0]},completed,2015-01-02,2015-01-03,{other}\n"
        )
        assert client.post(
            f"{inside}/register/load/", {"content": row, "load": "1"}
        ).status_code in (403, 422)
        secret = tokens.create(
            by=world.people[role],
            plan=world.plan,
            purpose="read",
            label=role,
            days=30,
            today=NOW.date(),
        )
        by_token = Client().post(
            f"{inside}/actions/{theirs[0]}/report/",
            form(),
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert by_token.status_code == 403
        as_json = client.post(
            f"{inside}/actions/{theirs[0]}/report/", form(), content_type="application/json"
        )
        assert as_json.status_code == 403
    assert Entry.objects.count() == head
    assert Entry.objects.filter(plan=world.plan, side=other).count() == before


def test_fields_that_no_form_has_say_nothing(world: World, inside: str) -> None:
    """Whose word, which action, which plan and when: none of it comes from what was sent."""
    other = Plan.objects.get(slug="small")
    forged = {
        "side": "FR",
        "by": "1",
        "by_id": "1",
        "plan": str(other.pk),
        "plan_id": str(other.pk),
        "ref": "1.1",
    }
    forged |= {
        "number": "1",
        "hash": "0" * 64,
        "recorded_at": "2001-01-01",
        "recorded_day": "2001-01-01",
        "to": "1",
    }
    forged |= {
        "form-TOTAL_FORMS": "1000",
        "form-INITIAL_FORMS": "1",
        "form-0-id": "1",
        "is_superuser": "on",
    }
    client, newest = world.client("manager GB"), Entry.objects.latest("pk").pk
    assert client.post(f"{inside}/actions/5.3/report/", form(**forged)).status_code == 302
    (entry,) = Entry.objects.filter(pk__gt=newest)
    assert (entry.side, entry.by_id, entry.plan_id, entry.ref) == (
        "GB",
        world.people["manager GB"].pk,
        world.plan.pk,
        "5.3",
    )
    assert entry.recorded_day.isoformat() == "2015-01-12"
    assert entry.to_id is None
    assert not User.objects.get(pk=world.people["manager GB"].pk).is_superuser


def test_the_key_of_somebody_elses_entry_records_nothing(world: World, inside: str) -> None:
    """A key that was seen or guessed gives neither that entry's place nor a second one: whether a
    colleague reported the entry or a file brought it.
    """
    theirs = report_entry("5.3", by=create_manager(world.plan))
    row = entry_row("5.3", "progress", "2015-01-10", id="from-a-file")
    load_entries_file(world.plan, entries_file([row]))
    count, client = Entry.objects.count(), world.client("manager GB")
    for key in (theirs.code, "from-a-file"):
        answer = client.post(f"{inside}/actions/5.3/report/", form(key=key))
        assert answer.status_code == 403, key
    assert Entry.objects.count() == count


def test_the_key_of_an_entry_of_the_other_side_is_ones_own_to_use(
    world: World, inside: str
) -> None:
    """Keys belong to a side, so it leads to an entry of one's own and touches nothing of theirs."""
    theirs = entry_of("FR", world, refs(world, "FR")[0])
    before = Entry.objects.filter(pk=theirs.pk).values().get()
    client = world.client("manager GB")
    answer = client.post(f"{inside}/actions/5.3/report/", form(key=theirs.code))
    assert answer.status_code == 302
    assert Entry.objects.filter(pk=theirs.pk).values().get() == before
    mine = Entry.objects.get(plan=world.plan, side="GB", code=theirs.code)
    assert (mine.by_id, mine.ref) == (world.people["manager GB"].pk, "5.3")


def test_a_forged_mark_of_what_was_seen_hides_nothing_of_others(world: World, inside: str) -> None:
    client = world.client("manager GB")
    theirs = entry_of("FR", world, refs(world, "FR")[0])
    for seen in ("-1", "0", "999999999999999999999", "x", "1.5", ""):
        count = Entry.objects.count()
        answer = client.post(f"{inside}/actions/5.3/report/", form(seen=seen, key=f"seen {seen}"))
        assert answer.status_code in (302, 409, 422)
        assert Entry.objects.count() == count + (answer.status_code == 302)
    assert Entry.objects.filter(code=theirs.code).exists()


Change = Callable[[Any], object]
LOST: dict[str, Change] = {
    "the body was taken away": lambda m: m.bodies.clear(),
    "made a viewer": lambda m: Membership.objects.filter(pk=m.pk).update(role=Role.VIEWER, side=""),
    "moved to the other side": lambda m: (
        m.bodies.clear(),
        Membership.objects.filter(pk=m.pk).update(side="FR"),
    ),
    "no member any more": lambda m: Membership.objects.filter(pk=m.pk).delete(),
    "disabled": lambda m: User.objects.filter(pk=m.user_id).update(is_active=False),
}


def test_a_right_that_went_while_the_form_was_open_is_gone(world: World, inside: str) -> None:
    page, action = f"{inside}/actions/5.3/report/", Action.objects.get(plan=world.plan, ref="5.3")
    for change in LOST:
        person = create_official(world.plan)
        client = Client()
        client.force_login(person)
        assert client.get(page).status_code == 200
        LOST[change](Membership.objects.get(user=person))
        count, answer = Entry.objects.count(), client.post(page, form())
        # who is in no plan is told so, on a page without any
        assert answer.status_code in (302, 401, 403, 404) or b"/register/" not in answer.content, (
            change
        )
        assert Entry.objects.count() == count
        with pytest.raises(PermissionDenied):  # and in the transaction that writes
            services.report(
                action=action,
                kind="progress",
                effective="2015-01-09",
                by=person,
                now=NOW,
                key="late",
            )


def test_a_manager_who_became_an_official_decides_nothing_more(world: World, inside: str) -> None:
    person, count = world.people["manager GB"], Entry.objects.count()
    client = world.client("manager GB")
    assert client.get(f"{inside}/actions/5.3/move/").status_code == 200
    membership = Membership.objects.get(user=person)
    Membership.objects.filter(pk=membership.pk).update(role=Role.OFFICIAL)
    sent = form(when="2016-01-01", reason="x")
    for page in (
        "actions/5.3/move/",
        "actions/5.3/decide/",
        "fund/pay/1.2/",
        "fund/spend/intervention/",
    ):
        assert client.post(f"{inside}/{page}", sent).status_code == 403
    assert client.post(f"{inside}/register/load/", {"content": "x", "load": "1"}).status_code == 403
    assert Entry.objects.count() == count


def test_an_administrator_who_is_none_any_more_sees_and_mends_nothing(
    world: World, inside: str
) -> None:
    client, person = world.client("administrator"), world.people["administrator"]
    assert client.get(f"{inside}/register/").status_code == 200
    User.objects.filter(pk=person.pk).update(is_superuser=False)
    mail = Digest.objects.get(plan=world.plan, recipient=world.people["manager GB"])
    before = contents()
    for path in (
        f"{inside}/register/load/",
        f"{inside}/digests/{mail.pk}/mend/",
        f"{inside}/digests/preview/",
    ):
        client.post(path, {"content": "x", "load": "1", "close": "1"})
        assert b"Home Office" not in client.get(path).content
    assert contents() == before


def test_a_manager_of_another_plan_finds_nothing_here(world: World, inside: str) -> None:
    """Also where both plans have an action or an entry of that number."""
    client, before = world.client("member of another plan"), contents()
    for name, path in world.addresses.items():
        if path.startswith(inside):
            assert client.get(path).status_code in (401, 403, 404, 405), name
            assert client.post(path, form(reason="x", when="2016-01-01")).status_code in (
                401,
                403,
                404,
                405,
            ), name
    assert client.get("/actions/5.3/").status_code == 404
    assert contents() == before


def test_walking_through_the_numbers_shows_nothing_of_others(world: World, inside: str) -> None:
    """Digests are their recipients', tokens their owners', entries the plan's."""
    owner = world.people["official FR"]
    secret = tokens.create(
        by=owner, plan=world.plan, purpose="read", label="mine", days=30, today=NOW.date()
    )
    token = Token.objects.get(digest=tokens.digest(secret))
    for role in CLIENTS:
        client, user = world.client(role), world.people[role]
        for mail in Digest.objects.all():
            status = client.get(f"{inside}/digests/{mail.pk}/").status_code
            assert (status == 200) == (mail.recipient_id == user.pk and role != "disabled"), (
                role,
                mail,
            )
        for number in (token.pk, token.pk - 1, token.pk + 1, 10**30):
            client.post(f"{inside}/tokens/", {"revoke": str(number)})
        for odd in (0, 10**9, 10**30):
            for page in ("", "withdraw/", "confirm/"):
                assert client.get(f"{inside}/register/{odd}/{page}").status_code in (302, 403, 404)
    assert Token.objects.filter(pk=token.pk).exists()


def test_an_entry_of_another_plan_is_not_named_from_here(world: World, inside: str) -> None:
    other = Plan.objects.get(slug="small")
    number = Entry.objects.filter(plan=other).latest("number").number + 1
    while Entry.objects.filter(plan=world.plan, number=number).exists():
        number += 1
    client, count = world.client("manager GB"), Entry.objects.count()
    for page in ("withdraw", "confirm", "dispute"):
        sent = form(reason="x", to=str(number), entry=str(number))
        assert client.post(f"{inside}/register/{number}/{page}/", sent).status_code == 404
    assert Entry.objects.count() == count


def test_a_member_loads_no_file_for_another_plan(world: World, inside: str) -> None:
    """The plan is that of the address, and a row that names another is a fault."""
    row = "id,plan,ref,kind,effective,recorded,side\nforged,small,1.1,completed,2015-01-02,2015-01-03,GB\n"
    count, client = Entry.objects.count(), world.client("manager GB")
    assert client.post(f"{inside}/register/load/", {"content": row, "load": "1"}).status_code == 422
    assert (
        client.post("/plans/small/register/load/", {"content": row, "load": "1"}).status_code == 404
    )
    assert Entry.objects.count() == count
