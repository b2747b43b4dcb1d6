"""What every page of a plan knows: the plan, the day and what is known on it, who looks, and with
what rights.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.mixins import AccessMixin
from django.contrib.messages import get_messages
from django.core.exceptions import BadRequest
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views import View

from commitments import clock
from commitments.management.arguments import EARLIEST, LATEST, as_day
from commitments.models import Entry, Membership, Plan, Standing
from commitments.models.prepared import Slot, prepared
from commitments.models.querysets import StandingQuerySet
from commitments.pages import etag as conditional
from commitments.rules.events import Perspective

# addresses that belong to the site and to no plan
OUTSIDE = {
    "sign-in",
    "sign-out",
    "language",
    "accessibility",
    "account",
    "accounts",
    "styleguide",
    "load-plan",
}


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
    # of each plan the hash of its newest entry; empty where it was not asked for
    heads: tuple[str | None, ...] = ()

    @property
    def inside(self) -> bool:
        """Whether the reader has a role in the plan; everybody else sees what a public plan shows."""
        return self.membership is not None or bool(getattr(self.user, "is_superuser", False))

    @property
    def lens(self) -> Perspective:
        return Perspective.AS_KNOWN_THEN if self.known else Perspective.AS_KNOWN_NOW

    @property
    def known_day(self) -> date:
        return self.known or max(self.today, self.on)

    @property
    def other_day(self) -> bool:
        return self.on != self.today or self.known is None

    @cached_property
    def void(self) -> set[int]:
        """Keys of all entries that are withdrawn, as known; a withdrawn withdrawal has no effect."""
        withdrawals = Entry.objects.filter(
            plan=self.plan, kind="withdrawn", recorded_day__lte=self.known_day
        )
        void: set[int] = set()
        for pk, to in withdrawals.order_by("-number").values_list("pk", "to_id"):
            if pk not in void:
                void.add(to)
        return void

    @property
    def slots(self) -> dict[str, Any]:
        """What prepared queries are filled with: the plan, the day, and the day of what is known."""
        return {"plan": self.plan.pk, "on": self.on, "known": self.known_day}

    @cached_property
    def kept(self) -> dict[str, str]:
        """What addresses and forms carry along so that the reader stays on the chosen day."""
        found = {} if self.on == self.today else {"on": self.on.isoformat()}
        return found | ({} if self.known else {"known": "now"})

    @property
    def standings(self) -> StandingQuerySet:
        """The standing of every action on the day."""
        return actions_on(self.inside, self.lens, self.plan.pk, self.on)

    def rows(self) -> StandingQuerySet:
        """The standings with the actions that they are about."""
        return self.standings.select_related("obligation__action", "obligation__commitment")

    def url(self, name: str, *args: Any, **query: Any) -> str:
        """An address inside the plan, on the same day; the short form where there is only one plan."""
        if name in OUTSIDE:
            return address_of(name, args)
        if len(self.plans) > 1:
            name, args = f"plan:{name}", (self.plan.slug, *args)
        return address_of(name, args, tuple((self.kept | query).items()))


def actions_on(inside: bool, lens: Perspective, plan: Any, day: Any) -> StandingQuerySet:
    """The standing of every action of a plan on a day, either as a value or as a slot."""
    return Standing.objects.filter(plan=plan).on(day, lens).actions()


@lru_cache(maxsize=8192)
def address_of(
    name: str, args: tuple[Any, ...] = (), query: tuple[tuple[str, Any], ...] = ()
) -> str:
    """A page has two hundred addresses, most of them those of the page before."""
    address = reverse(name, args=args)
    return f"{address}?{urlencode(query)}" if query else address


class NoPlan(Exception):
    """The account sees no plan, or none is loaded yet."""


def open_page(request: HttpRequest, slug: str | None) -> Page:
    """The page of a plan that the account may read; Http404 for one that it may not, BadRequest for
    an odd day.
    """
    plans, memberships = _visible(request, slug)
    if not plans:
        raise NoPlan
    # a token opens one plan, and goes with no session
    only = getattr(request, "only_plan", None)
    chosen = slug or (None if only else request.session.get("plan"))
    plan = next(
        (plan for plan in plans if plan.slug == chosen or (chosen is None and plan.pk == only)),
        None,
    )
    if only and plan and plan.pk != only:
        raise Http404
    if plan is None:
        if slug:
            raise Http404
        plan = plans[-1]
    keep = request.user.is_authenticated and not only
    if slug and keep and request.session.get("plan") != slug and len(plans) > 1:
        request.session["plan"] = slug
    today = clock.today(plan.timezone)
    on = asked_day(request.GET.get("on"), today)
    known = None if asked_known(request.GET.get("known")) else on
    # an administrator sees plans without a membership, whose heads nobody has read
    heads = tuple(m.head for m in memberships.values()) if len(memberships) == len(plans) else ()  # type: ignore[attr-defined]
    return Page(request.user, plan, plans, memberships.get(plan.pk), on, known, today, heads)


def _visible(request: HttpRequest, slug: str | None) -> tuple[list[Plan], dict[int, Membership]]:
    """The plans to choose from: those of an account, and where they do not answer the address the
    public ones too.
    """
    user = request.user
    memberships: dict[int, Membership] = {}
    if user.is_authenticated:
        # whoever has a session was read with their roles; somebody with a token was not
        roles = user.roles if hasattr(user, "roles") else roles_of(user.pk)
        memberships = {membership.plan_id: membership for membership in roles}
    plans = [membership.plan for membership in memberships.values()]
    if (
        not plans
        or getattr(user, "is_superuser", False)
        or (slug and slug not in {plan.slug for plan in plans})
    ):
        plans = list(Plan.objects.visible_to(user))
    return plans, memberships


def roles_of(user: int) -> list[Membership]:
    """What an account may do in which plan, with the hash of each plan's newest entry."""
    return _memberships()(user=user)


