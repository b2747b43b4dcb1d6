"""ETags: an answer stays right until the register, the day, the question, the reader's rights or the code change."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language

from commitments.models import Entry
from commitments.pages import Page

ROOT = Path(__file__).parent.parent
CODE = (("actionplan", "*.py"), ("commitments", "*.py"), ("funding", "*.py"), ("templates", "*.*"), ("locale", "*.mo"))


@cache
def code_version() -> str:
    """A digest of all that makes an answer from data, so that a new release is never answered with 304."""
    found = hashlib.sha256()
    for folder, pattern in CODE:
        for path in sorted((ROOT / folder).rglob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()


def etag(page: Page, request: HttpRequest, *more: Any) -> str:
    """Made from the head of the chain and never from a time; `more` is what the answer shows beside the register."""
    heads = Entry.objects.filter(plan=page.plan).order_by("-number").values_list("hash", flat=True)
    member = page.membership
    rights = [page.user.pk, member and [member.pk, member.role, member.side]]
    query = sorted((name, values) for name, values in request.GET.lists() if name != "token")
    days = [page.on.isoformat(), page.known_day.isoformat(), page.lens.value]
    parts = [code_version(), page.plan.slug, heads.first(), days, request.path, query, get_language(), rights, more]
    return f'"{hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:40]}"'


def unchanged(request: HttpRequest, tag: str) -> HttpResponse | None:
    """The answer to one who has it already, before anything is computed."""
    found: HttpResponse | None = get_conditional_response(request, etag=tag)
    return found and marked(request, found, tag)


def marked(request: HttpRequest, response: Any, tag: str) -> Any:
    """With its ETag; a program may keep it and ask again, a browser keeps no file of the register."""
    response["ETag"] = tag
    by_token = hasattr(request, "only_plan")
    response["Cache-Control"] = "private, no-cache" if by_token else "no-store"
    return response
