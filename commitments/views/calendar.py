"""Deadlines as a calendar (RFC 5545), in the reader's language."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any

import icalendar
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from commitments.models import Entry, Standing
from commitments.pages import labels
from commitments.pages.dialogue import dialogues
from commitments.pages.entries import describe_entries, entries_on
from commitments.pages.meetings import Meeting, meetings_on
from commitments.register.entry_types import ANSWER, QUESTION
from commitments.register.histories import read_recurrences
from commitments.register.permissions import reportable_actions
from commitments.rules import dates
from commitments.rules.dates import Window
from commitments.rules.recurrence import Period, Recurrence
from commitments.rules.states import CLOSED, SATISFIED, State
from commitments.views.feeds import FeedView, stable_id, without_control_characters

# periods of a recurring action that are shown before they begin
PERIODS_AHEAD = 3
REFRESH = timedelta(hours=12)
# a new date, a condition that came late, or a fall after which something is owed again
SETS_A_DAY = ("moved", "event", "consent", "reopened", "reading", "refunded")
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
            name = _("%(plan)s: my actions") % {"plan": name}
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
        for meeting in self._meetings:
            self._add_meeting(meeting)
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
            elif row.steps:
                self._add_steps(row, row.steps)
            elif row.first_day and row.last_day:
                window = Window(row.first_day, row.last_day)
                self._add_action(row, window, row.state, labels.state(row.state))
        self._add_questions()

    def _add_questions(self) -> None:
        """Add the questions with a day for their answer; with `mine=1` those to the reader's side."""
        page = self.page
        entries = entries_on(page).filter(kind__in=(QUESTION, ANSWER))
        for dialogue in dialogues(describe_entries(entries, page)):
            entry = dialogue.row.entry
            if not entry.when or (self.is_mine and entry.words != page.rights.side):
                continue
            state = State.MET
            label = _("answered")
            if dialogue.row.is_withdrawn:
                state = State.NOT_PURSUED
                label = _("withdrawn")
            elif dialogue.is_open:
                state = State.UPCOMING
                label = _("not answered yet")
            title = _("%(ref)s Answer due, %(side)s")
            self.add_event(
                entry.ref,
                f"question/{entry.number}",
                dates.parse(entry.when),
                title=title % {"ref": entry.ref, "side": dialogue.row.code_label},
                description=[getattr(getattr(entry, "text", None), "note", "")],
                url=self.absolute_url("entry", entry.number),
                state=state,
                state_label=label,
            )

    def _add_meeting(self, meeting: Meeting) -> None:
        label = _("planned")
        if meeting.is_held:
            label = _("held")
        self.add_event(
            _name_meeting(meeting),
            "",
            meeting.window,
            title=meeting.name,
            description=[meeting.entry.text.note] if hasattr(meeting.entry, "text") else [],
            url=self.absolute_url("entry", meeting.entry.number),
            state=State.UPCOMING,
            state_label=label,
        )

    def _add_action(
        self,
        row: Standing,
        window: Window,
        state: str,
        state_label: str,
        *,
        part: str = "",
        part_label: str = "",
    ) -> None:
        """The deadline of an action, or of one of its periods or steps."""
        ref = row.obligation.ref
        title = f"{ref} {labels.text(row.action.title)}"
        language = labels.language_of(row.action.title)
        description = [row.words]
        if part:
            title += f" ({part_label})"
        elif row.moved and row.original_last:
            signed = {"day": labels.day(row.original_last)}
            description.append(_("Signed for %(day)s, and moved since.") % signed)
        url = self.absolute_url("action", ref)
        self.add_event(
            ref,
            part,
            window,
            title=title,
            language=language,
            description=description,
            url=url,
            state=state,
            state_label=state_label,
        )

    def _add_steps(self, row: Standing, steps: Sequence[dict[str, Any]]) -> None:
        """Add the steps, each by its own state and named by what must be reached."""
        for step in steps:
            window = dates.parse_deadline(step["when"])
            state = step["state"]
            label = labels.state(step["state"])
            named = f"{step['quantity']} {labels.text(row.action.unit)}".strip()
            self._add_action(row, window, state, label, part=step["when"], part_label=named)

    def _add_periods(self, row: Standing, recurrence: Recurrence) -> None:
        """Each period so far by its own state, and the next few while the duty lasts."""
        for period in recurrence.periods:
            label = labels.period(period.state)
            state = _state_of_period(row, period)
            self._add_period(row, period.window, state, label, period.name)
        if recurrence.ended_on is not None or row.state in CLOSED:
            return
        state = State.UPCOMING
        if row.state == State.AWAITING:
            state = State.AWAITING
        for window in islice(recurrence.windows_ahead(), PERIODS_AHEAD):
            name = recurrence.rhythm.name(window)
            self._add_period(row, window, state, labels.state(state), name)

    def _add_period(
        self, row: Standing, window: Window, state: str, state_label: str, name: str
    ) -> None:
        self._add_action(row, window, state, state_label, part=name, part_label=labels.edtf(name))

    def add_event(
        self,
        ref: str,
        part: str,
        window: Window,
        *,
        title: str,
        description: Sequence[str],
        url: str,
        state: str,
        state_label: str,
        language: str = "",
        instalment: int | None = None,
    ) -> None:
        """Add a deadline; its reference and `part` identify it in its plan, for good.

        `language` is that of the title, where it is not the reader's.
        """
        if state in SATISFIED:
            title = _("Done: %(title)s") % {"title": title}
        text = "\n".join([*filter(None, description), state_label])
        event = icalendar.Event()
        event.add("uid", str(stable_id(self.page.plan, f"{ref}/{part}")))
        self._add_revision(event, ref, instalment)
        event.add("dtstart", window.first)
        # the end of an all-day event is the day after
        event.add("dtend", dates.shift(window.last, 1))
        own = labels.language()
        event.add("summary", without_control_characters(title), {"LANGUAGE": language or own})
        parameters = self._language_of_description(description)
        event.add("description", without_control_characters(text), parameters)
        event.add("categories", [without_control_characters(state_label)])
        event.add("status", _status(state))
        event.add("transp", "TRANSPARENT")
        event.add("url", url)
        self.calendar.add_component(event)

    def _add_revision(self, event: icalendar.Event, ref: str, instalment: int | None) -> None:
        """How often its day was set anew, and when it last changed."""
        keys = {(ref, None), (ref, instalment)}
        changes = [self._changes[key] for key in keys if key in self._changes]
        changed = max((row["last"] for row in changes), default=NEVER).astimezone(UTC)
        event.add("sequence", sum(row["moves"] + max(row["versions"] - 1, 0) for row in changes))
        event.add("dtstamp", changed)
        event.add("last-modified", changed)

    def _language_of_description(self, signed_words: Sequence[str]) -> dict[str, str]:
        """The language of the reader; none where signed words stand in another one, that of the
        plan.
        """
        own = labels.language()
        if signed_words and own not in self.page.plan.languages[:1]:
            return {}
        return {"LANGUAGE": own}

    @cached_property
    def _meetings(self) -> list[Meeting]:
        return meetings_on(self.page)

    @cached_property
    def _changes(self) -> dict[tuple[str, int | None], dict[str, Any]]:
        """When an entry last bore on something, how often its day was set anew, and its terms; by
        the reference and the instalment that entries name.
        """
        sets_a_day = (
            Q(kind__in=SETS_A_DAY)
            | Q(kind="confirmed", to__kind="moved")
            | Q(kind="withdrawn", to__kind__in=[*SETS_A_DAY, "withdrawn", "confirmed"])
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
        changes = {(row["ref"], row["instalment"]): row for row in rows}
        for meeting in self._meetings:
            # the number only ever grows
            grown = meeting.entry.number - meeting.first_number
            row = {"last": meeting.entry.loaded_at, "moves": grown, "versions": 0}
            changes[_name_meeting(meeting), None] = row
        return changes


def _name_meeting(meeting: Meeting) -> str:
    """The reference of a meeting in the calendar, beside the refs of actions."""
    return f"meetings/{meeting.first_number}"


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
