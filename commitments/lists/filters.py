"""Search and filters of the list of actions, kept in the address."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.db.models import (
    Case,
    CharField,
    F,
    IntegerField,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from commitments.models import Action, Body, Commitment, Entry, Standing
from commitments.models.prepared import Slot, prepared
from commitments.models.register import NOT_OF_A_PLAN_FILE
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.register.entry_types import KINDS
from commitments.rules.states import State
from commitments.text import plain

# what wants attention first comes first
STATES_BY_URGENCY = (
    *(State.OVERDUE, State.DUE, State.DUE_SOON, State.AWAITING, State.UPCOMING, State.NO_DATE),
    *(State.MET_UNDATED, State.MET_LATE, State.MET, State.SUPERSEDED, State.NOT_PURSUED),
)
# to the last tie, so that pages do not overlap
MOST_URGENT_FIRST = ("urgency", "pressing", "obligation__action__position")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


@dataclass(frozen=True)
class Attention:
    """What wants a look, in words and as a filter on standings: the same for a count and the list
    behind it.
    """

    label: Any
    where: Q


ATTENTION = {
    "stale": Attention(_("stale"), Q(stale_since__isnull=False)),
    "never": Attention(
        _("never reported"),
        Q(scored=True, never_reported=True)
        & ~Q(state__in=[State.SUPERSEDED.value, State.NOT_PURSUED.value]),
    ),
    "differ": Attention(_("sides differ"), Q(sides_differ=True)),
    "disputed": Attention(_("disputed"), Q(disputed=True)),
}


def falls_due_by(day: date) -> Q:
    """Not yet overdue, and with a last day by then."""
    return Q(state=State.DUE, anchor__lte=day) | Q(state=State.DUE_SOON, last_day__lte=day)


def order_by_urgency(rows: QuerySet[Any]) -> QuerySet[Any]:
    whens = [
        When(state=state.value, then=Value(place)) for place, state in enumerate(STATES_BY_URGENCY)
    ]
    place = Case(*whens, output_field=IntegerField())
    ordered: QuerySet[Any] = rows.annotate(
        urgency=place, pressing=Coalesce("anchor", "last_day")
    ).order_by(*MOST_URGENT_FIRST)
    return ordered


class PlanFilter(django_filters.FilterSet):
    """Filters of a list inside a plan; `chips` are those in use."""

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What each filter in use asks for; what is no answer to its question asks for nothing."""
        valid = self.form.cleaned_data if self.form.is_valid() or self.form.is_bound else {}
        return {name: value for name, value in valid.items() if value not in (None, "", [])}

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.narrow(queryset, self.asked)

    def narrow(self, rows: QuerySet[Any], asked: Mapping[str, Any]) -> QuerySet[Any]:
        for name, value in asked.items():
            rows = self.filters[name].filter(rows, value)
        return rows

    def q_field(self) -> SafeString:
        return _field(self.form["q"])

    def fields(self) -> Iterator[SafeString]:
        """The filters but the search, with their labels: written here, since crispy-forms takes ten
        times as long.
        """
        for bound in self.form:
            if bound.name != "q":
                yield _field(bound)

    def chips(self) -> list[tuple[str, str, str]]:
        """The filters in use: name, value and a label, each to be removed on its own."""
        found = []
        for name, value in self.asked.items():
            values = value if isinstance(value, list) else [value]
            choices = {
                str(code): label for code, label in self.filters[name].extra.get("choices", [])
            }
            found += [
                (
                    name,
                    item,
                    f"{self.form.fields[name].label}{labels.colon()}{choices.get(str(item), item)}",
                )
                for item in values
            ]
        return found


