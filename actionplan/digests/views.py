"""The digests of an account, its settings, the unsubscribe link, and what administrators look after."""

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

from actionplan.digests import hold, outbox, rendering
from actionplan.digests.content import WEEK, Items, Week, unreminded_actions, week_before
from actionplan.digests.recipients import is_subscribed, recipients, subscribe
from actionplan.models import Digest, User
from commitments.models import Plan, Role
from commitments.pages.base import PlanView

DIGESTS_SHOWN = 60


class Digests(PlanView):
    """What was sent to me, and whether I want it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        plan, user = self.page.plan, request.user
        own = Digest.objects.filter(plan=plan, recipient=user.pk)
        context = {
            "page": self.page,
            "digests": own.exclude(state=Digest.State.SKIPPED)[:DIGESTS_SHOWN],
            "subscribed": is_subscribed(user, plan),  # type: ignore[arg-type]
            "unreminded": self._unreminded(),
        }
        if user.is_superuser:
            context |= self._for_administrators()
        return render(request, "actionplan/digests/list.html", context)

    def _unreminded(self) -> Items:
        if self.membership is None or self.membership.role != Role.MANAGER:
            return Items()
        return Items.first_of_query(unreminded_actions(self.page))

    def _for_administrators(self) -> dict[str, Any]:
        plan = self.page.plan
        week = week_before(self.page.today)
        return {
            "problems": Digest.objects.filter(plan=plan, state__in=outbox.ENDED_BADLY),
            "recipients": recipients(plan, week),
            "week": week,
            "held": hold.waiting().count(),
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("wanted") == "1"
        subscribe(request.user, self.page.plan, active=wanted)  # type: ignore[arg-type]
        return HttpResponseRedirect(self.page.url("digests"))


class DigestDetail(PlanView):
    """One digest as it was sent, to its recipient only."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        own = Digest.objects.filter(plan=self.page.plan, recipient=request.user.pk)
        digest = get_object_or_404(own.exclude(state=Digest.State.SKIPPED), pk=number)
        context = {"page": self.page, "digest": digest}
        return render(request, "actionplan/digests/detail.html", context)


class DigestMend(PlanView):
    """An administrator sends a failed or uncertain digest once more, or closes it."""

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        require_administrator(request)
        digest = get_object_or_404(Digest, plan=self.page.plan, pk=number)
        if "close" in request.POST:
            outbox.close(digest)
        else:
            outbox.retry(digest)
        return HttpResponseRedirect(self.page.url("digests"))


class MailRelease(PlanView):
    """An administrator ends the hold that a restore leaves; what waits is sent or dropped."""

    def post(self, request: HttpRequest) -> HttpResponse:
        require_administrator(request)
        hold.release(discard=request.POST.get("discard") != "0")
        return HttpResponseRedirect(self.page.url("digests"))


class DigestPreview(PlanView):
    """Any week, any recipient, either language, without sending; for administrators."""

    def get(self, request: HttpRequest) -> HttpResponse:
        require_administrator(request)
        plan = self.page.plan
        week = self._week(request.GET.get("week", ""))
        by_key = {str(recipient.user.pk): recipient for recipient in recipients(plan, week)}
        recipient = by_key.get(request.GET.get("recipient", ""))
        if recipient is None:
            raise Http404
        language = "fr" if request.GET.get("language") == "fr" else "en"
        texts = rendering.render_for(Week(plan, week), recipient, language)
        preview = Digest(
            week=week,
            kind=recipient.kind,
            recipient=recipient.user,
            language=language,
            subject=texts.subject,
            text=texts.text,
            html=texts.html,
        )
        context = {"page": self.page, "digest": preview, "is_preview": True}
        return render(request, "actionplan/digests/detail.html", context)

    def _week(self, text: str) -> date:
        """The week of the day that was asked for, else the last one."""
        try:
            return week_before(date.fromisoformat(text) + WEEK)
        except (ValueError, OverflowError):
            return week_before(self.page.today)


def require_administrator(request: HttpRequest) -> None:
    if not request.user.is_superuser:
        raise PermissionDenied


@method_decorator(csrf_exempt, name="dispatch")
class Unsubscribe(View):
    """RFC 8058: POST alone acts, without sign-in, cookie or redirect; GET changes nothing."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        try:
            user, plan = rendering.read_unsubscribe_token(kwargs["token"])
            self.user = User.objects.get(pk=user)
            self.plan = Plan.objects.get(pk=plan)
        except (signing.BadSignature, ValueError, User.DoesNotExist, Plan.DoesNotExist):
            raise Http404 from None

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._show(request)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        wanted = request.POST.get("wanted") == "1"
        subscribe(self.user, self.plan, active=wanted)
        if wanted:
            return self._show(request, done=_("You get the digest again."))
        return self._show(request, done=_("You get no more digests."))

    def _show(self, request: HttpRequest, done: str = "") -> HttpResponse:
        context = {
            "subscribed": is_subscribed(self.user, self.plan),
            "of_plan": self.plan,
            "done": done,
        }
        response = render(request, "actionplan/digests/unsubscribe.html", context)
        response["Cache-Control"] = "no-store"
        return response
