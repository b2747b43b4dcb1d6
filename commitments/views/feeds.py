"""Deadlines as a calendar (RFC 5545) and the register as a feed (RFC 4287), in the reader's
language.

Times come from the register and never from the clock: the same register gives the same feed.
"""

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from commitments.exports.writers import address
from commitments.models import Entry, Plan, Standing
from commitments.pages import etag, labels
from commitments.pages.base import PlanView
from commitments.pages.entries import present, register_of
from commitments.register import standings
from commitments.register.permissions import reportable_actions
from commitments.rules import dates
from commitments.rules.dates import Window
from commitments.rules.recurrence import Recurrence
from commitments.rules.states import SATISFIED, State

PAGE = 50
# periods of a recurring action shown before they begin
AHEAD = 3
REFRESH = timedelta(hours=12)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Without anything that could end a line of a calendar or is no character of XML."""
    return _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def stable_id(plan: Plan, name: str) -> uuid.UUID:
    """The same on every host and in every copy of this register, and in no other."""
    first = Entry.objects.filter(plan=plan, number=1).values_list("hash", flat=True).first()
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{first or plan.slug}/{name}")


class Feed(PlanView):
    """In the language asked for, else the account's; answered with 304 where nothing has changed."""

    content_type: str

    def get(self, request: HttpRequest) -> HttpResponse:
        own: str = request.user.language  # type: ignore[union-attr]
        language = request.GET.get("language") or own or translation.get_language()
        if language not in dict(settings.LANGUAGES):
            known = ", ".join(dict(settings.LANGUAGES))
            raise BadRequest(_("“language” can only be one of: %(names)s.") % {"names": known})
        with translation.override(language):
            tag = etag.etag(self.page, request, *self.more())
            response = etag.unchanged(request, tag) or HttpResponse(
                self.content(), self.content_type
            )
            response["Content-Language"] = language
            # the address may hold the token
            response["Referrer-Policy"] = "no-referrer"
            etag.mark(request, response, tag)
            return response

    def more(self) -> list[Any]:
        """What the content depends on beside the register, the day and the account."""
        return []

    def content(self) -> bytes | str:
        raise NotImplementedError

    def link(self, name: str, *args: Any) -> str:
        return settings.SITE_URL + self.page.url(name, *args)


@dataclass(frozen=True, kw_only=True)
class CalendarEvent:
    """A deadline in the calendar; `name` identifies it in its plan, for good."""

    name: str
    window: Window
    title: str
    lines: Iterable[str]
    url: str
    state: str
    label: str
    changed: datetime
    sequence: int


