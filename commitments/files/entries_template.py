"""An entries file to begin with: the columns, and for each kind of entry a row that shows what it
takes.
"""

import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from commitments.files.entries import EXAMPLE_PREFIX
from commitments.files.entry_rows import COLUMNS
from commitments.models import Plan
from commitments.register.entry_types import ANSWER, CONCLUSION, KINDS, MEETING, QUESTION, EntryType


def iter_examples(plan: Plan) -> Iterator[list[str]]:
    """One row for each kind, refused by the reader for as long as its id is that of an example."""
    refs = list(plan.obligations.order_by("instalment", "pk").values_list("ref", flat=True))
    ids = {name: f"{EXAMPLE_PREFIX}{number}" for number, name in enumerate(KINDS, 1)}
    named = {CONCLUSION: MEETING, ANSWER: QUESTION}
    for kind in KINDS.values():
        row = dict.fromkeys(COLUMNS, "")
        row.update(_describe_kind(kind, plan))
        row["id"] = ids[kind.name]
        if kind.names_entry:
            row["to"] = ids[named.get(kind.name, "completed")]
        if refs and not kind.names_entry and kind.about != ("plan",):
            # actions come first, instalments last
            row["ref"] = refs[0] if "action" in kind.about else refs[-1]
        yield [row[name] for name in COLUMNS]


def _describe_kind(kind: EntryType, plan: Plan) -> dict[str, str]:
    """The cells of a row of this kind, beside its id and what it is about."""
    day = plan.adopted_on.isoformat()
    cells = {
        "kind": kind.name,
        "side": plan.sides[0],
        "effective": day,
        "recorded": day,
        "note": _("Illustration: delete this row.") + f" {kind.label}",
    }
    # said of what the first side said
    if kind.name in ("confirmed", "disputed", ANSWER):
        cells["side"] = plan.sides[-1]
    values = {
        "quantity": "1",
        "amount": "1000.00",
        "currency": "EUR",
        "instalment": "1",
        "words": _example_words(kind, plan),
        "reason": _("why"),
    }
    for name in _needed_fields(kind):
        if name == "when":
            cells["to"] = f"../{day}"
        elif name in values:
            cells[name] = values[name]
    return cells


def _needed_fields(kind: EntryType) -> list[str]:
    fields = list(kind.needs)
    if kind.name == "confidence":
        # amber, as in the example, takes a reason
        fields.append("reason")
    is_about_money = "action" not in kind.about and not kind.names_entry
    if is_about_money and kind.takes_instalment:
        fields.append("instalment")
    return fields


def _example_words(kind: EntryType, plan: Plan) -> str:
    if kind.name == QUESTION:
        return str(plan.sides[-1])
    if kind.names:
        for code in kind.names(plan):
            return code
    if kind.name == "confidence":
        return "amber"
    if kind.name == MEETING:
        return _("name of the meeting")
    return _("name of the event")


def make_xlsx(plan: Plan) -> bytes:
    """All cells are texts, so that no spreadsheet makes a day of a month or a number of an id."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "entries"
    sheet.freeze_panes = "A2"
    sheet.append(COLUMNS)
    for row in iter_examples(plan):
        sheet.append(row)
    for column in sheet.iter_cols(max_row=500):
        for cell in column:
            cell.number_format = "@"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
