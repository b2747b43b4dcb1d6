"""Whole plans in the browser: a plan file loaded in two steps, and a plan exported."""

import io
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import UserPassesTestMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from actionplan.plan_transfer.export import export_plan
from actionplan.plan_transfer.load import LARGEST, check_size, load_plan, read_plan_file
from commitments import clock
from commitments.files.errors import FileRefused
from commitments.files.preview import preview_changes
from commitments.forms.entries import FileForm
from commitments.models import Plan
from commitments.pages.base import PlanView
from commitments.register.permissions import can_export_plan
from commitments.rules.events import Perspective


class PlanForm(FileForm):
    largest = LARGEST
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

    template_name = "actionplan/plan_transfer/load.html"

    def test_func(self) -> bool:
        return bool(getattr(self.request.user, "is_superuser", False))

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._render(PlanForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PlanForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._render(form, status=422)
        content = form.given()
        try:
            check_size(content)
            if "load" in request.POST:
                return self._load(content)
            return self._preview(content)
        except FileRefused as refused:
            return self._render(form, status=422, errors=refused.errors)

    def _preview(self, content: bytes) -> HttpResponse:
        slug = read_plan_file(content).plan.row.slug
        plan = Plan.objects.filter(slug=slug).first()
        today = clock.today(plan.timezone if plan else "UTC")
        with preview_changes(plan, today, Perspective.AS_KNOWN_THEN) as changes:
            loaded = load_plan(content, now=clock.now("UTC"))
        carrying = PlanForm(initial=FileForm.carrying(content))
        return self._render(carrying, loaded=loaded, is_new=plan is None, changes=changes)

    def _load(self, content: bytes) -> HttpResponse:
        loaded = load_plan(content, now=clock.now("UTC"), by=self.request.user.pk)
        text = _("The plan file of %(plan)s is loaded.")
        messages.success(self.request, text % {"plan": loaded.plan.slug})
        return redirect("plan:overview", slug=loaded.plan.slug)

    def _render(self, form: PlanForm, *, status: int = 200, **context: Any) -> HttpResponse:
        context["form"] = form
        return render(self.request, self.template_name, context, status=status)


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
