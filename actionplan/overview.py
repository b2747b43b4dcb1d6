"""The overview's figures: where the plan stands on a day, what slipped, who is silent, where the money is."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from actionplan import ledger
from actionplan.ledger import JOB_LABELS
from actionplan.timeline import timeline
from commitments import labels
from commitments.filters import by_urgency
from commitments.models import Standing
from commitments.pages import Page
from commitments.presentation import present, register_of
from commitments.states import State
from commitments.summaries import counts_of, worst
from funding.instalments import instalments
from funding.summaries import added, spending, totals

SOON = timedelta(days=14)
SHOWN = 7
DATED = (State.OVERDUE, State.DUE, State.DUE_SOON, State.UPCOMING)


def overview(page: Page) -> dict[str, Any]:
    """Everything that the overview shows, each figure with the address of the list behind it."""
    counts = _counts(page)
    changed = register_of(page).reported().filter(recorded_day__gt=page.on - timedelta(days=7))
    lines = instalments(page)
    spent = added(spending(page))
    scored = page.rows().filter(scored=True)
    never = scored.filter(never_reported=True).exclude(state__in=[State.SUPERSEDED, State.NOT_PURSUED])
    stale = scored.filter(stale_since__isnull=False, never_reported=False)
    by_contribution: dict[Any, list[Any]] = defaultdict(list)
    for line in lines:
        by_contribution[line.row.obligation.as_instalment.contribution].append(line)
    return {
        "sentence": list(_sentence(page, counts, changed.count())),
        "commitments": _commitments(page, counts),
        "fund": [
            {
                "contribution": contribution,
                "stated": any(line.stated for line in found),
                "rows": totals(found, {}, page),
                "url": page.url("fund"),
            }
            for contribution, found in by_contribution.items()
        ],
        "spent": spent,
        "changed": present(changed[:SHOWN], page),
        "silent": {
            "never": list(never.order_by("obligation__action__position")[:SHOWN]),
            "never_count": never.count(),
            "never_url": page.url("commitments", attention="never"),
            "stale": list(stale.order_by("stale_since", "obligation__action__position")[:SHOWN]),
            "stale_count": stale.count(),
            "stale_url": page.url("commitments", attention="stale"),
        },
        "timeline": timeline(page),
        "gaps": list(page.plan.aims.filter(commitments=None)),
        "jobs": _jobs(page),
    }


def _jobs(page: Page) -> list[dict[str, Any]]:
    late = ledger.late(page.plan, timezone.now())
    return [
        {"label": JOB_LABELS[job], "last_success": when, "late": job in late}
        for job, when in ledger.last_successes(page.plan).items()
    ]


def _counts(page: Page) -> dict[int, dict[str, int]]:
    """Scored actions by commitment and state, in one query."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = page.standings.filter(scored=True).values("obligation__commitment__number", "state")
    for row in rows.annotate(count=Count("pk")).order_by():
        found[row["obligation__commitment__number"]][row["state"]] = row["count"]
    return found


def _commitments(page: Page, counts: dict[int, dict[str, int]]) -> Iterator[dict[str, Any]]:
    upcoming = _next(page)
    for commitment in page.plan.commitments.all():
        found = counts.get(commitment.number, {})
        state = worst(found)
        yield {
            "commitment": commitment,
            "state": state,
            "label": labels.STATES[State(state)] if state else "",
            "counts": counts_of(found, page, commitment=commitment.number),
            "next": _pair(upcoming.get(commitment.pk)),
            "url": page.url("commitment", commitment.number),
        }


def _pair(row: Standing | None) -> dict[str, Any] | None:
    return {"row": row, "action": row.action, "words": row.words} if row else None


def _next(page: Page) -> dict[int, Standing]:
    """For each commitment the scored action whose deadline is the most pressing: overdue first, then the nearest."""
    rows = by_urgency(page.rows().filter(scored=True, state__in=[state.value for state in DATED]))
    found: dict[int, Standing] = {}
    for row in rows.order_by("obligation__commitment", "urgency", F("anchor").asc()):
        found.setdefault(row.obligation.commitment_id, row)
    return found


def _sentence(page: Page, counts: dict[int, dict[str, int]], changed: int) -> Iterator[str]:
    overdue = sum(found.get(State.OVERDUE, 0) for found in counts.values())
    soon = page.standings.filter(
        Q(state=State.DUE, anchor__lte=page.on + SOON) | Q(state=State.DUE_SOON, last_day__lte=page.on + SOON),
        scored=True,
    ).count()
    lists = {
        "overdue": page.url("commitments", state=State.OVERDUE.value, scored="1"),
        "soon": page.url("commitments", state=[State.DUE.value, State.DUE_SOON.value], scored="1"),
        "changed": page.url("register"),
    }
    texts = {
        "overdue": ngettext("%(n)s action is overdue", "%(n)s actions are overdue", overdue) % {"n": overdue}
        if overdue
        else _("no action is overdue"),
        "soon": ngettext("%(n)s falls due within 14 days", "%(n)s fall due within 14 days", soon) % {"n": soon}
        if soon
        else _("none falls due within 14 days"),
        "changed": ngettext("%(n)s entry was recorded this week", "%(n)s entries were recorded this week", changed)
        % {"n": changed}
        if changed
        else _("nothing was recorded this week"),
    }
    for name, text in texts.items():
        yield format_html('<a href="{}">{}</a>', lists[name], text)
