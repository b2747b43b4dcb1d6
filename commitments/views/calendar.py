"""Deadlines as a calendar (RFC 5545), in the reader's language."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

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


class CalendarFeed(FeedView):
    """Each deadline of the plan, or with `mine=1` those of the account's bodies."""

    content_type = "text/calendar; charset=utf-8"

    @property
    def is_mine(self) -> bool:
        return self.request.GET.get("mine") == "1"

    def content(self) -> bytes:
        self.calendar = self._empty_calendar()
        self.add_events()
        written: bytes = self.calendar.to_ical()
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

    def add_events(self) -> None:
        page = self.page
        rows = page.standings_with_actions().order_by("obligation__action__position")
        if self.is_mine:
            actions = reportable_actions(page.rights, page.plan)
            rows = rows.filter(obligation__in=actions.values("pk"))
        periodic = [row.obligation_id for row in rows if row.every]
        recurrences = read_recurrences(page.plan, periodic, page.on, page.known_day)
        for row in rows:
            if row.obligation_id in recurrences:
                self._add_periods(row, recurrences[row.obligation_id])
            elif row.first_day and row.last_day:
                window = Window(row.first_day, row.last_day)
                self._add_action(row, window, row.state, labels.state(row.state))

    def _add_action(
        self, row: Standing, window: Window, state: str, state_label: str, period: str = ""
    ) -> None:
        """The deadline of an action, or of one of its periods."""
        ref = row.obligation.ref
        title = f"{ref} {labels.text(row.action.title)}"
        description = [row.words]
        if period:
            title += f" ({labels.edtf(period)})"
        elif row.moved and row.original_last:
            signed = {"day": labels.day(row.original_last)}
            description.append(_("Signed for %(day)s, and moved since.") % signed)
        url = self.absolute_url("action", ref)
        self.add_event(ref, period, window, title, description, url, state, state_label)

    def _add_periods(self, row: Standing, recurrence: Recurrence) -> None:
        """Each period so far by its own state, and the next few while the duty lasts."""
        window = recurrence.first
        for period in recurrence.periods:
            label = labels.period(period.state)
            self._add_action(row, period.window, _state_of_period(row, period), label, period.name)
            window = dates.next_period(period.window, period.every)
        if recurrence.ended_on is not None or row.state in CLOSED:
            return
        state = State.UPCOMING
        if row.state == State.AWAITING:
            state = State.AWAITING
        for _number in range(PERIODS_AHEAD):
            name = dates.period_name(window, recurrence.every)
            self._add_action(row, window, state, labels.state(state), name)
            window = dates.next_period(window, recurrence.every)

    def add_event(
        self,
        ref: str,
        part: str,
        window: Window,
        title: str,
        description: Sequence[str],
        url: str,
        state: str,
        state_label: str,
        *,
        instalment: int | None = None,
    ) -> None:
        """Add a deadline; its reference and `part` identify it in its plan, for good."""
        if state in SATISFIED:
            title = _("Done: %(title)s") % {"title": title}
        text = "\n".join([*filter(None, description), state_label])
        language = {"LANGUAGE": labels.language()}
        keys = {(ref, None), (ref, instalment)}
        changes = [self._changes[key] for key in keys if key in self._changes]
        changed = max((row["last"] for row in changes), default=NEVER).astimezone(UTC)
        event = icalendar.Event()
        event.add("uid", str(stable_id(self.page.plan, f"{ref}/{part}")))
        event.add("sequence", sum(row["moves"] + max(row["versions"] - 1, 0) for row in changes))
        event.add("dtstamp", changed)
        event.add("last-modified", changed)
        event.add("dtstart", window.first)
        # the end of an all-day event is the day after
        event.add("dtend", dates.shift(window.last, 1))
        event.add("summary", without_control_characters(title), language)
        event.add("description", without_control_characters(text), language)
        event.add("categories", [without_control_characters(state_label)])
        event.add("status", _status(state))
        event.add("transp", "TRANSPARENT")
        event.add("url", url)
        self.calendar.add_component(event)

    @cached_property
    def _changes(self) -> dict[tuple[str, int | None], dict[str, Any]]:
        """When an entry last bore on something, how often its day was set anew, and its terms; by
        the reference and the instalment that entries name.
        """
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
        return {(row["ref"], row["instalment"]): row for row in rows}


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
