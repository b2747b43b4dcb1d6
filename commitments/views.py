"""The pages of a plan: list, commitment, action, mine, register, text."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from commitments import exports, labels, services, standings
from commitments.facts import MOVABLE, REPORTS, Counting, Fact, Terms, terms_on
from commitments.filters import ActionFilter, EntryFilter, PlanFilter, by_urgency
from commitments.listings import actions_listed, entries_listed
from commitments.models import Action, Commitment, Entry, Membership, Role, Standing
from commitments.narrowed import Narrowed
from commitments.pages import Page, PlanView
from commitments.periods import Recurrence
from commitments.presentation import Shown, present, register_of, slip
from commitments.querysets import INTERNAL
from commitments.rule import History
from commitments.states import SETTLED, State
from commitments.summaries import counts_of, summarise
from commitments.tables import ActionTable

PAGE = 25


class CountedPages(Paginator[Any]):
    """Pages of rows that have been counted already."""

    def __init__(self, rows: Any, per_page: int, *, total: int) -> None:
        super().__init__(rows, per_page)
        self.count = total


class ActionList(PlanView):
    """All actions, searched, filtered, sorted; and the export of exactly what is shown."""

    follows = public = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if request.GET.get("format") in exports.FORMATS:
            return exports.respond(request, self.page, self.listed)
        page, found = self.page, ActionFilter(request.GET, page=self.page)
        narrowed = Narrowed(found)
        total = narrowed.count_choices()
        table = self.table(NO_ROWS)
        # a list that has become shorter ends earlier
        number = min(_page_number(request), max(-(-total // PAGE), 1))
        table.paginate(CountedPages, per_page=PAGE, page=number, total=total)
        table.shown = narrowed.rows(table.order, (number - 1) * PAGE, PAGE)
        context = {"page": page, "filter": found, "table": table, **list_links(request, found, page)}
        return render(request, "commitments/action_list.html", context)

    def listed(self) -> exports.Listing:
        found = ActionFilter(self.request.GET, self.page.rows(), page=self.page)
        return actions_listed(self.page, self.table(by_urgency(found.qs)).data.data)

    def table(self, rows: QuerySet[Standing]) -> ActionTable:
        return ActionTable(rows, page=self.page, order_by=self.request.GET.get("sort") or "state")


# stands for the rows while a table finds out how they are sorted
NO_ROWS = by_urgency(Standing.objects.none())


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) else 1


class CommitmentDetail(PlanView):
    public = True
    template = "commitments/commitment_detail.html"

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        page = self.page
        commitment = get_object_or_404(Commitment.objects.prefetch_related("aims"), plan=page.plan, number=number)
        rows = list(page.rows().filter(obligation__commitment=commitment).order_by("obligation__action__position"))
        worst, counts = summarise(rows)
        context = {
            "page": page,
            "commitment": commitment,
            "state": worst,
            "counts": counts_of(counts, page, commitment=number),
            "rows": rows,
            "aims": list(commitment.aims.all()),
        }
        return render(request, self.template, context | self.more(commitment))

    def more(self, commitment: Commitment) -> dict[str, Any]:
        """What an app above has to add to the page."""
        return {}


class ActionView(PlanView):
    """A view about one action of the plan."""

    def action(self, ref: str) -> Action:
        found: Action = get_object_or_404(
            Action.objects.select_related("plan", "commitment").prefetch_related("leads", "partners"),
            plan=self.page.plan,
            ref=ref,
        )
        return found

    def standing(self, action: Action) -> Standing:
        found: Standing = get_object_or_404(self.page.standings.select_related("obligation__action"), obligation=action)
        return found

    def may_report(self, action: Action) -> bool:
        allowed = Action.objects.reportable_by(self.page.membership)
        return bool(allowed.filter(pk=action.pk).exists())

    @property
    def is_manager(self) -> bool:
        return self.page.membership is not None and self.page.membership.role == Role.MANAGER


class ActionDetail(ActionView):
    """The signed words, what they were taken to mean, the deadline and its moves, each side's word, the register."""

    public = True

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        page, row = self.page, self._row(ref)
        action = row.action
        alone = not row.waits  # type: ignore[attr-defined]
        history = standings.Histories(page.plan, [action], alone=alone).action(action.pk)
        terms = terms_on(history.versions, page.on, page.known_day)
        counting = Counting(history.facts, page.on, page.known_day)
        recurrence = Recurrence(terms, counting) if terms.deadline.kind == "recurring" else None
        if recurrence and recurrence.window:
            row.first_day, row.last_day = recurrence.window.first, recurrence.window.last
        told = self._register(ref)
        entries = told[:PAGE]
        cited = self._cited(counting, terms, entries)
        bodies = self._bodies(action, terms.consents)
        rows = self._rows([*action.after, *terms.until])
        context = {
            "page": page,
            "action": action,
            "row": row,
            "slip": slip(row, page.on),
            "terms": terms,
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
            "flags": page.plan.flags.filter(obligation=action).standing_or_cleared(page.on),
            "entries": entries,
            "evidence": [entry for entry in told if entry.files or entry.is_link],
            "older": self._told(history) - len(entries),
            "can_report": row.mine,  # type: ignore[attr-defined]
            "can_decide": row.mine and self.is_manager,  # type: ignore[attr-defined]
        }
        return render(request, "commitments/action_detail.html", context)

    def _register(self, ref: str) -> list[Shown]:
        """The newest entries about the action, then those older ones that have evidence."""
        told = register_of(self.page).filter(ref=ref)
        link = Q(text__source__startswith="https://") | Q(text__source__startswith="http://")
        wanted = Q(pk__in=told.order_by("-number").values("pk")[:PAGE]) | Q(has_files=True) | link
        return present(told.filter(wanted), self.page, title=False)

    def _told(self, history: History) -> int:
        """How many entries the register of the action has on the day, its terms among them."""
        on, known = self.page.on, self.page.known_day
        terms = (max(version.since, self.page.plan.adopted_on) for version in history.versions)
        facts = (fact for fact in self._shown(history.facts) if fact.first <= on or fact.kind == "withdrawn")
        return sum(day <= min(on, known) for day in terms) + sum(fact.recorded <= known for fact in facts)

    def _row(self, ref: str) -> Standing:
        """The standing with its action, whether the reader may report on it, and whether others would supersede it."""
        page = self.page
        mine = Action.objects.reportable_by(page.membership).filter(pk=OuterRef("obligation"))
        waits = Action.superseders.through.objects.filter(from_action=OuterRef("obligation"))
        rows = page.rows().annotate(mine=Exists(mine), waits=Exists(waits))
        row: Standing = get_object_or_404(rows, obligation__ref=ref)
        row.action.plan, row.action.commitment = page.plan, row.obligation.commitment
        return row

    def _bodies(self, action: Action, consents: Sequence[str]) -> list[Any]:
        leads, partners = (
            through.objects.filter(action=action, body=OuterRef("pk"))
            for through in (Action.leads.through, Action.partners.through)
        )
        bodies = self.page.plan.bodies.annotate(is_lead=Exists(leads), is_partner=Exists(partners))
        return list(bodies.filter(Q(is_lead=True) | Q(is_partner=True) | Q(code__in=consents)))

    def _cited(self, counting: Counting, terms: Terms, shown: Sequence[Shown]) -> dict[int, Entry]:
        """The entries that the page names beside its register, by number."""
        confidence = counting.latest("confidence")
        wanted = {fact.number for fact in counting.of("consent") if fact.words in terms.consents}
        wanted |= {confidence.number} if confidence else set()
        found = {entry.number: entry.entry for entry in shown}
        if wanted - found.keys():
            missing = Entry.objects.visible_to(inside=self.page.inside).filter(plan=self.page.plan)
            found |= {entry.number: entry for entry in missing.filter(number__in=wanted - found.keys())}
        return found

    def _confidence_reason(self, counting: Counting, cited: dict[int, Entry]) -> str:
        latest = counting.latest("confidence")
        text = getattr(cited.get(latest.number), "text", None) if latest else None
        return text.reason if text else ""

    def _consents(
        self, terms: Terms, counting: Counting, cited: dict[int, Entry], bodies: Sequence[Any]
    ) -> list[dict[str, Any]]:
        known = {body.code: body for body in bodies}
        given = {fact.words: cited.get(fact.number) for fact in reversed(counting.of("consent"))}
        return [{"body": known[code], "given": given.get(code)} for code in terms.consents if code in known]

    def _rows(self, refs: Sequence[str]) -> dict[str, Standing]:
        rows = self.page.rows().filter(obligation__ref__in=refs) if refs else []
        return {row.obligation.ref: row for row in rows}

    def _side(self, side: str, counting: Counting, history: History) -> dict[str, Any]:
        """What one side says; where it has reported, how the action would stand by its word alone."""
        alone = [fact for fact in history.facts if fact.kind not in REPORTS or fact.side == side]
        verdict = replace(history, facts=alone, judged={}).judge(self.page.on, self.page.known_day)
        said = [fact for fact in self._shown(counting.of(*counting.kinds)) if fact.side == side]
        latest = max(said, key=lambda fact: (fact.kind in REPORTS, fact.number), default=None)
        return {
            "side": side,
            # a side that only confirms or disputes has not said how the action stands
            "state": verdict.state.value if latest and latest.kind in REPORTS else "",
            "entries": len(said),
            "says": labels.kind(latest.kind) if latest else "",
            "day": latest.recorded if latest else None,
        }

    def _shown(self, facts: Sequence[Fact]) -> list[Fact]:
        """Those of which the reader may know that they are there."""
        return [fact for fact in facts if self.page.inside or fact.kind not in INTERNAL]

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