class CalendarFeed(Feed):
    """Each deadline of the plan, or with `mine=1` those of the account's bodies."""

    content_type = "text/calendar; charset=utf-8"

    @property
    def mine(self) -> bool:
        return self.request.GET.get("mine") == "1"

    def more(self) -> list[Any]:
        member = self.membership
        return sorted(member.bodies.values_list("code", flat=True)) if self.mine and member else []

    def content(self) -> bytes:
        import icalendar

        plan, calendar = self.page.plan, icalendar.Calendar()
        title = clean(labels.text(plan.title))
        name = _("%(plan)s: what is asked of my bodies") % {"plan": title} if self.mine else title
        calendar.add("prodid", "-//Actionplan//Actionplan//EN")
        calendar.add("version", "2.0")
        calendar.add("uid", str(stable_id(plan, f"calendar/{self.more() if self.mine else ''}")))
        for key in ("name", "x-wr-calname"):
            calendar.add(key, icalendar.vText(name))
        calendar.add("x-wr-timezone", plan.timezone)
        calendar.add("refresh-interval", REFRESH, {"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT12H")
        for event in self.events():
            calendar.add_component(self._component(event))
        written: bytes = calendar.to_ical()
        return written

    def events(self) -> Iterator[CalendarEvent]:
        page = self.page
        rows = page.rows().order_by("obligation__action__position")
        if self.mine:
            rows = rows.filter(
                obligation__in=reportable_actions(page.rights, page.plan).values("pk")
            )
        found = list(rows)
        periodic = (row.obligation_id for row in found if row.every)
        recurring = dict(standings.recurrences(page.plan, periodic, page.on, page.known_day))
        for row in found:
            if recurrence := recurring.get(row.obligation_id):
                yield from self._periods(row, recurrence)
            elif row.first_day and row.last_day:
                yield self._event(
                    row,
                    Window(row.first_day, row.last_day),
                    row.state,
                    labels.STATES[State(row.state)],
                )

    def _event(
        self, row: Standing, window: Window, state: str, label: Any, period: str = ""
    ) -> CalendarEvent:
        action, ref = row.action, row.obligation.ref
        changed, sequence = self.changes_of(ref, None)
        lines = [row.words]
        if not period and row.moved and row.original_last:
            lines.append(
                _("Signed for %(day)s, and moved since.") % {"day": labels.day(row.original_last)}
            )
        return CalendarEvent(
            name=f"{ref}/{period}",
            window=window,
            title=f"{ref} {labels.text(action.title)}"
            + (f" ({labels.edtf(period)})" if period else ""),
            lines=lines,
            url=self.link("action", ref),
            state=state,
            label=str(label),
            changed=changed,
            sequence=sequence,
        )

    def _periods(self, row: Standing, recurrence: Recurrence) -> Iterator[CalendarEvent]:
        """Each period so far by its own state, and the next few while the duty lasts."""
        waiting = (
            row.state if row.state in (State.AWAITING, State.SUPERSEDED, State.NOT_PURSUED) else ""
        )
        for period in recurrence.periods:
            state = {"open": waiting or State.DUE, "not-assessed": waiting or State.SUPERSEDED}.get(
                period.state, period.state
            )
            yield self._event(row, period.window, state, labels.PERIODS[period.state], period.name)
        if recurrence.ended is not None or waiting in (State.SUPERSEDED, State.NOT_PURSUED):
            return
        every = recurrence.deadline.every
        window = (
            dates.next_period(recurrence.periods[-1].window, every)
            if recurrence.periods
            else recurrence.first
        )
        for _number in range(AHEAD):
            state, name = waiting or State.UPCOMING, dates.period_name(window, every)
            yield self._event(row, window, state, labels.STATES[State(state)], name)
            window = dates.next_period(window, every)

    def changes_of(self, ref: str, instalment: int | None) -> tuple[datetime, int]:
        """When an entry last bore on it, and how often its day was set anew."""
        found = [self._changes.get(key) for key in {(ref, None), (ref, instalment)}]
        when, counts = zip(
            *[pair for pair in found if pair] or [(datetime(1970, 1, 1, tzinfo=UTC), 0)],
            strict=True,
        )
        return max(when), sum(counts)

    @cached_property
    def _changes(self) -> dict[tuple[str, int | None], tuple[datetime, int]]:
        setting = Q(kind__in=["moved", "event"]) | Q(
            kind="withdrawn", to__kind__in=["moved", "event", "withdrawn"]
        )
        told = Entry.objects.filter(plan=self.page.plan).known_on(self.page.on, self.page.known_day)
        counts = {
            "moves": Count("pk", filter=setting),
            "versions": Count("pk", filter=Q(kind="terms")),
        }
        rows = told.values("ref", "instalment").annotate(when=Max("loaded_at"), **counts).order_by()
        return {
            (row["ref"], row["instalment"]): (
                row["when"],
                row["moves"] + max(row["versions"] - 1, 0),
            )
            for row in rows
        }

    def _component(self, event: CalendarEvent) -> Any:
        import icalendar

        page, found = self.page, icalendar.Event()
        done = event.state in SATISFIED
        closed = event.state in (State.SUPERSEDED, State.NOT_PURSUED)
        title = (_("Done: %(title)s") if done else "%(title)s") % {"title": event.title}
        language = {"LANGUAGE": labels.language()}
        found.add("uid", str(stable_id(page.plan, event.name)))
        found.add("sequence", event.sequence)
        for key in ("dtstamp", "last-modified"):
            found.add(key, event.changed.astimezone(UTC))
        found.add("dtstart", event.window.first)
        # the end of an all-day event is the day after
        found.add("dtend", dates.shift(event.window.last, 1))
        found.add("summary", clean(title), language)
        found.add(
            "description", clean("\n".join([*filter(None, event.lines), event.label])), language
        )
        found.add("categories", [clean(event.label)])
        found.add(
            "status",
            "CANCELLED"
            if closed
            else "TENTATIVE"
            if event.state == State.AWAITING
            else "CONFIRMED",
        )
        found.add("transp", "TRANSPARENT")
        found.add("url", event.url)
        return found


class RegisterFeed(Feed):
    """The register, newest first, page by page (RFC 5005)."""

    content_type = "application/atom+xml; charset=utf-8"

    def content(self) -> str:
        page, request = self.page, self.request
        pages = Paginator(register_of(page), PAGE)
        chosen = pages.get_page(request.GET.get("page"))
        entries = present(chosen.object_list, page)
        touched = self._touched([entry.entry.pk for entry in entries])
        numbers = {"first": 1, "last": pages.num_pages}
        if chosen.has_previous():
            numbers["previous"] = chosen.previous_page_number()
        if chosen.has_next():
            numbers["next"] = chosen.next_page_number()
        newest = page.plan.entries.aggregate(newest=Max("loaded_at"))["newest"]
        midnight = datetime.combine(page.plan.adopted_on, datetime.min.time(), UTC)
        context = {
            "page": page,
            "on": page.on,
            "language": labels.language(),
            "title": clean(labels.text(page.plan.title)),
            "feed_id": stable_id(page.plan, "register").urn,
            "updated": newest or midnight,
            "site": self.link("register"),
            "self": address(request),
            "links": [
                (rel, address(request, page=number)) for rel, number in sorted(numbers.items())
            ],
            "entries": [self._entry(entry, touched.get(entry.entry.pk)) for entry in entries],
        }
        return render_to_string("commitments/register.xml", context)

    def _touched(self, entries: list[int]) -> dict[int, datetime]:
        """When these were last withdrawn, redacted, or brought back."""
        naming = Entry.objects.filter(to__in=entries, kind__in=["withdrawn", "redacted"])
        naming = naming.known_on(self.page.on, self.page.known_day)
        found = (
            naming.values_list("to")
            .annotate(named=Max("loaded_at"), again=Max("named_by__loaded_at"))
            .order_by()
        )
        return {pk: max(filter(None, times)) for pk, *times in found}

    def _entry(self, entry: Any, touched: datetime | None) -> dict[str, Any]:
        # the links of an entry lead to the site from wherever it is read
        html = render_to_string(
            "includes/entry.html", {"page": self.page, "entry": entry, "quiet": True}
        )
        title = f"{entry.ref} {labels.text(entry.title)}".strip()
        return {
            "id": uuid.uuid5(uuid.NAMESPACE_OID, entry.hash).urn,
            "title": clean(
                f"{title}{labels.colon()}{entry.kind_label}" if title else entry.kind_label
            ),
            "kind": entry.kind,
            "kind_label": entry.kind_label,
            "published": entry.loaded_at,
            "updated": max(entry.loaded_at, touched or entry.loaded_at),
            "author": clean(
                entry.post or labels.side(entry.side)
                if entry.post or entry.side
                else labels.text(self.page.plan.title)
            ),
            "url": self.link("entry", entry.number),
            "html": clean(html.replace('href="/', f'href="{settings.SITE_URL}/')),
        }
