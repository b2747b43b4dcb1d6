"""The parts of the pages in every state, with made-up content: for those who design and for the
tests of contrast. What shows money is on the fund's page.
"""

from datetime import date, timedelta
from types import SimpleNamespace

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from actionplan.api_tokens.views import TokenForm
from commitments.forms.entries import DecideForm
from commitments.models import Action, Obligation, Standing
from commitments.pages import labels
from commitments.rules.states import State

ON = date(2015, 1, 12)
TITLE = {
    "en": "Work out the border control measures",
    "fr": "Définir les mesures de contrôle frontalier",
}


def make_entry(number: int = 3) -> SimpleNamespace:
    """What templates show of an entry, made up."""
    return SimpleNamespace(
        number=number,
        kind="delivered",
        ref="2.5",
        effective="2014-10",
        quantity=2,
        recorded_day=ON,
        side="GB",
        hash="0123456789abcdef" * 4,
        by={"post": "Home Office"},
        text={"note": "Two officers were present.", "source": "https://example.org/minutes"},
    )


def make_standing(state: State) -> Standing:
    """A standing in this state, 12 days before or after the day from which the state counts."""
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


class StyleGuide(TemplateView):
    """The page with all parts of pages; it exists only where DEBUG is on."""

    template_name = "actionplan/styleguide.html"

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        if not settings.DEBUG:
            raise Http404
        entry = {"entry": make_entry(), "url": "#"}
        return {
            "on": ON,
            "path": "#",
            "standings": [make_standing(state) for state in State],
            "counts": [
                {"state": state.value, "label": label, "count": 3, "url": "#"}
                for state, label in labels.STATES.items()
            ],
            "periods": [
                {"name": "2014-10", "state": state, "delivered": 1, "target": 2}
                for state in labels.PERIODS
            ],
            "entries": [
                entry | {"acts": {"can_withdraw": True, "can_confirm": True, "can_dispute": True}},
                entry | {"entry": make_entry(2), "is_withdrawn": True},
            ],
            "newer": [entry | {"entry": make_entry(4)}],
            # between them they have every kind of field
            "form": DecideForm({"day": "x"}),
            "unbound_form": TokenForm(auto_id="unbound_%s"),
            "typed_text": [(_("Details"), "…")],
        }
