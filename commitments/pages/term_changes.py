"""What a plan file altered in the terms of an action or instalment: before and after, in words."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from commitments.models import Entry
from commitments.models.register import EntryQuerySet
from commitments.pages import labels
from commitments.register.histories import terms_entry_from
from commitments.register.recorded_terms import Payload, RecordedTerms
from commitments.rules.dates import DateError

# terms that hold a date in EDTF
DATES = ("when", "plan_until", "adopted_on")
# of an entry of terms, from inside and from outside
COLUMNS_READ = ("pk", "ref", "instalment", "terms", "first_day", "recorded_day")


@dataclass(frozen=True)
class TermChange:
    """One term by its key in the plan file; it is put into words where it is shown."""

    key: str
    old: Any
    new: Any
    # the day from which it counts; BEGINNING from adoption on
    since: date

    @property
    def label(self) -> str:
        return labels.term(self.key)

    @property
    def before(self) -> str:
        return write_term(self.key, self.old)

    @property
    def after(self) -> str:
        return write_term(self.key, self.new)


def write_term(key: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(write_term(key, item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {write_term(name, item)}" for name, item in value.items())
    if key == "modality":
        return str(labels.MODALITIES.get(value, value))
    if key in DATES:
        try:
            return labels.edtf(str(value))
        except (DateError, ValueError):
            return str(value)
    return str(value)


def find_term_changes(
    entries: Iterable[Entry], register: EntryQuerySet
) -> dict[int, list[TermChange]]:
    """What each entry of terms among these alters against the one before it, by its key; the first
    terms of an action or instalment alter nothing.
    """
    wanted = {entry.pk: entry.ref for entry in entries if entry.kind == "terms"}
    if not wanted:
        return {}
    versions = register.filter(kind="terms", ref__in=set(wanted.values())).order_by("number")
    recorded: defaultdict[tuple[str, int | None], RecordedTerms] = defaultdict(RecordedTerms)
    changes = {}
    for row in versions.values(*COLUMNS_READ):
        terms = recorded[row["ref"], row["instalment"]]
        before = _flatten(terms.latest)
        terms.read(terms_entry_from(row))
        if row["pk"] in wanted and before:
            changes[row["pk"]] = list(_compare(before, terms))
    return changes


def _flatten(terms: Payload) -> dict[str, Any]:
    """The terms with the keys of the deadline beside the others."""
    others = {key: value for key, value in terms.items() if key != "deadline"}
    return {**(terms.get("deadline") or {}), **others}


def _compare(before: dict[str, Any], terms: RecordedTerms) -> Iterable[TermChange]:
    after = _flatten(terms.latest)
    for key in dict.fromkeys((*after, *before)):
        old = before.get(key)
        new = after.get(key)
        if (old or None) != (new or None):
            since = terms.counts_from(key if key in terms.latest else "deadline")
            yield TermChange(key, old, new, since)