class Mine(PlanView):
    """What my bodies lead or join, by urgency."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        page, bodies = self.page, _bodies(self.page.membership)
        mine = Action.objects.reportable_by(page.membership).values("pk")
        found = by_urgency(page.rows().filter(obligation__in=mine))
        if request.GET.get("format") in exports.FORMATS:
            codes = [body.code for body in bodies]
            return exports.respond(request, page, lambda: actions_listed(page, found, "mine"), codes)
        rows = list(found)
        tests = (
            (_("Overdue"), lambda row: row.state == State.OVERDUE),
            (_("Due"), lambda row: row.state in (State.DUE, State.DUE_SOON)),
            (_("Awaiting somebody"), lambda row: row.state == State.AWAITING),
            (_("Never reported"), lambda row: row.scored and row.never_reported and row.state not in SETTLED),
            (_("Stale"), lambda row: row.stale_since is not None),
            (_("In hand"), lambda row: row.state not in SETTLED),
            (_("Done or closed"), lambda row: True),
        )
        groups = []
        for label, belongs in tests:
            chosen = [row for row in rows if belongs(row)]  # type: ignore[no-untyped-call]
            rows = [row for row in rows if row not in chosen]
            groups.append({"label": label, "rows": chosen})
        context = {
            "page": page,
            "groups": [group for group in groups if group["rows"]],
            "bodies": bodies,
            "exports": [{"format": form, "url": page.url("mine", format=form)} for form in exports.FORMATS],
        }
        return render(request, "commitments/mine.html", context)


def _bodies(membership: Membership | None) -> list[Any]:
    return list(membership.bodies.all()) if membership else []


class Register(PlanView):
    """Every entry, newest first; the audit trail is the data."""

    public = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        page = self.page
        found = EntryFilter(request.GET, register_of(page), page=page)
        if request.GET.get("format") in exports.FORMATS:
            return exports.respond(request, page, lambda: entries_listed(page, found.qs))
        chosen = Paginator(found.qs, PAGE).get_page(_page_number(request))
        chosen.object_list = present(chosen.object_list, page)
        context = {
            "page": page,
            "filter": found,
            "page_obj": chosen,
            "head": page.plan.entries.order_by("-number").first() if page.inside else None,
            **list_links(request, found, page),
        }
        return render(request, "commitments/register.html", context)


def list_links(request: HttpRequest, found: PlanFilter, page: Page) -> dict[str, Any]:
    """The filters in use, each to be removed on its own, and the exports of what is shown."""

    def changed(name: str, values: list[str]) -> str:
        query = request.GET.copy()
        query.pop("page", None)
        query.setlist(name, values)
        return f"?{query.urlencode()}"

    return {
        "chips": [
            {"label": label, "url": changed(name, [kept for kept in request.GET.getlist(name) if kept != value])}
            for name, value, label in found.chips()
        ],
        "exports": [{"format": form, "url": changed("format", [form])} for form in exports.FORMATS],
        "clear_url": f"{request.path}?{urlencode(page.kept)}",
    }


class EntryDetail(PlanView):
    public = True

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        page = self.page
        entry = register_of(page).filter(number=number).first()
        if entry is None:
            raise Http404
        naming = present(register_of(page).filter(to=entry), page)
        context = {
            "page": page,
            "entry": present([entry], page)[0],
            "named_by": naming,
            "can_redact": services.may_redact(entry, page.user, page.membership) and services.redactable(entry),
        }
        return render(request, "commitments/entry_detail.html", context)


class Text(PlanView):
    """Aims, and clause by clause the actions taken from the instrument; what nothing serves is a gap."""

    public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        page = self.page
        rows = list(page.rows().order_by("obligation__action__position"))
        commitments = page.plan.commitments.prefetch_related("aims")
        by_commitment: dict[int, list[Standing]] = {}
        for row in rows:
            by_commitment.setdefault(row.obligation.commitment_id, []).append(row)
        served: dict[int, list[Commitment]] = {}
        for commitment in commitments:
            for aim in commitment.aims.all():
                served.setdefault(aim.pk, []).append(commitment)
        context = {
            "page": page,
            "aims": [{"aim": aim, "commitments": served.get(aim.pk, [])} for aim in page.plan.aims.all()],
            "commitments": [
                {"commitment": commitment, "rows": [_pair(row) for row in by_commitment.get(commitment.pk, [])]}
                for commitment in commitments
            ],
            "marked": marked(page.plan.signed_text, rows),
        }
        return render(request, "commitments/text.html", context)


def _pair(row: Standing) -> dict[str, Any]:
    return {"row": row, "action": row.action}


def marked(text: str, rows: Sequence[Standing]) -> list[dict[str, Any]]:
    """The signed text in segments; those that actions are anchored in carry their standings."""
    anchors: dict[tuple[int, int], list[Standing]] = {}
    for row in rows:
        start, end = row.action.anchor_start, row.action.anchor_end
        if start is not None and end is not None:
            anchors.setdefault((start, end), []).append(row)
    segments: list[dict[str, Any]] = []
    place = 0
    for (start, end), found in sorted(anchors.items()):
        if start >= place:
            segments += [{"text": text[place:start], "rows": []}, {"text": text[start:end], "rows": found}]
            place = end
    return [*segments, {"text": text[place:], "rows": []}] if text else []
