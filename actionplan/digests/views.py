"""The digests of an account, its settings, the unsubscribe link, and what administrators look after."""

from datetime import date

from django.contrib import messages
from django.core import signing
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from actionplan.accounts.administrators import AdministratorRequired
from actionplan.digests import hold, outbox, rendering
from actionplan.digests.content import WEEK, Items, Week, unreminded_actions, week_before
from actionplan.digests.recipients import (
    is_subscribed,
    pace_of,
    recipients,
    set_pace,
    subscribe,
)
from actionplan.models import Digest, Follow, Subscription, User
from commitments.models import Action, Plan, Role
from commitments.pages.base import PlanView, day_asked_for
from commitments.views.actions import ActionDetail

DIGESTS_SHOWN = 60
Pace = Subscription.Pace


class Digests(PlanView):
    """What was sent to me, and whether I want it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        plan = self.page.plan
        user = request.user
        own = Digest.objects.filter(plan=plan, recipient=user.pk)
        context = {
            "page": self.page,
            "digests": own.exclude(state=Digest.State.SKIPPED)[:DIGESTS_SHOWN],
            "subscribed": is_subscribed(user, plan),  # type: ignore[arg-type]
            "pace": pace_of(user, plan),  # type: ignore[arg-type]
            "paces": Pace.choices,
            "followed": Action.objects.filter(plan=plan, ref__in=self._followed()),
            "unreminded": self._unreminded(),
        }
        if self.page.rights.is_administrator:
            context |= self._for_administrators()
        return render(request, "actionplan/digests/list.html", context)

    def _followed(self) -> QuerySet[Follow, str]:
        follows = Follow.objects.filter(plan=self.page.plan, user=self.request.user.pk)
        return follows.values_list("ref", flat=True)

    def _unreminded(self) -> Items:
        if self.membership is None or self.membership.role != Role.MANAGER:
            return Items()
        return Items.first_of_query(unreminded_actions(self.page))

    def _for_administrators(self) -> dict[str, object]:
        plan = self.page.plan
        week = week_before(self.page.today)
        return {
            "problems": Digest.objects.filter(plan=plan, state__in=outbox.ENDED_BADLY),
            "recipients": recipients(plan, week),
            "week": week,
            "held": hold.waiting().count(),
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        pace = request.POST.get("pace")
        if pace in Pace.values:
            set_pace(request.user, self.page.plan, pace)  # type: ignore[arg-type]
            messages.success(request, _("Saved."))
        else:
            wanted = request.POST.get("wanted") == "1"
            subscribe(request.user, self.page.plan, active=wanted)  # type: ignore[arg-type]
        return HttpResponseRedirect(self.page.url("digests"))


class FollowedAction(ActionDetail):
    """The page of an action, with the button to follow it."""

    layout_name = "actionplan/digests/action.html"

    def live_context(self) -> dict[str, object]:
        user = self.request.user.pk
        follows = Follow.objects.filter(plan=self.page.plan, user=user, ref=self.kwargs["ref"])
        return {"ref": self.kwargs["ref"], "follows": self.page.inside and follows.exists()}


class FollowAction(PlanView):
    """An account begins or ends to follow an action."""

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        action = get_object_or_404(Action, plan=self.page.plan, ref=ref)
        plan = self.page.plan
        account = request.user.pk
        if request.POST.get("follow") == "1":
            Follow.objects.get_or_create(user_id=account, plan=plan, ref=action.ref)
        else:
            Follow.objects.filter(user=account, plan=plan, ref=action.ref).delete()
        return HttpResponseRedirect(self.page.url("action", action.ref))


class DigestDetail(PlanView):
    """One digest as it was sent, to its recipient only."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        own = Digest.objects.filter(plan=self.page.plan, recipient=request.user.pk)
        digest = get_object_or_404(own.exclude(state=Digest.State.SKIPPED), pk=number)
        context = {"page": self.page, "digest": digest}
        return render(request, "actionplan/digests/detail.html", context)


class DigestMend(PlanView, AdministratorRequired):
    """An administrator sends a failed or uncertain digest once more, or closes it."""

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        digest = get_object_or_404(Digest, plan=self.page.plan, pk=number)
        if "close" in request.POST:
            outbox.close(digest)
        else:
            outbox.retry(digest)
        return HttpResponseRedirect(self.page.url("digests"))


class MailRelease(PlanView, AdministratorRequired):
    """An administrator ends the hold that a restore leaves; what waits is sent or dropped."""

    def post(self, request: HttpRequest) -> HttpResponse:
        hold.release(discard=request.POST.get("discard") != "0")
        return HttpResponseRedirect(self.page.url("digests"))


class DigestPreview(PlanView, AdministratorRequired):
    """Any week, any recipient, either language, without sending; for administrators."""

    def get(self, request: HttpRequest) -> HttpResponse:
        plan = self.page.plan
        week = self._week(request.GET.get("week", ""))
        by_key = {str(recipient.user.pk): recipient for recipient in recipients(plan, week)}
        recipient = by_key.get(request.GET.get("recipient", ""))
        if recipient is None:
            raise Http404
        language = "fr" if request.GET.get("language") == "fr" else "en"
        texts = rendering.Renderer(Week(plan, week)).render(recipient, language)
        preview = Digest(
            week=week,
            kind=recipient.role,
            recipient=recipient.user,
            language=language,
        )
        texts.write_to(preview)
        context = {"page": self.page, "digest": preview, "is_preview": True}
        return render(request, "actionplan/digests/detail.html", context)

    def _week(self, text: str) -> date:
        """The week of the day that was asked for, else the last one."""
        if not text:
            return week_before(self.page.today)
        return week_before(day_asked_for(text, self.page.plan, self.page.today) + WEEK)


@method_decorator(csrf_exempt, name="dispatch")
class Unsubscribe(View):
    """RFC 8058: POST alone acts, without sign-in, cookie or redirect; GET changes nothing."""

    def setup(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        super().setup(request, *args, **kwargs)
        try:
            token = str(kwargs["token"])
            user, plan, self.notices_only = rendering.read_unsubscribe_token(token)
            self.user = User.objects.get(pk=user)
            self.plan = Plan.objects.get(pk=plan)
        except (signing.BadSignature, ValueError, User.DoesNotExist, Plan.DoesNotExist):
            raise Http404 from None

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._show(request)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        wanted = request.POST.get("wanted") == "1"
        if self.notices_only:
            set_pace(self.user, self.plan, Pace.WORD if wanted else Pace.WEEKLY)
        else:
            subscribe(self.user, self.plan, active=wanted)
        if wanted and self.notices_only:
            return self._show(request, done=_("You hear at once again of what waits for you."))
        if self.notices_only:
            return self._show(request, done=_("You get the weekly digest alone."))
        if wanted:
            return self._show(request, done=_("You get the digest again."))
        return self._show(request, done=_("You get no more digests."))

    def _show(self, request: HttpRequest, done: str = "") -> HttpResponse:
        subscribed = is_subscribed(self.user, self.plan)
        if self.notices_only:
            subscribed = subscribed and pace_of(self.user, self.plan) != Pace.WEEKLY
        context = {
            "subscribed": subscribed,
            "notices_only": self.notices_only,
            "of_plan": self.plan,
            "done": done,
        }
        return render(request, "actionplan/digests/unsubscribe.html", context)
