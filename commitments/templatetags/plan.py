"""Tags and filters for plan data: texts and dates in the reader's language, addresses that keep the
day.
"""

from datetime import date
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.rules.states import State

register = template.Library()


@register.filter
def localized(texts: dict[str, str] | None) -> str:
    """The text in the reader's language; another's is marked with its language."""
    if not texts:
        return ""
    wanted = labels.language()
    if texts.get(wanted):
        return texts[wanted]
    language, text = next(iter(texts.items()))
    return format_html('<span lang="{}">{}</span>', language, text)


register.filter("day", labels.day, expects_localtime=True)
register.filter("shortday", labels.short_day)
register.filter("clock", labels.clock, expects_localtime=True)
register.filter("edtf", labels.edtf)
register.filter("side", labels.side)


@register.simple_tag
def state(row: Standing | str) -> SafeString:
    return _state(row if isinstance(row, str) else row.state, labels.language())


@lru_cache(maxsize=64)
def _state(code: str, _language: str) -> SafeString:
    return format_html('<span class="state state-{}">{}</span>', code, labels.STATES[State(code)])


@register.inclusion_tag("includes/confidence.html")
def confidence(row: Standing) -> dict[str, Any]:
    return {"confidence": row.confidence, "label": labels.COLOURS.get(row.confidence, "")}


register.simple_tag(labels.colon, name="colon")


@register.simple_tag(takes_context=True)
def days(context: Context, row: Standing, *, full: bool = False) -> str:
    on: date = context["on"]
    return labels.days(row, on, full=full)


@register.simple_tag(takes_context=True)
def page_url(context: Context, name: str, *args: Any, **query: Any) -> str:
    """An address of the site; inside a plan on the same day."""
    page: Page | None = context.get("page")
    if page is None:
        from django.urls import reverse

        return reverse(name, args=args)
    return page.url(name, *args, **query)
