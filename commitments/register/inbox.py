"""What waits for the word of a side: what other sides claim, propose, dispute, ask and want removed.

What is listed for somebody is what they may do (`permissions`), so that nothing offered is refused.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, F, OuterRef, QuerySet

from commitments.models import Entry, Plan, Standing
from commitments.models.register import EntryQuerySet
from commitments.models.rights import Rights
from commitments.register import permissions, questions, redaction
from commitments.register.entry_types import (
    REDACTED,
    REDACTION_ASKED,
    REDACTION_KINDS,
    RELEASED,
    kinds_with,
)
from commitments.register.histories import in_parts, read_term
from commitments.register.validation import Context, sides_to_agree
from commitments.rules.events import Perspective

# more is not listed at once; the rest follows when these are answered
MOST = 100
# what does not speak of the subject of the entry that it names
NO_REPLY = ("confirmed", "disputed", "withdrawn", RELEASED, *REDACTION_KINDS)


@dataclass(frozen=True)
class Awaited:
    """An entry that waits, for how many days, and what answers it: `confirm`, `answer`, `agree`, or
    `respond` where another side disputes what this one said.
    """

    entry: Entry
    act: str
    days: int
    is_proposal: bool = False

    def is_for_officials(self, actions: Collection[int]) -> bool:
        """Whether officials who report on these actions can answer it, and not only managers."""
        return not self.is_proposal and self.act != "agree" and self.entry.obligation_id in actions

    @property
    def page(self) -> str:
        # a dispute is answered in several ways, which the page of its entry offers
        name = "entry" if self.act == "respond" else self.act
        return f"plan:{name}"

    @property
    def ref(self) -> str:
        """What the entry is about. One that asks for a removal names the entry to be removed, whose
        subject it is.
        """
        if self.act == "agree" and self.entry.to is not None:
            return self.entry.to.ref
        return self.entry.ref


def list_awaited(rights: Rights, plan: Plan, today: date) -> list[Awaited]:
    """What waits for the reader, the oldest first: for a manager all that waits for their side, for
    an official what is about the actions that they report on.
    """
    if not permissions.can_write(rights):
        return []
    scope = Entry.objects.filter(plan=plan, recorded_day__lte=today)
    if not permissions.is_manager(rights):
        actions = permissions.reportable_actions(rights, plan)
        scope = scope.filter(ref__in=actions.values("ref"))
    awaited = [
        *_claims(rights, plan, scope, today),
        *_disputes(rights, scope, today),
        *_questions(rights, scope, today),
        *_redactions(rights, plan, today),
    ]
    return sorted(awaited, key=lambda item: item.entry.number)[:MOST]


def _await(entry: Entry, act: str, today: date, *, is_proposal: bool = False) -> Awaited:
    return Awaited(entry, act, max((today - entry.recorded_day).days, 0), is_proposal)


def _claims(rights: Rights, plan: Plan, scope: EntryQuerySet, today: date) -> list[Awaited]:
    """What another side says that it has reached, paid or decided, as far as this side has not
    answered.
    """
    answers = Entry.objects.filter(
        kind__in=("confirmed", "disputed"), to=OuterRef("pk"), side=rights.side
    ).exclude(named_by__kind="withdrawn")
    claims = scope.filter(~Exists(answers), kind__in=(*kinds_with(is_confirmable=True), "started"))
    claims = claims.exclude(side__in=("", rights.side)).exclude(named_by__kind="withdrawn")
    open_proposals = _open_proposals(plan, today)
    keys = claims.order_by("number").values_list("pk", flat=True)
    confirmable: list[Awaited] = []
    # what is asked of an entry costs more than to find it: no more are asked than are listed
    for part in in_parts(keys, MOST):
        entries = list(_in_order(scope.filter(pk__in=part)))
        confirmable += _confirmable(rights, plan, entries, today, open_proposals)
        if len(confirmable) >= MOST:
            break
    return confirmable


def _confirmable(
    rights: Rights,
    plan: Plan,
    entries: Sequence[Entry],
    today: date,
    open_proposals: Collection[int],
) -> Iterator[Awaited]:
    context = Context(plan, today, {entry.ref for entry in entries})
    answerable = permissions.find_answerable(rights, entries, context)
    for entry in entries:
        if entry.pk not in answerable:
            continue
        is_proposal = bool(sides_to_agree(entry, context))
        if not is_proposal or entry.number in open_proposals:
            yield _await(entry, "confirm", today, is_proposal=is_proposal)


def _open_proposals(plan: Plan, today: date) -> set[int]:
    standings = Standing.objects.filter(plan=plan, proposed__isnull=False)
    numbers = standings.on(today, Perspective.AS_KNOWN_THEN).values_list("proposed", flat=True)
    of_plan = read_term(plan, today, today).proposed
    return {*of_plan, *(number for proposed in numbers for number in proposed or ())}


def _disputes(rights: Rights, scope: EntryQuerySet, today: date) -> Iterator[Awaited]:
    disputes = open_disputes(scope.filter(to__side=rights.side), today)
    for entry in _in_order(disputes)[:MOST]:
        yield _await(entry, "respond", today)


def open_disputes(scope: EntryQuerySet, today: date) -> EntryQuerySet:
    """The disputes by which a side contradicts another, until that one says more on the same subject
    or takes back what it said.
    """
    replies = Entry.objects.filter(
        plan=OuterRef("plan"),
        ref=OuterRef("ref"),
        number__gt=OuterRef("number"),
        side=OuterRef("to__side"),
        recorded_day__lte=today,
    )
    replies = replies.exclude(kind__in=NO_REPLY).exclude(named_by__kind="withdrawn")
    disputes = scope.filter(~Exists(replies), kind="disputed")
    disputes = disputes.exclude(side=F("to__side")).exclude(named_by__kind="withdrawn")
    return disputes.exclude(to__named_by__kind="withdrawn")


def _questions(rights: Rights, scope: EntryQuerySet, today: date) -> Iterator[Awaited]:
    own_questions = questions.open_questions().filter(pk__in=scope.values("pk"), words=rights.side)
    for entry in _in_order(own_questions)[:MOST]:
        yield _await(entry, "answer", today)


def _redactions(rights: Rights, plan: Plan, today: date) -> Iterator[Awaited]:
    carried_out = Entry.objects.filter(kind=REDACTED, to=OuterRef("to"))
    requests = Entry.objects.filter(
        ~Exists(carried_out.filter(number__gt=OuterRef("number"))),
        plan=plan,
        kind=REDACTION_ASKED,
        recorded_day__lte=today,
    )
    for request in _in_order(requests)[:MOST]:
        assert request.to is not None
        asked_for = redaction.find_redaction(request.to)
        if asked_for and asked_for.request == request and redaction.can_agree(rights, asked_for):
            yield _await(request, "agree", today)


def _in_order(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    return entries.select_related("to").order_by("number")
