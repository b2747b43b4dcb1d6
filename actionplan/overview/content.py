"""The overview's figures: where the plan stands on a day, what slipped, who is silent, where the
money is.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, FilteredRelation, Q, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import Cast
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from actionplan.overview.priorities import Counts, any_of, leading
from actionplan.overview.timeline import timeline
from actionplan.overview.trend import trend
from commitments.models import Aim, Commitment
from commitments.models.prepared import Slot, prepared
from commitments.pages.counts import counts_of, worst
from commitments.pages.entries import Shown, bare, lines, naming, present, withdrawn
from commitments.pages.page import Page
from commitments.register.standings import recurrence_of
from commitments.register.tally import SOON
from commitments.rules.events import Perspective
from commitments.rules.recurrence import Period
from commitments.rules.states import State
from funding.instalments import Amounts, InstalmentOnDay, instalments_from
from funding.totals import compute_totals, sum_by_currency

SHOWN = 7


def overview(page: Page) -> dict[str, Any]:
    """Everything that the overview shows, each figure with the address of the list behind it."""
    commitments = _counted(page)
    counts = {pk: found for pk, _number, _title, found in commitments}
    found = leading(page, counts)
    since = page.on - timedelta(days=6)
    recurring = [row.obligation_id for row in found.timed if row.every]
    rows = _entries(page, since, recurring)
    changed, recorded = _changed(rows, page, since)
    return {
        "sentence": list(_sentence(page, counts, recorded, since)),
        "commitments": [_commitment(page, row, found.next) for row in commitments],
        "fund": list(_fund(instalments_from(found.money), page)),
        "spent": _spent(rows, page),
        "changed": changed,
        "changed_url": page.url("register", since=since.isoformat(), kind="reported"),
        "more": max(recorded - len(changed), 0),
        "silent": {
            "never": found.never,
            "never_count": _sum(counts, "never"),
            "never_url": page.url("commitments", attention="never"),
            "stale": found.stale,
            "stale_count": _sum(counts, "stale"),
            "stale_url": page.url("commitments", attention="stale"),
        },
        "timeline": timeline(page, found.timed, _periods(rows, page, recurring)),
        "trend": trend(page),
        "gaps": _unserved_aims(page),
    }


def _counted(page: Page) -> list[tuple[int, int, dict[str, str], dict[str, int]]]:
    """Key, number, title and counts of each commitment: its scored actions by state, and what wants
    attention.
    """
    found: dict[int, tuple[int, int, dict[str, str], dict[str, int]]] = {}
    for pk, number, title, name, count in _tallied(page.lens)(**page.slots):
        if pk not in found:
            found[pk] = (pk, number, json.loads(title), {})
        if count:
            found[pk][3][name] = count
    return list(found.values())


@prepared
def _tallied(lens: Perspective) -> QuerySet[Any]:
    condition = Q(tallies__lens=lens.value, tallies__day__lte=Slot("on"))
    rows = Commitment.objects.filter(plan=Slot("plan")).annotate(
        tally=FilteredRelation("tallies", condition=condition)
    )
    # as text, since it is repeated for each name that is counted
    text = Cast("title", TextField())
    summed = (
        rows.annotate(text=text)
        .values("pk", "number", "text", "tally__name")
        .annotate(count=Sum("tally__change"))
    )
    return summed.order_by("number").values_list("pk", "number", "text", "tally__name", "count")


def _sum(counts: Counts, name: str) -> int:
    return sum(found.get(name, 0) for found in counts.values())


def _entries(page: Page, since: date, recurring: Sequence[int]) -> list[Any]:
    """The newest of the week with their number, what was spent, and what is told of some actions;
    newest first.
    """
    query = _told(page.inside, page.known_day <= page.on, len(recurring))
    rows = query(
        **page.slots, since=since, **{f"recurring{place}": pk for place, pk in enumerate(recurring)}
    )
    return sorted(bare(rows), key=lambda row: (row.recorded_day, row.number), reverse=True)


@prepared
def _told(inside: bool, then: bool, recurring: int) -> Any:
    told = lines(inside, then, Slot("plan"), Slot("on"), Slot("known"))
    week = told.without_plan_entries().filter(recorded_day__gte=Slot("since"))
    newest = week.order_by("-recorded_day", "-number")[:SHOWN]
    recorded = Subquery(week.order_by().values("plan_id").annotate(n=Count("*")).values("n"))
    actions = [told.filter(obligation_id=Slot(f"recurring{place}")) for place in range(recurring)]
    parts = [part.values("pk") for part in (newest, told.filter(kind="spent"), *actions)]
    rows = told.filter(pk__in=any_of(parts)).select_related(None).select_related("to")
    return rows.annotate(recorded=recorded).order_by()


def _changed(rows: Sequence[Any], page: Page, since: date) -> tuple[list[Shown], int]:
    week = [row for row in rows if row.recorded_day >= since and row.kind not in ("terms", "plan")]
    shown = present(week[:SHOWN], page, words=False)
    return shown, (week[0].recorded if week else 0)


def _spent(rows: Sequence[Any], page: Page) -> Amounts:
    spent = [row for row in rows if row.kind == "spent"]
    void = withdrawn(naming(spent, page))
    return sum_by_currency(row for row in spent if row.pk not in void)


def _periods(rows: Sequence[Any], page: Page, recurring: Sequence[int]) -> dict[int, list[Period]]:
    """The periods so far of each recurring action."""
    found = {}
    for pk in recurring:
        mine = sorted((row for row in rows if row.obligation_id == pk), key=lambda row: row.number)
        recurrence = recurrence_of(mine, page.on, page.known_day)
        found[pk] = recurrence.periods if recurrence else []
    return found


def _fund(found: Iterable[InstalmentOnDay], page: Page) -> Iterator[dict[str, Any]]:
    by_contribution: dict[Any, list[InstalmentOnDay]] = defaultdict(list)
    for line in found:
        by_contribution[line.contribution].append(line)
    for contribution, some in by_contribution.items():
        yield {
            "contribution": contribution,
            "stated": any(line.stated for line in some),
            "rows": compute_totals(some, {}, page),
            "url": f"{page.url('fund')}#c-{contribution.ref}",
        }


def _unserved_aims(page: Page) -> QuerySet[Aim]:
    return Aim.objects.filter(plan=page.plan, commitments=None).order_by("code")


def _commitment(
    page: Page, counted: tuple[int, int, Any, dict[str, int]], upcoming: Any
) -> dict[str, Any]:
    pk, number, title, found = counted
    state, row = worst(found), upcoming.get(pk)
    return {
        "commitment": {"number": number, "title": title},
        "state": state,
        "counts": counts_of(found, page, commitment=number),
        "next": {"row": row, "action": row.action, "words": row.words} if row else None,
        "url": page.url("commitment", number),
    }


def _sentence(page: Page, counts: Counts, changed: int, since: date) -> Iterator[str]:
    overdue, soon = _sum(counts, State.OVERDUE), _sum(counts, "soon")
    lists = {
        "overdue": page.url("commitments", state=State.OVERDUE.value, scored="1"),
        "soon": page.url("commitments", due=(page.on + SOON).isoformat(), scored="1"),
        "changed": page.url("register", since=since.isoformat(), kind="reported"),
    }
    texts = {
        "overdue": ngettext("%(n)s action is overdue", "%(n)s actions are overdue", overdue)
        % {"n": overdue}
        if overdue
        else _("no action is overdue"),
        "soon": ngettext("%(n)s falls due within 14 days", "%(n)s fall due within 14 days", soon)
        % {"n": soon}
        if soon
        else _("none falls due within 14 days"),
        "changed": ngettext(
            "%(n)s entry was recorded this week", "%(n)s entries were recorded this week", changed
        )
        % {"n": changed}
        if changed
        else _("nothing was recorded this week"),
    }
    for name, text in texts.items():
        yield format_html('<a href="{}">{}</a>', lists[name], text)
