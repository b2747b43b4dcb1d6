"""The sample register and accounts that the first trial starts with; never on a register that has
entries.
"""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest

from actionplan.models import User
from commitments import clock
from commitments.files.entries import load_entries
from commitments.models import Entry, Plan
from commitments.register import memberships
from commitments.register.entry_types import RIGHTS

PLAN_FILE = Path(__file__).parent.parent / "plans" / "calais-2014.toml"
ENTRIES_FILE = Path(__file__).parent.parent / "plans" / "calais-2014-samples.csv"
ACCOUNTS_FILE = Path(__file__).parent.parent / "plans" / "calais-2014-accounts.toml"
PASSWORD = "sample-calais-2014"  # noqa: S105 a sample, shown on the sign-in page
LOOPBACK = ("127.0.0.1", "::1")


class NotEmpty(Exception):
    """The register has entries; samples would mix with them."""


@dataclass(frozen=True)
class LoadedSamples:
    entries: int
    accounts: int


def load_samples(plan: Plan) -> LoadedSamples:
    """The sample entries and accounts. Raises NotEmpty."""
    with transaction.atomic():
        Plan.objects.lock(plan)
        recorded = Entry.objects.filter(plan=plan).without_plan_entries()
        if recorded.exclude(kind=RIGHTS).exists():
            raise NotEmpty(f"the register of {plan.slug} has entries: samples are for an empty one")
        entries = _load_sample_entries(plan)
        Plan.objects.filter(pk=plan.pk).update(is_sample=True)
        now = clock.now(plan.timezone)
        members = tomllib.loads(ACCOUNTS_FILE.read_text())["accounts"]
        for member in members:
            _create_member(plan, now, **member)
        _save_user("administrator@example.org", "Administrator", "en", is_superuser=True)
    return LoadedSamples(entries, len(members) + 1)


def _load_sample_entries(plan: Plan) -> int:
    now = clock.now(plan.timezone)
    reading = load_entries(plan, ENTRIES_FILE.read_bytes(), now=now, by=None)
    if reading.errors:
        raise ValueError([error.text for error in reading.errors])
    return len(reading.drafts)


def _create_member(
    plan: Plan,
    now: datetime,
    *,
    email: str,
    post: str,
    language: str,
    role: str,
    side: str,
    bodies: list[str],
) -> None:
    user = _save_user(email, post, language)
    named = plan.bodies.filter(code__in=bodies)
    memberships.set_rights(plan, user.pk, role=role, side=side, bodies=named, by=None, now=now)


def _save_user(email: str, post: str, language: str, **fields: object) -> User:
    password = make_password(PASSWORD)
    fields |= {"post": post, "language": language, "password": password}
    user, _is_new = User.objects.update_or_create(email=email, defaults=fields)
    return user


def accounts_to_show(request: HttpRequest) -> list[dict[str, str]]:
    """For the sign-in page, and only where the site runs on samples and answers on the loopback
    address.
    """
    if not (settings.TRIAL and _is_local(request)):
        return []
    if not Plan.objects.filter(is_sample=True).exists():
        return []
    users = User.objects.filter(email__endswith="@example.org", is_active=True).order_by("pk")
    return [{"email": user.email, "label": user.post, "password": PASSWORD} for user in users]


def _is_local(request: HttpRequest) -> bool:
    host = request.get_host().rpartition(":")[0] or request.get_host()
    is_loopback_name = host in ("localhost", "127.0.0.1", "[::1]")
    return is_loopback_name and request.META.get("REMOTE_ADDR") in LOOPBACK
