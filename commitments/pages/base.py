"""The views of a plan: who may open one, and pages whose body is kept for all readers alike."""

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.mixins import AccessMixin
from django.contrib.messages import get_messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views import View

from commitments import clock
from commitments.models import Membership, Plan
from commitments.models.rights import rights_of
from commitments.pages import labels
from commitments.pages.days import read_day
from commitments.pages.entries import entries_on
from commitments.pages.etag import key_of
from commitments.pages.page import Page
from commitments.process_cache import fingerprint, get_or_make
from commitments.written_dates import AskedBack


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
    days_in_address: ClassVar[Set[str]] = {"on"}

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
        query = self._with_days_as_numbers(request)
        if (slug is None or query != request.GET) and _can_be_redirected(request):
            return HttpResponseRedirect(_permanent_address(request, self.page.plan, query))
        # times are shown in the plan's zone, and texts in its languages
        plan = self.page.plan
        with timezone.override(plan.timezone), labels.in_languages_of(plan):
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
            return response

    def _with_days_as_numbers(self, request: HttpRequest) -> QueryDict:
        """The query with its days as YYYY-MM-DD, since “14 March” is another day next year."""
        query = request.GET.copy()
        for name in self.days_in_address & query.keys():
            try:
                day = read_day(request.GET[name], self.page.plan, self.page.today)
            except AskedBack:
                # the page itself says what is wrong with it
                continue
            query[name] = day.isoformat()
        return query

    def open_page(self, request: HttpRequest, slug: str | None) -> None:
        """Set `page` and `membership`.

        Raises NoPlan, Http404 for a plan that the account may not read, BadRequest for an odd day.
        """
        page, self.membership = _page_of_today(request, slug)
        on = day_asked_for(request.GET.get("on"), page.plan, page.today)
        known: date | None = on
        if is_known_now(request.GET.get("known")):
            known = None
        self.page = replace(page, on=on, known=known)


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

    def key_parts(self) -> tuple[object, ...]:
        """What the body depends on besides the page and its address."""
        return ()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(self.page, request, *self.key_parts())
        live = self.live_context()
        tag = self._etag(key, live)
        unchanged = get_conditional_response(request, etag=tag)
        if unchanged is not None:
            return unchanged
        title, body = get_or_make(key, lambda: self._render_body(kwargs))
        frame = get_or_make(fingerprint("frame", key, self._plans), self._render_frame)
        context = {"title": title, "body": body, "frame": frame, **live}
        response = render(request, self.layout_name, context)
        if tag:
            response.headers["ETag"] = tag
        return response

    def _render_body(self, kwargs: dict[str, Any]) -> tuple[str, str]:
        """The title and the HTML; the query and the path are those of the key."""
        content = self.content(**kwargs)
        request = {
            "query": self.request.GET,
            "path": self.request.path,
            "citation": self._citation,
        }
        html = render_to_string(self.template_name, self.page.context | request | content)
        return str(content["title"]), html

    def _render_frame(self) -> dict[str, str]:
        """The bar of pages above the body and the footer below it, by the name of their template.

        They also follow from the plans that the reader may choose from.
        """
        templates = {"bar": "includes/header/bar.html", "footer": "includes/footer.html"}
        return {
            name: render_to_string(template, request=self.request)
            for name, template in templates.items()
        }

    @property
    def _plans(self) -> list[tuple[str, int]]:
        return [(plan.slug, plan.version) for plan in self.page.plans]

    def _citation(self) -> dict[str, object]:
        """The address of this page on its day, and up to which entry the register is shown."""
        query = self.request.GET.copy()
        query.pop("token", None)
        query["on"] = self.page.on.isoformat()
        return {
            "address": f"{settings.SITE_URL}{self.request.path}?{query.urlencode()}",
            "entry": entries_on(self.page).order_by("-number").first(),
        }

    def _etag(self, key: str, live: dict[str, Any]) -> str | None:
        """The ETag: made of the key and of what the layout shows besides; None where the layout
        shows more.

        A message is shown once, and what an administrator reads tells of the whole site. The tag is
        weak, since a page that was compressed on its way is the same page. The token in its forms
        holds as long as the cookie.
        """
        user = self.request.user
        if self.page.rights.is_administrator or len(get_messages(self.request)):
            return None
        cookie = self.request.COOKIES.get(settings.CSRF_COOKIE_NAME)
        return f'W/"{fingerprint(key, user.pk, str(user), self._plans, cookie, live)}"'


def page_opened_last(request: HttpRequest) -> Page | None:
    """The page of the plan that the account opened last, as it stands today; None where it may read
    none.
    """
    try:
        page, _membership = _page_of_today(request, None)
    except (NoPlan, Http404):
        return None
    return page


def _page_of_today(request: HttpRequest, slug: str | None) -> tuple[Page, Membership | None]:
    memberships = request.user.roles if request.user.is_authenticated else []
    plans = _readable_plans(request, slug, memberships)
    plan = _choose_plan(request, slug, plans)
    membership = next((row for row in memberships if row.plan_id == plan.pk), None)
    today = clock.today(plan.timezone)
    page = Page(
        plan=plan,
        plans=plans,
        rights=rights_of(
            membership, administrator=request.user.pk if request.user.is_superuser else None
        ),
        on=today,
        known=today,
        today=today,
        head=getattr(membership, "head", None),
    )
    return page, membership


def _can_be_redirected(request: HttpRequest) -> bool:
    """Whether the request is neither a form nor that of a program with a token, which may not
    follow a redirect or may lose the token.
    """
    return request.method in ("GET", "HEAD") and not hasattr(request, "only_plan")


def _permanent_address(request: HttpRequest, plan: Plan, query: QueryDict) -> str:
    match = request.resolver_match
    assert match
    address = reverse(f"plan:{match.url_name}", kwargs={"slug": plan.slug, **match.kwargs})
    return f"{address}?{query.urlencode()}" if query else address


def _readable_plans(
    request: HttpRequest, slug: str | None, memberships: Sequence[Membership]
) -> list[Plan]:
    """The plans to choose from: those of the account. Public ones are added for administrators, for
    visitors, and where the address names a plan that is not the account's.
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


def day_asked_for(text: str | None, plan: Plan, today: date) -> date:
    if not text:
        return today
    try:
        return read_day(text, plan, today)
    except AskedBack as question:
        raise BadRequest(str(question)) from None


def is_known_now(text: str | None) -> bool:
    """Whether the address asks for the day as it is known now, and not as it was known then."""
    if text not in (None, "", "now"):
        raise BadRequest(
            _("“known” can only be “now”: leave it out to see what was known on the day itself.")
        )
    return text == "now"
