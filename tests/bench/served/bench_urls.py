"""The product's addresses, and the constant page that its own pages are compared with."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test.utils import CaptureQueriesContext
from django.urls import path

from actionplan import urls

handler400 = urls.handler400
handler403 = urls.handler403
handler404 = urls.handler404
handler500 = urls.handler500
PAGE = b"<!doctype html><title>Constant</title><p>" + b"x" * 20_000


@login_required
def constant(request: HttpRequest) -> HttpResponse:
    """20 kB that nobody computes, behind the product's sign-in and all of its middleware."""
    return HttpResponse(PAGE)


def count_queries(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: says how many queries a page made, where the request asks for it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "X-Count-Queries" not in request.headers:
            return get_response(request)
        with CaptureQueriesContext(connection) as captured:
            response = get_response(request)
        response.headers["X-Queries"] = str(len(captured))
        return response

    return middleware


urlpatterns = [path("bench/constant/", constant), *urls.urlpatterns]
