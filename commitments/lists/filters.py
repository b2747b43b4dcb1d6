"""Search and filters of the lists of actions and of entries, as the address gives them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

import django_filters
from django import forms
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _
from django_filters.constants import EMPTY_VALUES

from commitments.models import Action
from commitments.models.register import NOT_OF_A_PLAN_FILE
from commitments.pages import labels
from commitments.pages.page import Page
from commitments.register.entry_types import KINDS
from commitments.rules.states import STATES_BY_URGENCY, State
from commitments.text import plain

# down to the position, so that no two rows are equal and pages of a list do not overlap
MOST_URGENT_FIRST = ("urgency", "pressing_day", "obligation__action__position")
MAX_WORDS = 10
Choices = list[tuple[Any, Any]]
DATE_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


@dataclass(frozen=True)
class Attention:
    """Something about an action that wants a look.

    The condition on its standing is the same for a count and for the list behind it.
    """

    label: Promise
    condition: Q


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


def order_by_urgency(standings: QuerySet[Any]) -> QuerySet[Any]:
    places = [
        When(state=state.value, then=Value(place)) for place, state in enumerate(STATES_BY_URGENCY)
    ]
    annotated = standings.annotate(
        urgency=Case(*places, output_field=IntegerField()),
        pressing_day=Coalesce("anchor", "last_day"),
    )
    ordered: QuerySet[Any] = annotated.order_by(*MOST_URGENT_FIRST)
    return ordered


@dataclass(frozen=True)
class ActiveFilter:
    """One value of a filter in use, and the address of the list without it."""

    label: str
    url: str


@dataclass(frozen=True)
class CountedChoice:
    """The label of a choice, and the number of actions that it would show."""

    label: Any
    count: int

    def __str__(self) -> str:
        return f"{self.label} ({self.count})"


class PlanFilter(django_filters.FilterSet):
    """The filters of a list inside a plan.

    A value that a filter does not understand is an error of its field, and filters nothing.
    """

    q = django_filters.CharFilter(method="search", label=_("Search"))

    def __init__(self, data: QueryDict, queryset: QuerySet[Any], *, page: Page) -> None:
        super().__init__(data, queryset)
        self.page = page
        for name, choices in self.choices_of_plan().items():
            self.filters[name].extra["choices"] = choices

    def choices_of_plan(self) -> dict[str, Choices]:
        """By the name of the filter, what the plan has to choose from."""
        raise NotImplementedError

    def condition_of_word(self, word: str) -> Q:
        """Which rows a word that is searched for finds."""
        raise NotImplementedError

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Every word must be found."""
        for word in value.split()[:MAX_WORDS]:
            rows = rows.filter(self.condition_of_word(word))
        return rows

    @cached_property
    def active_values(self) -> dict[str, Any]:
        """What each filter in use asks for."""
        self.form.full_clean()
        return {
            name: value
            for name, value in self.form.cleaned_data.items()
            if value not in EMPTY_VALUES
        }

    def rows_without(self, name: str) -> QuerySet[Any]:
        """What the filters let through if this one is not in use."""
        rows: QuerySet[Any] = self.queryset
        for other, value in self.active_values.items():
            if other != name:
                rows = self.filters[other].filter(rows, value)
        return rows

    def active_filters(self) -> list[ActiveFilter]:
        active = []
        for name, value in self.active_values.items():
            items = value if isinstance(value, list) else [value]
            for item in items:
                label = f"{self.form.fields[name].label}{labels.colon()}{self._name_of(name, item)}"
                active.append(ActiveFilter(label, self._address_without(name, item)))
        return active

    def clear_url(self) -> str:
        """The address without any filter, on the same day."""
        return f"?{urlencode(self.page.day_query)}"

    def _name_of(self, name: str, value: Any) -> str:
        for code, label in self.filters[name].extra.get("choices", []):
            if str(code) == str(value):
                return str(label)
        return str(value)

    def _address_without(self, name: str, value: Any) -> str:
        query = self.data.copy()
        query.pop("page", None)
        values = query.pop(name)
        if isinstance(self.form.cleaned_data[name], list):
            query.setlist(name, [other for other in values if other != value])
        return f"?{query.urlencode()}"


