"""The overview's figures: where the plan stands on a day, what slipped, who is silent, where the money is."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from actionplan import ledger
from actionplan.ledger import JOB_LABELS
from actionplan.timeline import timeline
from commitments import labels
from commitments.filters import ATTENTION, by_urgency, due_by
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
    counts, attention = _counts(page)
    since = page.on - timedelta(days=6)
    changed = register_of(page).reported().filter(recorded_day__gte=since)
    lines = instalments(page)
    spent = added(spending(page))
    scored = page.rows().filter(scored=True)
    never, stale = (scored.filter(ATTENTION[name].where) for name in ("never", "stale"))
    by_contribution: dict[Any, list[Any]] = defaultdict(list)
    for line in lines:
        by_contribution[line.row.obligation.as_instalment.contribution].append(line)
    return {
        "sentence": list(_sentence(page, counts, attention["soon"], changed.count(), since)),
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
            "never_count": attention["never"],
            "never_url": page.url("commitments", attention="never"),
            "stale": list(stale.order_by("stale_since", "obligation__action__position")[:SHOWN]),
            "stale_count": attention["stale"],
            "stale_url": page.url("commitments", attention="stale"),
        },
        "timeline": timeline(page),
        "gaps": list(page.plan.aims.filter(commitments=None)),
        "jobs": _jobs(page),
    }


def _jobs(page: Page) -> list[dict[str, Any]]:
    found = ledger.last_successes(page.plan)
    late = ledger.late(found, timezone.now())
    return [{"label": JOB_LABELS[job], "last_success": when, "late": job in late} for job, when in found.items()]


def _counts(page: Page) -> tuple[dict[int, dict[str, int]], dict[str, int]]:
    """Scored actions by commitment and state, and how many want attention, in one query."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    wants = {name: Count("pk", filter=ATTENTION[name].where) for name in ("never", "stale")}
    wants["soon"] = Count("pk", filter=due_by(page.on + SOON))
    attention = dict.fromkeys(wants, 0)
    rows = page.standings.filter(scored=True).values("obligation__commitment__number", "state")
    for row in rows.annotate(count=Count("pk"), **wants).order_by():
        found[row["obligation__commitment__number"]][row["state"]] = row["count"]
        for name in attention:
            attention[name] += row[name]
    return found, attention


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


def _sentence(page: Page, counts: dict[int, dict[str, int]], soon: int, changed: int, since: date) -> Iterator[str]:
    overdue = sum(found.get(State.OVERDUE, 0) for found in counts.values())
    lists = {
        "overdue": page.url("commitments", state=State.OVERDUE.value, scored="1"),
        "soon": page.url("commitments", due=(page.on + SOON).isoformat(), scored="1"),
        "changed": page.url("register", since=since.isoformat()),
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
