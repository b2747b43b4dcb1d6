"""Whole plans in the browser: a plan file loaded in two steps, and a plan exported."""

import io
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import UserPassesTestMixin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from actionplan.plan_transfer import export, load
from commitments import clock
from commitments.files.errors import FileRefused
from commitments.forms.entries import FileForm
from commitments.models import Plan
from commitments.pages.base import PlanView
from commitments.register.permissions import can_export_plan
from commitments.rules.events import Perspective
from commitments.views.entry_files import changes_of, states


class PlanForm(FileForm):
    largest = load.LARGEST
    file = forms.FileField(
        label=gettext_lazy("Plan file"),
        help_text=gettext_lazy("TOML in UTF-8, at most 1 MiB."),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".toml"}),
    )


class LoadPlan(UserPassesTestMixin, View):
    """For administrators, with or without a plan on the site: what a plan file would change, then
    the loading.
    """

    template = "actionplan/load_plan.html"

    def test_func(self) -> bool:
        return bool(getattr(self.request.user, "is_superuser", False))

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, self.template, {"form": PlanForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PlanForm(request.POST, request.FILES)
        if not form.is_valid():
            return render(request, self.template, {"form": form}, status=422)
        content = form.given()
        try:
            if len(content) > form.largest:
                raise load.too_large()
            if "load" not in request.POST:
                context = _preview(content)
                return render(
                    request,
                    self.template,
                    {"form": PlanForm(initial=FileForm.carrying(content)), **context},
                )
            loaded = load.load_plan(content, now=clock.now("UTC"), by=request.user.pk)
        except FileRefused as refused:
            return render(
                request, self.template, {"form": form, "errors": refused.errors}, status=422
            )
        messages.success(request, _("The plan file of %(plan)s is loaded.") % {"plan": loaded.slug})
        return HttpResponseRedirect(f"/plans/{loaded.slug}/")


def _preview(content: bytes) -> dict[str, Any]:
    """Loaded for real, looked at, and taken back."""
    plan = Plan.objects.filter(slug=load.read_plan_file(content)[0].slug).first()
    about = plan and (plan, clock.today(plan.timezone), Perspective.AS_KNOWN_THEN)
    with transaction.atomic():
        before = states(*about) if about else {}
        loaded = load.load_plan(content, now=clock.now("UTC"))
        after = states(*about) if about else {}
        transaction.set_rollback(True)
    return {"loaded": loaded, "is_new": plan is None, "changes": changes_of(before, after)}


class ExportPlan(PlanView):
    """The whole plan as a ZIP file, for managers and administrators: it has everything that was
    written.
    """

    def get(self, request: HttpRequest) -> HttpResponseBase:
        page = self.page
        if not can_export_plan(page.rights):
            raise PermissionDenied
        file = io.BytesIO()
        export.export_plan(page.plan, file, now=clock.now(page.plan.timezone))
        named = f'attachment; filename="{page.plan.slug}-{page.today}.zip"'
        headers = {"Content-Disposition": named, "Cache-Control": "no-store"}
        return HttpResponse(file.getvalue(), content_type="application/zip", headers=headers)
