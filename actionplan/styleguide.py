"""Every part of the pages in every state, with made-up content: for those who design and for the
tests of contrast.
"""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace as Made
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from commitments.exports.writers import FORMATS, ExportLink
from commitments.lists.filters import ActiveFilter
from commitments.models import Standing
from commitments.pages import labels
from commitments.pages.counts import StateCount
from commitments.register.entry_types import KINDS
from commitments.rules.states import State
from funding.charts import draw_chart

ON = date(2015, 1, 12)
TITLE = {
    "en": "Work out the border control measures",
    "fr": "Définir les mesures relatives aux contrôles",
}


class Sample(forms.Form):
    """One field of each kind; bound to nothing good, so that faults show."""

    kind = forms.ChoiceField(
        label=_("What happened"),
        widget=forms.RadioSelect,
        choices=[(kind, KINDS[kind].label) for kind in ("started", "completed")],
    )
    day = forms.DateField(
        label=_("Day on which it happened"), widget=forms.DateInput(attrs={"type": "date"})
    )
    note = forms.CharField(
        label=_("What there is to say"), widget=forms.Textarea(attrs={"rows": 3})
    )
    confidence = forms.ChoiceField(
        label=_("Confidence"), choices=[*labels.COLOURS.items()], required=False
    )
    source = forms.CharField(
        label=_("Evidence"), help_text=_("A link, or the reference of a document."), required=False
    )


def example_standing(state: State) -> Any:
    """A row as tables show it, 12 days before or after what its state counts from."""
    away = 12 if state in (State.DUE, State.DUE_SOON, State.UPCOMING) else -12
    row: Any = Standing(
        state=state.value,
        anchor=date.fromordinal(ON.toordinal() + away),
        words="before the end of the year",
    )
    row.first_day = row.last_day = row.anchor
    row.late, row.moved, row.modality, row.scored = 12, state is State.OVERDUE, "soft", True
    row.never_reported = state is State.NO_DATE
    row.stale_since = ON if state is State.AWAITING else None
    row.sides_differ = row.disputed = state is State.MET_UNDATED
    row.confirmed = state is State.MET
    return Made(**{name: getattr(row, name) for name in SHOWN}, action=Made(ref="2.5", title=TITLE))


SHOWN = (
    *(
        "state",
        "anchor",
        "late",
        "words",
        "first_day",
        "last_day",
        "moved",
        "modality",
        "scored",
        "never_reported",
    ),
    *("stale_since", "sides_differ", "disputed", "confirmed"),
)


def entry_row(number: int, **more: Any) -> Made:
    text = Made(
        note="Two officers were present.",
        reason="",
        source="https://example.org/minutes",
        decided_by="",
    )
    entry = Made(
        number=number,
        ref="2.5",
        effective="2014-10",
        quantity=2,
        recorded_day=ON,
        side="GB",
        hash="0123456789abcdef" * 4,
        text=text,
    )
    return Made(
        entry=entry,
        url="#",
        kind_label=KINDS["delivered"].label,
        post="Home Office",
        link=text.source,
        **more,
    )


def styleguide(request: HttpRequest) -> HttpResponse:
    """Only where DEBUG is on."""
    if not settings.DEBUG:
        raise Http404
    stated = {"EUR": Decimal(5_000_000), "GBP": Decimal(4_000_000)}
    lines: Any = [
        Made(
            stated=stated,
            paid={"EUR": Decimal(paid)},
            number=number,
            ref="1.2",
        )
        for number, paid in enumerate((5_000_000, 3_000_000, 0), 1)
    ]
    context = {
        "on": ON,
        "path": "#",
        "standings": [example_standing(state) for state in State],
        "counts": [StateCount(state.value, str(labels.STATES[state]), 3, "#") for state in State],
        "colours": list(labels.COLOURS.items()),
        "periods": [
            {"name": "2014-10", "state": state, "label": label, "delivered": 1, "target": 2}
            for state, label in labels.PERIODS.items()
        ],
        "totals": [
            {
                "currency": code,
                "promised": sum_,
                "due": sum_ / 2,
                "paid": sum_ / 4,
                "outstanding": sum_ / 4,
                "spent": 0,
            }
            for code, sum_ in stated.items()
        ],
        "fund": Made(code="sample"),
        "chart": draw_chart("EUR", lines),
        "entries": [
            entry_row(3, can_confirm=True, can_withdraw=True),
            entry_row(2, is_withdrawn=True),
        ],
        "newer": [entry_row(4)],
        "preview": example_standing(State.MET_LATE),
        "form": Sample({"kind": "", "day": "x", "note": ""}),
        "clean": Sample(auto_id="clean_%s"),
        "active_filters": [ActiveFilter(str(labels.STATES[State.OVERDUE]), "#")],
        "exports": [ExportLink(form, "#") for form in FORMATS],
        "typed_text": [(_("What there is to say"), "…")],
        "notices": ("info", "success", "warning", "error"),
    }
    return render(request, "actionplan/styleguide.html", context)
