"""Deadlines as a calendar (RFC 5545), in the reader's language."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import icalendar
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from commitments.models import Entry, Standing
from commitments.pages import labels
from commitments.register.histories import read_recurrences
from commitments.register.permissions import reportable_actions
from commitments.rules import dates
from commitments.rules.dates import Window
from commitments.rules.recurrence import Period, Recurrence
from commitments.rules.states import SATISFIED, State
from commitments.views.feeds import FeedView, stable_id, without_control_characters

# periods of a recurring action that are shown before they begin
PERIODS_AHEAD = 3
REFRESH = timedelta(hours=12)
CLOSED = (State.SUPERSEDED, State.NOT_PURSUED)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Changes:
    """When an entry last bore on something, and how often its day was set anew."""

    last: datetime
    count: int


@dataclass(frozen=True, kw_only=True)
class CalendarEvent:
    """A deadline in the calendar; `name` identifies it in its plan, for good."""

    name: str
    window: Window
    title: str
    description: list[str]
    url: str
    state: str
    state_label: str
    changes: Changes


class CalendarFeed(FeedView):
    """Each deadline of the plan, or with `mine=1` those of the account's bodies."""

    content_type = "text/calendar; charset=utf-8"

    @property
    def is_mine(self) -> bool:
        return self.request.GET.get("mine") == "1"

    def content(self) -> bytes:
        calendar = self._empty_calendar()
        for event in self.events():
            calendar.add_component(self._component(event))
        written: bytes = calendar.to_ical()
        return written

    def _empty_calendar(self) -> icalendar.Calendar:
        plan = self.page.plan
        calendar = icalendar.Calendar()
        name = without_control_characters(labels.text(plan.title))
        bodies: list[str] | str = ""
        if self.is_mine:
            name = _("%(plan)s: what is asked of my bodies") % {"plan": name}
            bodies = sorted(
                plan.bodies.filter(pk__in=self.page.rights.bodies).values_list("code", flat=True)
            )
        calendar.add("prodid", "-//Actionplan//Actionplan//EN")
        calendar.add("version", "2.0")
        calendar.add("uid", str(stable_id(plan, f"calendar/{bodies}")))
        calendar.add("name", icalendar.vText(name))
        calendar.add("x-wr-calname", icalendar.vText(name))
        calendar.add("x-wr-timezone", plan.timezone)
        calendar.add("refresh-interval", REFRESH, {"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT12H")
        return calendar

    def _component(self, event: CalendarEvent) -> icalendar.Event:
        title = event.title
        if event.state in SATISFIED:
            title = _("Done: %(title)s") % {"title": title}
        description = "\n".join([*filter(None, event.description), event.state_label])
        language = {"LANGUAGE": labels.language()}
        changed = event.changes.last.astimezone(UTC)
        component = icalendar.Event()
        component.add("uid", str(stable_id(self.page.plan, event.name)))
        component.add("sequence", event.changes.count)
        component.add("dtstamp", changed)
        component.add("last-modified", changed)
        component.add("dtstart", event.window.first)
        # the end of an all-day event is the day after
        component.add("dtend", dates.shift(event.window.last, 1))
        component.add("summary", without_control_characters(title), language)
        component.add("description", without_control_characters(description), language)
        component.add("categories", [without_control_characters(event.state_label)])
        component.add("status", _status(event.state))
        component.add("transp", "TRANSPARENT")
        component.add("url", event.url)
        return component

    def events(self) -> Iterator[CalendarEvent]:
        page = self.page
        rows = page.standings_with_actions().order_by("obligation__action__position")
        if self.is_mine:
            actions = reportable_actions(page.rights, page.plan)
            rows = rows.filter(obligation__in=actions.values("pk"))
        rows_by_action = {row.obligation_id: row for row in rows}
        periodic = [pk for pk, row in rows_by_action.items() if row.every]
        recurrences = read_recurrences(page.plan, periodic, page.on, page.known_day)
        for pk, row in rows_by_action.items():
            if pk in recurrences:
                yield from self._events_of_periods(row, recurrences[pk])
            elif row.first_day and row.last_day:
                yield self._event_of_action(row, Window(row.first_day, row.last_day))

    def _event_of_action(self, row: Standing, window: Window) -> CalendarEvent:
        ref = row.obligation.ref
        return CalendarEvent(
            name=f"{ref}/",
            window=window,
            title=f"{ref} {labels.text(row.action.title)}",
            description=_describe_deadline(row),
            url=self.absolute_url("action", ref),
            state=row.state,
            state_label=labels.state(row.state),
            changes=self.changes_of(ref),
        )

    def _events_of_periods(self, row: Standing, recurrence: Recurrence) -> Iterator[CalendarEvent]:
        """Each period so far by its own state, and the next few while the duty lasts."""
        for period in recurrence.periods:
            event = self._event_of_period(row, period.window, recurrence.every)
            state = _state_of_period(row, period)
            yield replace(event, state=state, state_label=labels.period(period.state))
        if recurrence.ended_on is not None or row.state in CLOSED:
            return
        state = State.UPCOMING
        if row.state == State.AWAITING:
            state = State.AWAITING
        for window in _windows_ahead(recurrence):
            event = self._event_of_period(row, window, recurrence.every)
            yield replace(event, state=state, state_label=labels.state(state))

    def _event_of_period(self, row: Standing, window: Window, every: str) -> CalendarEvent:
        period = dates.period_name(window, every)
        event = self._event_of_action(row, window)
        return replace(
            event,
            name=f"{event.name}{period}",
            title=f"{event.title} ({labels.edtf(period)})",
            description=[row.words],
        )

    def changes_of(self, ref: str, instalment: int | None = None) -> Changes:
        keys = {(ref, None), (ref, instalment)}
        changes = [self._changes[key] for key in keys if key in self._changes]
        return Changes(
            last=max((change.last for change in changes), default=NEVER),
            count=sum(change.count for change in changes),
        )

    @cached_property
    def _changes(self) -> dict[tuple[str, int | None], Changes]:
        """By the reference and the instalment that entries name."""
        sets_a_day = Q(kind__in=["moved", "event"]) | Q(
            kind="withdrawn", to__kind__in=["moved", "event", "withdrawn"]
        )
        entries = Entry.objects.filter(plan=self.page.plan)
        rows = (
            entries.known_on(self.page.on, self.page.known_day)
            .order_by()
            .values("ref", "instalment")
            .annotate(
                last=Max("loaded_at"),
                moves=Count("pk", filter=sets_a_day),
                versions=Count("pk", filter=Q(kind="terms")),
            )
        )
        return {
            (row["ref"], row["instalment"]): Changes(
                row["last"], row["moves"] + max(row["versions"] - 1, 0)
            )
            for row in rows
        }


def _describe_deadline(row: Standing) -> list[str]:
    description = [row.words]
    if row.moved and row.original_last:
        signed = {"day": labels.day(row.original_last)}
        description.append(_("Signed for %(day)s, and moved since.") % signed)
    return description


def _status(state: str) -> str:
    if state in CLOSED:
        return "CANCELLED"
    if state == State.AWAITING:
        return "TENTATIVE"
    return "CONFIRMED"


def _state_of_period(row: Standing, period: Period) -> str:
    """The state that the event of a period has; an action that waits or is closed keeps its own."""
    if period.state not in ("open", "not-assessed"):
        return period.state
    if row.state == State.AWAITING or row.state in CLOSED:
        return row.state
    if period.state == "open":
        return State.DUE
    return State.SUPERSEDED


def _windows_ahead(recurrence: Recurrence) -> Iterator[Window]:
    every = recurrence.every
    window = recurrence.first
    if recurrence.periods:
        window = dates.next_period(recurrence.periods[-1].window, every)
    for _number in range(PERIODS_AHEAD):
        yield window
        window = dates.next_period(window, every)
