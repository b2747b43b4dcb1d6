"""The pages of a plan: list, commitment, action, mine, register, text."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from commitments import clock
from commitments.exports import writers
from commitments.exports.columns import actions_export, entries_export
from commitments.lists.facets import Narrowed
from commitments.lists.filters import ActionFilter, EntryFilter, PlanFilter, order_by_urgency
from commitments.lists.tables import ActionTable
from commitments.models import Action, Commitment, Entry, Standing
from commitments.models.prepared import Slot, prepared
from commitments.pages.counts import counts_of, summarise
from commitments.pages.entries import present, register_of
from commitments.pages.page import Page, PlanView, actions_on
from commitments.register import services
from commitments.rules.events import Perspective
from commitments.rules.states import SETTLED, State

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
        if request.GET.get("format") in writers.FORMATS:
            return writers.respond(request, self.page, self.listed)
        page, found = self.page, ActionFilter(request.GET, page=self.page)
        narrowed = Narrowed(found)
        total = narrowed.count_choices()
        table = self.table(NO_ROWS)
        # a list that has become shorter ends earlier
        number = min(_page_number(request), max(-(-total // PAGE), 1))
        table.paginate(CountedPages, per_page=PAGE, page=number, total=total)
        table.shown = narrowed.rows(table.order, (number - 1) * PAGE, PAGE)
        context = {
            "page": page,
            "filter": found,
            "table": table,
            **list_links(request, found, page),
        }
        return render(request, "commitments/action_list.html", context)

    def listed(self) -> writers.Listing:
        found = ActionFilter(self.request.GET, self.page.rows(), page=self.page)
        return actions_export(self.page, self.table(order_by_urgency(found.qs)).data.data)

    def table(self, rows: QuerySet[Standing]) -> ActionTable:
        return ActionTable(rows, page=self.page, order_by=self.request.GET.get("sort") or "state")


# stands for the rows while a table finds out how they are sorted
NO_ROWS = order_by_urgency(Standing.objects.none())


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) else 1


class CommitmentDetail(PlanView):
    public = True
    template = "commitments/commitment_detail.html"

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        page = self.page
        read = _commitment()(number=number, **page.slots)
        if not read:
            raise Http404
        (commitment, *_more), rows = (
            read,
            _rows(page.inside, page.lens)(number=number, **page.slots),
        )
        worst, counts = summarise(rows)
        context = {
            "page": page,
            "commitment": commitment,
            "state": worst,
            "counts": counts_of(counts, page, commitment=number),
            "rows": rows,
            "aims": [
                {"code": row.aim, "title": json.loads(row.aim_title)} for row in read if row.aim
            ],
        }
        return render(request, self.template, context | self.more(commitment))

    def more(self, commitment: Commitment) -> dict[str, Any]:
        """What an app above has to add to the page."""
        return {}


@prepared
def _commitment() -> Any:
    """Once for each aim that it serves, or once without."""
    found = Commitment.objects.filter(plan=Slot("plan"), number=Slot("number"))
    return found.annotate(aim=F("aims__code"), aim_title=Cast("aims__title", TextField())).order_by(
        "aims__position"
    )


@prepared
def _rows(inside: bool, lens: Perspective) -> Any:
    rows = actions_on(inside, lens, Slot("plan"), Slot("on")).filter(
        obligation__commitment__number=Slot("number")
    )
    return rows.select_related("obligation__action").order_by("obligation__action__position")


class Mine(PlanView):
    """What my bodies lead or join, by urgency."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        page = self.page
        bodies = list(page.membership.bodies.all()) if page.membership else []
        mine = Action.objects.reportable_by(page.membership).values("pk")
        found = order_by_urgency(page.rows().filter(obligation__in=mine))
        if request.GET.get("format") in writers.FORMATS:
            codes = [body.code for body in bodies]
            return writers.respond(
                request, page, lambda: actions_export(page, found, "mine"), codes
            )
        tests = (
            (_("Overdue"), lambda row: row.state == State.OVERDUE),
            (_("Due"), lambda row: row.state in (State.DUE, State.DUE_SOON)),
            (_("Awaiting somebody"), lambda row: row.state == State.AWAITING),
            (
                _("Never reported"),
                lambda row: row.scored and row.never_reported and row.state not in SETTLED,
            ),
            (_("Stale"), lambda row: row.stale_since is not None),
            (_("In hand"), lambda row: row.state not in SETTLED),
            (_("Done or closed"), lambda row: True),
        )
        groups: list[dict[str, Any]] = [{"label": label, "rows": []} for label, _belongs in tests]
        for row in found:
            # of the first kind that it is of
            place = next(place for place, (_label, belongs) in enumerate(tests) if belongs(row))  # type: ignore[no-untyped-call]
            groups[place]["rows"].append(row)
        context = {
            "page": page,
            "groups": [group for group in groups if group["rows"]],
            "bodies": bodies,
            "exports": [
                {"format": form, "url": page.url("mine", format=form)} for form in writers.FORMATS
            ],
        }
        return render(request, "commitments/mine.html", context)


