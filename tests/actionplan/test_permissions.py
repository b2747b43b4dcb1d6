"""The table of docs/reference/permissions.md, held against the site: each address, kind of account
and method.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from allauth.socialaccount.models import SocialAccount
from django.conf import settings as site_settings
from django.db import transaction
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from pytest_django import Settings

from actionplan import urls
from actionplan.accounts import invitations
from actionplan.digests import outbox, rendering
from actionplan.models import Digest, PaperOrder, User
from actionplan.papers.writers import PaperChoice
from commitments.evidence import storage
from commitments.models import Action, Entry, HeldReport, Plan, Role
from commitments.register import redaction, services
from tests import hostile
from tests.client import Client
from tests.factories import (
    create_administrator,
    create_manager,
    create_official,
    create_plan,
    create_viewer,
    record_meeting,
    report_entry,
    uploaded_file,
)

TABLE = Path(site_settings.BASE_DIR) / "docs" / "reference" / "permissions.md"
NOW = datetime(2015, 1, 12, 9, tzinfo=UTC)
METHODS = ("GET", "POST")
# a view takes these from everybody or from nobody, so three accounts ask with them
OTHER_METHODS = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
WITH_EVERY_METHOD = {"anonymous", "manager GB", "administrator"}

MEMBERS = {"viewer", "official GB", "official FR", "manager GB", "manager FR", "administrator"}
ACCOUNTS = MEMBERS | {"member of another plan"}
EVERYBODY = ACCOUNTS | {"anonymous", "disabled"}
# the sample is about 5.3, which the Home Office leads; its entry is a British official's, the
# digest a manager's
WHO: dict[str, set[str]] = {
    "anyone": EVERYBODY,
    "accounts": ACCOUNTS,
    "members": MEMBERS,
    "reporters": {"official GB", "manager GB"},
    "managers of the action": {"manager GB"},
    "managers of the contributor": {"manager GB"},
    "officials and managers": {"official GB", "official FR", "manager GB", "manager FR"},
    "managers": {"manager GB", "manager FR"},
    "managers and administrators": {"manager GB", "manager FR", "administrator"},
    "author and managers of the side": {"official GB", "manager GB"},
    "managers of any side and administrators": {"manager GB", "manager FR", "administrator"},
    "those who have yet to agree": {"manager GB"},
    "its author and managers of the side": {"official GB", "manager GB"},
    "its author": {"official GB"},
    "managers of its side": {"manager GB"},
    "others than the author": {"manager GB", "official FR", "manager FR"},
    "the other side": {"official FR", "manager FR"},
    "who was asked": {"official FR", "manager FR"},
    "its recipient": {"manager GB"},
    "administrators": {"administrator"},
    "the account that asked for it": {"manager GB"},
    "—": set(),
}
# who is signed in is led on from signing in; no job has run yet; the identity provider does not
# answer; some pages of one's own account ask for the password first, or are about what the accounts
# here do not have
ANOTHER_ANSWER = {
    ("sign-in", 302),
    ("account_login", 302),
    ("health-jobs", 503),
    ("openid_connect_callback", 400),
    ("mfa_deactivate_totp", 404),
    ("mfa_view_recovery_codes", 404),
    *{
        (f"mfa_{page}", 302)
        for page in ("authenticate", "login_webauthn", "reauthenticate", "reauthenticate_webauthn")
    },
    *{(f"mfa_{page}", 302) for page in ("activate_totp", "add_webauthn", "remove_webauthn")},
    ("mfa_generate_recovery_codes", 302),
}


class Row(NamedTuple):
    """One line of the table."""

    name: str
    reads: str
    writes: str


def rows() -> dict[str, Row]:
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in TABLE.read_text().splitlines()
    ]
    return {
        cells[1]: Row(*cells[1:])
        for cells in lines
        if len(cells) == 4 and cells[0].startswith("`/")
    }


def patterns(found: list[Any]) -> Iterator[URLPattern]:
    for pattern in found:
        if isinstance(pattern, URLResolver) and pattern.namespace != "plan":
            yield from patterns(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            yield pattern


def names() -> set[str]:
    return {str(pattern.name) for pattern in patterns(urls.urlpatterns)}


@pytest.fixture
def plan(calais: Plan, settings: Settings) -> Plan:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    app = {
        "provider_id": "gb",
        "client_id": "x",
        "secret": "x",
        "settings": {"server_url": "http://127.0.0.1:1"},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": settings.SOCIALACCOUNT_PROVIDERS["openid_connect"] | {"APPS": [app]}
    }
    return calais


@pytest.fixture
def people(plan: Plan) -> dict[str, Any]:
    small = create_plan()
    disabled = create_manager(plan)
    return {
        "anonymous": None,
        "disabled": disabled,
        "viewer": create_viewer(plan),
        "official GB": create_official(plan),
        "official FR": create_official(plan, side="FR", bodies=["dcpaf"]),
        "manager GB": create_manager(plan),
        "manager FR": create_manager(plan, side="FR"),
        "administrator": create_administrator(),
        "member of another plan": create_manager(small),
    }


@pytest.fixture
def arguments(plan: Plan, people: dict[str, Any]) -> dict[str, list[Any]]:
    """What stands in the addresses; an empty list where nothing does."""
    entry = report_entry(
        "5.3",
        by=people["official GB"],
        kind="completed",
        effective="2015-01-10",
        evidence=[storage.store(uploaded_file(hostile.photo()))],
    )
    request = redaction.ask_for_redaction(
        entry=entry,
        what="files",
        by=people["administrator"],
        now=NOW,
        key="asked",
        reason="It names a person.",
    )
    paper = PaperOrder.objects.create(
        plan=plan,
        by=people["manager GB"],
        choice=PaperChoice(NOW.date(), NOW.date(), False, "pdf", "en", "short").query,
        state=PaperOrder.State.READY,
        asked=timezone.now(),
        finished=timezone.now(),
        head=Entry.objects.filter(plan=plan).count(),
        content=b"%PDF",
    )
    meeting = record_meeting("Committee", "2015-01-05", by=people["manager GB"])
    question = services.ask(
        plan=plan,
        ref="5.3",
        side="FR",
        note="Who?",
        by=people["manager GB"],
        now=NOW,
        key="question",
    )
    outbox.queue(plan, date(2015, 1, 5))
    mail = Digest.objects.get(plan=plan, recipient=people["manager GB"])
    invited: dict[str, Any] = {
        "email": "new@example.org",
        "post": "New",
        "language": "en",
        "plan": plan,
        "role": Role.VIEWER,
    }
    invitation = invitations.invite(by=people["administrator"], **invited)
    held = hold_report(plan, by=people["official GB"])
    by_kind: dict[str, list[Any]] = {
        "<str:ref>": ["5.3"],
        "<str:code>": ["intervention"],
        "<str:name>": ["timeline"],
        "<number:number>": [entry.number],
        "<uuid:key>": [entry.evidence.get().pk],
        "<number:pk>": [people["viewer"].pk],
        "<slug:side>": ["gb"],
        "<slug:provider_id>": ["gb"],
        "<slug:act>": ["disable"],
        "<str:token>": [rendering.unsubscribe_token(people["manager GB"], plan)],
    }
    found = {}
    for pattern in patterns(urls.urlpatterns):
        kinds = [f"<{part.split('>')[0]}>" for part in str(pattern.pattern).split("<")[1:]]
        found[str(pattern.name)] = [
            argument for kind in kinds for argument in by_kind.get(kind, [])
        ]
    of_their_own: dict[str, list[Any]] = {
        "commitment": [5],
        "paper-order": [paper.pk],
        "paper-file": [paper.pk],
        "change-meeting": [meeting.number],
        "record-conclusion": [meeting.number],
        "agree": [request.number],
        "pay": ["1.2"],
        "answer": [question.number],
        "held": [held.pk],
        "send-back": [held.pk],
        "take-back": [held.pk],
        "held-file": [held.files.get().pk],
        "held-picture": [held.files.get().pk],
        "digest": [mail.pk],
        "digest-mend": [mail.pk],
        "invitation": [invitations.make_token(invitation)],
        "invitation-resend": [invitation.pk],
        "invitation-revoke": [invitation.pk],
        "unlink": [
            SocialAccount.objects.create(user=people["manager GB"], provider="gb", uid="1").pk
        ],
        "account_reset_password_from_key": ["1", "none"],
    }
    return {**found, **of_their_own}


def hold_report(plan: Plan, *, by: User) -> HeldReport:
    """A report with a file, which waits for release."""
    Plan.objects.filter(pk=plan.pk).update(clearance=["GB"])
    with pytest.raises(services.HeldForRelease):
        report_entry("5.3", by=by, evidence=[storage.store(uploaded_file(hostile.photo()))])
    return HeldReport.objects.get()


def is_right(name: str, role: str, method: str, status: int, who: set[str]) -> bool:
    """Whether the answer is one that the table allows; nothing is ever answered with an error of
    the server.
    """
    if method == "OPTIONS":
        return status in (200, 302, 401, 403, 404, 405)
    if role in who:
        if method == "POST":
            # what was sent is empty: its faults are shown, and a page may lead on
            return status in (200, 302, 400, 422) or (name, status) in ANOTHER_ANSWER
        return status == 200 or (name, status) in ANOTHER_ANSWER
    return status in (
        (302, 401, 404, 405) if role in ("anonymous", "disabled") else (403, 404, 405)
    )


class Visitor:
    """Asks as one account; what a request wrote is taken back."""

    def __init__(self, person: User | None, role: str) -> None:
        self.client = Client()
        if person:
            self.client.force_login(person)
            if role == "disabled":
                User.objects.filter(pk=person.pk).update(is_active=False)
        self.cookies = deepcopy(self.client.cookies)

    def ask(self, method: str, address: str, query: Mapping[str, str]) -> int:
        self.client.cookies = deepcopy(self.cookies)
        with transaction.atomic():
            send = getattr(self.client, method.lower())
            response = send(address, query if method in ("GET", "HEAD") else {})
            if response.streaming:
                list(response.streaming_content)  # to its end, which closes the file
            status: int = response.status_code
            transaction.set_rollback(True)
        return status


def test_the_table_knows_every_address_and_no_other() -> None:
    assert set(rows()) == names()


@pytest.mark.slow
@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_each_account_gets_from_each_address_what_the_table_says(
    plan: Plan, people: dict[str, Any], arguments: dict[str, list[Any]], role: str
) -> None:
    visitor, wrong = Visitor(people[role], role), []
    inside = {str(pattern.name) for pattern in urls.plan_pages}
    methods = METHODS + OTHER_METHODS if role in WITH_EVERY_METHOD else METHODS
    for name, row in rows().items():
        before = [plan.slug] if name in inside else []
        address = reverse(f"plan:{name}" if before else name, args=[*before, *arguments[name]])
        query = {"recipient": str(people["manager GB"].pk)} if name == "digest-preview" else {}
        takes = {"GET": row.reads, "HEAD": row.reads, "POST": row.writes}
        for method in methods:
            status = visitor.ask(method, address, query)
            if not is_right(name, role, method, status, WHO[takes.get(method, "—")]):
                wrong.append((name, method, status))
    assert wrong == []


def test_who_may_report_on_what_is_the_same_asked_for_all_at_once(calais: Plan) -> None:
    keys = Action.objects.keys_by_reporter(calais)
    by_anybody = Action.objects.reportable_for(calais.bodies.none(), calais)
    assert keys[None] == set(by_anybody.values_list("pk", flat=True))
    for body in calais.bodies.all():
        by_body = Action.objects.reportable_for(calais.bodies.filter(pk=body.pk), calais)
        assert keys[None] | keys[body.pk] == set(by_body.values_list("pk", flat=True))
