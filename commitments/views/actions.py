"""The page of an action, and what its forms share with it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from commitments.models import Action, Body, Entry, Flag, Standing
from commitments.models.prepared import Slot, prepared
from commitments.models.register import INTERNAL_KINDS
from commitments.pages import labels
from commitments.pages.base import KeptView, PlanView
from commitments.pages.entries import Shown, present, readable_entries, register, slip
from commitments.pages.page import actions_on
from commitments.register import permissions, standings
from commitments.rules.events import (
    MOVABLE,
    REPORTS,
    Event,
    EventsOnDay,
    Perspective,
    Terms,
    terms_on,
)
from commitments.rules.recurrence import Recurrence
from commitments.rules.standing import History

PAGE = 25  # entries; what is older is in the register


class ActionView(PlanView):
    """A view about one action of the plan."""

    def action(self, ref: str) -> Action:
        found: Action = get_object_or_404(
            Action.objects.select_related("plan", "commitment").prefetch_related(
                "leads", "partners"
            ),
            plan=self.page.plan,
            ref=ref,
        )
        return found

    def standing(self, action: Action) -> Standing:
        found: Standing = get_object_or_404(
            self.page.standings.select_related("obligation__action"), obligation=action
        )
        return found


class ActionDetail(KeptView):
    """The signed words, what they were taken to mean, the deadline and its moves, each side's word,
    the register.
    """

    public = True
    template_name = "commitments/action_detail.html"

    def content(self, ref: str) -> dict[str, Any]:
        page, row = self.page, self._row(ref)
        action = row.action
        alone = not row.waits  # type: ignore[attr-defined]
        history = standings.Histories(page.plan, [action], alone=alone).action(action.pk)
        terms = terms_on(history.versions, page.on, page.known_day)
        counting = EventsOnDay(history.events, page.on, page.known_day)
        recurrence = Recurrence(terms, counting) if terms.deadline.kind == "recurring" else None
        if recurrence and recurrence.window:
            row.first_day, row.last_day = recurrence.window.first, recurrence.window.last
        told = self._register(ref)
        entries = told[:PAGE]
        cited = self._cited(counting, terms, entries)
        bodies = self._bodies(action, terms.consents)
        rows = self._rows([*action.after, *terms.until])
        return {
            "title": f"{ref} {labels.text(action.title)}",
            "action": action,
            "row": row,
            "slip": slip(row, page.on),
            "leads": [body for body in bodies if body.is_lead],
            "partners": [body for body in bodies if body.is_partner],
            "interpretations": action.interpretations,
            "sides_differ": row.sides_differ,
            "confidence_reason": self._confidence_reason(counting, cited),
            "can_move": terms.deadline.kind in MOVABLE,
            "consents": self._consents(terms, counting, cited, bodies),
            "after": [rows[ref] for ref in action.after if ref in rows],
            "until": [rows[ref] for ref in terms.until if ref in rows],
            "sides": [self._side(side, counting, history) for side in page.plan.sides],
            "periods": self._periods(recurrence),
            "flags": _flags()(obligation=action.pk, **page.slots),
            "entries": entries,
            "evidence": [entry for entry in told if entry.files or entry.is_link],
            "older": self._told(history) - len(entries),
            "can_report": permissions.can_report(page.rights, action),
            "can_decide": permissions.can_decide(page.rights, action),
        }

    def _register(self, ref: str) -> list[Shown]:
        """The newest entries about the action, then those older ones that have evidence."""
        page = self.page
        query = _register(page.inside, page.known_day <= page.on)
        return present(query(ref=ref, **page.slots), page, title=False)

    def _told(self, history: History) -> int:
        """How many entries the register of the action has on the day, its terms among them."""
        on, known = self.page.on, self.page.known_day
        terms = (max(version.since, self.page.plan.adopted_on) for version in history.versions)
        events = (
            event
            for event in self._shown(history.events, history)
            if event.first <= on or event.kind == "withdrawn"
        )
        return sum(day <= min(on, known) for day in terms) + sum(
            event.recorded <= known for event in events
        )

    def _row(self, ref: str) -> Standing:
        """The standing with its action, and whether others would supersede it."""
        page = self.page
        rows = _row(page.inside, page.lens)(ref=ref, **page.slots)
        if not rows:
            raise Http404
        row: Standing = rows[0]
        row.action.plan, row.action.commitment = page.plan, row.obligation.commitment
        return row

    def _bodies(self, action: Action, consents: Sequence[str]) -> list[Any]:
        codes = {f"code{place}": code for place, code in enumerate(consents)}
        return _bodies(len(consents))(action=action.pk, **codes, **self.page.slots)

    def _cited(
        self, counting: EventsOnDay, terms: Terms, shown: Sequence[Shown]
    ) -> dict[int, Entry]:
        """The entries that the page names beside its register, by number."""
        confidence = counting.latest("confidence")
        wanted = {
            event.number for event in counting.of_kinds("consent") if event.words in terms.consents
        }
        wanted |= {confidence.number} if confidence else set()
        found = {entry.number: entry.entry for entry in shown}
        if wanted - found.keys():
            missing = readable_entries(self.page.inside).filter(plan_id=self.page.plan.pk)
            found |= {
                entry.number: entry for entry in missing.filter(number__in=wanted - found.keys())
            }
        return found

    def _confidence_reason(self, counting: EventsOnDay, cited: dict[int, Entry]) -> str:
        latest = counting.latest("confidence")
        text = getattr(cited.get(latest.number), "text", None) if latest else None
        return text.reason if text else ""

    def _consents(
        self, terms: Terms, counting: EventsOnDay, cited: dict[int, Entry], bodies: Sequence[Any]
    ) -> list[dict[str, Any]]:
        known = {body.code: body for body in bodies}
        given = {
            event.words: cited.get(event.number) for event in reversed(counting.of_kinds("consent"))
        }
        return [
            {"body": known[code], "given": given.get(code)}
            for code in terms.consents
            if code in known
        ]

    def _rows(self, refs: Sequence[str]) -> dict[str, Standing]:
        rows = self.page.rows().filter(obligation__ref__in=refs) if refs else []
        return {row.obligation.ref: row for row in rows}

    def _side(self, side: str, counting: EventsOnDay, history: History) -> dict[str, Any]:
        """What one side says; where it has reported, how the action would stand by its word alone."""
        alone = [
            event for event in history.events if event.kind not in REPORTS or event.side == side
        ]
        verdict = replace(history, events=alone).judge(self.page.on, self.page.known_day)
        said = [
            event
            for event in self._shown(counting.of_kinds(*counting.kinds), history)
            if event.side == side
        ]
        latest = max(said, key=lambda event: (event.kind in REPORTS, event.number), default=None)
        return {
            "side": side,
            # a side that only confirms or disputes has not said how the action stands
            "state": verdict.state.value if latest and latest.kind in REPORTS else "",
            "entries": len(said),
            "says": labels.kind(latest.kind) if latest else "",
            "day": latest.recorded if latest else None,
        }

    def _shown(self, events: Sequence[Event], history: History) -> Sequence[Event]:
        """Those of which the reader may know that they are there, as `PublicEntry` has it."""
        if self.page.inside:
            return events
        hidden = {event.number for event in history.events if event.kind in INTERNAL_KINDS}
        return [event for event in events if event.number not in hidden and event.to not in hidden]

    def _periods(self, recurrence: Recurrence | None) -> list[dict[str, Any]]:
        found = recurrence.periods if recurrence else []
        return [
            {
                "name": period.name,
                "state": period.state,
                "label": labels.PERIODS[period.state],
                "delivered": period.delivered,
                "target": period.target,
            }
            for period in found[-36:]
        ]


@prepared
def _row(inside: bool, lens: Perspective) -> Any:
    waits = Action.superseders.through.objects.filter(from_action=OuterRef("obligation"))
    rows = actions_on(inside, lens, Slot("plan"), Slot("on")).filter(obligation__ref=Slot("ref"))
    related = rows.select_related("obligation__action", "obligation__commitment")
    return related.annotate(waits=Exists(waits))


@prepared
def _register(inside: bool, then: bool) -> Any:
    told = register(inside, then, Slot("plan"), Slot("on"), Slot("known")).filter(ref=Slot("ref"))
    newest = told.order_by("-number").values("pk")[:PAGE]
    if not inside:
        return told.filter(pk__in=newest)
    link = Q(text__source__startswith="https://") | Q(text__source__startswith="http://")
    return told.filter(Q(pk__in=newest) | Q(has_files=True) | link)


@prepared
def _bodies(consents: int) -> Any:
    leads, partners = (
        through.objects.filter(action=Slot("action"), body=OuterRef("pk"))
        for through in (Action.leads.through, Action.partners.through)
    )
    named = Q(code__in=[Slot(f"code{place}") for place in range(consents)])
    bodies = Body.objects.filter(plan=Slot("plan")).annotate(
        is_lead=Exists(leads), is_partner=Exists(partners)
    )
    return bodies.filter(Q(is_lead=True) | Q(is_partner=True) | named)


@prepared
def _flags() -> QuerySet[Flag]:
    return Flag.objects.filter(
        plan=Slot("plan"), obligation=Slot("obligation")
    ).standing_or_cleared(Slot("on"))
