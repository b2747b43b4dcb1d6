"""The sample register and accounts that the first trial starts with; never on a register that has
entries.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from actionplan.local import environment
from actionplan.models import User
from commitments import clock
from commitments.files import entries
from commitments.models import Entry, Membership, Plan, Role

PLAN_FILE = Path(__file__).parent.parent / "plans" / "calais-2014.toml"
ENTRIES_FILE = Path(__file__).parent.parent / "plans" / "calais-2014-samples.csv"
TODAY = environment.SAMPLE_DAY
PASSWORD = "sample-calais-2014"  # noqa: S105 a sample, shown on the sign-in page

# post, role, side, bodies; the address is made of role and side
ACCOUNTS = (
    (
        "official.gb",
        "Official of the Home Office",
        Role.OFFICIAL,
        "GB",
        ("home-office", "border-force"),
        "en",
    ),
    ("official.nca", "Official of the National Crime Agency", Role.OFFICIAL, "GB", ("nca",), "en"),
    (
        "official.fr",
        "Agent du ministère de l’Intérieur",
        Role.OFFICIAL,
        "FR",
        ("interior-ministry",),
        "fr",
    ),
    (
        "official.dcpaf",
        "Agent de la police aux frontières",
        Role.OFFICIAL,
        "FR",
        ("dcpaf", "ocriest"),
        "fr",
    ),
    ("manager.gb", "Director, Home Office", Role.MANAGER, "GB", (), "en"),
    ("manager.fr", "Directrice, ministère de l’Intérieur", Role.MANAGER, "FR", (), "fr"),
    ("viewer", "Committee reader", Role.VIEWER, "", (), "en"),
)


class NotEmpty(Exception):
    """The register has entries; samples would mix with them."""


def load_samples(plan: Plan) -> int:
    """The sample entries and accounts; returns the number of entries. Raises NotEmpty."""
    with transaction.atomic():
        Plan.objects.lock(plan)
        if Entry.objects.filter(plan=plan).without_plan_entries().exists():
            raise NotEmpty
        now = clock.now(plan.timezone)
        reading = entries.load_entries(plan, ENTRIES_FILE.read_bytes(), now=now, by=None)
        if reading.errors:
            raise ValueError([error.text for error in reading.errors])
        Plan.objects.filter(pk=plan.pk).update(is_sample=True)
        for name, post, role, side, bodies, language in ACCOUNTS:
            user = _account(f"{name}@example.org", post, language)
            membership = Membership.objects.create(user=user, plan=plan, role=role, side=side)
            membership.bodies.set(plan.bodies.filter(code__in=bodies))
        administrator = _account("administrator@example.org", "Administrator", "en")
        administrator.is_superuser = administrator.is_staff = True
        administrator.save()
    return len(reading.rows)


def _account(email: str, post: str, language: str) -> User:
    user = User.objects.filter(email=email).first() or User(email=email)
    user.post, user.language = post, language
    user.set_password(PASSWORD)
    user.save()
    return user


def accounts_to_show(request: HttpRequest) -> list[dict[str, Any]]:
    """Only where the site runs on samples and answers on the loopback address."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    local = host in ("localhost", "127.0.0.1", "[::1]") and request.META.get("REMOTE_ADDR") in (
        "127.0.0.1",
        "::1",
    )
    if not (settings.TRIAL and local and Plan.objects.filter(is_sample=True).exists()):
        return []
    found = User.objects.filter(email__endswith="@example.org", is_active=True).order_by("pk")
    return [{"email": user.email, "label": user.post, "password": PASSWORD} for user in found]
