"""Every part of the pages in every state, with made-up content: for those who design and for the
tests of contrast.
"""

from datetime import date, timedelta
from decimal import Decimal

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from actionplan.models import User
from commitments.exports.writers import FORMATS, ExportLink
from commitments.lists.filters import ActiveFilter
from commitments.models import Action, Entry, EntryText, Obligation, Standing
from commitments.pages import labels
from commitments.pages.counts import StateCount
from commitments.pages.entries import EntryRow
from commitments.register.entry_types import KINDS
from commitments.rules.states import State
from funding.charts import draw_chart
from funding.instalments import InstalmentOnDay
from funding.models import Fund
from funding.totals import CurrencyTotal

ON = date(2015, 1, 12)
FIVE_MILLION = Decimal(5_000_000)
TITLE = {
    "en": "Work out the border control measures",
    "fr": "Définir les mesures relatives aux contrôles",
}


class SampleForm(forms.Form):
    """One field of each kind."""

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


def make_standing(state: State) -> Standing:
    """12 days before or after the day from which its state counts."""
    is_ahead = state in (State.DUE, State.DUE_SOON, State.UPCOMING)
    day = ON + timedelta(days=12 if is_ahead else -12)
    obligation = Obligation(ref="2.5")
    obligation.action = Action(ref="2.5", title=TITLE)
    return Standing(
        obligation=obligation,
        state=state.value,
        anchor=day,
        first_day=day,
        last_day=day,
        words="before the end of the year",
        late=12,
        modality="soft",
        scored=True,
        moved=state is State.OVERDUE,
        never_reported=state is State.NO_DATE,
        stale_since=ON if state is State.AWAITING else None,
        sides_differ=state is State.MET_UNDATED,
        disputed=state is State.MET_UNDATED,
        confirmed=state is State.MET,
    )


def make_entry_row(
    number: int, *, is_withdrawn: bool = False, has_buttons: bool = False
) -> EntryRow:
    entry = Entry(
        number=number,
        kind="delivered",
        ref="2.5",
        effective="2014-10",
        quantity=2,
        recorded_day=ON,
        side="GB",
        by=User(post="Home Office"),
        hash="0123456789abcdef" * 4,
    )
    EntryText(entry=entry, note="Two officers were present.", source="https://example.org/minutes")
    return EntryRow(
        entry=entry,
        kind_label=labels.kind(entry.kind),
        code_label="",
        url="#",
        title=TITLE,
        files=[],
        redactions=[],
        is_withdrawn=is_withdrawn,
        can_withdraw=has_buttons,
        can_confirm=has_buttons,
    )


def make_instalment(number: int, paid: int) -> InstalmentOnDay:
    standing = Standing(obligation=Obligation(ref="1.2", instalment=number))
    return InstalmentOnDay(
        standing, stated={"EUR": FIVE_MILLION}, paid={"EUR": Decimal(paid)}, outstanding={}
    )


def make_total(currency: str) -> CurrencyTotal:
    return CurrencyTotal(
        currency,
        promised=FIVE_MILLION,
        due=FIVE_MILLION / 2,
        paid=FIVE_MILLION / 4,
        outstanding=FIVE_MILLION / 4,
    )


def styleguide(request: HttpRequest) -> HttpResponse:
    """Only where DEBUG is on."""
    if not settings.DEBUG:
        raise Http404
    instalments = [make_instalment(1, 5_000_000), make_instalment(2, 3_000_000)]
    instalments.append(make_instalment(3, 0))
    context = {
        "on": ON,
        "path": "#",
        "standings": [make_standing(state) for state in State],
        "counts": [StateCount(state.value, str(labels.STATES[state]), 3, "#") for state in State],
        "colours": list(labels.COLOURS.items()),
        "periods": [
            {"name": "2014-10", "state": state, "label": label, "delivered": 1, "target": 2}
            for state, label in labels.PERIODS.items()
        ],
        "totals": [make_total("EUR"), make_total("GBP")],
        "fund": Fund(code="sample"),
        "chart": draw_chart("EUR", instalments),
        "entries": [make_entry_row(3, has_buttons=True), make_entry_row(2, is_withdrawn=True)],
        "newer": [make_entry_row(4)],
        "preview": make_standing(State.MET_LATE),
        "form": SampleForm({"kind": "", "day": "x", "note": ""}),
        "unbound_form": SampleForm(auto_id="unbound_%s"),
        "active_filters": [ActiveFilter(str(labels.STATES[State.OVERDUE]), "#")],
        "exports": [ExportLink(form, "#") for form in FORMATS],
        "typed_text": [(_("What there is to say"), "…")],
        "notices": ["info", "success", "warning", "error"],
    }
    return render(request, "actionplan/styleguide.html", context)
