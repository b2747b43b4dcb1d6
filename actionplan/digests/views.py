"""My digests as they were sent, my settings; the way out for one click; and what an administrator
looks after.
"""

from datetime import date
from typing import Any

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from actionplan.digests import content, hold, outbox, rendering
from actionplan.models import Digest, Subscription, User
from commitments.models import Plan, Role
from commitments.pages.base import PlanView


class Digests(PlanView):
    """What was sent to me, and whether I want it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = self.page
        mine = Digest.objects.filter(plan=page.plan, recipient=request.user.pk)
        administrator = request.user.is_superuser
        problems = Digest.objects.filter(plan=page.plan, state__in=outbox.ENDED_BADLY)
        context = {
            "page": page,
            "digests": mine.exclude(state=Digest.State.SKIPPED)[:60],
            "subscribed": is_subscribed(request.user, page.plan),
            "problems": problems if administrator else [],
            "recipients": list(outbox.recipients(page.plan)) if administrator else [],
            "week": rendering.week_before(page.today),
            "unreminded": self._unreminded(),
            "held": hold.waiting().count() if administrator else 0,
        }
        return render(request, "actionplan/digests.html", context)

    def _unreminded(self) -> content.Items:
        """For managers: the open actions of their side that no official gets a digest about."""
        membership = self.membership
        if membership is None or membership.role != Role.MANAGER:
            return content.Items()
        return content.Items.of(content.unreminded(self.page))

    def post(self, request: HttpRequest) -> HttpResponse:
        subscribe(self.request.user, self.page.plan, active=request.POST.get("wanted") == "1")
        return HttpResponseRedirect(self.page.url("digests"))


def is_subscribed(user: Any, plan: Plan) -> bool:
    return not Subscription.objects.filter(user=user, plan=plan, active=False).exists()


def subscribe(user: Any, plan: Plan, *, active: bool) -> None:
    Subscription.objects.update_or_create(user=user, plan=plan, defaults={"active": active})


class DigestDetail(PlanView):
    """One digest as it was sent, to its recipient only."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        mine = Digest.objects.filter(plan=self.page.plan, recipient=self.request.user.pk)
        found = get_object_or_404(mine.exclude(state=Digest.State.SKIPPED), pk=number)
        return render(request, "actionplan/digest.html", {"page": self.page, "digest": found})


class DigestMend(PlanView):
    """An administrator sends a failed or uncertain digest once more, or closes it."""

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        if not self.request.user.is_superuser:
            raise PermissionDenied
        row = get_object_or_404(Digest, plan=self.page.plan, pk=number)
        outbox.close(row) if "close" in request.POST else outbox.retry(row)
        return HttpResponseRedirect(self.page.url("digests"))


class MailRelease(PlanView):
    """An administrator ends the hold that a restore leaves; what waits is sent or dropped."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if not self.request.user.is_superuser:
            raise PermissionDenied
        hold.release(discard=request.POST.get("discard") != "0")
        return HttpResponseRedirect(self.page.url("digests"))


class DigestPreview(PlanView):
    """Any week, any recipient, either language, without sending; for administrators."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = self.page
        if not request.user.is_superuser:
            raise PermissionDenied
        kinds = {user.pk: (user, kind) for user, kind in outbox.recipients(page.plan)}
        chosen = request.GET.get("recipient", "")
        if not (chosen.isascii() and chosen.isdigit() and int(chosen) in kinds):
            raise Http404
        user, kind = kinds[int(chosen)]
        week = rendering.week_before(_monday(request.GET.get("week", ""), page.today) + outbox.WEEK)
        language = "fr" if request.GET.get("language") == "fr" else "en"
        _content, rendered = rendering.rendered(page.plan, user, week, language)
        preview = Digest(week=week, kind=kind, recipient=user, language=language, **rendered)
        return render(
            request, "actionplan/digest.html", {"page": page, "digest": preview, "is_preview": True}
        )


def _monday(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return rendering.week_before(today)


@method_decorator(csrf_exempt, name="dispatch")
class Unsubscribe(View):
    """RFC 8058: POST alone acts, without sign-in, cookie or redirect; what GET shows changes
    nothing.
    """

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        try:
            user, plan = rendering.unsubscribed_by(kwargs["token"])
            self.user, self.plan = User.objects.get(pk=user), Plan.objects.get(pk=plan)
        except (signing.BadSignature, ValueError, User.DoesNotExist, Plan.DoesNotExist):
            raise Http404 from None

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._show(request)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        wanted = request.POST.get("wanted") == "1"
        subscribe(self.user, self.plan, active=wanted)
        return self._show(
            request,
            done=_("You get the digest again.") if wanted else _("You get no more digests."),
        )

    def _show(self, request: HttpRequest, done: str = "") -> HttpResponse:
        context = {
            "subscribed": is_subscribed(self.user, self.plan),
            "of_plan": self.plan,
            "done": done,
        }
        response = render(request, "actionplan/unsubscribe.html", context)
        response["Cache-Control"] = "no-store"
        return response
