"""What programs check answers and files by, made from the code once in each process."""

from functools import cache

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from actionplan.overview.status_types import PlanStatus
from actionplan.schemas.json_types import Schema, schema_of_type
from actionplan.schemas.openapi import openapi_document
from actionplan.schemas.plan_file import plan_file_schema

# in the address, and in docs/reference
NAMES = ("openapi.json", "plan-file.schema.json", "status.schema.json")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def documents() -> dict[str, Schema]:
    dialect = {"$schema": DIALECT}
    plan_file = dialect | {"title": "Plan file"} | plan_file_schema()
    status = dialect | {"title": "Status"} | schema_of_type(PlanStatus)
    return dict(zip(NAMES, (openapi_document(), plan_file, status), strict=True))


@require_safe
def document(request: HttpRequest, name: str) -> HttpResponse:
    return JsonResponse(documents()[name])
