"""What needs a decision: each action with what is wrong and what each side said last, worst first."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from actionplan.overview.priorities import Figure
from commitments.lists.filters import is_in_doubt, needs_decision
from commitments.models import Entry, Standing
from commitments.pages.entries import EntryRow, describe_entries, entries_on, find_withdrawn_among
from commitments.pages.inbox import Turn, turns
from commitments.pages.page import Page
from commitments.register.inbox import open_disputes
from commitments.register.permissions import reportable_actions
from commitments.rules.recurrence import Recurrence
from commitments.rules.states import SETTLED, State
from funding.instalments import InstalmentOnDay
from funding.permissions import can_record_payment

DECISIONS_SHOWN = 7
# by what is wrong; an action stands where the first that applies puts it
OVERDUE, CONTESTED, RED, AMBER, DUE = range(5)
PLACE_OF_INSTALMENT = {State.OVERDUE: OVERDUE, State.DUE: DUE, State.DUE_SOON: DUE}
SAYS_NOTHING_NEW = ("withdrawn", "terms", "plan", "redacted")


@dataclass(frozen=True)
class Decision:
    """An action, or an instalment of money, that somebody must decide about."""

    place: int
    day: date
    standing: Standing
    recurrence: Recurrence | None = None
    said: Sequence[EntryRow] = ()
    # what the reader may do about it, where it is their turn
    turns: Sequence[Turn] = ()
    instalment: InstalmentOnDay | None = None
    # the keys of the disputes that wait for an answer
    open_disputes: Collection[int] = ()

    @property
    def dispute(self) -> Entry | None:
        """By which a side disputes what another said, where that is the last that it said."""
        entries = (row.entry for row in self.said if row.entry.kind == "disputed")
        return next(entries, None)

    @property
    def awaited_side(self) -> str:
        """The side that has yet to answer the dispute, unless it is the reader's turn to do so."""
        dispute = self.dispute
        if dispute is None or dispute.to is None or dispute.pk not in self.open_disputes:
            return ""
        if any(turn.act == "respond" for turn in self.turns):
            return ""
        return dispute.to.side


@dataclass(frozen=True)
class Decisions:
    """The worst of all, and how many actions and instalments are not among them."""

    shown: list[Decision]
    actions: Figure
    more_actions: int
    more_instalments: int


def decisions(
    page: Page,
    worst: Sequence[Decision],
    instalments: Iterable[InstalmentOnDay],
    recurrences: Mapping[int, Recurrence],
) -> Decisions:
    waiting = page.standings.filter(needs_decision(page))
    actions = Figure(waiting.count(), page.url("commitments", attention="decision"))
    money = list(_money_due(page, instalments))
    candidates = [*_with_periods_and_words(page, worst, recurrences), *money]
    # within a place money comes first, then the earliest day
    candidates.sort(
        key=lambda decision: (decision.place, decision.instalment is None, decision.day)
    )
    shown = candidates[:DECISIONS_SHOWN]
    money_shown = sum(decision.instalment is not None for decision in shown)
    return Decisions(
        shown=shown,
        actions=actions,
        more_actions=actions.count - len(shown) + money_shown,
        more_instalments=len(money) - money_shown,
    )


def _money_due(page: Page, instalments: Iterable[InstalmentOnDay]) -> Iterable[Decision]:
    for instalment in instalments:
        place = PLACE_OF_INSTALMENT.get(State(instalment.standing.state))
        if place is not None:
            day = instalment.due or page.on
            to_pay = _turns_to_pay(page, instalment)
            yield Decision(place, day, instalment.standing, turns=to_pay, instalment=instalment)


def _turns_to_pay(page: Page, instalment: InstalmentOnDay) -> Sequence[Turn]:
    is_today = page.on == page.today
    if is_today and can_record_payment(page.rights, instalment.contribution, page.plan):
        return [Turn("pay", page.url("pay", instalment.ref))]
    return ()


def worst_actions(page: Page) -> list[Decision]:
    """As many as are shown at most, the worst first, each with its place, day and standing."""
    in_doubt = is_in_doubt(page)
    place = Case(
        When(state=State.OVERDUE, then=Value(OVERDUE)),
        When(Q(disputed=True) | Q(sides_differ=True), then=Value(CONTESTED)),
        When(in_doubt & Q(confidence="red"), then=Value(RED)),
        When(in_doubt, then=Value(AMBER)),
        default=Value(DUE),
        output_field=IntegerField(),
    )
    waiting = page.standings.filter(needs_decision(page))
    ranked = waiting.annotate(place=place, pressing_day=Coalesce("anchor", "last_day"))
    worst = ranked.order_by("place", "pressing_day", "obligation_id")
    shown = list(worst.values_list("pk", "place", "pressing_day")[:DECISIONS_SHOWN])
    with_leads = page.standings_with_actions().prefetch_related("obligation__action__leads")
    standings = with_leads.in_bulk([key for key, _, _ in shown])
    return [Decision(place, day or page.on, standings[key]) for key, place, day in shown]


def _with_periods_and_words(
    page: Page, worst: Sequence[Decision], recurrences: Mapping[int, Recurrence]
) -> Iterable[Decision]:
    latest = latest_by_side(page, [decision.standing.obligation.ref for decision in worst])
    awaited = turns(page)
    reportable = _reportable(page, [decision.standing for decision in worst])
    disputes = _open_disputes(page, latest.keys())
    for decision in worst:
        standing = decision.standing
        ref = standing.obligation.ref
        to_report = [Turn("report", page.url("report", ref))] if ref in reportable else []
        yield replace(
            decision,
            recurrence=recurrences.get(standing.obligation_id),
            said=latest[ref],
            turns=awaited.get(ref, to_report),
            open_disputes=disputes,
        )


def _open_disputes(page: Page, refs: Collection[str]) -> set[int]:
    """The keys of the disputes about these actions that wait for an answer. It is about today, as
    the reader's turns are.
    """
    if page.on != page.today:
        return set()
    scope = Entry.objects.filter(plan=page.plan, ref__in=refs, recorded_day__lte=page.today)
    return set(open_disputes(scope, page.today).values_list("pk", flat=True))


def _reportable(page: Page, standings: Iterable[Standing]) -> set[str]:
    """The actions among these that are still open, and on which the reader may report today."""
    if page.on != page.today:
        return set()
    refs = [row.obligation.ref for row in standings if row.state not in SETTLED]
    actions = reportable_actions(page.rights, page.plan).filter(ref__in=refs)
    return set(actions.values_list("ref", flat=True))


def latest_by_side(page: Page, refs: Sequence[str]) -> Mapping[str, list[EntryRow]]:
    """The last that each side said about each of these actions, the newest first."""
    entries = entries_on(page).filter(ref__in=refs)
    statements = entries.exclude(kind__in=SAYS_NOTHING_NEW)
    statements = statements.exclude(pk__in=find_withdrawn_among(entries, page))
    # by day first: a file can bring entries of earlier days later
    in_order = statements.order_by("recorded_day", "number")
    # later rows take the place of earlier ones with the same ref and side
    newest = {
        (ref, side): number for ref, side, number in in_order.values_list("ref", "side", "number")
    }
    rows_by_ref: dict[str, list[EntryRow]] = defaultdict(list)
    for row in describe_entries(entries_on(page).filter(number__in=newest.values()), page):
        rows_by_ref[row.entry.ref].append(row)
    return rows_by_ref
