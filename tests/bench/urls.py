"""The product's addresses, and the pages that its own are compared with."""

from typing import Any

import django_tables2 as tables
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django_tables2 import RequestConfig

from actionplan import urls
from commitments.models import Plan, Standing
from commitments.rules.events import Perspective
from commitments.views import commitments as views
from tests.bench import story

handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)
PAGE = b"<!doctype html><title>Constant</title><p>" + b"x" * 20_000


def rows() -> QuerySet[Standing]:
    """What the list shows: the standing of each action today."""
    found = (
        Standing.objects.filter(plan=Plan.objects.get(slug__startswith="plan-of-"))
        .on(story.TODAY, Perspective.AS_KNOWN_THEN)
        .actions()
    )
    return found.select_related("obligation__action").order_by("obligation__action__position")


@login_required
def constant(request: HttpRequest) -> HttpResponse:
    """20 kB that nobody computes, behind the product's sign-in and all of its middleware."""
    return HttpResponse(PAGE)


class BareTable(tables.Table):
    """The list's seven columns as somebody would write them on the first day."""

    action = tables.Column(accessor="obligation__action__title")

    class Meta:
        model = Standing
        template_name = "django_tables2/table.html"
        fields = (
            "obligation__ref",
            "action",
            "state",
            "words",
            "last_day",
            "modality",
            "stale_since",
        )


@login_required
def bare_table(request: HttpRequest) -> HttpResponse:
    table = BareTable(rows())
    RequestConfig(request, paginate={"per_page": 25}).configure(table)
    return HttpResponse(table.as_html(request))


class ListOf100(views.ActionList):
    """The product's list with longer pages."""

    per_page = 100


class StandingAdmin(admin.ModelAdmin[Standing]):
    list_display = ("obligation", "title", "state", "words", "last_day", "modality", "stale_since")
    list_per_page = 100

    def title(self, row: Standing) -> Any:
        return row.obligation.action.title["en"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Standing]:
        return rows()


site = admin.AdminSite(name="admin")
site.register(Standing, StandingAdmin)

urlpatterns = [
    path("bench/constant/", constant),
    path("bench/table/", bare_table),
    path("bench/list-of-100/", ListOf100.as_view()),
    path("bench/admin/", site.urls),
    *urls.urlpatterns,
]
