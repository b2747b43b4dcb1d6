"""Who gets the weekly digest of a plan: active officials and managers who did not unsubscribe."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from actionplan.models import Digest, Subscription, User
from commitments.models import Membership, Plan


@dataclass(frozen=True)
class Recipient:
    """Somebody who gets a digest, with what it depends on.

    `had_one` says whether a digest of an earlier week was sent to them, `last_week` of which week
    the latest row in the outbox is.
    """

    user: User
    kind: Digest.Kind
    side: str
    bodies: frozenset[int]
    had_one: bool
    last_week: date | None


def subscribed_memberships() -> QuerySet[Membership]:
    """The memberships of all plans whose accounts get its digest."""
    unsubscribed = Subscription.objects.filter(
        user=OuterRef("user"), plan=OuterRef("plan"), active=False
    )
    return Membership.objects.filter(
        ~Exists(unsubscribed), role__in=Digest.Kind.values, user__is_active=True
    )


def recipients(plan: Plan, week: date) -> list[Recipient]:
    return _read(subscribed_memberships().filter(plan=plan), week)


def recipients_without_digest(plan: Plan, week: date) -> list[Recipient]:
    """Those for whom the outbox has no digest of the week."""
    of_week = Digest.objects.filter(
        plan=plan, recipient=OuterRef("user"), kind=OuterRef("role"), week=week
    )
    return _read(subscribed_memberships().filter(~Exists(of_week), plan=plan), week)


def is_subscribed(user: User, plan: Plan) -> bool:
    return not Subscription.objects.filter(user=user, plan=plan, active=False).exists()


def subscribe(user: User, plan: Plan, *, active: bool) -> None:
    Subscription.objects.update_or_create(user=user, plan=plan, defaults={"active": active})


def _read(memberships: QuerySet[Membership], week: date) -> list[Recipient]:
    earlier = Digest.objects.filter(
        plan=OuterRef("plan"), recipient=OuterRef("user"), week__lt=week
    ).order_by("-week")
    rows = memberships.annotate(
        had_one=Exists(earlier.filter(state=Digest.State.SENT)),
        last_week=Subquery(earlier.filter(kind=OuterRef("role")).values("week")[:1]),
    )
    with_accounts = rows.select_related("user").prefetch_related("bodies").order_by("user_id")
    return [
        Recipient(
            user=row.user,
            kind=Digest.Kind(row.role),
            side=row.side,
            bodies=frozenset(body.pk for body in row.bodies.all()),
            had_one=row.had_one,
            last_week=row.last_week,
        )
        for row in with_accounts
    ]
