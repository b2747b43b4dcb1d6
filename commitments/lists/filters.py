"""Search and filters of the lists of actions and of entries, as the address gives them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import django_filters
from django import forms
from django.core.paginator import Page as DjangoPage
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django_filters.constants import EMPTY_VALUES

from commitments import clock
from commitments.lists.search import ActionSearch, Word, stems_of_query
from commitments.models import Action
from commitments.models.register import NOT_OF_A_PLAN_FILE
from commitments.models.standings import StandingQuerySet
from commitments.pages import labels
from commitments.pages.days import read_day
from commitments.pages.inbox import inbox_keys
from commitments.pages.page import Page
from commitments.register.entry_types import (
    MEETING,
    TYPES,
    kinds_with,
)
from commitments.register.permissions import can_write
from commitments.rules.states import SETTLED, STATES_BY_URGENCY, State
from commitments.written_dates import AskedBack

# down to the position, so that no two rows are equal and pages of a list do not overlap
MOST_URGENT_FIRST = ("urgency", "pressing_day", "obligation__action__position")
Choices = list[tuple[object, object]]
# standings or entries
Rows = QuerySet[Any]
SOON = timedelta(days=14)
NEVER_REPORTED = Q(scored=True, never_reported=True) & ~Q(
    state__in=[State.SUPERSEDED.value, State.NOT_PURSUED.value]
)


@dataclass(frozen=True)
class Attention:
    """Something about an action that wants a look.

    The condition on its standing is the same for a count and for the list behind it.
    """

    label: Promise
    condition: Callable[[Page], Q]


def falls_due_by(day: date) -> Q:
    """Whether an action is not overdue yet, and its last day is this one or earlier."""
    ahead = Q(state__in=[State.DUE_SOON.value, State.UPCOMING.value], last_day__lte=day)
    return Q(state=State.DUE, anchor__lte=day) | ahead


def is_in_doubt(page: Page) -> Q:
    """Whether an action is not settled and its owner says amber or red, which is internal."""
    if not page.inside:
        return Q(pk__in=[])
    return Q(confidence__in=["amber", "red"]) & ~Q(state__in=SETTLED)


def needs_decision(page: Page) -> Q:
    """Whether somebody must decide about an action: it is late, contested, in doubt or due soon."""
    contested = Q(disputed=True) | Q(sides_differ=True)
    due = Q(state=State.OVERDUE) | falls_due_by(page.on + SOON)
    return Q(scored=True) & (due | contested | is_in_doubt(page))


def waits_for_side(page: Page) -> Q:
    """Whether something about an action waits for the word of the reader's side."""
    return Q(obligation__ref__in=inbox_keys(page).refs)


# the choice that filters nothing, where the name of the filter is feminine in French
ALL_OF_FEMININE = pgettext_lazy("sides, alerts", "All")

ATTENTION = {
    "waiting": Attention(_("waits for my side’s word"), waits_for_side),
    "decision": Attention(_("needs a decision"), needs_decision),
    "stale": Attention(_("no recent report"), lambda page: Q(stale_since__isnull=False)),
    "never": Attention(_("never reported"), lambda page: NEVER_REPORTED),
    "differ": Attention(_("sides differ"), lambda page: Q(sides_differ=True)),
    "disputed": Attention(_("disputed"), lambda page: Q(disputed=True)),
    "short": Attention(_("periods short"), lambda page: Q(fell_short=True)),
    "proposed": Attention(_("decision proposed"), lambda page: Q(proposed__isnull=False)),
}


def order_by_urgency(standings: StandingQuerySet) -> StandingQuerySet:
    places = [
        When(state=state.value, then=Value(place)) for place, state in enumerate(STATES_BY_URGENCY)
    ]
    return standings.annotate(
        urgency=Case(*places, output_field=IntegerField()),
        pressing_day=Coalesce("anchor", "last_day"),
    ).order_by(*MOST_URGENT_FIRST)


@dataclass(frozen=True)
class ActiveFilter:
    """One value of a filter in use, and the address of the list without it."""

    label: str
    url: str


@dataclass(frozen=True)
class CountedChoice:
    """The label of a choice, and the number of actions that it would show."""

    label: object
    count: int

    def __str__(self) -> str:
        return f"{self.label} ({self.count})"


class DayField(forms.CharField):
    """One day, as people write it."""

    def __init__(self, *, page: Page, **kwargs: Any) -> None:
        example = _("For example “%(day)s”") % {"day": labels.day(page.today)}
        super().__init__(help_text=example, **kwargs)
        self.page = page

    def clean(self, value: str | None) -> date | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_day(text, self.page.plan, self.page.today)
        except AskedBack as question:
            raise forms.ValidationError(str(question)) from None

    def prepare_value(self, value: Any) -> Any:
        """In words, as on all pages, where it came as numbers in an address."""
        day = clock.parse_day(str(value))
        return labels.day(day) if day else value


class DayFilter(django_filters.Filter):
    """Where a day limits what is shown."""

    field_class = DayField


