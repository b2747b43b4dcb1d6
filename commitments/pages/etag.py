"""ETags: an answer stays right until the register, the day, the question, the reader's rights or
the code change.
"""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language

from commitments.models import Entry


def etag(page: Any, request: HttpRequest, *more: Any) -> str:
    """Made from the head of the chain and never from a time; `more` is what the answer shows beside
    the register.
    """
    heads = (
        page.heads
        or Entry.objects.filter(plan=page.plan)
        .order_by("-number")
        .values_list("hash", flat=True)[:1]
    )
    member = page.membership
    rights = [
        page.user.pk,
        str(page.user),
        page.user.is_staff,
        member and [member.pk, member.role, member.side],
    ]
    query = sorted((name, values) for name, values in request.GET.lists() if name != "token")
    days = [page.on.isoformat(), page.known_day.isoformat(), page.lens.value, page.today]
    place = [request.path, query, get_language()]
    parts = [settings.CODE_VERSION, page.plan.slug, list(heads), days, place, rights, more]
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
