"""The terms of an obligation as plan files altered them, and which of them are in force on a day.
No database, framework or clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Any, Generic, TypeVar

from commitments.rules.dates import BEGINNING, shift
from commitments.rules.events import Terms

T = TypeVar("T")


@dataclass(frozen=True)
class AlteredTerms:
    """What one plan file altered: the values of terms by their names, the day from which they count
    and that on which they are known.
    """

    since: date
    known: date
    values: Mapping[str, Any]


@dataclass(frozen=True)
class TermsVersion(Generic[T]):
    """Terms, the day from which they count and that on which they are known."""

    since: date
    known: date
    terms: T

    def counts(self, on: date, known: date) -> bool:
        return self.since <= on and self.known <= known

    def is_learnt_after(self, day: date) -> bool:
        return self.since <= day < self.known


def versions_of(
    altered: Sequence[AlteredTerms], make_terms: Callable[[Mapping[str, Any]], T]
) -> list[TermsVersion[T]]:
    """The whole terms for each pair of days from which something else counts or is known.

    Of the values of a term that count, the latest loaded holds; takes them in that order. The first
    has all values, and what counts from an earlier day than that counts from it.
    """
    first = altered[0]
    versions: list[TermsVersion[Mapping[str, Any]]] = []
    for since in sorted({max(one.since, first.since) for one in altered}):
        for known in sorted({max(one.known, first.known) for one in altered}):
            values: dict[str, Any] = {}
            for one in altered:
                if one.since <= since and one.known <= known:
                    values |= one.values
            if not versions or terms_on(versions, since, known) != values:
                versions.append(TermsVersion(since, known, values))
    return [TermsVersion(one.since, one.known, make_terms(one.terms)) for one in versions]


def terms_on(versions: Sequence[TermsVersion[T]], on: date, known: date) -> T:
    """The last of the versions that count on the day. The first one counts always."""
    terms = versions[0].terms
    for version in versions[1:]:
        if version.counts(on, known):
            terms = version.terms
    return terms


@dataclass(frozen=True)
class TermsSpan(Generic[T]):
    """Terms and the days on which they are in force, both inclusive."""

    first: date
    last: date
    terms: T


def spans_of_terms(
    versions: Sequence[TermsVersion[T]], on: date, known: date
) -> list[TermsSpan[T]]:
    """The terms in force up to a day, as known on another, in the order of time."""
    first = versions[0].since
    firsts = [first, *sorted({one.since for one in versions if first < one.since <= on})]
    spans: list[TermsSpan[T]] = []
    for first, following in zip_longest(firsts, firsts[1:]):
        last = on if following is None else shift(following, -1)
        terms = terms_on(versions, first, known)
        if spans and spans[-1].terms == terms:
            first = spans.pop().first
        spans.append(TermsSpan(first, last, terms))
    return spans


def begun_on(versions: Sequence[TermsVersion[Terms]], spans: Sequence[TermsSpan[Terms]]) -> date:
    """The day that stands in the place of adoption for the terms of the last span: the adoption, or
    the day from which a change counts that brought the action in or made it immediate or recurring.
    """
    kind = spans[-1].terms.deadline.kind
    earlier = [span for span in spans if span.terms.deadline.kind != kind]
    if kind in ("immediate", "recurring") and earlier:
        return shift(earlier[-1].last, 1)
    if versions[0].since > BEGINNING:
        return versions[0].since
    return spans[-1].terms.adopted_on
