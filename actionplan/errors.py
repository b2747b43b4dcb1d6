"""What went wrong, in the reader's language, with what would be right; nothing that was typed is lost."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

# what a form carries for itself and nobody typed
HIDDEN = ("csrfmiddlewaretoken", "key", "seen", "password")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    reason = str(exception) if str(exception) else _("The address or the form could not be read.")
    return render(request, "400.html", {"reason": reason}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without anything that could fail again."""
    return HttpResponse(render_to_string("500.html"), status=500)


def kept_text(request: HttpRequest) -> list[tuple[str, str]]:
    """What the visitor had typed into a form that could not be accepted."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if value.strip() and name not in HIDDEN
    ]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {"kept_text": kept_text(request), "back": request.get_full_path()}
    return render(request, "actionplan/csrf.html", context, status=403)
