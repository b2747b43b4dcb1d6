"""What a delivery says, and the signature by which its receiver knows it.

It says nothing but what everybody may see of a public plan, whatever the plan: the kind of an entry,
what it is about, its day and its hash. Who wants to know more follows the link and signs in.
"""

import hmac
import json
from typing import TypedDict

from django.conf import settings
from django.urls import reverse

from actionplan.models import WebhookDelivery
from actionplan.schemas.json_types import Day
from commitments.models import Entry, Plan, PublicEntry

SIGNATURE = "Actionplan-Signature"
DELIVERY = "Actionplan-Delivery"


class NoLongerPublic(Exception):
    """The plan file says meanwhile that everybody does not see such an entry."""


class DeliveredEntry(TypedDict):
    number: int
    kind: str
    ref: str
    recorded: Day
    link: str
    hash: str


class DeliveryBody(TypedDict):
    id: str
    plan: str
    entry: DeliveredEntry | None


def body_of(delivery: WebhookDelivery, plan: Plan) -> bytes:
    """The same bytes whenever it is tried: an entry never changes. Raises NoLongerPublic."""
    body: DeliveryBody = {
        "id": str(delivery.id),
        "plan": plan.slug,
        "entry": _entry(plan, delivery.number),
    }
    return json.dumps(body).encode()


def _entry(plan: Plan, number: int | None) -> DeliveredEntry | None:
    """None for a test."""
    if number is None:
        return None
    entry = PublicEntry.objects.filter(plan_id=plan.pk, number=number).first()
    if entry is None:
        raise NoLongerPublic
    path = reverse("plan:entry", kwargs={"slug": plan.slug, "number": number})
    return {
        "number": number,
        "kind": entry.kind,
        "ref": entry.ref,
        "recorded": entry.recorded_day.isoformat(),
        "link": settings.SITE_URL + path,
        "hash": Entry.objects.get(plan=plan, number=number).hash,
    }


def sign(secret: str, moment: int, body: bytes) -> str:
    """The value of the header: when it was signed, and the HMAC of that and the body."""
    signed = f"{moment}.".encode() + body
    digest = hmac.new(secret.encode(), signed, "sha256").hexdigest()
    return f"t={moment},v1={digest}"
