"""Pages with a form, among them those that load a file."""

from typing import Any, TypeVar

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.generic import FormView

from commitments.files.errors import FileRefused
from commitments.forms.entries import FileForm

F = TypeVar("F", bound=forms.Form)


class FormPageView(FormView[F]):
    """A form that is wrong comes back with status 422."""

    def form_invalid(self, form: F) -> HttpResponse:
        return self.show(form, status=422)

    def show(self, form: F, status: int = 200, **context: object) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form, **context), status=status)

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        """Render at once, while times are shown in the plan's zone."""
        return render(self.request, self.get_template_names(), context, **options)


class FileLoadingView(FormPageView[FileForm]):
    """A file is loaded in two steps: `preview` gives the context that shows what it would change,
    `load` changes it. Both may raise FileRefused.
    """

    form_class: type[FileForm]

    def preview(self, content: bytes) -> dict[str, Any]:
        raise NotImplementedError

    def load(self, content: bytes) -> HttpResponse:
        raise NotImplementedError

    def form_valid(self, form: FileForm) -> HttpResponse:
        content = form.given()
        try:
            if "load" in self.request.POST:
                return self.load(content)
            preview = self.preview(content)
        except FileRefused as refused:
            return self.show(form, status=422, errors=refused.errors)
        return self.show(self.form_to_load(form, content), **preview)

    def form_to_load(self, form: FileForm, content: bytes) -> FileForm:
        """The form of the second step."""
        return self.form_class(initial=FileForm.carrying(content))
