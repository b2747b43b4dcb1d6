"""Overview, status and language."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.http import require_POST, require_safe

from actionplan.jobs import ledger
from actionplan.models import User, Verification
from actionplan.overview.content import overview
from actionplan.overview.status import status
from actionplan.witnesses.checkpoints import sightings
from commitments import clock
from commitments.models import Plan
from commitments.pages.base import KeptView, PlanView
from commitments.pages.etag import respond_if_changed
from commitments.process_cache import fingerprint, get_or_make


class Overview(KeptView):
    public = True
    template_name = "actionplan/overview/body.html"
    layout_name = "actionplan/overview/page.html"

    def content(self) -> dict[str, object]:
        return {"title": _("Overview"), **overview(self.page)}

    def live_context(self) -> dict[str, object]:
        if not self.page.inside:
            return {"jobs": [], "sightings": []}
        plan = self.page.plan
        # what is late becomes so without a write, by the minute
        minute = timezone.now().replace(second=0, microsecond=0)
        key = fingerprint("checks", plan.pk, plan.version, minute)
        return get_or_make(key, lambda: _checks(plan))


def _checks(plan: Plan) -> dict[str, object]:
    """What the site finds out about itself: a run of a job and a signature of a witness raise the
    version of the plan.
    """
    jobs = ledger.job_statuses(plan, timezone.now())
    return {
        "jobs": jobs,
        "late_jobs": any(job.late for job in jobs),
        "verification": Verification.objects.filter(plan=plan).first(),
        "sightings": sightings(plan, clock.now(plan.timezone)),
    }


class Status(PlanView):
    """The status as JSON, from the same code as the command."""

    public = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        page = self.page
        jobs = ledger.freshness(page.plan) if page.inside else []
        return respond_if_changed(page, request, self._make_response, jobs)

    def _make_response(self) -> HttpResponse:
        page = self.page
        content = status(page.plan, page.on, page.known, today=page.today, inside=page.inside)
        return JsonResponse(content, json_dumps_params={"ensure_ascii": False})


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """The reader's choice, kept with the account and in a cookie for the next sign-in."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return i18n.set_language(request)


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "actionplan/accessibility.html")
