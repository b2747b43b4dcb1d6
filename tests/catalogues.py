"""`python -m tests.catalogues`: every translation is complete, keeps its placeholders and is
compiled.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

LOCALE = Path(__file__).parent.parent / "locale"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def faults(po: Path) -> Iterator[str]:
    catalogue = polib.pofile(str(po))
    for entry in catalogue:
        if not entry.obsolete:
            yield from (
                f"{po}:{entry.linenum}: {fault}: {entry.msgid!r}" for fault in entry_faults(entry)
            )
    mo = po.with_suffix(".mo")
    if not mo.exists() or texts(polib.mofile(str(mo))) != texts(catalogue):
        yield f"{mo}: differs from {po.name}: run compilemessages"


def entry_faults(entry: polib.POEntry) -> Iterator[str]:
    if entry.fuzzy:
        yield "marked fuzzy, review it"
    translations = list(entry.msgstr_plural.values()) or [entry.msgstr]
    if not all(translations):
        yield "not translated"
    known = set(PLACEHOLDER.findall(entry.msgid + (entry.msgid_plural or "")))
    if any(set(PLACEHOLDER.findall(text)) - known for text in translations):
        yield "has a placeholder that the original lacks"


def texts(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str | None, str], object]:
    entries = [entry for entry in catalogue if not entry.obsolete and entry.msgid]
    return {(entry.msgctxt, entry.msgid): entry.msgstr_plural or entry.msgstr for entry in entries}


if __name__ == "__main__":
    # the source is in English, so its catalogue may be empty
    files = [po for po in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")) if po.parts[-3] != "en"]
    found = [fault for po in files for fault in faults(po)]
    sys.exit("\n".join(found) if found else 0)
