"""A mail server that says later, no, nothing at all, or accepts and hangs up: the others get their
digest as ever.
"""

from collections import Counter
from random import Random

import pytest

from tests.faults.checks import count_digests
from tests.faults.conftest import Begin
from tests.faults.crowd import ADMINISTRATOR
from tests.faults.smtp import Trouble
from tests.faults.visitor import PLAN, Visitor
from tests.faults.world import World

pytestmark = pytest.mark.faults


def states(world: World) -> Counter[str]:
    return Counter(dict(world.rows("SELECT state, count(*) FROM actionplan_digest GROUP BY state")))


def ends(world: World) -> dict[str, tuple[str, int, str]]:
    """State, tries and error of everybody's digest."""
    rows = world.rows(
        "SELECT email, state, tries, error FROM actionplan_digest d JOIN actionplan_user u ON u.id = d.recipient_id"
    )
    return {email: (state, tries, error) for email, state, tries, error in rows}


def test_three_addresses_refused_for_good_are_shown_and_197_others_get_their_digest(
    world: World, random: Random, begin: Begin
) -> None:
    outcome = begin("SMTP: 550 for 3 of 200")
    refused = random.sample(world.recipients(), 3)
    outcome.kills = len(refused)
    with world.post.with_trouble(
        Trouble("recipient", "550 no such mailbox", recipients=frozenset(refused))
    ):
        world.manage("run_due_jobs")
    assert states(world) == {"sent": 197, "failed": 3}
    found = ends(world)
    assert {found[email] for email in refused} == {("failed", 1, "550 no such mailbox")}
    world.serve()
    administrator = Visitor(world.url, ADMINISTRATOR)
    page = administrator.get(f"{PLAN}/digests/").text
    numbers = [
        number
        for (number,) in world.rows("SELECT id FROM actionplan_digest WHERE state = 'failed'")
    ]
    assert page.count("550 no such mailbox") == 3
    token = administrator.form(f"{PLAN}/digests/")
    assert {
        administrator.post(f"{PLAN}/digests/{number}/mend/", token).status for number in numbers
    } == {302}
    world.manage("run_due_jobs")
    count_digests(world, outcome, most=1)
    assert states(world) == {"sent": 200}


@pytest.mark.rare
def test_a_server_that_says_later_for_a_while_gets_everything_when_it_is_back(
    world: World, random: Random, begin: Begin
) -> None:
    outcome = begin("SMTP: 421 and 451 for an hour")
    people = world.only(30)
    later = frozenset(random.sample(people, 10))
    for trouble in (
        Trouble("connect", "421 too busy"),
        Trouble("recipient", "451 try later", recipients=later),
    ):
        with world.post.with_trouble(trouble):
            world.manage("run_due_jobs")
        world.later()
        outcome.kills += 1
    assert states(world) == {"sent": 20, "queued": 10}
    waits = "SELECT min(next_try - now()) > interval '50 seconds' FROM actionplan_digest WHERE state = 'queued'"
    with world.post.with_trouble(Trouble("end", "451 no room")):
        world.manage("run_due_jobs")
    assert world.value(waits)
    assert {ends(world)[email][1:] for email in later} == {(3, "451 no room")}
    world.manage("run_due_jobs")
    assert states(world) == {"sent": 20, "queued": 10}, "nothing is tried before its time"
    world.finish_digests()
    count_digests(world, outcome, most=1)
    assert states(world) == {"sent": 30}


@pytest.mark.rare
def test_a_server_that_hangs_holds_up_one_mail_at_a_time_and_none_for_good(
    world: World, random: Random, begin: Begin
) -> None:
    outcome = begin("SMTP: hangs after connect, after DATA, after the dot")
    world.only(20)
    hanging = [Trouble(stage, "", times=1) for stage in ("connect", "data", "end")]
    with world.post.with_trouble(*hanging):
        runs = [
            world.process(f"run{number}", ["python", "manage.py", "run_due_jobs"])
            for number in range(3)
        ]
        for run in runs:
            assert run.child.process.wait(60) == 0, run.log
    outcome.kills = sum(trouble.times == 0 for trouble in hanging)
    assert outcome.kills == 3
    # after the command DATA nobody can tell whether the message arrived
    assert states(world) == {"sent": 17, "queued": 1, "uncertain": 2}
    world.finish_digests()
    count_digests(world, outcome, most=1)
    assert states(world) == {"sent": 18, "uncertain": 2}


