"""Who may write what, for services, pages and templates alike (docs/reference/permissions.md).

A service asks with the rights that it reads again in its own transaction, a page with those of its
reader, so that what a page offers is what the service accepts. Rights over money are in
`funding.permissions`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from commitments.models import Action, Body, Entry, Plan, Role
from commitments.models.rights import Rights
from commitments.register.entry_types import PLAN_FILE_KINDS
from commitments.register.validation import Context, is_confirmable, is_withdrawable


def is_manager(rights: Rights) -> bool:
    return rights.role == Role.MANAGER


def can_write(rights: Rights) -> bool:
    """Whether the account speaks for a side at all."""
    return rights.role in (Role.OFFICIAL, Role.MANAGER)


def reportable_actions(rights: Rights, plan: Plan) -> QuerySet[Action]:
    """What a body of theirs leads or joins (a manager: of their side), or what no side leads."""
    bodies = Body.objects.filter(plan=plan)
    if is_manager(rights):
        return Action.objects.reportable_for(bodies.filter(side=rights.side), plan)
    if can_write(rights):
        return Action.objects.reportable_for(bodies.filter(pk__in=rights.bodies), plan)
    return Action.objects.none()


def can_report(rights: Rights, action: Action) -> bool:
    return reportable_actions(rights, action.plan).filter(pk=action.pk).exists()


def can_decide(rights: Rights, action: Action) -> bool:
    """The managers among those who can report."""
    return is_manager(rights) and can_report(rights, action)


def can_withdraw(rights: Rights, entry: Entry) -> bool:
    """Their own entry; a manager any of their side."""
    if not can_write(rights) or entry.side != rights.side:
        return False
    return is_manager(rights) or rights.is_author_of(entry)


def can_confirm(rights: Rights, entry: Entry, sides: Collection[str] | None) -> bool:
    """Confirm or dispute: the other side, or a second person where one side acts alone.

    `sides` are those that lead or join the action, None for what is no action.
    """
    if not can_write(rights) or rights.is_author_of(entry):
        return False
    if entry.side != rights.side:
        return True
    return sides is not None and set(sides) <= {rights.side}


def can_redact(rights: Rights, entry: Entry) -> bool:
    """An administrator; a manager what their own side said. What a plan file left stays."""
    if entry.kind in PLAN_FILE_KINDS:
        return False
    return rights.is_administrator or (is_manager(rights) and rights.side == entry.side)


def can_load_entries(rights: Rights) -> bool:
    """An administrator for any side, a manager for their own."""
    return rights.is_administrator or is_manager(rights)


def can_export_plan(rights: Rights) -> bool:
    return rights.is_administrator or is_manager(rights)


def sides_of_actions(plan: Plan, refs: Collection[str]) -> dict[str, set[str]]:
    """The sides whose bodies lead or join each of these actions; what is no action is absent."""
    actions = Action.objects.filter(plan=plan, ref__in=refs)
    sides = {}
    for action in actions.prefetch_related("leads", "partners"):
        bodies = [*action.leads.all(), *action.partners.all()]
        sides[action.ref] = {body.side for body in bodies if body.side}
    return sides


@dataclass(frozen=True)
class EntryActs:
    """What a reader can do about an entry; who can confirm it can dispute it."""

    can_withdraw: bool = False
    can_confirm: bool = False


def acts_on_entries(
    rights: Rights, plan: Plan, entries: Iterable[Entry], *, today: date
) -> Mapping[int, EntryActs]:
    """What a reader can do about each of these entries, by its key, in a fixed number of queries."""
    if not can_write(rights):
        return {}
    entries = list(entries)
    refs = {entry.ref for entry in entries}
    context = Context(plan, today, refs)
    sides = sides_of_actions(plan, refs)
    return {
        entry.pk: EntryActs(
            can_withdraw=is_withdrawable(entry) and can_withdraw(rights, entry),
            can_confirm=is_confirmable(entry, context)
            and can_confirm(rights, entry, sides.get(entry.ref)),
        )
        for entry in entries
    }
