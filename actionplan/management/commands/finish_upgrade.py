from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from commitments import clock
from commitments.management.arguments import SiteCommand
from commitments.models import Action, EntryText, Plan
from commitments.register import edition, memberships, sealing, search_index, standings


def seal_register(plan: Plan, now: datetime) -> str:
    entry = sealing.seal(plan, now)
    if entry is None:
        return "its register is sealed already"
    return f"entry {entry.number} seals the {entry.number - 1} before it"


def begin_second_edition(plan: Plan, now: datetime) -> str:
    """With a line for each stretch of past days that reads otherwise, and why."""
    entry = edition.begin_second_edition(plan, now)
    if entry is None:
        return "it is judged by the second edition of the rules already"
    assert entry.terms is not None
    changed = entry.terms["changed"]
    lines = [f"entry {entry.number} begins the second edition of the rules; {len(changed)} changes"]
    lines += [_describe_changed_days(days) for days in changed]
    return "\n  ".join(lines)


def _describe_changed_days(days: Mapping[str, Any]) -> str:
    instalment = f"/{days['instalment']}" if days["instalment"] else ""
    until = f" to {days['last']}" if days["last"] else " on"
    if days["last"] == days["first"]:
        until = ""
    states = f"{days['before']} -> {days['after']}"
    known = "" if days["known"] == edition.BOTH else f" as known {days['known']}"
    return f"{days['ref']}{instalment}{known}, {days['first']}{until}: {states} ({days['why']})"


def mend_standings(plan: Plan, now: datetime) -> str:
    """What a process of the old version computed while the tables were new already."""
    mismatches = standings.find_mismatches(plan)
    if not mismatches:
        return "every standing is what the rule says"
    standings.rebuild_all(plan)
    return f"the standings of {', '.join(mismatches)} were computed anew"


def complete_search(plan: Plan, now: datetime) -> str:
    with transaction.atomic():
        Plan.objects.lock(plan)
        actions = search_index.index_actions(Action.objects.filter(plan=plan))
        texts = search_index.index_missing_texts(EntryText.objects.filter(entry__plan=plan))
        Plan.objects.filter(pk=plan.pk).raise_version()
    return f"{actions} actions and {texts} texts of entries are now found by their words"


def record_rights(plan: Plan, now: datetime) -> str:
    entries = memberships.record_differences(plan, now)
    if not entries:
        return "every membership is an entry already"
    return f"{len(entries)} changes of rights are entries now"


# each says what it did for a plan; one that has nothing to do says so
STEPS: list[Callable[[Plan, datetime], str]] = [
    # before the seal, after which each entry is by somebody whose rights are recorded
    record_rights,
    seal_register,
    # compares the standings of the first edition, so before anything computes them anew
    begin_second_edition,
    mend_standings,
    complete_search,
]


class Command(SiteCommand):
    help = "The last step of an upgrade, once no process of the old version runs; safe to repeat."

    def handle(self, *args: object, **options: object) -> None:
        for plan in Plan.objects.all():
            now = clock.now(plan.timezone)
            for step in STEPS:
                self.stdout.write(f"{plan.slug}: {step(plan, now)}")
