"""Test data by keyword: each function makes one thing, and whatever a test does not name is ordinary.

    plan = create_plan()                                  the small plan of tests/plans.py
    manager = create_manager(plan)                        of GB
    entry = report_entry("1.1", by=manager, kind="started", effective="2014-10-29")
    response = sign_in(manager).get("/plans/small/")

The Calais plan is there already (fixture `calais`); actions are looked up in the plan of the account
that acts, or in the one that is given.
"""

import csv
import io
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from actionplan.local import samples
from actionplan.models import User
from actionplan.overview.status import status
from actionplan.plan_transfer import load
from commitments.files import entries
from commitments.models import Action, Commitment, Entry, Membership, Plan, Role
from commitments.register import redaction, services
from commitments.rules.proposals import JOINT_KINDS
from funding import services as funding
from tests.client import Client
from tests.plans import SMALL

# the day on which the plans of the tests were adopted, and the day of the samples
ADOPTED = datetime(2014, 9, 20, 9, tzinfo=UTC)
TODAY = date(2015, 1, 12)
NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)

ENTRY_COLUMNS = [
    "id",
    "ref",
    "kind",
    "effective",
    "recorded",
    "side",
    "quantity",
    "amount",
    "currency",
    "instalment",
    "to",
    "meeting",
    "due",
    "words",
    "reason",
    "note",
    "source",
]


# Plans


def create_plan(text: str = SMALL, *, now: datetime = ADOPTED, by: User | None = None) -> Plan:
    """The plan that a plan file describes; loading a changed file again updates it."""
    loaded = load.load_plan(text.encode(), now=now, by=by.pk if by else None)
    return Plan.objects.get(slug=loaded.plan.slug)


def get_action(ref: str, *, plan: Plan | None = None) -> Action:
    """An action of the plan, else of the Calais plan."""
    slug = plan.slug if plan else "calais-2014"
    return Action.objects.get(plan__slug=slug, ref=ref)


def get_commitment(number: int | str, *, plan: Plan | None = None) -> Commitment:
    slug = plan.slug if plan else "calais-2014"
    return Commitment.objects.get(plan__slug=slug, number=number)


# Accounts


def create_user(*, email: str = "", password: str = "", **fields: Any) -> User:
    """An account without any membership."""
    user = User(email=email or f"user{User.objects.count()}@example.org", **fields)
    if password:
        user.set_password(password)
    user.save()
    return user


def create_member(
    plan: Plan,
    role: Role = Role.VIEWER,
    *,
    side: str = "",
    bodies: Iterable[str] = (),
    email: str = "",
    **fields: Any,
) -> User:
    """An account with a role in one plan; its address says which, unless one is given."""
    if not email:
        words = [role.value, side or "none", *bodies, str(User.objects.count())]
        email = ".".join(words).lower() + "@example.org"
    fields.setdefault("post", f"{role.label} {side}".strip())
    user = create_user(email=email, **fields)
    membership = Membership.objects.create(user=user, plan=plan, role=role, side=side)
    membership.bodies.set(plan.bodies.filter(code__in=bodies))
    return user


def create_viewer(plan: Plan, **fields: Any) -> User:
    return create_member(plan, Role.VIEWER, **fields)


def create_official(
    plan: Plan, *, side: str = "GB", bodies: Iterable[str] = ("home-office",), **fields: Any
) -> User:
    """Somebody who reports for bodies of a side; the Home Office leads 4.4 of the Calais plan."""
    return create_member(plan, Role.OFFICIAL, side=side, bodies=bodies, **fields)


def create_manager(plan: Plan, *, side: str = "GB", **fields: Any) -> User:
    return create_member(plan, Role.MANAGER, side=side, **fields)


def create_administrator(**fields: Any) -> User:
    fields = {"email": "root@example.org", "post": "Administrator", **fields}
    return create_user(is_superuser=True, is_staff=True, **fields)


def sign_in(user: User) -> Client:
    """A client of its own, signed in with the second factor."""
    client = Client()
    client.force_login(user)
    return client


