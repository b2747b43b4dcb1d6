"""Which rows some words find, and in which order.

The columns that are searched hold folded stems, so that both databases give the same answers by
the same condition. The full-text search of PostgreSQL and SQLite's FTS5 were looked at: they fold
and cut words differently, and FTS5 knows no French.
"""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Case, Count, Exists, FloatField, OuterRef, Q, QuerySet, Value, When

from commitments import stems
from commitments.models import Action
from commitments.pages.entries import entries_on
from commitments.pages.page import Page

MOST_WORDS = 10
# how much the place of a word says about what an action is about
TITLE, TEXT, NOTE = 3.0, 1.0, 0.5
# how like a known word one must be that nothing else is known of, from 0 to 1
LIKENESS = 0.72
MOST_LIKE = 3
# a plan of more actions has no list of its words made
MOST_ACTIONS = 5_000


@dataclass(frozen=True)
class Word:
    """One of the words that are searched for: the stems that it stands for, and its weight.

    Rare words weigh more, as they say more.
    """

    stems: Sequence[str]
    weight: float = 1.0

    def is_in(self, column: str) -> Q:
        condition = Q()
        for stem in self.stems:
            condition |= Q(**{f"{column}__contains": f" {stem} "})
        return condition


def stems_of_query(text: str) -> list[str]:
    """The stems of the words that are searched for, each once and in their order."""
    return list(dict.fromkeys(map(stems.stem, stems.content_words(text))))[:MOST_WORDS]


class ActionSearch:
    """Finds standings by what is said of their actions, and by notes of entries for those inside."""

    def __init__(self, text: str, page: Page) -> None:
        self.page = page
        self.words = self._weigh([Word([stem]) for stem in stems_of_query(text)])

    def _weigh(self, words: list[Word]) -> list[Word]:
        total, counts = self._count(words)
        known = [
            word if count else self._likely(word) for word, count in zip(words, counts, strict=True)
        ]
        if known != words:
            total, counts = self._count(known)
        return [
            Word(word.stems, math.log(1 + max(total, 1) / max(count, 1)))
            for word, count in zip(known, counts, strict=True)
        ]

    def _count(self, words: list[Word]) -> tuple[int, list[int]]:
        """How many actions there are, and how many have each word."""
        counts = {
            f"n{number}": Count("pk", filter=self._is_found(word))
            for number, word in enumerate(words)
        }
        results = self.page.standings.aggregate(total=Count("pk"), **counts)
        return results["total"], [results[name] for name in counts]

    def _likely(self, word: Word) -> Word:
        """The word that was probably meant where no action has this one: words that begin with it,
        or are like it.
        """
        if self.page.inside and self.page.standings.filter(self._is_noted(word)).exists():
            return word
        (stem,) = word.stems
        vocabulary = vocabulary_of(self.page.plan.pk, self.page.plan.version)
        beginnings = [known for known in vocabulary if known.startswith(stem)]
        likely = beginnings or difflib.get_close_matches(stem, vocabulary, MOST_LIKE, LIKENESS)
        return Word(likely or [stem])

    def _is_found(self, word: Word) -> Q:
        action = "obligation__action"
        return word.is_in(f"{action}__title_stems") | word.is_in(f"{action}__text_stems")

    def _is_noted(self, word: Word) -> Q:
        """In the text of an entry: internal, so nothing is found there from outside."""
        if not self.page.inside:
            return Q(pk=None)
        entries = entries_on(self.page).order_by().filter(obligation=OuterRef("obligation"))
        noted = word.is_in("text__search__stems")
        return Q(Exists(entries.filter(noted & Q(text_is_hidden=False))))

    def filter(self, standings: QuerySet[Any]) -> QuerySet[Any]:
        """The standings of actions that have any of the words."""
        condition = Q(pk=None)
        for word in self.words:
            condition |= self._is_found(word) | self._is_noted(word)
        return standings.filter(condition)

    def rank(self, standings: QuerySet[Any]) -> QuerySet[Any]:
        """Sort the standings: those with all words first, then by the weight of the words that they
        have.
        """
        matched: Any = Value(0)
        score: Any = Value(0.0, FloatField())
        for word in self.words:
            in_title = word.is_in("obligation__action__title_stems")
            in_text = word.is_in("obligation__action__text_stems")
            noted = self._is_noted(word)
            matched = matched + Case(When(in_title | in_text | noted, then=1), default=0)
            score = score + Case(
                When(in_title, then=Value(word.weight * TITLE)),
                When(in_text, then=Value(word.weight * TEXT)),
                When(noted, then=Value(word.weight * NOTE)),
                default=Value(0.0),
                output_field=FloatField(),
            )
        has_all = Case(When(matched_words=len(self.words), then=1), default=0)
        scored = standings.annotate(matched_words=matched, score=score)
        ranked: QuerySet[Any] = scored.order_by(
            has_all.desc(), "-score", "obligation__action__position"
        )
        return ranked


@lru_cache(maxsize=8)
def vocabulary_of(plan: int, version: int) -> list[str]:
    """All stems that are said of the actions of a plan; none of a plan that is too large.

    `version` is there for the cache: another version may have other words.
    """
    actions = Action.objects.filter(plan=plan)
    columns = actions.values_list("title_stems", "text_stems")[: MOST_ACTIONS + 1]
    if len(columns) > MOST_ACTIONS:
        return []
    return sorted({stem for row in columns for column in row for stem in column.split()})
