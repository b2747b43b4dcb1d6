"""Pages on which a manager releases what officials of their side wrote, or sends it back."""

import re
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commitments import clock
from commitments.forms.entries import EntryForm, ReasonForm, ReleaseForm
from commitments.models import Entry, HeldFile, HeldReport
from commitments.pages.base import PlanView
from commitments.pages.held import HeldRow, describe_held, readable_reports
from commitments.register import clearance, permissions
from commitments.register.inbox import MOST
from commitments.views.evidence import send_file, send_small_picture
from commitments.views.recording import RecordingView


def by_and_now(view: PlanView) -> dict[str, Any]:
    """The arguments of the services of clearance that come from the request."""
    return {"by": view.request.user, "now": clock.now(view.page.plan.timezone)}


class HeldReportView(RecordingView):
    """Something about one report that waits, for those of its side alone."""

    @cached_property
    def subject(self) -> HeldReport:
        reports = readable_reports(self.page, self.request.user.pk)
        return get_object_or_404(reports, pk=self.kwargs["number"])

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        (row,) = describe_held(HeldReport.objects.filter(pk=self.subject.pk), self.page)
        can_release = permissions.can_release(self.page.rights, self.subject)
        return super().get_context_data(**kwargs, row=row, can_release=can_release)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            report = self.subject
        except Http404:
            if not (self.page.held_version and permissions.is_manager(self.page.rights)):
                raise
            # whoever sends a form twice, or after a colleague, finds it decided on
            messages.info(request, _("It is decided already."))
            return HttpResponseRedirect(self.get_success_url())
        if not permissions.can_release(self.page.rights, report):
            raise PermissionDenied
        return super().post(request, *args, **kwargs)

    def held_about_subject(self) -> list[HeldRow]:
        """The page is about it."""
        return []

    def get_success_url(self) -> str:
        return self.page.url("mine")


class Release(HeldReportView):
    """The report, and for a manager the form that releases it."""

    template_name = "commitments/clearance/release.html"
    form_class = ReleaseForm

    def get_form_kwargs(self) -> dict[str, object]:
        return {**super().get_form_kwargs(), "content": self.subject.drafts[0]}

    def record(self, form: ReleaseForm, newest_seen: int | None) -> Entry:
        return clearance.release(report=self.subject, changes=form.changes, **by_and_now(self))


class SendBack(HeldReportView):
    """A manager sends it back to its author, with a reason."""

    template_name = "commitments/clearance/send_back.html"
    form_class = ReasonForm

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not permissions.can_release(self.page.rights, self.subject):
            raise PermissionDenied
        return super().get(request, *args, **kwargs)

    def form_valid(self, form: EntryForm) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        try:
            clearance.send_back(report=self.subject, reason=reason, **by_and_now(self))
        except ValidationError as error:
            form.add_error(None, error)
            return self.form_invalid(form)
        messages.success(self.request, _("It was sent back to its author."))
        return HttpResponseRedirect(self.get_success_url())


class TakeBack(PlanView):
    """Its author removes it."""

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        own = readable_reports(self.page, request.user.pk).filter(by=request.user.pk, pk=number)
        report = get_object_or_404(own)
        clearance.take_back(report=report, by=by_and_now(self)["by"])
        messages.success(request, _("It was removed."))
        return HttpResponseRedirect(self.page.url("mine"))


class ReleaseSeveral(RecordingView):
    """The reports that the address names are released at once, or none of them."""

    template_name = "commitments/clearance/release_several.html"
    form_class = EntryForm

    @cached_property
    def subject(self) -> list[HeldReport]:
        if not permissions.is_manager(self.page.rights):
            raise PermissionDenied
        marked = self.request.GET.getlist("report")
        keys = [text for text in marked if re.fullmatch("[0-9]{1,9}", text)]
        reports = readable_reports(self.page, None).filter(pk__in=keys)
        return list(reports.order_by("pk")[:MOST])

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        return super().get_context_data(**kwargs, rows=self._rows())

    def _rows(self) -> list[HeldRow]:
        keys = [report.pk for report in self.subject]
        return describe_held(HeldReport.objects.filter(pk__in=keys), self.page)

    def form_valid(self, form: EntryForm) -> HttpResponse:
        try:
            entries = clearance.release_several(reports=self.subject, **by_and_now(self))
        except ValidationError as error:
            form.add_error(None, error)
            return self.form_invalid(form)
        count = len(entries)
        text = ngettext("%(n)s report was released.", "%(n)s reports were released.", count)
        messages.success(self.request, text % {"n": count})
        return HttpResponseRedirect(self.page.url("mine"))


class HeldFileView(PlanView):
    """A file that waits with its report, for those who may read that."""

    def get(self, request: HttpRequest, key: UUID) -> FileResponse:
        return send_file(self.find(key))

    def find(self, key: UUID) -> HeldFile:
        reports = readable_reports(self.page, self.request.user.pk)
        files = HeldFile.objects.filter(report__in=reports.values("pk"))
        return get_object_or_404(files, pk=key)


class HeldPicture(HeldFileView):
    """The small picture of a file that waits, as pages show it."""

    def get(self, request: HttpRequest, key: UUID) -> FileResponse:
        return send_small_picture(self.find(key))
