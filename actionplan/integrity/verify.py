"""A whole plan verified: its chain, what is derived from it, and the files that entries carry."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db import connection

from actionplan.backup.create import open_snapshot
from actionplan.integrity.counted_days import verify_counted_days
from actionplan.integrity.plan_tables import verify_plan_tables
from actionplan.models import JobRun
from actionplan.witnesses.checkpoints import (
    find_contradictions,
    find_false_checkpoints,
    find_false_signatures,
)
from commitments.evidence import storage
from commitments.findings import NOTES, Finding
from commitments.models import Entry, Plan
from commitments.register import (
    entries,
    hash_chain,
    memberships,
    procedure_checks,
    sealing,
    search_index,
    standings,
)
from commitments.register.flag_checks import verify_flags

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verified:
    """What a verification found; `notes` say what it could not look at."""

    number: int
    hash: str
    findings: list[Finding]
    notes: list[Finding]


@dataclass(frozen=True)
class Expected:
    """An entry that somebody kept, by number and hash."""

    number: int
    hash: str


def verify_plan(
    plan: Plan, *, chain_only: bool = False, expected: Iterable[Expected] = ()
) -> Verified:
    """Everything that can be noticed from the inside, in one moment of the database."""
    with _one_moment():
        plan = Plan.objects.get(pk=plan.pk)
        head = entries.head_of(plan)
        findings = [
            *hash_chain.verify_chain(plan),
            *_check_expected(plan, expected),
            *_check_own_checkpoints(plan),
            *_check_signatures(plan),
        ]
        if not chain_only:
            findings += _verify_derived(plan)
    if not chain_only:
        findings += storage.verify_files(plan)
    return Verified(
        number=head.number if head else 0,
        hash=head.hash if head else "",
        findings=[finding for finding in findings if finding.kind not in NOTES],
        notes=[finding for finding in findings if finding.kind in NOTES],
    )


def _one_moment() -> contextlib.AbstractContextManager[None]:
    """Nothing that is written meanwhile is seen; tests have a transaction of their own."""
    if connection.in_atomic_block:
        return contextlib.nullcontext()
    return open_snapshot()


def _check_expected(plan: Plan, expected: Iterable[Expected]) -> Iterator[Finding]:
    for entry in expected:
        if not Entry.objects.filter(plan=plan, number=entry.number, hash=entry.hash).exists():
            yield Finding("expected", {"number": entry.number, "hash": entry.hash})


def _check_own_checkpoints(plan: Plan) -> Iterator[Finding]:
    for checkpoint in find_contradictions(plan):
        yield Finding("expected", {"number": checkpoint.number, "hash": checkpoint.hash})
    for checkpoint in find_false_checkpoints(plan):
        yield Finding("checkpoint", {"number": checkpoint.number})


def _check_signatures(plan: Plan) -> Iterator[Finding]:
    for signature in find_false_signatures(plan):
        number = signature.checkpoint.number
        yield Finding("signature", {"key": signature.key.verifier, "number": number})


def _verify_derived(plan: Plan) -> list[Finding]:
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "plan": lambda: verify_plan_tables(plan),
    }
    if sealing.is_unsealed(plan):
        # this version may judge otherwise what the old one still records
        return [*_run(checks), Finding("unsealed")]
    checks["commitments_standing"] = lambda: standings.verify_standings(plan)
    checks["commitments_membership"] = lambda: memberships.verify_memberships(plan)
    checks["commitments_entry"] = lambda: [
        *procedure_checks.verify_authors(plan),
        *procedure_checks.verify_redactions(plan),
    ]
    checks["counted_days"] = lambda: verify_counted_days(plan)
    checks["search"] = lambda: search_index.verify_stems(plan)
    checks["commitments_flag"] = lambda: verify_flags_of_runs(plan)
    return _run(checks)


def _run(checks: dict[str, Callable[[], Iterable[Finding]]]) -> list[Finding]:
    """What was altered can be such that nothing can be derived from it: that is a finding too."""
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            findings += check()
        except Exception:
            logger.exception("verification of %s failed", name)
            findings.append(Finding("underivable", {"table": name}))
    return findings


def verify_flags_of_runs(plan: Plan) -> Iterator[Finding]:
    """The flags against the register, on the days for which the ledger says that the job ran."""
    runs = JobRun.objects.filter(plan=plan, job="flag_overdue").order_by("pk")
    days = list(runs.values_list("day", flat=True))
    done = runs.filter(outcome=JobRun.Outcome.SUCCEEDED)
    return verify_flags(plan, days, list(done.values_list("day", flat=True)))
