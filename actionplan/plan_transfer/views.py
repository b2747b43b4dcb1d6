"""Whole plans in the browser: a plan file loaded in two steps, and a plan exported."""

import io

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actionplan.accounts.administrators import AdministratorRequired
from actionplan.plan_transfer.export import export_plan
from actionplan.plan_transfer.load import LARGEST, load_plan, read_plan_file
from commitments import clock
from commitments.files.preview import preview_changes
from commitments.forms.entries import FileForm
from commitments.models import Plan
from commitments.pages.base import PlanView
from commitments.register.permissions import can_export_plan
from commitments.rules.events import Perspective
from commitments.views.form_page import FileLoadingView


class PlanForm(FileForm):
    largest = LARGEST
    file = forms.FileField(
        label=gettext_lazy("Plan file"),
        help_text=gettext_lazy("TOML in UTF-8, at most 1 MiB."),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".toml"}),
    )


class LoadPlan(AdministratorRequired, FileLoadingView):
    """For administrators, with or without a plan on the site."""

    template_name = "actionplan/plan_transfer/load.html"
    form_class = PlanForm

    def preview(self, content: bytes) -> dict[str, object]:
        slug = read_plan_file(content).plan.row.slug
        plan = Plan.objects.filter(slug=slug).first()
        today = clock.today(plan.timezone if plan else "UTC")
        with preview_changes(plan, today, Perspective.AS_KNOWN_THEN) as changes:
            loaded = load_plan(content, now=clock.now("UTC"))
        return {"loaded": loaded, "is_new": plan is None, "changes": changes}

    def load(self, content: bytes) -> HttpResponse:
        slug = load_plan(content, now=clock.now("UTC"), by=self.request.user.pk).plan.slug
        messages.success(self.request, _("The plan file of %(plan)s is loaded.") % {"plan": slug})
        return redirect("plan:overview", slug=slug)


class ExportPlan(PlanView):
    """The whole plan as a ZIP file, for managers and administrators: it has everything that was
    written.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        if not can_export_plan(self.page.rights):
            raise PermissionDenied
        plan = self.page.plan
        file = io.BytesIO()
        export_plan(plan, file, now=clock.now(plan.timezone))
        name = f"{plan.slug}-{self.page.today}.zip"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        return HttpResponse(file.getvalue(), content_type="application/zip", headers=headers)
