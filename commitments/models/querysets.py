"""Queries that read like sentences; permission is one method a model."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import Exists, F, OuterRef, Q, Value

from commitments.models.prepared import Slot, prepared
from commitments.rules.events import Perspective

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    from commitments.models import Membership, Plan
    from commitments.models.rights import Rights

    Visitor = AbstractBaseUser | AnonymousUser


def insert(
    model: Any, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], then: str = ""
) -> int:
    """Rows as the database takes them, without a model for each: a third of the time; gives how
    many it took.
    """
    return sum(cursor.rowcount for cursor in _inserted(model, columns, rows, then))


def _inserted(
    model: Any, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], then: str
) -> Iterator[Any]:
    quote = connection.ops.quote_name
    into = f"{quote(model._meta.db_table)} ({', '.join(map(quote, columns))})"
    place = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        for some in (rows[start : start + 1000] for start in range(0, len(rows), 1000)):
            places = ", ".join([place] * len(some))
            cursor.execute(
                f"INSERT INTO {into} VALUES {places} {then}",  # noqa: S608
                [value for row in some for value in row],
            )
            yield cursor


def add(model: Any, instances: Sequence[Any]) -> None:
    """As `bulk_create`, which builds and compiles its statement for each row that it writes."""
    meta, here = model._meta, connections[DEFAULT_DB_ALIAS]
    fields = [field for field in meta.concrete_fields if field is not meta.auto_field]
    rows = [
        tuple(field.get_db_prep_save(getattr(row, field.attname), here) for field in fields)
        for row in instances
    ]
    written = _inserted(
        model, [field.column for field in fields], rows, f"RETURNING {meta.pk.column}"
    )
    keys = [key for cursor in written for (key,) in cursor.fetchall()]
    for row, key in zip(instances, keys, strict=True):
        row.pk, row._state.adding, row._state.db = key, False, here.alias


def remove(model: Any, keys: Sequence[int]) -> None:
    """Rows that no other row refers to."""
    table, name = (
        connection.ops.quote_name(text) for text in (model._meta.db_table, model._meta.pk.column)
    )
    if not keys:
        return
    with connection.cursor() as cursor:
        for some in (keys[start : start + 500] for start in range(0, len(keys), 500)):
            places = ", ".join(["%s"] * len(some))
            cursor.execute(f"DELETE FROM {table} WHERE {name} IN ({places})", list(some))  # noqa: S608


# commitment, lens, name, day
Key = tuple[int, str, str, date]


# What every write asks, whatever it writes.


@prepared
def _locked(plans: Any) -> Any:
    return plans.objects.select_for_update().filter(pk=Slot("plan")).order_by().values_list("pk")


@prepared
def _membership(memberships: Any) -> Any:
    return memberships.objects.filter(user=Slot("user"), plan=Slot("plan"), user__is_active=True)


@prepared
def _reportable(actions: Any, role: str, sides: tuple[str, ...]) -> Any:
    found = actions.objects.all().reportable(
        role, Slot("plan"), sides, Slot("side"), Slot("membership")
    )
    return found.filter(pk=Slot("action")).order_by().values_list("pk")


class PlanQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: "Visitor") -> "PlanQuerySet":
        """Those in which the account has a role, and for everybody the public ones."""
        return self.filter(
            Q(pk__in=self.model._default_manager.accessible_to(user).values("pk")) | Q(public=True)
        )

    def accessible_to(self, user: "Visitor") -> "PlanQuerySet":
        """An administrator has one in every plan, an account in those that it belongs to."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self if getattr(user, "is_superuser", False) else self.filter(memberships__user=user)

    def lock(self, plan: "Plan") -> None:
        """Whoever writes to the plan waits for whoever does so now, until the end of the
        transaction.
        """
        assert connection.in_atomic_block
        if not _locked(self.model)(plan=plan.pk):
            raise self.model.DoesNotExist

    def raise_version(self) -> None:
        """Mark the pages of these plans as changed, in the transaction of what changes them."""
        self.update(version=F("version") + 1)


class MembershipQuerySet(models.QuerySet[Any]):
    def of(self, user: "Visitor", plan: "Plan") -> "Membership | None":
        """What the account may do in the plan, read afresh; None for a disabled account."""
        for found in _membership(self.model)(user=user.pk, plan=plan.pk):
            found.plan = plan
            return found  # type: ignore[no-any-return]
        return None


