"""What the product is compared with, where that is not a page: the least that could do the same
work by hand.
"""

import hashlib
import io
import json
import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from time import perf_counter
from typing import Any

from tests.bench import story

TODAY = story.TODAY.isoformat()
STANDINGS_OF_TODAY = (
    "commitments_standing s JOIN commitments_obligation o ON o.id = s.obligation_id "
    f"AND s.lens = 'then' AND s.from_day <= '{TODAY}' AND s.to_day > '{TODAY}'"
)
# the columns of the list's export that are stored
ROWS_OF_THE_LIST = (
    "SELECT s.state, s.modality, s.scored, s.words, s.first_day, s.last_day, s.original_last, "
    "s.stale_since, s.never_reported, s.confirmed, s.disputed, s.sides_differ, s.confidence, "
    "s.delivered, s.target, o.ref, c.number, a.title "
    f"FROM {STANDINGS_OF_TODAY} "
    "JOIN commitments_action a ON a.obligation_ptr_id = o.id "
    "JOIN commitments_commitment c ON c.id = o.commitment_id ORDER BY a.position"
)
# kind, the day since which it holds, and when it holds
FLAGS = (
    ("overdue", "s.since", "s.scored AND s.state = 'overdue'"),
    ("due-soon", "s.since", "s.scored AND s.state = 'due-soon'"),
    ("stale", "s.stale_since", "s.stale_since IS NOT NULL"),
    ("original-passed", "s.slipped_since", "s.slipped_since IS NOT NULL AND s.scored AND s.moved"),
)


def copy_list(cursor: Any) -> float:
    """Seconds of a raw COPY to CSV."""
    file = io.StringIO()
    start = perf_counter()
    cursor.copy_expert(f"COPY ({ROWS_OF_THE_LIST}) TO STDOUT WITH CSV", file)
    taken = perf_counter() - start
    assert file.tell() > 0
    return taken


def insert_flags(cursor: Any) -> float:
    """Seconds of one INSERT … SELECT of the flags of a day.

    Without missed periods: those are not stored in a column and are judged one by one.
    """
    selects = [
        f"SELECT s.plan_id, s.obligation_id, {since} AS since, '{kind}' FROM {STANDINGS_OF_TODAY} "
        f"WHERE {condition} AND {since} <= '{TODAY}'"
        for kind, since, condition in FLAGS
    ]
    start = perf_counter()
    cursor.execute(
        "INSERT INTO commitments_flag (plan_id, obligation_id, since, kind, noticed, cleared_by) "
        f"SELECT f.*, '{TODAY}', '' FROM ({' UNION ALL '.join(selects)}) AS f"
    )
    taken = perf_counter() - start
    assert cursor.rowcount > 0
    return taken


def hash_entries(cursor: Any) -> float:
    """Seconds of SHA-256 over the JSON of each entry, as a bare cursor gives it."""
    start = perf_counter()
    previous = ""
    cursor.execute("SELECT * FROM commitments_entry ORDER BY number")
    for row in cursor.fetchall():
        content = json.dumps([*row, previous], default=str)
        previous = hashlib.sha256(content.encode()).hexdigest()
    return perf_counter() - start


def mails_sent(cursor: Any) -> list[tuple[str, bytes]]:
    """The digests that were sent, with their recipients, as the bytes of a mail."""
    cursor.execute(
        "SELECT email, subject, text, html FROM actionplan_digest d "
        "JOIN actionplan_user u ON u.id = d.recipient_id WHERE state = 'sent'"
    )
    mails = []
    for recipient, subject, text, html in cursor.fetchall():
        message = EmailMessage()
        message["Subject"] = subject
        message["From"] = "actionplan@localhost"
        message["To"] = recipient
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        mails.append((recipient, message.as_bytes()))
    return mails


def send_mails(port: int, mails: Sequence[tuple[str, bytes]]) -> float:
    """Seconds to send them on one connection."""
    start = perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for recipient, content in mails:
            smtp.sendmail("actionplan@localhost", [recipient], content)
    return perf_counter() - start
