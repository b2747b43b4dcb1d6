"""What a verification finds, as plain data that can be kept and said in any language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext, gettext_lazy

SENTENCES = {
    "missing-entry": gettext_lazy("entry %(number)s is missing"),
    "hash": gettext_lazy("entry %(number)s (%(code)s) does not match its hash"),
    "column": gettext_lazy(
        "%(column)s of entry %(number)s (%(code)s) is not what follows from the entry"
    ),
    "text": gettext_lazy("the text of entry %(number)s (%(code)s) is not the one recorded"),
    "text-back": gettext_lazy(
        "the text of entry %(number)s (%(code)s) is there again, though it was removed"
    ),
    "first-form": gettext_lazy(
        "entry %(number)s (%(code)s) was written by an old process after the register was sealed: "
        "stop that process and run finish_upgrade"
    ),
    "plan-file": gettext_lazy("the plan file of entry %(number)s is not the one recorded"),
    "signed-text": gettext_lazy("the signed text of entry %(number)s is not the one recorded"),
    "sealed-file": gettext_lazy(
        "file %(position)s of entry %(file_of)s is not what entry %(number)s sealed"
    ),
    "file-name": gettext_lazy(
        "the name of file %(position)s of entry %(number)s is not the one recorded"
    ),
    "row-altered": gettext_lazy("%(column)s of %(row)s in %(table)s is not what the register says"),
    "row-missing": gettext_lazy("%(row)s is missing in %(table)s"),
    "row-added": gettext_lazy("%(row)s in %(table)s follows from nothing in the register"),
    "underivable": gettext_lazy("%(table)s cannot be derived from the register any more"),
    "expected": gettext_lazy("the register does not hold entry %(number)s with the hash %(hash)s"),
    "checkpoint": gettext_lazy("the checkpoint of entry %(number)s is not what this site signed"),
    "signature": gettext_lazy(
        "the witness with the key %(key)s did not sign the checkpoint of entry %(number)s under which "
        "its signature is kept"
    ),
    "not-kept": gettext_lazy(
        "the text of the plan file of entry %(number)s was not kept, so what it said is not checked: "
        "give it to load_plan --keep"
    ),
    "unreadable": gettext_lazy(
        "the plan file of entry %(number)s cannot be read by this version, so what it said is not "
        "checked"
    ),
    "unsealed": gettext_lazy(
        "statuses and alerts are checked once finish_upgrade has sealed the register"
    ),
    "rights": gettext_lazy("the rights of account %(account)s are not what the register says"),
    "author": gettext_lazy(
        "entry %(number)s (%(code)s) speaks for a side for which its account had no rights"
    ),
    "redaction": gettext_lazy(
        "the redaction in entry %(number)s was not asked for and agreed to as it must be"
    ),
    "stray-terms": gettext_lazy("entry %(number)s has terms of %(ref)s that no plan file states"),
    "recounted": gettext_lazy(
        "the last day of %(span)s is kept as %(last)s by %(by)s, and the calendars installed here "
        "count %(now)s"
    ),
    "rights-later": gettext_lazy("memberships are checked once finish_upgrade has recorded them"),
    "flags-later": gettext_lazy("alerts are checked after the next overdue check"),
    "file-missing": gettext_lazy(
        "file %(position)s of entry %(number)s (%(code)s) is missing: %(id)s"
    ),
    "file-altered": gettext_lazy(
        "file %(position)s of entry %(number)s (%(code)s) is not the one recorded: %(id)s"
    ),
}

# the same for somebody who knows no tables, where that says it otherwise
PLAIN_SENTENCES = {
    "hash": gettext_lazy("entry %(number)s was changed after it was recorded"),
    "column": gettext_lazy("entry %(number)s was changed after it was recorded"),
    "text": gettext_lazy("the text of entry %(number)s was changed after it was recorded"),
    "text-back": gettext_lazy("the text of entry %(number)s is there again, though it was removed"),
    "first-form": gettext_lazy(
        "entry %(number)s was written by an old version of this site, which still runs somewhere"
    ),
    "sealed-file": gettext_lazy(
        "file %(position)s of entry %(file_of)s was changed after it was recorded"
    ),
    "row-altered": gettext_lazy("%(thing)s: changed outside the register"),
    "row-missing": gettext_lazy("%(thing)s: removed outside the register"),
    "row-added": gettext_lazy("%(thing)s: added outside the register"),
    "underivable": gettext_lazy("%(thing)s: changed so much that nothing can be checked"),
    "expected": gettext_lazy(
        "entry %(number)s is not the one that was there before: the register was rewritten or cut short"
    ),
    "signature": gettext_lazy("a signature of a witness of entry %(number)s is false"),
    "author": gettext_lazy("entry %(number)s speaks for a side for which its author had no rights"),
    "file-missing": gettext_lazy("file %(position)s of entry %(number)s is missing"),
    "file-altered": gettext_lazy(
        "file %(position)s of entry %(number)s was changed after it was recorded"
    ),
}
# what people call a row of a table, and the table as a whole
THINGS = {
    "commitments_action": gettext_lazy("action %(name)s"),
    "commitments_aim": gettext_lazy("aim %(name)s"),
    "commitments_body": gettext_lazy("organisation %(name)s"),
    "commitments_commitment": gettext_lazy("commitment %(name)s"),
    "commitments_entrystems": gettext_lazy("words to search for in entry %(name)s"),
    "commitments_flag": gettext_lazy("alert about %(obligation)s"),
    "commitments_obligation": "%(obligation)s",
    "commitments_plan": gettext_lazy("details of the plan"),
    "commitments_standing": gettext_lazy("status of %(obligation)s"),
    "funding_contribution": gettext_lazy("contribution %(name)s"),
    "funding_fund": gettext_lazy("fund %(name)s"),
    "funding_instalment": "%(obligation)s",
    "funding_purpose": gettext_lazy("purposes of fund %(group)s"),
    "funding_reported": gettext_lazy("reported figures of fund %(group)s"),
}
WHOLES = {
    "commitments_entry": gettext_lazy("authors and removals of entries"),
    "commitments_flag": gettext_lazy("alerts"),
    "commitments_membership": gettext_lazy("rights of members"),
    "commitments_standing": gettext_lazy("statuses"),
    "counted_days": gettext_lazy("working days"),
    "plan": gettext_lazy("texts and deadlines of the plan"),
    "search": gettext_lazy("words to search for"),
}

# what a verification could not look at; nothing was altered
NOTES = ("not-kept", "unreadable", "unsealed", "recounted", "rights-later", "flags-later")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was recorded; `values` fill the sentence of its kind."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "values": dict(self.values)}

    def __str__(self) -> str:
        return str(SENTENCES[self.kind]) % self.values

    @property
    def plain(self) -> str:
        """The same for somebody who knows no tables."""
        sentence = PLAIN_SENTENCES.get(self.kind, SENTENCES[self.kind])
        return str(sentence) % {**self.values, "thing": self._thing}

    @property
    def _thing(self) -> str:
        table = str(self.values.get("table", ""))
        if "row" not in self.values:
            return str(WHOLES.get(table, table))
        name = str(self.values["row"])
        # a kind or a day stands after the obligation, and a code after the fund
        obligation = _name_obligation(name.partition(" ")[0])
        values = {"name": name, "group": name.partition("/")[0], "obligation": obligation}
        return str(THINGS.get(table, table)) % values


def _name_obligation(name: str) -> str:
    """An action by its ref, an instalment by its contribution and number."""
    ref, _slash, instalment = name.partition("/")
    if not instalment:
        return gettext("action %(name)s") % {"name": ref}
    contribution = gettext("contribution %(name)s") % {"name": ref}
    values = {"number": instalment, "what": contribution}
    return gettext("instalment %(number)s of %(what)s") % values


def in_plain_words(findings: Iterable[Finding]) -> list[str]:
    """What was found, each sentence once."""
    return list(dict.fromkeys(finding.plain for finding in findings))
