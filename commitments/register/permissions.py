"""Who may write what, for services, pages and templates alike (docs/reference/permissions.md).

A service asks with the rights that it reads again in its own transaction, a page with those of its
reader, so that what a page offers is what the service accepts. Rights over money are in
`funding.permissions`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from commitments.models import Action, Body, Entry, HeldReport, Plan, Role
from commitments.models.rights import Rights
from commitments.register import questions
from commitments.register.entry_types import KINDS, QUESTION
from commitments.register.validation import (
    Context,
    is_askable,
    is_confirmable,
    is_withdrawable,
    sides_to_agree,
)


def is_manager(rights: Rights) -> bool:
    return rights.role == Role.MANAGER


def can_write(rights: Rights) -> bool:
    """Whether the account speaks for a side."""
    return rights.role in (Role.OFFICIAL, Role.MANAGER)


def reportable_actions(rights: Rights, plan: Plan) -> QuerySet[Action]:
    """The actions on which the account may report: those that one of its bodies leads or joins (for
    a manager, a body of their side), and those that no side leads.
    """
    bodies = Body.objects.filter(plan=plan)
    if is_manager(rights):
        return Action.objects.reportable_for(bodies.filter(side=rights.side), plan)
    if can_write(rights):
        return Action.objects.reportable_for(bodies.filter(pk__in=rights.bodies), plan)
    return Action.objects.none()


def can_report(rights: Rights, action: Action) -> bool:
    return reportable_actions(rights, action.plan).filter(pk=action.pk).exists()


def can_decide(rights: Rights, action: Action) -> bool:
    """Whether the account is a manager among those who can report on the action."""
    return is_manager(rights) and can_report(rights, action)


def can_move_term(rights: Rights) -> bool:
    """Whether the account can propose another last day of the plan."""
    return is_manager(rights)


def can_record_meetings(rights: Rights) -> bool:
    """Whether the account can record meetings, and what was concluded there."""
    return can_write(rights)


def can_withdraw(rights: Rights, entry: Entry) -> bool:
    """Whether the entry is the account's own, or for a manager one of their side."""
    if not can_write(rights) or entry.side != rights.side:
        return False
    return is_manager(rights) or rights.is_author_of(entry)


def can_confirm(
    rights: Rights,
    entry: Entry,
    sides: Collection[str] | None,
    sides_to_agree: Collection[str] = (),
) -> bool:
    """Confirm or dispute: the other side, or a second person where one side acts alone.

    `sides` are those that lead or join the action, None for what is no action. `sides_to_agree`
    are those without which a decision does not count: their managers confirm it.
    """
    if not can_write(rights) or rights.is_author_of(entry):
        return False
    if sides_to_agree:
        is_asked = rights.side in sides_to_agree and rights.side != entry.side
        return is_asked and is_manager(rights)
    if entry.side != rights.side:
        return True
    return sides is not None and set(sides) <= {rights.side}


def can_ask(rights: Rights, plan: Plan) -> bool:
    """Whether the account can ask another side something."""
    return can_write(rights) and bool(set(plan.sides) - {rights.side})


def can_answer(rights: Rights, question: Entry) -> bool:
    """Whether the account is of the side that was asked."""
    return can_write(rights) and question.kind == QUESTION and question.words == rights.side


def can_ask_for_redaction(rights: Rights, entry: Entry) -> bool:
    """Whether the account can ask for a redaction: administrators and managers can. What a plan
    file or the site itself left stays, the reasons of redactions among it. Who must agree is
    decided in `redaction`.
    """
    if entry.kind not in KINDS:
        return False
    return rights.is_administrator or is_manager(rights)


def can_hide(rights: Rights) -> bool:
    """Whether the account can hide at once what should be removed, before somebody agrees to that."""
    return rights.is_administrator


def needs_release(rights: Rights, plan: Plan) -> bool:
    """Whether what the account records waits until a manager of its side releases it."""
    return rights.role == Role.OFFICIAL and rights.side in plan.clearance


def can_release(rights: Rights, report: HeldReport) -> bool:
    """Whether the account can release, or send back, what an official of its own side has written."""
    return is_manager(rights) and rights.side == report.side


def can_load_entries(rights: Rights) -> bool:
    """Whether the account can load entries of a side: an administrator for any, a manager for their
    own.
    """
    return rights.is_administrator or is_manager(rights)


def can_open_plan(rights: Rights) -> bool:
    return rights.is_administrator


def can_manage_webhooks(rights: Rights) -> bool:
    """Whether the account looks after webhooks: a manager after those of their side, an
    administrator after all.
    """
    return rights.is_administrator or is_manager(rights)


def can_export_plan(rights: Rights) -> bool:
    return rights.is_administrator or is_manager(rights)


def sides_of_actions(plan: Plan, refs: Collection[str]) -> dict[str, set[str]]:
    """The sides whose bodies lead or join each of these actions; what is no action is absent."""
    actions = Action.objects.filter(plan=plan, ref__in=refs)
    sides: dict[str, set[str]] = defaultdict(set)
    for ref, lead, partner in actions.values_list("ref", "leads__side", "partners__side"):
        sides[ref] |= {side for side in (lead, partner) if side}
    return sides


@dataclass(frozen=True)
class EntryActs:
    """What a reader can do about an entry; a side confirms or disputes it once."""

    can_withdraw: bool = False
    can_confirm: bool = False
    can_dispute: bool = False
    can_ask: bool = False
    can_answer: bool = False

    @property
    def is_any(self) -> bool:
        return self != EntryActs()


def find_answerable(rights: Rights, entries: Iterable[Entry], context: Context) -> set[int]:
    """The keys of the entries that the reader's side may confirm or dispute, said already or not."""
    entries = list(entries)
    sides = sides_of_actions(context.plan, {entry.ref for entry in entries})
    return {
        entry.pk
        for entry in entries
        if is_confirmable(entry, context)
        and can_confirm(rights, entry, sides.get(entry.ref), sides_to_agree(entry, context))
    }


def acts_on_entries(
    rights: Rights, plan: Plan, entries: Iterable[Entry], *, today: date
) -> Mapping[int, EntryActs]:
    """What a reader can do about each of these entries, by its key, in a fixed number of queries."""
    if not can_write(rights):
        return {}
    entries = list(entries)
    context = Context(plan, today, {entry.ref for entry in entries})
    answerable = find_answerable(rights, entries, context)
    questions_asked = [entry.pk for entry in entries if can_answer(rights, entry)]
    unanswered = questions.open_among(questions_asked)
    return {
        entry.pk: EntryActs(
            can_withdraw=is_withdrawable(entry) and can_withdraw(rights, entry),
            can_confirm=entry.pk in answerable
            and not context.answer_by(rights.side, "confirmed", entry),
            can_dispute=entry.pk in answerable
            and not context.answer_by(rights.side, "disputed", entry),
            can_ask=is_askable(entry) and entry.side not in ("", rights.side),
            can_answer=entry.pk in unanswered,
        )
        for entry in entries
    }