class Register(PlanView):
    """Every entry, newest first; the audit trail is the data."""

    public = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        page = self.page
        found = EntryFilter(request.GET, register_of(page), page=page)
        if request.GET.get("format") in writers.FORMATS:
            return writers.respond(request, page, lambda: entries_export(page, found.qs))
        head = page.plan.entries.order_by("-number").first() if page.inside else None
        chosen = _chosen(found, head, _page_number(request))
        chosen.object_list = present(chosen.object_list, page)
        context = {
            "page": page,
            "filter": found,
            "page_obj": chosen,
            "head": head,
            **list_links(request, found, page),
        }
        return render(request, "commitments/register.html", context)


def _chosen(found: EntryFilter, head: Entry | None, number: int) -> Any:
    """A page of the register. Without a filter, and today, an entry's number is its place: nothing
    is counted.
    """
    # where the day is pinned, or the plan not adopted yet, entries may be of a later one
    early = clock.is_pinned() or found.page.today < found.page.plan.adopted_on
    if found.asked or head is None or found.page.other_day or early:
        chosen: Any = Paginator(found.qs.values("pk"), PAGE).get_page(number)
        chosen.object_list = found.qs.filter(pk__in=chosen.object_list)
        return chosen
    chosen = CountedPages(found.qs, PAGE, total=head.number).get_page(number)
    last = head.number - (chosen.number - 1) * PAGE
    chosen.object_list = found.qs.filter(number__lte=last, number__gt=last - PAGE)
    return chosen


def list_links(request: HttpRequest, found: PlanFilter, page: Page) -> dict[str, Any]:
    """The filters in use, each to be removed on its own, and the exports of what is shown."""

    def changed(name: str, values: list[str]) -> str:
        query = request.GET.copy()
        query.pop("page", None)
        query.setlist(name, values)
        return f"?{query.urlencode()}"

    return {
        "chips": [
            {
                "label": label,
                "url": changed(name, [kept for kept in request.GET.getlist(name) if kept != value]),
            }
            for name, value, label in found.chips()
        ],
        "exports": [{"format": form, "url": changed("format", [form])} for form in writers.FORMATS],
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
            "can_redact": services.may_redact(entry, page.user, page.membership)
            and services.redactable(entry),
        }
        return render(request, "commitments/entry_detail.html", context)


class Text(PlanView):
    """Aims, and clause by clause the actions taken from the instrument; what nothing serves is a
    gap.
    """

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
            "aims": [
                {"aim": aim, "commitments": served.get(aim.pk, [])} for aim in page.plan.aims.all()
            ],
            "commitments": [
                {
                    "commitment": commitment,
                    "rows": [
                        {"row": row, "action": row.action}
                        for row in by_commitment.get(commitment.pk, [])
                    ],
                }
                for commitment in commitments
            ],
            "marked": marked(page.plan.signed_text, rows),
        }
        return render(request, "commitments/text.html", context)


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
            segments += [
                {"text": text[place:start], "rows": []},
                {"text": text[start:end], "rows": found},
            ]
            place = end
    return [*segments, {"text": text[place:], "rows": []}] if text else []
