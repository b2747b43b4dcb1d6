"""An entries file to begin with: the columns, and for each kind of entry a row that shows what it
takes.
"""

import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from commitments.files.entries import COLUMNS, EXAMPLE, NAMING
from commitments.models import Plan
from commitments.register.entry_types import KINDS, EntryType


def examples(plan: Plan) -> Iterator[dict[str, str]]:
    """One row for each kind, refused by the reader for as long as its id is that of an example."""
    obligations = list(plan.obligations.order_by("instalment", "pk"))
    action, money = (obligations[place].ref if obligations else "" for place in (0, -1))
    completed = f"{EXAMPLE}{list(KINDS).index('completed') + 1}"
    for number, kind in enumerate(KINDS.values(), 1):
        day = plan.adopted_on.isoformat()
        row = dict.fromkeys(COLUMNS, "") | {
            "id": f"{EXAMPLE}{number}",
            "kind": kind.name,
            "side": plan.sides[0],
        }
        row |= {
            "effective": day,
            "recorded": day,
            "note": _("Illustration: delete this row.") + f" {kind.label}",
        }
        if kind.name in NAMING:
            row["to"] = completed
        else:
            row["ref"] = action if "action" in kind.about else money
        values = {
            "quantity": "1",
            "amount": "1000.00",
            "currency": "EUR",
            "instalment": "1",
            "words": _words(kind, plan),
        }
        values |= {"reason": _("why"), "when": f"../{day}"}
        for name in kind.needs if kind.name != "confidence" else (*kind.needs, "reason"):
            if name in values:
                row["to" if name == "when" else name] = values[name]
        if "action" not in kind.about and "instalment" in kind.takes and kind.name not in NAMING:
            row["instalment"] = "1"
        yield row


def _words(kind: EntryType, plan: Plan) -> str:
    if kind.names and (codes := kind.names(plan)):
        return next(iter(codes))
    return "amber" if kind.name == "confidence" else _("name of the event")


def as_csv(plan: Plan) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(examples(plan))
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(plan: Plan) -> bytes:
    """All cells are texts, so that no spreadsheet makes a day of a month or a number of an id."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "entries"
    sheet.freeze_panes = "A2"
    sheet.append(COLUMNS)
    for row in examples(plan):
        sheet.append([row[name] for name in COLUMNS])
    for column in sheet.iter_cols(max_row=500):
        for cell in column:
            cell.number_format = "@"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
