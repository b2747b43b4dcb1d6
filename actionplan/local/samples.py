"""The sample register and accounts that the first trial starts with; never on a register that has
entries.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest

from actionplan.models import User
from commitments import clock
from commitments.files.entries import load_entries
from commitments.models import Entry, Membership, Plan, Role

PLAN_FILE = Path(__file__).parent.parent / "plans" / "calais-2014.toml"
ENTRIES_FILE = Path(__file__).parent.parent / "plans" / "calais-2014-samples.csv"
PASSWORD = "sample-calais-2014"  # noqa: S105 a sample, shown on the sign-in page
LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class SampleAccount:
    """`bodies` are codes."""

    email: str
    post: str
    role: Role
    side: str = ""
    bodies: tuple[str, ...] = ()
    language: str = "en"


ACCOUNTS = (
    SampleAccount(
        "official.gb@example.org",
        "Official of the Home Office",
        Role.OFFICIAL,
        side="GB",
        bodies=("home-office", "border-force"),
    ),
    SampleAccount(
        "official.nca@example.org",
        "Official of the National Crime Agency",
        Role.OFFICIAL,
        side="GB",
        bodies=("nca",),
    ),
    SampleAccount(
        "official.fr@example.org",
        "Agent du ministère de l’Intérieur",
        Role.OFFICIAL,
        side="FR",
        bodies=("interior-ministry",),
        language="fr",
    ),
    SampleAccount(
        "official.dcpaf@example.org",
        "Agent de la police aux frontières",
        Role.OFFICIAL,
        side="FR",
        bodies=("dcpaf", "ocriest"),
        language="fr",
    ),
    SampleAccount("manager.gb@example.org", "Director, Home Office", Role.MANAGER, side="GB"),
    SampleAccount(
        "manager.fr@example.org",
        "Directrice, ministère de l’Intérieur",
        Role.MANAGER,
        side="FR",
        language="fr",
    ),
    SampleAccount("viewer@example.org", "Committee reader", Role.VIEWER),
)


class NotEmpty(Exception):
    """The register has entries; samples would mix with them."""


def load_samples(plan: Plan) -> int:
    """The sample entries and accounts; returns the number of entries. Raises NotEmpty."""
    with transaction.atomic():
        Plan.objects.lock(plan)
        if Entry.objects.filter(plan=plan).without_plan_entries().exists():
            raise NotEmpty(f"the register of {plan.slug} has entries: samples are for an empty one")
        count = _load_sample_entries(plan)
        Plan.objects.filter(pk=plan.pk).update(is_sample=True)
        for account in ACCOUNTS:
            _create_member(plan, account)
        _create_administrator()
    return count


def _load_sample_entries(plan: Plan) -> int:
    now = clock.now(plan.timezone)
    reading = load_entries(plan, ENTRIES_FILE.read_bytes(), now=now, by=None)
    if reading.errors:
        raise ValueError([error.text for error in reading.errors])
    return len(reading.drafts)


def _create_member(plan: Plan, account: SampleAccount) -> None:
    user = _save_user(account.email, account.post, account.language)
    membership = Membership.objects.create(
        user=user, plan=plan, role=account.role, side=account.side
    )
    membership.bodies.set(plan.bodies.filter(code__in=account.bodies))


def _create_administrator() -> None:
    _save_user("administrator@example.org", "Administrator", "en", is_superuser=True)


def _save_user(email: str, post: str, language: str, **fields: object) -> User:
    password = make_password(PASSWORD)
    fields |= {"post": post, "language": language, "password": password}
    user, _is_new = User.objects.update_or_create(email=email, defaults=fields)
    return user


def accounts_to_show(request: HttpRequest) -> list[dict[str, Any]]:
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
