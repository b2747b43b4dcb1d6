"""The terms in the register held against what the plan files state: terms follow from files alone."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from actionplan.plan_transfer.load import PlanFileSpec
from commitments.findings import Finding
from commitments.models import Entry, Plan
from commitments.register.entry_types import EDITION
from commitments.register.histories import COLUMNS_READ, terms_entry_from
from commitments.register.recorded_terms import Payload, RecordedTerms, differing_terms
from funding.plan_loader import instalment_terms

# ref and instalment
Key = tuple[str, int | None]
StatedTerms = Mapping[Key, Payload]


def stated_terms(file: PlanFileSpec) -> StatedTerms:
    terms: dict[Key, Payload] = {
        (action.row.ref, None): action.terms for action in file.plan.actions
    }
    for fund in file.funds:
        for contribution in fund.contributions:
            for number, stated in enumerate(contribution.instalments, start=1):
                key = contribution.row.ref, number
                terms[key] = instalment_terms(file.plan.row, contribution, stated)
    return terms


def _without_order(terms: Payload) -> Payload:
    """Version 1.0.0 did not record who leads, and not in the order of the file."""
    return {**terms, "lead": sorted(terms.get("lead") or ())}


class TermsCheck:
    """The terms entries of a plan, read in their order."""

    def __init__(self, files: Mapping[int, StatedTerms]) -> None:
        self.files = files
        self.recorded: defaultdict[Key, RecordedTerms] = defaultdict(RecordedTerms)
        self.numbers: dict[Key, int] = {}
        # the file whose terms are read, and the number up to which they stand behind its entry
        self.file: StatedTerms | None = None
        self.end = 0
        self.strays: list[tuple[int, str]] = []
        self.has_edition = False

    def run(self, plan: Plan) -> Iterator[Finding]:
        entries = Entry.objects.filter(plan=plan, kind__in=("plan", "terms", EDITION))
        for row in entries.order_by("number").values(*COLUMNS_READ):
            number = row["number"]
            kind = row["kind"]
            key = (row["ref"], row["instalment"])
            if kind == "plan":
                yield from self._compare()
                self.file = self.files.get(number)
                self.end = number
            elif kind == EDITION:
                self._accept_before(number)
            else:
                if number == self.end + 1:
                    self.end = number
                else:
                    self.strays.append((number, row["ref"]))
                self.recorded[key].read(terms_entry_from(row))
                self.numbers[key] = number
        yield from self._compare()
        for number, ref in self.strays:
            yield Finding("stray-terms", {"number": number, "ref": ref})

    def _accept_before(self, number: int) -> None:
        """The second edition of the rules records all terms once more, just before its entry."""
        if self.has_edition:
            return
        self.has_edition = True
        while self.strays and self.strays[-1][0] == number - 1:
            self.strays.pop()
            number -= 1

    def _compare(self) -> Iterator[Finding]:
        """The terms that are not what the latest file states, as far as they were terms then."""
        if self.file is None:
            return
        for key, recorded in self.recorded.items():
            stated = self.file.get(key)
            if stated is None:
                is_sound = bool(recorded.latest.get("withdrawn"))
            else:
                differing = differing_terms(_without_order(recorded.latest), _without_order(stated))
                is_sound = not differing.keys() & recorded.latest.keys()
            if not is_sound:
                yield Finding("stray-terms", {"number": self.numbers[key], "ref": key[0]})
