"""Tags and filters for plan data: texts and dates in the reader's language, addresses that keep the
day.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import template
from django.forms import BaseForm
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commitments.evidence.file_types import TYPES
from commitments.models import Evidence, HeldFile, Plan, Standing
from commitments.pages import labels
from commitments.pages.page import Page

register = template.Library()
# as it is typed into a field
register.filter("typed_day", labels.day, expects_localtime=True)
register.filter("clock", labels.clock, expects_localtime=True)
register.filter("side", labels.side)
register.filter("side_in_sentence", labels.side_in_sentence)
register.filter("kind", labels.kind)
register.filter("kind_of", labels.kind_of)
register.filter("rights", labels.rights)
register.filter("edition_reason", labels.edition_reason)
register.filter("state_label", labels.state)
register.filter("state_words", labels.state_words)
register.filter("progress_words", labels.progress_words)
register.filter("text", labels.text)
register.filter("period", labels.period)
register.filter("redacted", labels.redacted)
register.simple_tag(labels.colon, name="colon")
register.simple_tag(labels.before_figure, name="before_figure")


@register.filter(expects_localtime=True)
def day(value: date | None, pattern: str = "d MMMM y") -> str:
    return labels.unbreakable(labels.day(value, pattern))


@register.filter
def shortday(value: date | None) -> str:
    return labels.unbreakable(labels.short_day(value))


@register.filter
def edtf(when: str) -> str:
    return labels.unbreakable(labels.edtf(when))


@register.filter
def has_required(form: BaseForm) -> bool:
    """Whether the sentence about the mark of required fields has something to explain."""
    return any(field.field.required for field in form.visible_fields())


@register.filter
def localized(texts: dict[str, str] | None) -> str:
    """The text in the reader's language; another's is marked with its language and set apart, since
    it may be written from the right. Only for what holds HTML: elsewhere `text`.
    """
    if not texts:
        return ""
    language = labels.language_of(texts)
    if language == labels.language():
        return texts[language]
    return format_html('<span lang="{}" dir="auto">{}</span>', language, texts[language])


@register.filter
def plan_title(plan: Plan) -> str:
    """The title of any plan, also where another one is shown or none."""
    with labels.in_languages_of(plan):
        return localized(plan.title)


@register.filter
def courtesy(texts: dict[str, str] | None) -> str:
    """A translation into the reader's language; empty where there is none."""
    language = labels.language_of(texts or {})
    if not texts or language.split("-")[0] != labels.language():
        return ""
    return texts[language]


@register.filter
def by_text(errors: Iterable[Any]) -> dict[str, list[int]]:
    """The lines of each error, so that equal ones are named once."""
    lines: dict[str, list[int]] = {}
    for error in errors:
        lines.setdefault(error.text, []).append(error.line)
    return lines


@register.filter
def lookup(values: Mapping[Any, Any], key: object) -> Any:
    """The value under a key that the template knows by another variable."""
    return values.get(key)


@register.filter
def join_sides(sides: Iterable[str]) -> str:
    """The names of sides in one line."""
    return ", ".join(labels.side(side) for side in sides)


@register.filter
def is_picture(file: Evidence | HeldFile) -> bool:
    return bool(TYPES[file.type].picture_format)


@register.filter
def is_link(source: str) -> bool:
    """Whether the source of an entry is an address."""
    return source.startswith(("https://", "http://"))


@register.simple_tag
def state(code: str) -> SafeString:
    return format_html('<span class="state state-{}">{}</span>', code, labels.state(code))


@register.simple_tag
def state_of(standing: Standing) -> SafeString:
    """The state of an action, in words that say how far it has come where it has no date, and whether
    what met it is disputed.
    """
    return _state_in_words(standing.state, labels.state_words(standing), standing.disputed)


@register.simple_tag
def state_of_record(record: Mapping[str, Any]) -> SafeString:
    """The state of an action or instalment as in the status as JSON, in the words of `state_of`."""
    return _state_in_words(
        record["state"], labels.words_of_record(record), record.get("disputed", False)
    )


def _state_in_words(state: str, words: str, is_disputed: bool) -> SafeString:
    contested = " contested" if is_disputed else ""
    return format_html('<span class="state state-{}{}">{}</span>', state, contested, words)


@register.simple_tag
def confidence(colour: str) -> SafeString:
    return format_html(
        '<span class="confidence confidence-{}">{}</span>', colour, labels.colour(colour)
    )


@register.simple_tag(takes_context=True)
def days(context: Context, standing: Standing) -> str:
    """Days left or late, counted on the page's day."""
    return labels.unbreakable(labels.days(standing, context["on"]))


@register.simple_tag(takes_context=True)
def days_of_part(context: Context, part: Mapping[str, Any]) -> str:
    """The days left or late of one side or step of a standing, counted on the page's day."""
    return labels.days_of_part(part, context["on"])


@register.simple_tag(takes_context=True)
def page_url(context: Context, name: str, *args: object, **query: object) -> str:
    """An address of the site; inside a plan on the same day."""
    page: Page | None = context.get("page")
    if page is None:
        return reverse(name, args=args)
    return page.url(name, *args, **query)