class PlanFilter(django_filters.FilterSet):
    """The filters of a list inside a plan.

    A value that a filter does not understand is an error of its field, and filters nothing.
    """

    q = django_filters.CharFilter(method="search", label=_("Search"))
    # what the page offers to sort by, and the filters that it folds away
    orders: ClassVar[Mapping[str, Promise]] = {}
    folded: ClassVar[Sequence[str]] = ()

    def __init__(self, data: QueryDict, queryset: Rows, *, page: Page) -> None:
        super().__init__(data, queryset)
        self.page = page
        for name, choices in self.choices_of_plan().items():
            self.filters[name].extra["choices"] = choices
        for each in self.filters.values():
            if isinstance(each, DayFilter):
                each.extra["page"] = page

    def choices_of_plan(self) -> dict[str, Choices]:
        """By the name of the filter, what the plan has to choose from."""
        raise NotImplementedError

    def search(self, rows: Rows, name: str, value: str) -> Rows:
        """The rows that have any of the words."""
        raise NotImplementedError

    @cached_property
    def active_values(self) -> dict[str, object]:
        """What each filter in use asks for."""
        self.form.full_clean()
        return {
            name: value
            for name, value in self.form.cleaned_data.items()
            if value not in EMPTY_VALUES
        }

    @property
    def shown_fields(self) -> list[forms.BoundField]:
        return [field for field in self.form if field.name not in ("q", *self.folded)]

    @property
    def folded_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in self.folded]

    @property
    def is_fold_open(self) -> bool:
        """Whether a filter among those that are folded is in use or has an error, so that it must
        be seen.
        """
        return any(name in self.active_values or name in self.form.errors for name in self.folded)

    def rows_without(self, name: str) -> Rows:
        """The rows that the other filters in use let through."""
        rows: Rows = self.queryset
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

    def page_title(self, name: str, shown: DjangoPage[Any]) -> str:
        """With what is chosen and where one is, for whoever hears the title or looks for a tab."""
        parts = [name, *(each.label for each in self.active_filters())]
        if self.form.errors:
            parts.insert(0, gettext("Error"))
        if shown.number > 1:
            parts.append(gettext("page %(n)s") % {"n": shown.number})
        return " · ".join(parts)

    def clear_url(self) -> str:
        """The address without any filter, on the same day."""
        return f"?{urlencode(self.page.day_query)}"

    def _name_of(self, name: str, value: object) -> str:
        for code, label in self.filters[name].extra.get("choices", []):
            if str(code) == str(value):
                return str(label)
        return labels.day(value) if isinstance(value, date) else str(value)

    def _address_without(self, name: str, value: object) -> str:
        query = self.data.copy()
        query.pop("page", None)
        values = query.pop(name)
        if isinstance(self.form.cleaned_data[name], list):
            query.setlist(name, [other for other in values if other != value])
        return f"?{query.urlencode()}"


