"""A file loaded in the browser in two steps: first what it would change, then the loading itself."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.generic import FormView

from commitments.files.errors import FileRefused
from commitments.forms.entries import FileForm


class FileLoadingView(FormView[FileForm]):
    """`preview` gives the context that shows the changes, `load` makes them; both may raise
    FileRefused.
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
            return self.render_form(form, status=422, errors=refused.errors)
        return self.render_form(self.form_class(initial=FileForm.carrying(content)), **preview)

    def form_invalid(self, form: FileForm) -> HttpResponse:
        return self.render_form(form, status=422)

    def render_form(self, form: FileForm, *, status: int = 200, **context: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form, **context), status=status)

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        """Rendered at once: Django's own response would be rendered outside the plan's time zone."""
        return render(self.request, self.get_template_names(), context, **options)