# Entries


def report_entry(
    ref: str = "4.4",
    *,
    by: Any,
    kind: str = "progress",
    effective: str = "",
    now: datetime = NOW,
    key: str = "",
    plan: Plan | None = None,
    **fields: Any,
) -> Entry:
    """What an account reports on an action, today unless `effective` says when."""
    return services.report(
        action=get_action(ref, plan=plan or _plan_of(by)),
        kind=kind,
        effective=effective or now.date().isoformat(),
        by=by,
        now=now,
        key=key or new_key(),
        **fields,
    )


def decide_action(
    ref: str = "4.4",
    *,
    by: Any,
    kind: str,
    effective: str = "",
    now: datetime = NOW,
    key: str = "",
    plan: Plan | None = None,
    **fields: Any,
) -> Entry:
    """What a manager decides about an action: `moved` (with `when`), `reopened`, `superseded` …"""
    fields.setdefault("reason", "Agreed.")
    return services.decide(
        action=get_action(ref, plan=plan or _plan_of(by)),
        kind=kind,
        effective=effective or now.date().isoformat(),
        by=by,
        now=now,
        key=key or new_key(),
        **fields,
    )


def agree(decision: Entry, *, now: datetime = NOW) -> Entry:
    """The other side confirms what one side decided about a joint action."""
    (side,) = set(decision.plan.sides) - {decision.side}
    manager = create_manager(decision.plan, side=side)
    return annotate_entry(decision, by=manager, kind="confirmed", now=now)


def record_meeting(
    name: str,
    when: str,
    *,
    by: Any,
    place: str = "",
    to: Entry | None = None,
    now: datetime = NOW,
    plan: Plan | None = None,
) -> Entry:
    """A meeting that is planned or was held on this day."""
    plan = plan or _plan_of(by)
    assert plan is not None
    return services.record_meeting(
        plan=plan, name=name, when=when, place=place, to=to, by=by, now=now, key=new_key()
    )


def annotate_entry(
    entry: Entry,
    *,
    by: Any,
    kind: str,
    now: datetime = NOW,
    key: str = "",
    reason: str = "A mistake.",
) -> Entry:
    """An entry about another: `withdrawn`, `confirmed` or `disputed`."""
    return services.annotate_entry(
        entry=entry, kind=kind, by=by, now=now, key=key or new_key(), reason=reason
    )


def ask_side(
    ref: str = "4.4",
    *,
    by: Any,
    side: str = "GB",
    note: str = "How many officers?",
    now: datetime = NOW,
    **fields: Any,
) -> Entry:
    """A question to a side about an action, a contribution, or the entry `to`."""
    plan = _plan_of(by)
    assert plan is not None
    return services.ask(
        plan=plan, ref=ref, side=side, note=note, by=by, now=now, key=new_key(), **fields
    )


def answer_question(question: Entry, *, by: Any, note: str = "Two.", now: datetime = NOW) -> Entry:
    return services.answer(question=question, note=note, by=by, now=now, key=new_key())


def ask_for_redaction(
    entry: Entry,
    *,
    by: Any,
    what: str = "text",
    reason: str = "It named a person.",
    now: datetime = NOW,
    hide: bool = False,
) -> Entry:
    return redaction.ask_for_redaction(
        entry=entry, what=what, by=by, now=now, key=new_key(), reason=reason, hide=hide
    )


def redact_entry(
    entry: Entry,
    *,
    by: Any,
    agreed_by: Any,
    what: str = "text",
    reason: str = "It named a person.",
    now: datetime = NOW,
) -> None:
    """Text or files of an entry removed by two."""
    request = ask_for_redaction(entry, by=by, what=what, reason=reason, now=now)
    redaction.agree_to_redaction(request=request, by=agreed_by, now=now, key=new_key())


