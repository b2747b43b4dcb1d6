"""Questions that one side asks another: they stand until that one answers or they are withdrawn."""

from collections.abc import Collection
from datetime import date

from django.db.models import Exists, OuterRef

from commitments.models import Entry, Plan
from commitments.models.register import EntryQuerySet
from commitments.register.entry_types import ANSWER, QUESTION


def open_questions() -> EntryQuerySet:
    """The questions, of all plans, that are neither withdrawn nor answered by the side that was
    asked.
    """
    answers = Entry.objects.filter(kind=ANSWER, to=OuterRef("pk"), side=OuterRef("words"))
    standing = answers.exclude(named_by__kind="withdrawn")
    questions = Entry.objects.filter(~Exists(standing), kind=QUESTION)
    return questions.exclude(named_by__kind="withdrawn")


def open_questions_on(plan: Plan, on: date, known: date) -> EntryQuerySet:
    """The questions that were open on a day, as it was known on another."""
    register = Entry.objects.filter(plan=plan).known_on(on, known)
    is_withdrawn = Exists(register.filter(kind="withdrawn", to=OuterRef("pk")))
    answers = register.filter(~is_withdrawn, kind=ANSWER, to=OuterRef("pk"), side=OuterRef("words"))
    return register.filter(~is_withdrawn, ~Exists(answers), kind=QUESTION).order_by("number")


def open_among(keys: Collection[int]) -> set[int]:
    """The open questions among these entries."""
    if not keys:
        return set()
    return set(open_questions().filter(pk__in=keys).values_list("pk", flat=True))
