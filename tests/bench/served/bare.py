"""A bare Django project with django-tables2: what `startproject` gives, and one list of 25 rows of
the same table.

The baseline for how fast a site starts and what its workers weigh; served by the same command as
the product.
"""

import os

import django
from django.conf import settings

from actionplan import env

CONTEXT = (
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
)
settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": env.database("DATABASE_URL")},
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django_tables2",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": CONTEXT},
        }
    ],
    ROOT_URLCONF=__name__,
    STATIC_URL="static/",
    USE_TZ=True,
)
django.setup()

import django_tables2 as tables
from django.contrib import admin
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import path


class Row(models.Model):  # noqa: DJ008 nobody prints one
    state = models.CharField(max_length=12)
    words = models.TextField()
    last_day = models.DateField(null=True)
    modality = models.CharField(max_length=12)

    class Meta:
        app_label, db_table, managed = "bare", "commitments_standing", False


class RowTable(tables.Table):
    class Meta:
        model = Row
        template_name = "django_tables2/table.html"


def page(request: HttpRequest) -> HttpResponse:
    table = RowTable(Row._default_manager.order_by("pk"))
    tables.RequestConfig(request, paginate={"per_page": 25}).configure(table)
    return HttpResponse(table.as_html(request))


urlpatterns = [path("", page), path("admin/", admin.site.urls)]
application = get_wsgi_application()