def _field(bound: forms.BoundField) -> SafeString:
    """As crispy-forms writes it for Bootstrap."""
    field: Any = bound.field
    value, pk = bound.value() or [], bound.auto_id
    chosen = {str(item) for item in (value if isinstance(value, list) else [value])} or {""}
    choices = [(code, str(code) in chosen, label) for code, label in getattr(field, "choices", ())]
    invalid = " is-invalid" if bound.errors else ""
    errors = format_html_join(
        "", "<p><strong>{}</strong></p>", ((error,) for error in bound.errors)
    )
    if isinstance(field.widget, forms.CheckboxSelectMultiple):
        rows = (
            (pk, n, bound.name, code, CHECKED[on], label)
            for n, (code, on, label) in enumerate(choices)
        )
        return format_html(GROUP, pk, bound.label, format_html_join("", BOX, rows), errors)
    if choices:
        options = format_html_join(
            "", OPTION, ((code, SELECTED[on], label) for code, on, label in choices)
        )
        control = format_html(
            SELECT, bound.name, pk, invalid, MULTIPLE[field.widget.allow_multiple_selected], options
        )
    else:
        written = field.widget.format_value(bound.value())
        about = format_html(DESCRIBED, pk) if errors else ""
        control = format_html(
            INPUT, field.widget.input_type, bound.name, pk, invalid, written or "", about
        )
    return format_html(
        FIELD, pk, bound.label, control, format_html(ERRORS, pk, errors) if errors else ""
    )


CHECKED, SELECTED, MULTIPLE = (
    ("", mark_safe(" checked")),
    ("", mark_safe(" selected")),
    ("", mark_safe(" multiple")),
)
BOX = (
    '<div class="form-check"><input type="checkbox" class="form-check-input" id="{0}_{1}" name="{2}" value="{3}"{4}>'
    '<label for="{0}_{1}" class="form-check-label">{5}</label></div>'
)
GROUP = '<div id="div_{}" class="mb-3"><fieldset><legend class="form-label fs-6">{}</legend>{}{}</fieldset></div>'
OPTION = '<option value="{}"{}>{}</option>'
SELECT = '<select name="{}" id="{}" class="form-select{}"{}>{}</select>'
INPUT = '<input type="{}" name="{}" id="{}" class="form-control{}" value="{}"{}>'
DESCRIBED = ' aria-invalid="true" aria-describedby="{}_error"'
FIELD = '<div id="div_{0}" class="mb-3"><label for="{0}" class="form-label">{1}</label>{2}{3}</div>'
ERRORS = '<div id="{}_error" class="invalid-feedback">{}</div>'