def test_a_server_that_accepts_and_hangs_up_gets_one_copy_until_somebody_asks_for_another(
    world: World, random: Random, begin: Begin
) -> None:
    outcome = begin("SMTP: accepts and hangs up without a word")
    dropped = frozenset(random.sample(world.only(30), 9))
    with world.post.with_trouble(Trouble("end", "drop", recipients=dropped)):
        world.manage("run_due_jobs")
        world.finish_digests()
    outcome.kills = len(dropped)
    assert states(world) == {"sent": 21, "uncertain": 9}
    assert {
        email for email, (state, *_rest) in ends(world).items() if state == "uncertain"
    } == dropped
    count_digests(world, outcome, most=1)
    ask_for_another(world)
    count_digests(world, outcome, most=2)
    assert states(world) == {"sent": 30}


def ask_for_another(world: World) -> None:
    """An administrator has every digest that ended badly sent once more."""
    world.serve()
    administrator = Visitor(world.url, ADMINISTRATOR)
    token = administrator.form(f"{PLAN}/digests/")
    for (number,) in world.rows("SELECT id FROM actionplan_digest WHERE state <> 'sent'"):
        assert administrator.post(f"{PLAN}/digests/{number}/mend/", token).status == 302
    world.finish_digests()


def test_without_the_encryption_that_was_asked_for_nothing_is_sent_and_nothing_given_up(
    world: World, begin: Begin
) -> None:
    outcome = begin("SMTP: no STARTTLS where it is asked for")
    world.only(5)
    given, world.mail_url = world.mail_url, "smtp+tls://user:password@127.0.0.1:{port}"
    world.manage("run_due_jobs")
    assert (states(world), world.post.kept) == ({"queued": 5}, [])
    assert {"STARTTLS" in error for _state, _tries, error in ends(world).values()} == {True}
    outcome.kills = 1
    world.mail_url = given
    world.finish_digests()
    count_digests(world, outcome, most=1)


def test_the_headers_of_a_digest_let_one_click_end_it(world: World, begin: Begin) -> None:
    """RFC 8058 and RFC 2369."""
    outcome = begin("one click ends the digest")
    people = world.only(3)
    world.manage("run_due_jobs")
    count_digests(world, outcome, most=1)
    world.serve()
    for mail in world.post.kept:
        (recipient,) = mail.recipients
        message = mail.message
        assert message["To"] == recipient
        assert (message["Cc"], message["Bcc"]) == (None, None)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = message["List-Unsubscribe"].strip().removeprefix("<").removesuffix(">")
        assert address.startswith((f"{world.url}/unsubscribe/", "https://"))
        assert all(
            len(message.get_all(name, [])) == 1
            for name in ("Message-ID", "Date", "List-Unsubscribe", "List-ID")
        )
        click = Visitor(world.url)
        path = address.removeprefix(world.url)
        for _look in range(2):
            assert click.get(path).status == 200
        assert world.value(
            "SELECT count(*) FROM actionplan_subscription WHERE NOT active"
        ) == people.index(recipient)
        click.cookies.clear()
        answer = click.post(path, {"List-Unsubscribe": "One-Click"})
        assert (answer.status, "Location" in answer.headers) == (200, False)
        assert Visitor(world.url).post(f"{path}x", {"List-Unsubscribe": "One-Click"}).status == 404
    assert world.value("SELECT count(*) FROM actionplan_subscription WHERE NOT active") == 3
    world.rows("DELETE FROM actionplan_digest")
    world.manage("run_due_jobs")
    assert states(world) == {}
