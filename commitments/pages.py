"""What every page of a plan knows: the plan, the day and what is known on it, who looks, and with what rights."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from commitments import clock
from commitments.console import EARLIEST, LATEST, as_day
from commitments.facts import Lens
from commitments.models import Entry, Membership, Plan, Standing
from commitments.querysets import StandingQuerySet

# addresses that belong to the site and to no plan
OUTSIDE = {"sign-in", "sign-out", "language", "accessibility", "account", "accounts", "styleguide"}


@dataclass(frozen=True)
class Page:
    """`known` is a day, or None for now."""

    user: Any
    plan: Plan
    plans: list[Plan]
    membership: Membership | None
    on: date
    known: date | None
    today: date

    @property
    def lens(self) -> Lens:
        return Lens.THEN if self.known else Lens.NOW

    @property
    def known_day(self) -> date:
        return self.known or max(self.today, self.on)

    @property
    def other_day(self) -> bool:
        return self.on != self.today or self.known is None

    @cached_property
    def naming(self) -> list[dict[str, Any]]:
        """Withdrawals, as known, and redactions, which nothing undoes on any day; the newest first."""
        known = Q(kind="withdrawn", recorded_day__lte=self.known_day) | Q(kind="redacted")
        found = Entry.objects.filter(known, plan=self.plan).order_by("-number")
        return list(found.values("pk", "number", "kind", "to_id", "recorded_day", "words", "text__reason"))

    @cached_property
    def void(self) -> set[int]:
        """Keys of the entries that are withdrawn, as known; a withdrawn withdrawal has no effect."""
        void: set[int] = set()
        for row in self.naming:
            if row["kind"] == "withdrawn" and row["pk"] not in void:
                void.add(row["to_id"])
        return void

    @cached_property
    def redactions(self) -> defaultdict[int, list[dict[str, Any]]]:
        """What was removed from entries for good, by the key of the entry."""
        found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in self.naming:
            if row["kind"] == "redacted":
                found[row["to_id"]].append(row)
        return found

    @property
    def kept(self) -> dict[str, str]:
        """What addresses and forms carry along so that the reader stays on the chosen day."""
        found = {} if self.on == self.today else {"on": self.on.isoformat()}
        return found | ({} if self.known else {"known": "now"})

    @property
    def standings(self) -> StandingQuerySet:
        """The standing of every action on the day."""
        return Standing.objects.filter(plan=self.plan).on(self.on, self.lens).actions()

    def rows(self) -> StandingQuerySet:
        """The standings with the actions that they are about."""
        return self.standings.select_related("obligation__action", "obligation__commitment")

    def url(self, name: str, *args: Any, **query: Any) -> str:
        """An address inside the plan, on the same day; the short form where there is only one plan."""
        if name in OUTSIDE:
            return reverse(name, args=args)
        inside = [self.plan.slug] if len(self.plans) > 1 else []
        address = reverse(f"plan:{name}" if inside else name, args=[*inside, *args])
        found = urlencode({**self.kept, **query}, doseq=True)
        return f"{address}?{found}" if found else address


class NoPlan(Exception):
    """The account sees no plan, or none is loaded yet."""


def open_page(request: HttpRequest, slug: str | None) -> Page:
    """The page of a plan that the account may read; Http404 for one that it may not, BadRequest for an odd day."""
    plans, memberships = _visible(request)
    if not plans:
        raise NoPlan
    # a token opens one plan, and goes with no session
    only = getattr(request, "only_plan", None)
    chosen = slug or (None if only else request.session.get("plan"))
    plan = next((plan for plan in plans if plan.slug == chosen or (chosen is None and plan.pk == only)), None)
    if only and plan and plan.pk != only:
        raise Http404
    if plan is None:
        if slug:
            raise Http404
        plan = plans[-1]
    if slug and not only and request.session.get("plan") != slug and len(plans) > 1:
        request.session["plan"] = slug
    today = clock.today(plan.timezone)
    on = asked_day(request.GET.get("on"), today)
    known = None if asked_known(request.GET.get("known")) else on
    return Page(request.user, plan, plans, memberships.get(plan.pk), on, known, today)


def _visible(request: HttpRequest) -> tuple[list[Plan], dict[int, Membership]]:
    assert request.user.is_authenticated
    found = Membership.objects.filter(user=request.user).select_related("plan").order_by("plan__adopted_on")
    memberships = {membership.plan_id: membership for membership in found}
    if getattr(request.user, "is_superuser", False):
        return list(Plan.objects.visible_to(request.user)), memberships
    return [membership.plan for membership in memberships.values()], memberships


def asked_day(text: str | None, today: date) -> date:
    if not text:
        return today
    found = as_day(text)
    if found is None:
        raise BadRequest(
            _("“%(text)s” is no day that can be shown: give one from %(first)s to %(last)s, such as 2014-11-01.")
            % {"text": text[:40], "first": EARLIEST, "last": LATEST}
        )
    return found


def asked_known(text: str | None) -> bool:
    if text not in (None, "", "now"):
        raise BadRequest(_("“known” can only be “now”: leave it out to see what was known on the day itself."))
    return text == "now"


class PlanView(AccessMixin, View):
    """A view inside a plan; `self.page` says which, when and for whom."""

    page: Page

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.page = request.page = self.open(request, kwargs.pop("slug", None))  # type: ignore[attr-defined]
        with timezone.override(self.page.plan.timezone):  # in which times are shown
            return super().dispatch(request, *args, **kwargs)

    def open(self, request: HttpRequest, slug: str | None) -> Page:
        return open_page(request, slug)