def record_payment(
    ref: str = "1.2",
    *,
    by: Any,
    amount: str = "1",
    currency: str = "EUR",
    instalment: int = 1,
    kind: str = "paid",
    effective: str = "",
    now: datetime = NOW,
    key: str = "",
    plan: Plan | None = None,
    **fields: Any,
) -> Entry:
    """A payment into a contribution; 1.2 is the British one of the Calais plan."""
    return funding.record_money(
        plan=plan or _plan_of(by) or Plan.objects.get(slug="calais-2014"),
        ref=ref,
        kind=kind,
        instalment=instalment,
        amount=Decimal(amount),
        currency=currency,
        effective=effective or now.date().isoformat(),
        by=by,
        now=now,
        key=key or new_key(),
        **fields,
    )


def new_key() -> str:
    """What a form carries so that sending it twice records one entry."""
    return secrets.token_hex(8)


def _plan_of(user: Any) -> Plan | None:
    """The only plan in which the account has a role."""
    plans = Plan.objects.filter(memberships__user_id=user.pk)
    return plans.first() if plans.count() == 1 else None


# The entries file


def entry_row(
    ref: str, kind: str, effective: str, recorded: str = "", **cells: str
) -> dict[str, str]:
    """A line of the entries file; said by GB on the day it happened, unless something else is given."""
    given = {
        "ref": ref,
        "kind": kind,
        "effective": effective,
        "recorded": recorded or effective,
        "side": "GB",
        **cells,
    }
    return dict.fromkeys(ENTRY_COLUMNS, "") | given


def entries_file(rows: Iterable[Mapping[str, str]]) -> bytes:
    """A CSV file of these lines; a line without an id is named by its place, e0, e1 …"""
    file = io.StringIO()
    writer = csv.DictWriter(file, ENTRY_COLUMNS)
    writer.writeheader()
    for position, row in enumerate(rows):
        writer.writerow({**row, "id": row["id"] or f"e{position}"})
    return file.getvalue().encode()


def load_entries(
    plan: Plan,
    rows: Iterable[Mapping[str, str]],
    *,
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    agreed: bool = True,
) -> None:
    """Entries whose kinds, dates and sides a test chooses, without accounts. `agreed`: what moves,
    drops or replaces a joint action is confirmed by the other sides on the same day.
    """
    named = [{**row, "id": row["id"] or f"e{position}"} for position, row in enumerate(rows)]
    if agreed:
        named += confirmations_of(plan, named)
    load_entries_file(plan, entries_file(named), now=now)


def confirmations_of(plan: Plan, rows: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Of the other leading sides, to what one side says that a joint action cannot take from it."""
    sides_of = {action.ref: leading_sides(action) for action in Action.objects.filter(plan=plan)}
    return [
        entry_row(
            row["ref"],
            "confirmed",
            row["recorded"],
            side=side,
            to=row["id"],
            id=f"{row['id']}-{side}",
        )
        for row in rows
        if row["kind"] in JOINT_KINDS and len(sides_of.get(row["ref"], ())) > 1
        for side in sorted(sides_of[row["ref"]] - {row["side"]})
    ]


def leading_sides(action: Action) -> set[str]:
    leading = {body.side for body in action.leads.all()}
    return leading & set(action.plan.sides)


def load_sample_entries(plan: Plan, *, now: datetime = NOW) -> None:
    """The entries that `./dev up` shows on the Calais plan."""
    load_entries_file(plan, samples.ENTRIES_FILE.read_bytes(), now=now)


def load_entries_file(plan: Plan, content: bytes, *, now: datetime = NOW) -> None:
    reading = entries.load_entries(plan, content, now=now, by=None)
    assert reading.errors == []


def uploaded_file(content: bytes = b"a,b", name: str = "report.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


# What the product says


def action_status(
    ref: str, on: date = TODAY, *, known_now: bool = False, plan: Plan | None = None
) -> dict[str, Any]:
    """How an action stands on a day, as it was known then or as it is known now."""
    plan = plan or Plan.objects.get(slug="calais-2014")
    rows = status(plan, on, None if known_now else on, today=TODAY)["actions"]
    (row,) = [row for row in rows if row["ref"] == ref]
    return dict(row)