class ActionQuerySet(models.QuerySet[Any]):
    def reportable_by(self, rights: "Rights", plan: "Plan") -> "ActionQuerySet":
        """Led or joined by a body of theirs (a manager: of their side), or led by no side."""
        bodies = self.model.leads.rel.model.objects.filter(plan=plan)
        if rights.role == "manager":
            return self.reportable_for(bodies.filter(side=rights.side), plan)
        if rights.role == "official":
            return self.reportable_for(bodies.filter(pk__in=rights.bodies), plan)
        return self.none()

    def is_reportable(self, membership: "Membership", action: int) -> bool:
        """Whether this action of the plan is one of these."""
        if membership.role == "viewer":
            return False
        sides = tuple(membership.plan.sides)
        values = {
            "plan": membership.plan_id,
            "side": membership.side,
            "membership": membership.pk,
            "action": action,
        }
        return bool(_reportable(self.model, membership.role, sides)(**values))

    def reportable(
        self, role: str | None, plan: Any, sides: Sequence[str], side: Any, membership: Any
    ) -> "ActionQuerySet":
        """The same for values and for slots."""
        if role in (None, "viewer"):
            return self.none()
        bodies = self.model.leads.rel.model.objects
        own = (
            bodies.filter(plan=plan, side=side)
            if role == "manager"
            else bodies.filter(memberships=membership)
        )
        return self.filter(plan=plan)._of(own, sides)

    def reportable_for(self, bodies: models.QuerySet[Any], plan: "Plan") -> "ActionQuerySet":
        """Led or joined by one of the bodies, or led by no side."""
        return self.filter(plan=plan)._of(bodies, plan.sides)

    def reporters(self, plan: "Plan") -> models.QuerySet[Any]:
        """The same for all at once: each action with each body that it is reportable for and its
        side, None for any.
        """
        of_plan = (links.filter(action__plan=plan) for links in self._links())
        led, joined = (links.values_list("action", "body", "body__side") for links in of_plan)
        anybody = self.filter(plan=plan).filter(self._nobodys(plan.sides)).order_by()
        any_ = Value(None, models.BigIntegerField()), Value(None, models.CharField())
        return led.union(joined, anybody.values_list("pk", *any_), all=True)

    def _of(self, bodies: models.QuerySet[Any], sides: Sequence[str]) -> "ActionQuerySet":
        led, joined = (
            links.filter(action=OuterRef("pk"), body__in=bodies) for links in self._links()
        )
        return self.filter(Exists(led) | Exists(joined) | self._nobodys(sides))

    def _links(self) -> tuple[models.QuerySet[Any], models.QuerySet[Any]]:
        return self.model.leads.through.objects.all(), self.model.partners.through.objects.all()

    def _nobodys(self, sides: Sequence[str]) -> Q:
        led, _joined = self._links()
        return ~Q(Exists(led.filter(action=OuterRef("pk"), body__side__in=sides)))


class StandingQuerySet(models.QuerySet[Any]):
    def on(self, day: Any, lens: Perspective) -> "StandingQuerySet":
        """The one stretch of each obligation that holds the day."""
        return self.filter(lens=lens.value, from_day__lte=day, to_day__gt=day)

    def actions(self) -> "StandingQuerySet":
        """An instalment belongs to no commitment."""
        return self.filter(commitment__isnull=False)


class TallyQuerySet(models.QuerySet[Any]):
    def until(self, plan: Any, day: Any, lens: Perspective) -> "TallyQuerySet":
        """All that makes up the counts of a day."""
        return self.filter(plan=plan, lens=lens.value, day__lte=day)

    def add(self, plan: "Plan", changes: "Mapping[Key, int]") -> None:
        """Add to what is there."""
        columns = ["plan_id", "commitment_id", "lens", "name", "day", "change"]
        rows = [(plan.pk, *key, change) for key, change in sorted(changes.items()) if change]
        added = f"{connection.ops.quote_name(self.model._meta.db_table)}.change + excluded.change"
        conflict = "ON CONFLICT (plan_id, lens, day, commitment_id, name) DO UPDATE SET change = "
        insert(self.model, columns, rows, conflict + added)


class FlagQuerySet(models.QuerySet[Any]):
    def standing_or_cleared(self, day: Any) -> "FlagQuerySet":
        """What had been noticed by the day, the newest first."""
        return self.filter(noticed__lte=day).order_by("-since", "kind")