class ActionFilter(PlanFilter):
    q = django_filters.CharFilter(method="search", label=_("Search"))
    state = django_filters.MultipleChoiceFilter(
        choices=[(state.value, labels.STATES[state]) for state in STATES_BY_URGENCY],
        label=_("State"),
        widget=forms.CheckboxSelectMultiple,
        distinct=False,
    )
    commitment = django_filters.ChoiceFilter(
        empty_label=_("any"), field_name="obligation__commitment__number", label=_("Commitment")
    )
    side = django_filters.ChoiceFilter(empty_label=_("any"), method="of_side", label=_("Side"))
    body = django_filters.ChoiceFilter(empty_label=_("any"), method="of_body", label=_("Body"))
    modality = django_filters.ChoiceFilter(
        empty_label=_("any"), choices=list(labels.MODALITIES.items()), label=_("Modality")
    )
    attention = django_filters.ChoiceFilter(
        empty_label=_("any"),
        choices=[(code, kind.label) for code, kind in ATTENTION.items()],
        method="wants_attention",
        label=_("Attention"),
    )
    due = django_filters.DateFilter(method="filter_due", label=_("Due by"), widget=DAY)
    scored = django_filters.ChoiceFilter(
        empty_label=_("any"),
        choices=[("1", _("counted in the states of commitments"))],
        method="only_scored",
        label=_("Scored"),
    )

    class Meta:
        model = Standing
        fields: list[str] = []

    def __init__(self, *args: Any, page: Page | None = None, **kwargs: Any) -> None:
        """Without a page it only narrows."""
        super().__init__(*args, **kwargs)
        if page:
            self.page, (commitments, self.bodies) = page, _named(page)
            self.filters["commitment"].extra["choices"] = [
                (number, f"{number}. {name}") for number, name in commitments
            ]
            self.filters["side"].extra["choices"] = [
                (side, labels.side(side)) for side in page.plan.sides
            ]
            self.filters["body"].extra["choices"] = [
                (code, name) for code, name, _side in self.bodies
            ]

    @cached_property
    def asked(self) -> dict[str, Any]:
        found = super().asked
        words = [plain(word) for word in found.pop("q", "").replace("\x00", " ").split()[:10]]
        return found | ({"q": words} if words else {})

    def search(self, rows: QuerySet[Any], name: str, words: Sequence[Any]) -> QuerySet[Any]:
        """Every word must stand in the ref, the signed words or a title, in any language, accents
        or not.
        """
        for word in words:
            rows = rows.filter(obligation__action__search__contains=word)
        return rows

    def of_side(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(_of(body__side=value))

    def of_body(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(_of(body__code=value))

    def wants_attention(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(ATTENTION[value].where)

    def filter_due(self, rows: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return rows.filter(falls_due_by(value))

    def only_scored(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(scored=True)


@prepared
def _names() -> QuerySet[Any]:
    """Commitments and bodies, two small lists, in one query."""
    commitments, bodies = (
        model.objects.filter(plan=Slot("plan")).order_by() for model in (Commitment, Body)
    )
    title, name = (Cast(column, TextField()) for column in ("title", "name"))
    empty = Value("", output_field=CharField())
    return commitments.values_list(F("number"), empty, empty, title).union(
        bodies.values_list(F("position"), "code", "side", name), all=True
    )


def _named(page: Page) -> tuple[list[tuple[int, str]], list[tuple[str, str, str]]]:
    """Numbers and titles of commitments; codes, names and sides of bodies."""
    rows = [(*row, labels.text(json.loads(name))) for *row, name in sorted(_names()(**page.slots))]
    commitments = [(number, name) for number, code, _side, name in rows if not code]
    return commitments, [(code, name, side) for _position, code, side, name in rows if code]


def _of(**body: str) -> Q:
    """What a body of this kind leads or joins."""
    leads, partners = (
        getattr(Action, role).through.objects.filter(**body) for role in ("leads", "partners")
    )
    return Q(obligation__in=leads.values("action_id")) | Q(
        obligation__in=partners.values("action_id")
    )


class EntryFilter(PlanFilter):
    q = django_filters.CharFilter(method="search", label=_("Search"))
    ref = django_filters.CharFilter(label=_("Ref"))
    kind = django_filters.MultipleChoiceFilter(
        label=_("Kind"), widget=forms.CheckboxSelectMultiple, method="of_kind"
    )
    side = django_filters.ChoiceFilter(empty_label=_("any"), label=_("Side"))
    since = django_filters.DateFilter(
        field_name="recorded_day", lookup_expr="gte", label=_("Recorded since"), widget=DAY
    )

    class Meta:
        model = Entry
        fields: list[str] = []

    def __init__(self, *args: Any, page: Page, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page, self.inside = page, page.inside
        kinds = [*KINDS, "terms", "plan", "redacted"]
        choices = [
            ("reported", _("all but terms and plan files")),
            *((code, labels.kind(code)) for code in kinds),
        ]
        self.filters["kind"].extra["choices"] = choices
        self.filters["side"].extra["choices"] = [
            (side, labels.side(side)) for side in page.plan.sides
        ]

    def of_kind(self, rows: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        return rows.filter(Q(kind__in=value) | (NOT_OF_A_PLAN_FILE if "reported" in value else Q()))

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Every word must stand in what was said, why, or on what source; from outside these are
        not searched.
        """
        for word in value.replace("\x00", " ").split()[:10]:
            said = (
                Q(text__note__icontains=word)
                | Q(text__reason__icontains=word)
                | Q(text__source__icontains=word)
            )
            rows = rows.filter(Q(ref__iexact=word) | said if self.inside else Q(ref__iexact=word))
        return rows