class ActionFilter(PlanFilter):
    """Filters standings by what the list of actions is asked for."""

    orders: ClassVar[Mapping[str, Promise]] = {
        "": _("Commitment"),
        "state": _("Status, most urgent first"),
        "deadline": _("Deadline, earliest first"),
        "-deadline": _("Deadline, latest first"),
        "ref": _("Order of the text"),
    }
    folded: ClassVar[Sequence[str]] = ("modality", "attention", "progress", "due", "scored")

    state = django_filters.MultipleChoiceFilter(
        choices=[(state.value, labels.STATES[state]) for state in STATES_BY_URGENCY],
        label=_("Status"),
        widget=forms.CheckboxSelectMultiple,
        distinct=False,
    )
    commitment = django_filters.ChoiceFilter(
        field_name="obligation__commitment__number", label=_("Commitment")
    )
    side = django_filters.ChoiceFilter(
        field_name="body__side",
        method="filter_by_bodies",
        label=_("Side"),
        empty_label=ALL_OF_FEMININE,
    )
    body = django_filters.ChoiceFilter(
        field_name="body__code", method="filter_by_bodies", label=_("Organisation")
    )
    modality = django_filters.ChoiceFilter(
        choices=list(labels.MODALITIES.items()),
        label=_("Strength"),
        empty_label=ALL_OF_FEMININE,
    )
    attention = django_filters.ChoiceFilter(
        choices=[(code, attention.label) for code, attention in ATTENTION.items()],
        method="filter_by_attention",
        label=_("Alerts"),
        empty_label=ALL_OF_FEMININE,
    )
    progress = django_filters.ChoiceFilter(
        choices=[(progress.value, label) for progress, label in labels.PROGRESS.items()],
        label=_("Progress"),
    )
    due = DayFilter(method="filter_by_due_day", label=_("Due by"))
    scored = django_filters.ChoiceFilter(
        choices=[("1", _("yes"))],
        label=_("Counted in totals"),
        empty_label=ALL_OF_FEMININE,
    )

    def choices_of_plan(self) -> dict[str, Choices]:
        plan = self.page.plan
        attention = {code: each.label for code, each in ATTENTION.items()}
        if not can_write(self.page.rights):
            del attention["waiting"]
        return {
            "attention": list(attention.items()),
            "commitment": [
                (commitment.number, f"{commitment.number}. {labels.text(commitment.title)}")
                for commitment in plan.commitments.all()
            ],
            "side": [(side, labels.side(side)) for side in plan.sides],
            "body": [(body.code, labels.text(body.name)) for body in plan.bodies.all()],
        }

    @cached_property
    def words(self) -> ActionSearch:
        return ActionSearch(str(self.active_values["q"]), self.page)

    def search(self, rows: Rows, name: str, value: str) -> Rows:
        return self.words.filter(rows)

    @property
    def ordered(self) -> Rows:
        """What was searched for stands by its rank, all else by commitment and urgency."""
        urgent_first = order_by_urgency(self.qs)
        if "q" in self.active_values:
            return self.words.rank(urgent_first)
        return urgent_first.order_by("obligation__commitment__position", *MOST_URGENT_FIRST)

    def filter_by_bodies(self, rows: Rows, name: str, value: str) -> Rows:
        """The actions that one of these bodies leads or joins."""
        leads = Action.leads.through.objects.filter(**{name: value}).values("action")
        partners = Action.partners.through.objects.filter(**{name: value}).values("action")
        return rows.filter(Q(obligation__in=leads) | Q(obligation__in=partners))

    def filter_by_attention(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(ATTENTION[value].condition(self.page))

    def filter_by_due_day(self, rows: Rows, name: str, value: date) -> Rows:
        return rows.filter(falls_due_by(value))

    def show_counts(self) -> None:
        """Show beside each choice how many actions it would show, given the other filters in use.

        Each filter costs one grouped query.
        """
        side_of = dict(self.page.plan.bodies.values_list("code", "side"))
        attention = {
            code: Count("pk", filter=attention.condition(self.page))
            for code, attention in ATTENTION.items()
        }
        counts: dict[str, Mapping[str, int]] = {
            "state": self._count_by("state", "state"),
            "commitment": self._count_by("commitment", "obligation__commitment__number"),
            "side": self._count_by_bodies("side", side_of),
            "body": self._count_by_bodies("body", {code: code for code in side_of}),
            "modality": self._count_by("modality", "modality"),
            "attention": self.rows_without("attention").aggregate(**attention),
            "progress": self._count_by("progress", "progress"),
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
        """How many actions each group of bodies leads or joins; a group counts an action once."""
        counts: Counter[str] = Counter()
        for parties, count in self._count_by(name, "obligation__action__parties").items():
            counts.update(dict.fromkeys({group_of[code] for code in parties.split()}, count))
        return counts


# the headings under which the filter of the register offers the kinds of entry
KIND_GROUPS: Mapping[str, Promise] = {
    "reports": _("What was reported"),
    "decisions": _("What was decided or taken back"),
    "between": _("What sides say to each other"),
    "money": _("Money"),
    "register": _("The plan and its register"),
}


class EntryFilter(PlanFilter):
    """Filters the entries of the register."""

    kind_groups = KIND_GROUPS

    ref = django_filters.CharFilter(label=_("Ref"))
    kind = django_filters.MultipleChoiceFilter(
        label=_("Kind"), widget=forms.CheckboxSelectMultiple, method="filter_by_kind"
    )
    side = django_filters.ChoiceFilter(label=_("Side"), empty_label=ALL_OF_FEMININE)
    waiting = django_filters.ChoiceFilter(
        choices=[("1", _("for my side’s word"))],
        method="filter_by_waiting",
        label=_("Waiting"),
        empty_label=ALL_OF_FEMININE,
    )
    since = DayFilter(field_name="recorded_day", lookup_expr="gte", label=_("Recorded since"))

    def choices_of_plan(self) -> dict[str, Choices]:
        kinds = [(kind, labels.kind(kind)) for kind in TYPES]
        return {
            "kind": [*KIND_GROUPS.items(), ("reported", _("all but terms and plan files")), *kinds],
            "side": [(side, labels.side(side)) for side in self.page.plan.sides],
        }

    def filter_by_waiting(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(pk__in=inbox_keys(self.page).entries)

    def filter_by_kind(self, rows: Rows, name: str, value: list[str]) -> Rows:
        condition = Q(kind__in=value)
        for code in KIND_GROUPS.keys() & set(value):
            condition |= Q(kind__in=kinds_with(group=code))
        if "reported" in value:
            condition |= NOT_OF_A_PLAN_FILE
        return rows.filter(condition)

    def search(self, rows: Rows, name: str, value: str) -> Rows:
        """Those with most of the words first, then the newest.

        From outside only refs are searched: texts are internal.
        """
        matched: Any = Value(0)
        for stem in stems_of_query(value):
            condition = Q(ref__iexact=stem)
            if self.page.inside:
                condition |= Word([stem]).is_in("text__search__stems") & Q(text_is_hidden=False)
                condition |= Q(kind=MEETING, words__icontains=stem)
            matched = matched + Case(When(condition, then=1), default=0)
        matching = rows.annotate(matched_words=matched).filter(matched_words__gt=0)
        ranked: Rows = matching.order_by("-matched_words", "-number")
        return ranked
