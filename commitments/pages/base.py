"""The views of a plan: who may open one, and pages whose body is kept for all readers alike."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import AccessMixin
from django.contrib.messages import get_messages
from django.core.cache import caches
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views import View

from commitments import clock
from commitments.models import Membership, Plan
from commitments.models.rights import rights_of
from commitments.pages.etag import fingerprint, key_of
from commitments.pages.page import Page


class NoPlan(Exception):
    """The account sees no plan, or none is loaded yet."""


class PlanView(AccessMixin, View):
    """A view inside a plan: `page` says of which plan, day and rights, `membership` of whom.

    A view answers members of the plan only, unless it says that it is `public`: then it answers
    everybody where the plan is open for reading.
    """

    page: Page
    membership: Membership | None
    public = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        slug = kwargs.pop("slug", None)
        if not request.user.is_authenticated and not self.public:
            return self.handle_no_permission()
        try:
            self.open_page(request, slug)
        except (NoPlan, Http404) as refusal:
            if not request.user.is_authenticated:
                return self.handle_no_permission()
            if isinstance(refusal, NoPlan):
                return render(request, "no_plan.html")
            raise
        request.page = self.page  # type: ignore[attr-defined]
        if not (self.public or self.page.inside):
            raise Http404
        # times are shown in the plan's zone
        with timezone.override(self.page.plan.timezone):
            return super().dispatch(request, *args, **kwargs)

    def open_page(self, request: HttpRequest, slug: str | None) -> None:
        """Set `page` and `membership`.

        Raises NoPlan, Http404 for a plan that the account may not read, BadRequest for an odd day.
        """
        memberships = request.user.roles if request.user.is_authenticated else []
        plans = _readable_plans(request, slug, memberships)
        plan = _choose_plan(request, slug, plans)
        self.membership = next((row for row in memberships if row.plan_id == plan.pk), None)
        today = clock.today(plan.timezone)
        on = day_asked_for(request.GET.get("on"), today)
        known: date | None = on
        if is_known_now(request.GET.get("known")):
            known = None
        self.page = Page(
            plan=plan,
            plans=plans,
            rights=rights_of(
                self.membership,
                is_administrator=request.user.is_superuser,
            ),
            on=on,
            known=known,
            today=today,
            head=getattr(self.membership, "head", None),
        )


class KeptView(PlanView):
    """A page whose body follows from its plan, day, rights, language and address alone.

    A view names the template of the body and gives its context in `content()`, the page's `title`
    among it. The body is rendered without the request and kept in this process, under a key that
    holds all that it follows from, so that nothing needs to be invalidated. What names the reader
    or changes by itself stands in the layout, which is rendered for each request around the body;
    `live_context()` gives what a layout of the view's own needs for that.
    """

    template_name: str
    layout_name = "kept_page.html"

    def content(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        raise NotImplementedError

    def live_context(self) -> dict[str, Any]:
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(self.page, request)
        live = self.live_context()
        tag = self._etag(key, live)
        unchanged = get_conditional_response(request, etag=tag)
        if unchanged is not None:
            return unchanged
        rendered = caches["pages"].get(key)
        if rendered is None:
            rendered = self._render_body(kwargs)
            caches["pages"].set(key, rendered)
        title, body = rendered
        response = render(request, self.layout_name, {"title": title, "body": body, **live})
        if tag:
            response.headers["ETag"] = tag
        return response

    def _render_body(self, kwargs: dict[str, Any]) -> tuple[str, str]:
        """The title and the HTML; the query and the path are those of the key."""
        content = self.content(**kwargs)
        request = {"query": self.request.GET, "path": self.request.path}
        html = render_to_string(self.template_name, self.page.context | request | content)
        return str(content["title"]), html

    def _etag(self, key: str, live: dict[str, Any]) -> str | None:
        """The key and what the layout shows besides; None where that does not follow from these.

        A message is shown once, and what an administrator reads tells of the whole site. The tag is
        weak, since a page that was compressed on its way is the same page. The token in its forms
        holds as long as the cookie.
        """
        user = self.request.user
        if self.page.rights.is_administrator or len(get_messages(self.request)):
            return None
        plans = [(plan.slug, plan.version) for plan in self.page.plans]
        cookie = self.request.COOKIES.get(settings.CSRF_COOKIE_NAME)
        return f'W/"{fingerprint(key, user.pk, str(user), plans, cookie, live)}"'


def _readable_plans(
    request: HttpRequest, slug: str | None, memberships: Sequence[Membership]
) -> list[Plan]:
    """The plans to choose from.

    They are those of an account. The public ones are added for administrators, for visitors, and
    for the address of a plan that is not the account's.
    """
    plans = [membership.plan for membership in memberships]
    is_own = slug is None or slug in {plan.slug for plan in plans}
    if plans and is_own and not request.user.is_superuser:
        return plans
    return list(Plan.objects.visible_to(request.user))


def _choose_plan(request: HttpRequest, slug: str | None, plans: Sequence[Plan]) -> Plan:
    if not plans:
        raise NoPlan
    # a token opens one plan, and comes with no session
    token_plan = getattr(request, "only_plan", None)
    if token_plan is not None:
        plans = [plan for plan in plans if plan.pk == token_plan]
    wanted = slug or request.session.get("plan")
    plan = next((plan for plan in plans if plan.slug == wanted), None)
    if not plans or (plan is None and slug):
        raise Http404
    has_choice = len(plans) > 1 and request.user.is_authenticated
    if slug and has_choice and request.session.get("plan") != slug:
        # short addresses lead to the plan that was opened last
        request.session["plan"] = slug
    return plan or plans[-1]


def day_asked_for(text: str | None, today: date) -> date:
    if not text:
        return today
    day = clock.parse_day(text)
    if day is None:
        raise BadRequest(
            _(
                "“%(text)s” is no day that can be shown: give one from %(first)s to %(last)s, such as 2014-11-01."
            )
            % {"text": text[:40], "first": clock.EARLIEST, "last": clock.LATEST}
        )
    return day


def is_known_now(text: str | None) -> bool:
    """Whether the address asks for the day as it is known now, and not as it was known then."""
    if text not in (None, "", "now"):
        raise BadRequest(
            _("“known” can only be “now”: leave it out to see what was known on the day itself.")
        )
    return text == "now"
