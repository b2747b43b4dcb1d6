"""Tags and filters for plan data: texts and dates in the reader's language, addresses that keep the
day.
"""

from datetime import date, timedelta
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.page import Page

register = template.Library()
register.filter("day", labels.day, expects_localtime=True)
register.filter("shortday", labels.short_day)
register.filter("clock", labels.clock, expects_localtime=True)
register.filter("edtf", labels.edtf)
register.filter("side", labels.side)
register.filter("kind", labels.kind)
register.filter("state_label", labels.state)
register.filter("text", labels.text)
register.filter("period", labels.period)
register.filter("redacted", labels.redacted)
register.simple_tag(labels.colon, name="colon")


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


@register.filter
def is_link(source: str) -> bool:
    """Whether the source of an entry is an address."""
    return source.startswith(("https://", "http://"))


@register.simple_tag
def state(code: str) -> SafeString:
    return format_html('<span class="state state-{}">{}</span>', code, labels.state(code))


@register.simple_tag
def confidence(colour: str) -> SafeString:
    return format_html(
        '<span class="confidence confidence-{}">{}</span>', colour, labels.colour(colour)
    )


@register.simple_tag(takes_context=True)
def days(context: Context, standing: Standing, *, full: bool = False) -> str:
    """Days left or late, counted on the page's day."""
    return labels.days(standing, context["on"], full=full)


@register.simple_tag(takes_context=True)
def last_news(context: Context, standing: Standing) -> date:
    """The day of the latest news of a stale action."""
    assert standing.stale_since
    return standing.stale_since - timedelta(days=context["plan"].stale_days)


@register.simple_tag(takes_context=True)
def page_url(context: Context, name: str, *args: Any, **query: Any) -> str:
    """An address of the site; inside a plan on the same day."""
    page: Page | None = context.get("page")
    if page is None:
        return reverse(name, args=args)
    return page.url(name, *args, **query)
