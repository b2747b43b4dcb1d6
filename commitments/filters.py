"""Search and filters of the list of actions, kept in the address."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from commitments import labels
from commitments.kinds import KINDS
from commitments.models import Action, Entry, Standing
from commitments.pages import Page
from commitments.states import State
from commitments.words import plain

# what wants attention first comes first
URGENCY = (
    *(State.OVERDUE, State.DUE, State.DUE_SOON, State.AWAITING, State.UPCOMING, State.NO_DATE),
    *(State.MET_UNDATED, State.MET_LATE, State.MET, State.SUPERSEDED, State.NOT_PURSUED),
)
# to the last tie, so that pages do not overlap
MOST_URGENT = ("urgency", "pressing", "obligation__action__position")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


@dataclass(frozen=True)
class Attention:
    """What wants a look, in words and as a filter on standings: the same for a count and the list behind it."""

    label: Any
    where: Q


ATTENTION = {
    "stale": Attention(_("stale"), Q(stale_since__isnull=False)),
    "never": Attention(
        _("never reported"),
        Q(scored=True, never_reported=True) & ~Q(state__in=[State.SUPERSEDED.value, State.NOT_PURSUED.value]),
    ),
    "differ": Attention(_("sides differ"), Q(sides_differ=True)),
    "disputed": Attention(_("disputed"), Q(disputed=True)),
}


def due_by(day: date) -> Q:
    """Not yet overdue, and with a last day by then."""
    return Q(state=State.DUE, anchor__lte=day) | Q(state=State.DUE_SOON, last_day__lte=day)


def by_urgency(rows: QuerySet[Any]) -> QuerySet[Any]:
    whens = [When(state=state.value, then=Value(place)) for place, state in enumerate(URGENCY)]
    place = Case(*whens, output_field=IntegerField())
    ordered: QuerySet[Any] = rows.annotate(urgency=place, pressing=Coalesce("anchor", "last_day")).order_by(
        *MOST_URGENT
    )
    return ordered


class PlanFilter(django_filters.FilterSet):
    """Filters of a list inside a plan; `chips` are those in use."""

    def narrowed(self, *left_out: str) -> QuerySet[Any]:
        """The rows that all filters but these let through."""
        rows: QuerySet[Any] = self.queryset
        for name, value in self.form.cleaned_data.items() if self.form.is_valid() else []:
            if name not in left_out:
                rows = self.filters[name].filter(rows, value)
        return rows

    def chosen(self, name: str) -> set[str]:
        value = self.form.cleaned_data.get(name) if self.form.is_valid() else None
        return {str(item) for item in (value if isinstance(value, list) else [value]) if item}

    def q_field(self) -> SafeString:
        return _field(self.form["q"])

    def fields(self) -> Iterator[SafeString]:
        """The filters but the search, with their labels: written here, since crispy-forms takes ten times as long."""
        for bound in self.form:
            if bound.name != "q":
                yield _field(bound)

    def chips(self) -> list[tuple[str, str, str]]:
        """The filters in use: name, value and a label, each to be removed on its own."""
        found = []
        for name, value in self.form.cleaned_data.items() if self.form.is_valid() else []:
            values = value if isinstance(value, list) else [value] if value else []
            choices = {str(code): label for code, label in self.filters[name].extra.get("choices", [])}
            found += [
                (name, item, f"{self.form.fields[name].label}{labels.colon()}{choices.get(str(item), item)}")
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
    errors = format_html_join("", "<p><strong>{}</strong></p>", ((error,) for error in bound.errors))
    if isinstance(field.widget, forms.CheckboxSelectMultiple):
        rows = ((pk, n, bound.name, code, CHECKED[on], label) for n, (code, on, label) in enumerate(choices))
        return format_html(GROUP, pk, bound.label, format_html_join("", BOX, rows), errors)
    if choices:
        options = format_html_join("", OPTION, ((code, SELECTED[on], label) for code, on, label in choices))
        control = format_html(SELECT, bound.name, pk, invalid, MULTIPLE[field.widget.allow_multiple_selected], options)
    else:
        control = bound.as_widget(attrs={"class": f"form-control{invalid}"})
    return format_html(FIELD, pk, bound.label, control, format_html(ERRORS, pk, errors) if errors else "")


CHECKED, SELECTED, MULTIPLE = ("", mark_safe(" checked")), ("", mark_safe(" selected")), ("", mark_safe(" multiple"))
BOX = (
    '<div class="form-check"><input type="checkbox" class="form-check-input" id="{0}_{1}" name="{2}" value="{3}"{4}>'
    '<label for="{0}_{1}" class="form-check-label">{5}</label></div>'
)
GROUP = '<div id="div_{}" class="mb-3"><fieldset><legend class="form-label fs-6">{}</legend>{}{}</fieldset></div>'
OPTION = '<option value="{}"{}>{}</option>'
SELECT = '<select name="{}" id="{}" class="form-select{}"{}>{}</select>'
FIELD = '<div id="div_{0}" class="mb-3"><label for="{0}" class="form-label">{1}</label>{2}{3}</div>'
ERRORS = '<div id="{}_error" class="invalid-feedback">{}</div>'


# the filters whose choices are counted together, and where a standing has what they ask for
COUNTED = {
    "state": "state",
    "commitment": "obligation__commitment__number",
    "modality": "modality",
    "scored": "scored",
}
# what all filters together let through, among the counts of their choices
SHOWN = ("", "")


class ActionFilter(PlanFilter):
    q = django_filters.CharFilter(method="search", label=_("Search"))
    state = django_filters.MultipleChoiceFilter(
        choices=[(state.value, labels.STATES[state]) for state in URGENCY],
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
    due = django_filters.DateFilter(method="due_by", label=_("Due by"), widget=DAY)
    scored = django_filters.ChoiceFilter(
        empty_label=_("any"),
        choices=[("1", _("counted in the states of commitments"))],
        method="only_scored",
        label=_("Scored"),
    )

    class Meta:
        model = Standing
        fields: list[str] = []

    def __init__(self, *args: Any, page: Page, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = labels.language()
        bodies = list(page.plan.bodies.all())
        self.filters["commitment"].extra["choices"] = [
            (number, f"{number}. {title.get(language) or next(iter(title.values()))}")
            for number, title in page.plan.commitments.values_list("number", "title")
        ]
        self.filters["side"].extra["choices"] = [(side, labels.side(side)) for side in page.plan.sides]
        self.filters["body"].extra["choices"] = [(body.code, body.name.get(language) or body.code) for body in bodies]

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Every word must stand in the ref, the signed words or a title, in any language, accents or not."""
        for word in value.replace("\x00", " ").split()[:10]:
            rows = rows.filter(obligation__action__search__contains=plain(word))
        return rows

    def of_side(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(_of(body__side=value))

    def of_body(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(_of(body__code=value))

    def wants_attention(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(ATTENTION[value].where)

    def due_by(self, rows: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return rows.filter(due_by(value))

    def only_scored(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(scored=True)

    def count_choices(self) -> int:
        """Each choice says how many actions it would show, given the other filters; gives how many are shown."""
        counts = self._counts() + self._body_counts()
        for name in (*COUNTED, "attention", "side", "body"):
            field: Any = self.form.fields[name]
            labelled = [
                (code, _counted(name, str(code), label, counts[name, str(code)]))
                for code, label in self.filters[name].extra["choices"]
            ]
            field.choices = labelled
        return counts[SHOWN]

    def _counts(self) -> Counter[tuple[str, str]]:
        """One query: the actions by what they are; each filter then counts those that the others let through."""
        names = [*COUNTED, "attention"]
        rows = self.narrowed(*names).order_by().values(*COUNTED.values())
        notices = {f"is_{code}": ExpressionWrapper(kind.where, BooleanField()) for code, kind in ATTENTION.items()}
        found: Counter[tuple[str, str]] = Counter()
        for row in rows.annotate(**notices).annotate(n=Count("pk")):
            codes = {name: {str(row[path])} for name, path in COUNTED.items()}
            codes["scored"] = {"1"} if row["scored"] else set()
            codes["attention"] = {code for code in ATTENTION if row[f"is_{code}"]}
            missed = [name for name in names if self.chosen(name) and not codes[name] & self.chosen(name)]
            found[SHOWN] += 0 if missed else row["n"]
            for name in names:
                if not set(missed) - {name}:
                    found.update({(name, code): row["n"] for code in codes[name]})
        return found

    def _body_counts(self) -> Counter[tuple[str, str]]:
        """One query: an action belongs to a side or body that leads or joins it, once."""
        leads, partners = (getattr(Action, role).through.objects for role in ("leads", "partners"))
        parts = []
        for name, field in (("side", "body__side"), ("body", "body__code")):
            shown = self.narrowed(name).order_by().values("obligation_id")
            leading = leads.filter(**{"action_id": OuterRef("action_id"), field: OuterRef(field)})
            for through in (leads.all(), partners.filter(~Exists(leading))):
                grouped = through.filter(action_id__in=shown).order_by().values_list(Value(name), field)
                parts.append(grouped.annotate(n=Count("action_id", distinct=True)))
        found: Counter[tuple[str, str]] = Counter()
        for name, code, count in parts[0].union(*parts[1:], all=True):
            found[name, code] += count
        return found


def _of(**body: str) -> Q:
    """What a body of this kind leads or joins."""
    leads, partners = (getattr(Action, role).through.objects.filter(**body) for role in ("leads", "partners"))
    return Q(obligation__in=leads.values("action_id")) | Q(obligation__in=partners.values("action_id"))


def _counted(name: str, code: str, label: Any, count: int) -> str:
    if name == "state":
        return format_html('<span class="shape state-{}">{}</span> <small>{}</small>', code, label, count)
    return f"{label} ({count})"


class EntryFilter(PlanFilter):
    q = django_filters.CharFilter(method="search", label=_("Search"))
    ref = django_filters.CharFilter(label=_("Ref"))
    kind = django_filters.MultipleChoiceFilter(label=_("Kind"), widget=forms.CheckboxSelectMultiple, method="of_kind")
    side = django_filters.ChoiceFilter(empty_label=_("any"), label=_("Side"))
    since = django_filters.DateFilter(
        field_name="recorded_day", lookup_expr="gte", label=_("Recorded since"), widget=DAY
    )

    class Meta:
        model = Entry
        fields: list[str] = []

    def __init__(self, *args: Any, page: Page, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inside = page.inside
        kinds = [*KINDS, "terms", "plan", "redacted"]
        choices = [("reported", _("all but terms and plan files")), *((code, labels.kind(code)) for code in kinds)]
        self.filters["kind"].extra["choices"] = choices
        self.filters["side"].extra["choices"] = [(side, labels.side(side)) for side in page.plan.sides]

    def of_kind(self, rows: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        return rows.filter(Q(kind__in=value) | (~Q(kind__in=["terms", "plan"]) if "reported" in value else Q()))

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Every word must stand in what was said, why, or on what source; from outside these are not searched."""
        for word in value.replace("\x00", " ").split()[:10]:
            said = Q(text__note__icontains=word) | Q(text__reason__icontains=word) | Q(text__source__icontains=word)
            rows = rows.filter(Q(ref__iexact=word) | said if self.inside else Q(ref__iexact=word))
        return rows
