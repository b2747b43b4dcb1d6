"""What must hold after any fault, seen from outside: the database, the mails that arrived, the
answers to people.
"""

from collections.abc import Sequence
from difflib import ndiff

from tests.faults.outcome import Outcome
from tests.faults.outside import Outside
from tests.faults.smtp import Mail
from tests.faults.visitor import Report

ENDS = ("sent", "failed", "uncertain")


def copies_of_digests(world: Outside) -> dict[str, list[Mail]]:
    """What was accepted, by Message-ID, without what is told at once."""
    copies = world.post.copies()
    for (notice,) in world.rows("SELECT message_id FROM actionplan_digest WHERE kind = 'notice'"):
        copies.pop(notice, None)
    return copies


def count_digests(world: Outside, outcome: Outcome, *, most: int) -> None:
    """Everybody has one row for the week; what was sent arrived, `most` times at the most, each
    copy the same.
    """
    people = world.recipients()
    rows = world.rows(
        "SELECT email, state, message_id FROM actionplan_digest d JOIN actionplan_user u ON u.id = d.recipient_id"
        " WHERE kind <> 'notice'"
    )
    copies = copies_of_digests(world)
    outcome.lost += len(set(people) - {email for email, *_rest in rows})
    outcome.duplicates += len(rows) - len({email for email, *_rest in rows})
    for email, state, message_id in rows:
        mails = copies.pop(message_id, [])
        outcome.lost += state not in ENDS or (state == "sent" and not mails)
        outcome.duplicates += max(len(mails) - 1, 0)
        outcome.copies = max(outcome.copies, len(mails))
        assert len({mail.content for mail in mails}) <= 1, describe_difference(mails)
        assert all(mail.recipients == (email,) for mail in mails)
    assert outcome.lost == 0
    assert outcome.copies <= most
    assert copies == {}, "mails that no row knows of"
    assert len(rows) == len(people)


def describe_difference(mails: Sequence[Mail]) -> str:
    """The lines in which the copies of a mail differ."""
    first, *others = [mail.content.decode().splitlines() for mail in mails]
    differing = [line for other in others for line in ndiff(first, other) if line[0] in "+-"]
    return f"the copies for {mails[0].recipients} differ: {differing[:20]}"


def count_words(world: Outside, outcome: Outcome, reports: Sequence[Report]) -> None:
    """Every accepted word is in the register once, with its text."""
    found = world.rows(
        "SELECT e.code, t.note FROM commitments_entry e LEFT JOIN commitments_entrytext t ON t.entry_id = e.id"
    )
    notes = dict(found)
    lost = [
        report.key for report in reports if report.accepted and notes.get(report.key) != report.note
    ]
    outcome.lost += len(lost)
    outcome.duplicates += len(found) - len(notes)
    assert lost == []
    assert len(found) == len(notes)


def check_register(world: Outside) -> None:
    """The chain holds, and the standings follow from it: an entry was written whole or not at all."""
    world.manage("verify_register")
    world.manage("rebuild_standings", "--check")