@prepared
def _memberships() -> Any:
    newest = Entry.objects.filter(plan=OuterRef("plan")).order_by("-number").values("hash")[:1]
    found = Membership.objects.filter(user=Slot("user")).select_related("plan", "user")
    return found.annotate(head=Subquery(newest)).order_by("plan__adopted_on")


def asked_day(text: str | None, today: date) -> date:
    if not text:
        return today
    found = as_day(text)
    if found is None:
        raise BadRequest(
            _(
                "“%(text)s” is no day that can be shown: give one from %(first)s to %(last)s, such as 2014-11-01."
            )
            % {"text": text[:40], "first": EARLIEST, "last": LATEST}
        )
    return found


def asked_known(text: str | None) -> bool:
    if text not in (None, "", "now"):
        raise BadRequest(
            _("“known” can only be “now”: leave it out to see what was known on the day itself.")
        )
    return text == "now"


class PlanView(AccessMixin, View):
    """A view inside a plan; `self.page` says which, when and for whom.

    `public`: of a plan that is open for reading it answers everybody. A view is not, unless it says
    so.
    """

    page: Page
    public = False
    # whether the page follows from the register, the reader and the day alone, and has no form of
    # its own
    follows = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        slug = kwargs.pop("slug", None)
        if not request.user.is_authenticated and not self.public:
            return self.handle_no_permission()
        try:
            self.page = request.page = self.open(request, slug)  # type: ignore[attr-defined]
        except (NoPlan, Http404):
            if request.user.is_authenticated:
                raise
            return self.handle_no_permission()
        if not (self.public or self.page.inside):
            raise Http404
        follows = self._follows(request)
        if follows and "If-None-Match" in request.headers:
            unchanged = get_conditional_response(request, etag=self._tag())
            if unchanged:
                return unchanged
        with timezone.override(self.page.plan.timezone):  # in which times are shown
            response = super().dispatch(request, *args, **kwargs)
        if follows and response.status_code == 200:
            response.headers["ETag"] = self._tag()
        return response

    def _follows(self, request: HttpRequest) -> bool:
        """A message is said once: a page that has one is neither kept nor called unchanged.

        What an administrator reads tells of the whole site, and does not follow from a register
        either.
        """
        asked = (
            request.method == "GET"
            and "format" not in request.GET
            and not getattr(request.user, "is_superuser", 0)
        )
        return self.follows and bool(self.page.heads) and asked and not len(get_messages(request))

    def open(self, request: HttpRequest, slug: str | None) -> Page:
        return open_page(request, slug)

    def beside(self) -> Any:
        """What the page shows beside the register."""
        return None

    def _tag(self) -> str:
        """Weak: what is compressed on its way is the same page. The token of its forms holds as
        long as its cookie.
        """
        cookie = self.request.COOKIES.get(settings.CSRF_COOKIE_NAME)
        return f"W/{conditional.etag(self.page, self.request, clock.is_pinned(), cookie, self.beside())}"
