"""Several reports in one table: each filled row is checked as the form of a single report is."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from commitments.forms.entries import EntryForm, ReportForm, kinds_to_report
from commitments.lists.report_rows import ReportRow
from commitments.models import Plan
from commitments.pages import labels
from commitments.register.entry_types import KINDS
from commitments.rules.dates import DateError, parse
from commitments.rules.events import Terms
from commitments.written_dates import edtf

# these ask for more than a row has room for
ONLY_BY_THEMSELVES = ("consent", "event")


class ReportRowForm(ReportForm):
    """One row. An empty one says nothing, and is not checked."""

    kind = forms.ChoiceField(
        label=_("What happened"), error_messages={"required": _("Select what happened.")}
    )

    def __init__(
        self, *args: Any, row: ReportRow, initial: Mapping[str, Any], **kwargs: Any
    ) -> None:
        self.row = row
        super().__init__(
            *args,
            terms=row.terms,
            bodies=[],
            outcomes={},
            initial={"day": _date_of(row, initial["today"]), **initial},
            empty_permitted=True,
            use_required_attribute=False,
            **kwargs,
        )
        del self.fields["key"], self.fields["seen"]
        self._offer_kinds()
        self._fit_into_cells()

    def kinds_offered(self, terms: Terms) -> list[str]:
        if self.row.period is not None:
            return ["delivered"]
        return [kind for kind in kinds_to_report(terms) if kind not in ONLY_BY_THEMSELVES]

    def _offer_kinds(self) -> None:
        """A period has one kind alone, so nothing is to be chosen."""
        kinds = self.kinds_offered(self.row.terms)
        if self.row.period is not None:
            self._set_choices("kind", [(kinds[0], "")])
            self.fields["kind"].widget = forms.HiddenInput()
            return
        self.fields["kind"].initial = ""
        choices = [(kind, str(KINDS[kind].label)) for kind in kinds]
        self._set_choices("kind", [("", _("nothing new")), *choices])

    def _fit_into_cells(self) -> None:
        if not self.plan.evidence_required:
            self.fields["source"].widget = forms.HiddenInput()
        self.fields["note"].widget = forms.Textarea(attrs={"rows": 1})
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select" if name == "kind" else "form-control"
            field.help_text = ""

    def has_changed(self) -> bool:
        """Whether anything is said in the row; its date is filled in beforehand."""
        names = ["quantity", "note", "source"]
        if self.row.period is None:
            names.append("kind")
        return any(self[name].data for name in names if name in self.fields)


def _date_of(row: ReportRow, today: Any) -> str:
    """Today; of a period that has ended its name, or its last day where a name is no date."""
    if row.period is None or row.period.window.last >= today:
        return labels.day(today)
    name = labels.edtf(row.period.name)
    try:
        if parse(edtf(name)) == row.period.window:
            return name
    except DateError:
        pass
    return labels.day(row.period.window.last)


class ReportTable(EntryForm):
    """The rows of a table. What is sent names its rows, since by then others may be asked for."""

    rows = forms.CharField(widget=forms.HiddenInput, required=False, max_length=8000)

    def __init__(
        self, *args: Any, report_rows: Sequence[ReportRow], plan: Plan, by: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial["rows"] = " ".join(row.name for row in report_rows)
        data = self.data if self.is_bound else None
        self.row_forms = []
        for number, row in enumerate(report_rows):
            prefix = f"r{number}"
            initial = self._initial_of_row(prefix)
            self.row_forms.append(
                ReportRowForm(data, prefix=prefix, row=row, plan=plan, by=by, initial=initial)
            )

    def _initial_of_row(self, prefix: str) -> dict[str, Any]:
        """What is the same for all rows, and what a kept draft has for this one."""
        start = f"{prefix}-"
        typed = {
            name.removeprefix(start): value
            for name, value in self.initial.items()
            if name.startswith(start)
        }
        common = {name: self.initial.get(name) for name in ("today", "month_first")}
        return common | typed

    @property
    def has_quantities(self) -> bool:
        return any("quantity" in form.fields for form in self.row_forms)

    @property
    def filled(self) -> list[ReportRowForm]:
        return [form for form in self.row_forms if form.has_changed()]

    @property
    def wrong(self) -> list[ReportRowForm]:
        return [form for form in self.row_forms if form.is_bound and form.errors]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.filled:
            self.add_error(None, _("Fill in at least one row."))
        elif self.wrong:
            self.add_error(None, _("Nothing is saved until every row is right."))
        return data
