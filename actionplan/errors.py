"""What went wrong, in the reader's language, with what would be right; nothing that was typed is lost."""

import sqlite3
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from commitments.forms import DecideForm, MoveForm, ReportForm
from commitments.labels import kind
from funding.forms import PaymentForm, SpendingForm

# what a form carries for itself and nobody typed
HIDDEN = (
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
)
FORMS = (PaymentForm, SpendingForm, DecideForm, MoveForm, ReportForm)


def wants_data(request: HttpRequest) -> bool:
    """Whether a program asks."""
    as_json = request.path.endswith(".json") or "format=json" in request.META.get("QUERY_STRING", "")
    return as_json or hasattr(request, "only_plan")


def as_data(status: int, reason: str) -> HttpResponse:
    return JsonResponse({"error": reason}, status=status, json_dumps_params={"ensure_ascii": False})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    reason = str(exception) if str(exception) else _("The address or the form could not be read.")
    if wants_data(request):
        return as_data(400, reason)
    return render(request, "400.html", {"reason": reason}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_data(request):
        return as_data(403, _("This is not open to you."))
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_data(request):
        return as_data(404, _("There is nothing at this address, or nothing that is open to you."))
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without anything that could fail again."""
    if is_passing(sys.exc_info()[1]):
        kept = kept_text(request) if request.method == "POST" else []
        content = render_to_string("503.html", {"kept_text": kept})
        return HttpResponse(content, status=503, headers={"Retry-After": "30", "Cache-Control": "no-store"})
    return HttpResponse(render_to_string("500.html"), status=500)


def is_passing(error: BaseException | None) -> bool:
    """The database is away, full or locked, or took too long: not a fault of the code, and worth another try."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    # SQLite says the same of a wrong statement
    code = getattr(error.__cause__, "sqlite_errorcode", 0) or 0
    return bool(code & 0xFF != sqlite3.SQLITE_ERROR)


def typed(request: HttpRequest) -> dict[str, str]:
    """What the visitor had typed or chosen in a form that could not be accepted."""
    return {name: str(value) for name, value in request.POST.items() if str(value).strip() and name not in HIDDEN}


def kept_text(request: HttpRequest) -> list[tuple[str, str]]:
    """The same under the labels of the form."""
    fields = {name: field for form in FORMS for name, field in form.base_fields.items()}
    return [
        (str(fields[name].label if name in fields else name), kind(value) if name == "kind" else value)
        for name, value in typed(request).items()
    ]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {"kept_text": kept_text(request), "back": request.get_full_path()}
    return render(request, "actionplan/csrf.html", context, status=403)
