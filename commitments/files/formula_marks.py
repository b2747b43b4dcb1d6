"""Marks that keep a spreadsheet from taking a text for a formula: put on by the exports, taken off by
the reader of entries files.

An apostrophe stands before what looks like a formula. A text that has an apostrophe there already
gets another one, so that taking off is the exact inverse of putting on.
"""

import re

# what a spreadsheet takes for the beginning of a formula, full-width forms included
FORMULA_SIGNS = "=+-@\t\r\n＝＋－＠"
# texts that a spreadsheet turns into an error of its own
ERROR_VALUES = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
_ERRORS = "|".join(re.escape(value) for value in ERROR_VALUES)
_AT_START = rf"(?:[{re.escape(FORMULA_SIGNS)}']|(?:{_ERRORS})\Z)"
# A spreadsheet may split a cell at other separators; a list in a note keeps its "- ".
_INSIDE = r"'*(?:[=+@＝＋＠]|[-－](?! ))"
_UNMARKED_INSIDE = re.compile(rf"([;\t\r\n] *)(?={_INSIDE})")
_MARKED_INSIDE = re.compile(rf"([;\t\r\n] *)'(?={_INSIDE})")
_UNMARKED_START = re.compile(rf"\A(?={_AT_START})")
_MARKED_START = re.compile(rf"\A'(?={_AT_START})")


def mark_formulas(text: str) -> str:
    """The text as it stands in a cell of CSV or XLSX."""
    # seldom found, and to search costs a third of what it costs to substitute nothing
    if _UNMARKED_INSIDE.search(text):
        text = _UNMARKED_INSIDE.sub(r"\1'", text)
    return _UNMARKED_START.sub("'", text)


def unmark_formulas(text: str) -> str:
    """The text that was marked."""
    text = _MARKED_START.sub("", text)
    return _MARKED_INSIDE.sub(r"\1", text)