class ActionFilter(PlanFilter):
    """Filters standings by what the list of actions is asked for."""

    state = django_filters.MultipleChoiceFilter(
        choices=[(state.value, labels.STATES[state]) for state in STATES_BY_URGENCY],
        label=_("State"),
        widget=forms.CheckboxSelectMultiple,
        distinct=False,
    )
    commitment = django_filters.ChoiceFilter(
        field_name="obligation__commitment__number", label=_("Commitment")
    )
    side = django_filters.ChoiceFilter(
        field_name="body__side", method="filter_by_bodies", label=_("Side")
    )
    body = django_filters.ChoiceFilter(
        field_name="body__code", method="filter_by_bodies", label=_("Body")
    )
    modality = django_filters.ChoiceFilter(
        choices=list(labels.MODALITIES.items()), label=_("Modality")
    )
    attention = django_filters.ChoiceFilter(
        empty_label=_("any"),
        choices=[(code, attention.label) for code, attention in ATTENTION.items()],
        method="filter_by_attention",
        label=_("Attention"),
    )
    due = django_filters.DateFilter(
        method="filter_by_due_day", label=_("Due by"), widget=DATE_INPUT
    )
    scored = django_filters.ChoiceFilter(
        empty_label=_("any"),
        choices=[("1", _("counted in the states of commitments"))],
        label=_("Scored"),
    )

    def choices_of_plan(self) -> dict[str, Choices]:
        plan = self.page.plan
        return {
            "commitment": [
                (commitment.number, f"{commitment.number}. {labels.text(commitment.title)}")
                for commitment in plan.commitments.all()
            ],
            "side": [(side, labels.side(side)) for side in plan.sides],
            "body": [(body.code, labels.text(body.name)) for body in plan.bodies.all()],
        }

    def condition_of_word(self, word: str) -> Q:
        """In the ref, the signed words or a title, in any language, accents or not."""
        return Q(obligation__action__search__contains=plain(word))

    def filter_by_bodies(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The actions that such a body leads or joins."""
        leads = Action.leads.through.objects.filter(**{name: value}).values("action")
        partners = Action.partners.through.objects.filter(**{name: value}).values("action")
        return rows.filter(Q(obligation__in=leads) | Q(obligation__in=partners))

    def filter_by_attention(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(ATTENTION[value].condition)

    def filter_by_due_day(self, rows: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return rows.filter(falls_due_by(value))

    def show_counts(self) -> None:
        """Show beside each choice how many actions it would show, given the other filters in use.

        Each filter costs one grouped query.
        """
        side_of = dict(self.page.plan.bodies.values_list("code", "side"))
        attention = {
            code: Count("pk", filter=attention.condition) for code, attention in ATTENTION.items()
        }
        counts: dict[str, Mapping[str, int]] = {
            "state": self._count_by("state", "state"),
            "commitment": self._count_by("commitment", "obligation__commitment__number"),
            "side": self._count_by_bodies("side", side_of),
            "body": self._count_by_bodies("body", {code: code for code in side_of}),
            "modality": self._count_by("modality", "modality"),
            "attention": self.rows_without("attention").aggregate(**attention),
            "scored": {"1": self.rows_without("scored").filter(scored=True).count()},
        }
        for name, count_of in counts.items():
            field: Any = self.form.fields[name]
            field.choices = [
                (code, CountedChoice(label, count_of.get(str(code), 0)))
                for code, label in self.filters[name].extra["choices"]
            ]

    def _count_by(self, name: str, field: str) -> dict[str, int]:
        """How many actions have each value of the field, if this filter is not in use."""
        rows = self.rows_without(name).order_by().values_list(field).annotate(Count("pk"))
        return {str(value): count for value, count in rows}

    def _count_by_bodies(self, name: str, group_of: Mapping[str, str]) -> Counter[str]:
        """Actions by a group of bodies that lead or join them; a group counts an action once."""
        counts: Counter[str] = Counter()
        for parties, count in self._count_by(name, "obligation__action__parties").items():
            counts.update(dict.fromkeys({group_of[code] for code in parties.split()}, count))
        return counts


class EntryFilter(PlanFilter):
    """Filters the entries of the register."""

    ref = django_filters.CharFilter(label=_("Ref"))
    kind = django_filters.MultipleChoiceFilter(
        label=_("Kind"), widget=forms.CheckboxSelectMultiple, method="filter_by_kind"
    )
    side = django_filters.ChoiceFilter(label=_("Side"))
    since = django_filters.DateFilter(
        field_name="recorded_day",
        lookup_expr="gte",
        label=_("Recorded since"),
        widget=DATE_INPUT,
    )

    def choices_of_plan(self) -> dict[str, Choices]:
        kinds = [(kind, labels.kind(kind)) for kind in [*KINDS, "terms", "plan", "redacted"]]
        return {
            "kind": [("reported", _("all but terms and plan files")), *kinds],
            "side": [(side, labels.side(side)) for side in self.page.plan.sides],
        }

    def filter_by_kind(self, rows: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        condition = Q(kind__in=value)
        if "reported" in value:
            condition |= NOT_OF_A_PLAN_FILE
        return rows.filter(condition)

    def condition_of_word(self, word: str) -> Q:
        """The ref, or a part of the note, the reason or the source.

        From outside only refs are searched: texts are internal.
        """
        condition = Q(ref__iexact=word)
        if self.page.inside:
            condition |= Q(text__note__icontains=word)
            condition |= Q(text__reason__icontains=word)
            condition |= Q(text__source__icontains=word)
        return condition
