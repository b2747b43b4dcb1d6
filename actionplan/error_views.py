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

from actionplan.models import User
from commitments.forms.entries import DecideForm, MoveForm, ReportForm
from commitments.models import Plan
from commitments.pages.labels import COLOURS, kind
from commitments.pages.labels import text as in_words
from commitments.register.entry_types import KINDS
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
# fields that hold codes of a plan, and the kind of entry that knows what these are called
CODES = {"body": "consent", "purpose": "spent"}
FORMS = (PaymentForm, SpendingForm, DecideForm, MoveForm, ReportForm)


def wants_data(request: HttpRequest) -> bool:
    """Whether a program asks."""
    as_json = request.path.endswith(".json") or "format=json" in request.META.get(
        "QUERY_STRING", ""
    )
    return as_json or hasattr(request, "only_plan")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    reason = str(exception) or _("The address or the form could not be read.")
    return _answer(request, 400, reason, reason=reason)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, _("This is not open to you."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(
        request, 404, _("There is nothing at this address, or nothing that is open to you.")
    )


def _answer(request: HttpRequest, status: int, error: str, **context: str) -> HttpResponse:
    if wants_data(request):
        return JsonResponse(
            {"error": error}, status=status, json_dumps_params={"ensure_ascii": False}
        )
    kept = kept_text(request) if request.method == "POST" else []
    return render(request, f"{status}.html", {**context, "kept_text": kept}, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without anything that could fail again."""
    if is_passing(sys.exc_info()[1]):
        kept = kept_text(request) if request.method == "POST" else []
        content = render_to_string("503.html", {"kept_text": kept})
        return HttpResponse(
            content, status=503, headers={"Retry-After": "30", "Cache-Control": "no-store"}
        )
    return HttpResponse(render_to_string("500.html"), status=500)


def is_passing(error: BaseException | None) -> bool:
    """The database is away, full or locked, or took too long: not a fault of the code, and worth
    another try.
    """
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    # SQLite says the same of a wrong statement
    code = getattr(error.__cause__, "sqlite_errorcode", 0) or 0
    return bool(code & 0xFF != sqlite3.SQLITE_ERROR)


def typed(request: HttpRequest) -> dict[str, str]:
    """What the visitor had typed or chosen in a form that could not be accepted, as far as it can
    be read.
    """
    try:
        values = request.POST.items()
    except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        return {}
    return {name: str(value) for name, value in values if str(value).strip() and name not in HIDDEN}


def kept_text(request: HttpRequest) -> list[tuple[str, str]]:
    """The same under the labels of the form, and codes under what they are called."""
    fields = {name: field for form in FORMS for name, field in form.base_fields.items()}
    return [
        (str(fields[name].label if name in fields else name), _called(request, name, value))
        for name, value in typed(request).items()
    ]


def _called(request: HttpRequest, name: str, value: str) -> str:
    if name == "kind":
        return kind(value)
    if name == "confidence":
        return str(COLOURS.get(value, value))
    if name in CODES and not is_passing(sys.exc_info()[1]):
        return _names_of(request, CODES[name]).get(value, value)
    return value


def _names_of(request: HttpRequest, kind: str) -> dict[str, str]:
    """As far as the visitor may know them, or whose session has just ended may."""
    reader = request.user
    if not reader.is_authenticated and (left := getattr(request, "left", None)):
        reader = User.objects.filter(pk=left).first() or reader
    slug = request.resolver_match.kwargs.get("slug") if request.resolver_match else None
    plans = Plan.objects.visible_to(reader)
    plan, names = plans.filter(**{"slug": slug} if slug else {}).last(), KINDS[kind].names
    return {code: in_words(texts) for code, texts in names(plan).items()} if plan and names else {}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {"kept_text": kept_text(request), "back": request.get_full_path()}
    return render(request, "actionplan/csrf.html", context, status=403)
