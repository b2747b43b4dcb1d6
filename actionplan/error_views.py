"""What went wrong, in the reader's language, with what would be right; nothing that was typed is
lost.
"""

import sqlite3
import sys

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from commitments.forms.entries import DecideForm, MoveForm, ReportForm
from funding.forms import PaymentForm, SpendingForm

# seconds after which each limit on tries lets at least one more through
RETRY_AFTER = 15 * 60
# fields that nobody typed, and those that are never shown again
HIDDEN_FIELDS = {
    "csrfmiddlewaretoken",
    "key",
    "seen",
    "kept",
    "preview",
    "anyway",
    "password",
    "password1",
    "password2",
    "oldpassword",
    "credential",
}
# the forms whose labels stand above what was typed; where two share a name, the last counts
FORMS = (PaymentForm, SpendingForm, DecideForm, MoveForm, ReportForm)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    reason = str(exception) or _("The address or the form could not be read.")
    return _answer(request, 400, reason, reason=reason)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, _("You cannot view this page."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    error = _("There is nothing at this address, or nothing that is open to you.")
    return _answer(request, 404, error)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    error = _(
        "This was asked for too often in a short time. "
        "Wait a quarter of an hour and try again; nothing is lost or locked."
    )
    response = _answer(request, 429, error)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _answer(request: HttpRequest, status: int, error: str, **context: str) -> HttpResponse:
    if _wants_data(request):
        return JsonResponse(
            {"error": error}, status=status, json_dumps_params={"ensure_ascii": False}
        )
    page = {**context, "typed_text": labelled_values(request)}
    return render(request, f"{status}.html", page, status=status)


def _wants_data(request: HttpRequest) -> bool:
    """Whether a program asks, which wants JSON and no page."""
    query = request.META.get("QUERY_STRING", "")
    is_data = request.path.endswith(".json") or "format=json" in query
    return is_data or hasattr(request, "only_plan")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {"typed_text": labelled_values(request)}
    return render(request, "actionplan/csrf.html", context, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Uses nothing that could fail again."""
    if is_database_away(sys.exc_info()[1]):
        content = render_to_string("503.html", {"typed_text": labelled_values(request)})
        headers = {"Retry-After": "30", "Cache-Control": "no-store"}
        return HttpResponse(content, status=503, headers=headers)
    return HttpResponse(render_to_string("500.html"), status=500)


def is_database_away(error: BaseException | None) -> bool:
    """Whether the database is away, full or locked, or took too long: worth another try."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    # SQLite raises the same for a wrong statement; the lower byte is the primary code.
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code is None or code & 0xFF != sqlite3.SQLITE_ERROR


def typed_values(request: HttpRequest) -> dict[str, str]:
    """What the visitor typed or chose in a form that was not accepted, as far as it can be read."""
    try:
        values = request.POST.items()
    except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        return {}
    return {
        name: str(value)
        for name, value in values
        if str(value).strip() and name not in HIDDEN_FIELDS
    }


def labelled_values(request: HttpRequest) -> list[tuple[str, str]]:
    """The typed values, each under the label of its field."""
    labels = {name: field.label for form in FORMS for name, field in form.base_fields.items()}
    values = typed_values(request)
    # which rows a table has is nothing that anybody typed
    values.pop("rows", None)
    return [(str(labels.get(_field_of(name), name)), value) for name, value in values.items()]


def _field_of(name: str) -> str:
    """The name of the field without the row, which stands before it in a table."""
    return name.rpartition("-")[2]
