"""Who gets the weekly digest of a plan: active officials and managers who did not unsubscribe."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeAlias, TypedDict

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django_stubs_ext import WithAnnotations

from actionplan.models import Digest, Subscription, User
from commitments.models import Membership, Plan, Role


class EarlierDigests(TypedDict):
    """Whether a digest of an earlier week was sent, and the week of the latest row in the outbox."""

    had_one: bool
    last_week: date | None


Pace = Subscription.Pace
# the roles that get one, and so the kinds of a weekly digest
WEEKLY = (Digest.Kind.OFFICIAL, Digest.Kind.MANAGER)

# somebody who gets a digest: their membership, with the side and bodies that it depends on
Recipient: TypeAlias = "WithAnnotations[Membership, EarlierDigests]"


def subscribed_memberships() -> QuerySet[Membership]:
    """The memberships of all plans whose accounts get its digest."""
    unsubscribed = Subscription.objects.filter(
        user=OuterRef("user"), plan=OuterRef("plan"), active=False
    )
    return Membership.objects.filter(~Exists(unsubscribed), role__in=WEEKLY, user__is_active=True)


def noticed_memberships(*, is_daily: bool | None = None) -> QuerySet[Any]:
    """The memberships, in any role, of those who hear at once or daily of what happens; each has its
    `pace`.
    """
    own = Subscription.objects.filter(user=OuterRef("user"), plan=OuterRef("plan"))
    paces = {Pace.WORD, Pace.AT_ONCE, Pace.DAILY}
    if is_daily is not None:
        paces = {Pace.DAILY} if is_daily else {Pace.WORD, Pace.AT_ONCE}
    members = Membership.objects.annotate(
        pace=Coalesce(Subquery(own.values("pace")[:1]), Value(Pace.WORD.value))
    )
    wanted = members.filter(~Exists(own.filter(active=False)), pace__in=paces, user__is_active=True)
    return wanted.select_related("user").prefetch_related("bodies").order_by("user_id")


def reporters_of(member: Membership) -> frozenset[int | str]:
    """For whom somebody reports: the keys of an official's bodies, or the side of a manager."""
    if member.role == Role.MANAGER:
        return frozenset([member.side])
    return frozenset(body.pk for body in member.bodies.all())


def own_actions(
    reporters: Iterable[int | str], reportable: Mapping[int | str | None, set[int]]
) -> set[int]:
    """The actions on which these may report, given those of all reporters (`keys_by_reporter`)."""
    return reportable[None].union(*(reportable[reporter] for reporter in reporters))


def recipients(plan: Plan, week: date) -> list[Recipient]:
    return _read(subscribed_memberships().filter(plan=plan), week)


def recipients_without_digest(plan: Plan, week: date) -> list[Recipient]:
    """The recipients for whom the outbox has no digest of the week yet."""
    of_week = Digest.objects.filter(
        plan=plan, recipient=OuterRef("user"), kind=OuterRef("role"), week=week
    )
    return _read(subscribed_memberships().filter(~Exists(of_week), plan=plan), week)


def is_subscribed(user: User, plan: Plan) -> bool:
    return not Subscription.objects.filter(user=user, plan=plan, active=False).exists()


def subscribe(user: User, plan: Plan, *, active: bool) -> None:
    Subscription.objects.update_or_create(user=user, plan=plan, defaults={"active": active})


def pace_of(user: User, plan: Plan) -> str:
    paces = Subscription.objects.filter(user=user, plan=plan).values_list("pace", flat=True)
    return paces.first() or Pace.WORD


def set_pace(user: User, plan: Plan, pace: str) -> None:
    Subscription.objects.update_or_create(user=user, plan=plan, defaults={"pace": pace})


def _read(memberships: QuerySet[Membership], week: date) -> list[Recipient]:
    earlier = Digest.objects.filter(
        plan=OuterRef("plan"), recipient=OuterRef("user"), kind__in=WEEKLY, week__lt=week
    ).order_by("-week")
    rows = memberships.annotate(
        had_one=Exists(earlier.filter(state=Digest.State.SENT)),
        last_week=Subquery(earlier.filter(kind=OuterRef("role")).values("week")[:1]),
    )
    return list(rows.select_related("user").prefetch_related("bodies").order_by("user_id"))
