"""A site on which one page has a fault."""

from typing import NoReturn

from django.http import HttpRequest
from django.urls import path

from actionplan.urls import handler500, urlpatterns

__all__ = ["handler500"]


def fails(request: HttpRequest) -> NoReturn:
    secret = "zz-inside"
    raise RuntimeError(f"{secret} at {request.path}")


urlpatterns = [path("fails/", fails, name="fails"), *urlpatterns]
