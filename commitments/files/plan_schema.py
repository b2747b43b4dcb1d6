"""What a plan file says of the plan, its commitments and actions. Money is read by its own app.

The readers go through the whole file and leave every error in it, without a database: the rows that
they make are not saved yet.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import TypedDict
from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commitments.files.toml import TomlFile
from commitments.files.toml_table import LAST_YEAR, Table, Texts, refuse_repeated
from commitments.files.values import show_value
from commitments.models import Action, Aim, Body, Commitment, Plan
from commitments.rules import dates
from commitments.rules.dates import DateError

MODALITIES = ("firm", "soft", "optional", "statement")
YEAR_BASES = ("uk-financial", "calendar", "anniversary")
DEADLINE_KINDS = ("start", "finish", "immediate", "recurring", "within", "none")
# stands in for a day that is missing, until the file is refused
FALLBACK_DAY = date(2000, 1, 1)
PERIODS = ("month", "quarter", "year")

# a page shows no more errors than these, and a long circle has a long message for each of its refs
MOST_CIRCLES = 200

# terms as the register keeps them: what JSON can hold
Json = dict[str, object]


class Interpretation(TypedDict):
    """A reading of unclear wording, and the readings that were not chosen."""

    question: Texts
    chosen: Texts
    because: Texts
    alternatives: list[Texts]


@dataclass
class ActionSpec:
    """`row` is not saved yet, `terms` are those that the register keeps, `at` says which of several
    places in the signed text is meant.
    """

    table: Table
    row: Action
    at: int | None
    leads: list[str]
    partners: list[str]
    until: list[str]
    terms: Json


@dataclass
class CommitmentSpec:
    row: Commitment
    aims: list[str]
    actions: list[ActionSpec]


@dataclass
class PlanSpec:
    """The rows of a plan, not saved yet, and the reasons given at the top of its file."""

    file: TomlFile
    row: Plan
    bodies: list[Body]
    aims: list[Aim]
    change: str
    correction: str
    withdrawn: str
    commitments: list[CommitmentSpec] = field(default_factory=list)

    @property
    def actions(self) -> list[ActionSpec]:
        return [action for commitment in self.commitments for action in commitment.actions]

    @property
    def settings(self) -> Json:
        """The plan-wide terms, which are part of the terms of each action."""
        return {
            "adopted_on": self.row.adopted_on.isoformat(),
            "lead_days": self.row.lead_days,
            "grace_days": self.row.grace_days,
            "stale_days": self.row.stale_days,
            "countries": self.row.sides,
        }


def read_plan(top: Table) -> PlanSpec:
    """The plan without its funds; errors are left in the file."""
    _check_format(top)
    row = _read_settings(top)
    bodies = top.get_tables("bodies", kind="body", named_by="id")
    aims = top.get_tables("aims", kind="aim", named_by="id")
    commitments = top.get_tables("commitments", kind="commitment", named_by="number")
    plan = PlanSpec(
        file=top.file,
        row=row,
        bodies=[_read_body(table) for table in bodies],
        aims=[_read_aim(table) for table in aims],
        change=read_reason(top, "change"),
        correction=read_reason(top, "correction"),
        withdrawn=read_reason(top, "withdrawn"),
    )
    plan.commitments = [_read_commitment(table, plan) for table in commitments]
    if plan.change and plan.correction:
        text = _("the file gives a change and a correction: load one after the other")
        top.add_error("correction", text)
    numbers = [str(commitment.row.number) for commitment in plan.commitments]
    refuse_repeated_names("bodies", bodies, [body.code for body in plan.bodies])
    refuse_repeated_names("aims", aims, [aim.code for aim in plan.aims])
    refuse_repeated_names("commitments", commitments, numbers, key="number")
    return plan


def refuse_repeated_names(
    place: str, tables: list[Table], names: list[str], *, key: str = "id"
) -> None:
    text = _("%(key)s %(name)s stands twice in %(place)s: each must be its own")
    refuse_repeated(tables, names, key, text, place=place)


def read_reason(table: Table, key: str) -> str:
    return table.get_text(key, longest=2000).strip()


def _check_format(top: Table) -> None:
    top.get_integer("format", least=1, most=1)
    if "format" not in top.content:
        top.add_error("", _("the file has no format: it begins with format = 1"))


def _read_settings(top: Table) -> Plan:
    if "plan" not in top.content:
        top.add_error("", _("the file has no [plan]"))
    table = top.get_table("plan", _("the plan"))
    if table is None:
        return Plan(adopted_on=FALLBACK_DAY, sides=[])
    top.file.languages = table.get_names("languages", required=True, filled=True)
    return Plan(
        slug=_read_slug(table),
        title=table.get_texts("title", required=True),
        summary=table.get_texts("summary"),
        adopted_on=table.get_day("adopted_on", required=True) or FALLBACK_DAY,
        place=table.get_text("place", longest=200),
        timezone=_read_timezone(table),
        sides=_read_sides(table),
        languages=top.file.languages,
        lead_days=table.get_integer("lead_days", required=True) or 0,
        grace_days=table.get_integer("grace_days", required=True) or 0,
        stale_days=table.get_integer("stale_days", required=True, least=1) or 1,
        year_basis=table.get_choice("year_basis", YEAR_BASES, required=True, default="calendar"),
        evidence_required=table.get_flag("evidence_required"),
        public=table.get_flag("public"),
    )


def _read_slug(table: Table) -> str:
    slug = table.get_name("slug", longest=50)
    if slug and not re.fullmatch(r"[a-z0-9-]+", slug):
        text = _("slug of the plan may hold only small letters, digits and hyphens")
        table.add_error("slug", text)
    return slug


def _read_timezone(table: Table) -> str:
    name = table.get_text("timezone", required=True)
    if name and name not in available_timezones():
        text = _("timezone %(name)s is unknown: give a name such as Europe/London")
        table.add_error("timezone", text, name=show_value(name))
    return name


def _read_sides(table: Table) -> list[str]:
    sides = table.get_names("sides", required=True, filled=True)
    for side in sides:
        _check_side(table, "sides", side)
    return sides


def _check_side(table: Table, key: str, side: str) -> None:
    if not re.fullmatch(r"[A-Z]{2,8}", side):
        text = _("a side is two to eight capital letters such as GB, not %(value)s")
        table.add_error(key, text, value=show_value(side))


def _read_body(table: Table) -> Body:
    side = table.get_text("side")
    if side:
        _check_side(table, "side", side)
    return Body(
        code=table.get_name("id"),
        name=table.get_texts("name", required=True),
        side=side,
        position=table.position,
    )


def _read_aim(table: Table) -> Aim:
    title = table.get_texts("title", required=True)
    return Aim(code=table.get_name("id"), title=title, position=table.position)


def _read_commitment(table: Table, plan: PlanSpec) -> CommitmentSpec:
    row = Commitment(
        number=table.get_integer("number", required=True, least=1, most=100_000) or 0,
        title=table.get_texts("title", required=True),
        summary=table.get_texts("summary"),
    )
    aims = table.get_names("aims")
    known = {aim.code for aim in plan.aims}
    table.check_known("aims", aims, known, _("there is no such aim"))
    actions = table.get_tables("actions", kind="action", named_by="ref")
    return CommitmentSpec(row, aims, [_read_action(action, plan) for action in actions])


def _read_action(table: Table, plan: PlanSpec) -> ActionSpec:
    deadline, unit = _read_deadline(table, plan)
    until = table.get_names("until")
    row = Action(
        ref=table.get_name("ref", longest=32),
        title=table.get_texts("title", required=True),
        signed_words=table.get_text("words", longest=2000),
        clause=table.get_text_or_texts("clause", longest=200),
        after=table.get_names("after"),
        unit=unit,
        interpretations=read_interpretations(table),
    )
    return ActionSpec(
        table=table,
        row=row,
        at=table.get_integer("at", least=1, most=10_000),
        leads=_read_bodies(table, "lead", plan, required=True),
        partners=_read_bodies(table, "with", plan),
        until=until,
        terms={
            "deadline": deadline,
            "modality": table.get_choice("modality", MODALITIES, required=True, default="firm"),
            "third_party": table.get_flag("third_party"),
            "consents": _read_bodies(table, "consents", plan),
            "until": until,
            "withdrawn": read_reason(table, "withdrawn"),
            **plan.settings,
        },
    )


def _read_bodies(table: Table, key: str, plan: PlanSpec, *, required: bool = False) -> list[str]:
    codes = table.get_names(key, required=required)
    known = {body.code for body in plan.bodies}
    table.check_known(key, codes, known, _("there is no such body"))
    return codes


def read_interpretations(table: Table) -> list[Interpretation]:
    label = _("an interpretation of %(what)s") % {"what": table.label}
    return [
        Interpretation(
            question=interpretation.get_texts("question", required=True),
            chosen=interpretation.get_texts("chosen", required=True),
            because=interpretation.get_texts("because", required=True),
            alternatives=interpretation.get_list_of_texts("alternatives"),
        )
        for interpretation in table.get_tables("interpretations", label=label)
    ]


def _read_deadline(action: Table, plan: PlanSpec) -> tuple[Json, Texts]:
    """The deadline as the terms keep it, and the unit in which its quantity is counted."""
    label = _("the deadline of %(what)s") % {"what": action.label}
    table = action.get_table("deadline", label)
    if table is None:
        return {"kind": "none", "words": ""}, {}
    kind = table.get_choice("kind", DEADLINE_KINDS, required=True, default="none")
    words = table.get_text("words", required=True, longest=500)
    unit = table.get_texts("unit")
    quantity = table.get_integer(
        "quantity", required=kind == "recurring", least=1, most=2_000_000_000
    )
    deadline: Json = {"kind": kind, "words": words, **_read_timing(table, kind, plan)}
    if quantity:
        deadline["quantity"] = quantity
    # a kind that is misspelt says nothing about the keys that belong to it
    if table.content.get("kind") != kind:
        table.keys_read.update(table.content)
    stated = {key: value for key, value in deadline.items() if value not in (None, "")}
    return stated, unit


def _read_timing(table: Table, kind: str, plan: PlanSpec) -> Json:
    """What a deadline of this kind says beside its words and its quantity."""
    if kind in ("start", "finish"):
        return {"when": _read_when(table)}
    if kind == "recurring":
        every = table.get_choice("every", PERIODS, required=True, default="month")
        return {
            "every": every,
            "first": _read_first_period(table, every, plan.row.adopted_on),
        }
    if kind == "within":
        event = table.get_text("of", required=True, longest=200).strip()
        return {"of": event, **_read_span(table)}
    return {}


def _read_when(table: Table) -> str:
    when = table.get_text("when", required=True)
    try:
        readable = not when or dates.parse_deadline(when).last.year <= LAST_YEAR
    except DateError:
        readable = False
    if not readable:
        _refuse_date(table, "when", when, "2014, 2014-10, 2014-10-15, ../2014-12-31")
        return ""
    return when


def _read_first_period(table: Table, every: str, adopted_on: date) -> str:
    text = table.get_text("first")
    if not text:
        return ""
    try:
        window = dates.parse(text)
    except DateError:
        window = None
    if window is None or window.last.year > LAST_YEAR:
        _refuse_date(table, "first", text, "2014, 2014-10, 2014-10-15")
        return ""
    period = dates.period_containing(window.first, every)
    if period.first != window.first:
        message = _("first of %(what)s is %(first)s: it must begin a period of its kind, %(every)s")
        table.add_error("first", message, first=show_value(text), every=every)
    # each period is assessed, and a slip in the year would make thousands
    if period.last < adopted_on:
        message = _("first of %(what)s is %(first)s: it must not end before the plan was adopted")
        table.add_error("first", message, first=show_value(text))
    return text


def _refuse_date(table: Table, key: str, value: str, forms: str) -> None:
    text = _("%(key)s of %(what)s is %(value)s: it must be a date such as %(forms)s")
    table.add_error(key, text, value=show_value(value), forms=forms)


def _read_span(table: Table) -> Json:
    span: Json = {
        "days": table.get_integer("days", most=36_500),
        "months": table.get_integer("months", most=1200),
        "working_days": table.get_integer("working_days", most=1200),
    }
    stated = span.keys() & table.content.keys()
    if len(stated) != 1:
        text = _("%(what)s needs days, months or working_days, and only one of them")
        table.add_error("", text)
    return span


def check_refs(plan: PlanSpec, contribution_tables: list[Table], contributions: list[str]) -> None:
    """Refs of actions and contributions are unique; `after` and `until` name known ones and never
    lead back to themselves.
    """
    actions = [action.row.ref for action in plan.actions]
    refuse_repeated(
        [*contribution_tables, *(action.table for action in plan.actions)],
        [*contributions, *actions],
        "ref",
        _("ref %(name)s stands twice: each must be its own"),
    )
    lacking = _("there is no such action")
    known_actions = set(actions)
    known = known_actions.union(contributions)
    for action in plan.actions:
        action.table.check_known("after", action.row.after, known, lacking)
        action.table.check_known("until", action.until, known_actions, lacking)
    _check_circles(plan, "after", {action.row.ref: action.row.after for action in plan.actions})
    _check_circles(plan, "until", {action.row.ref: action.until for action in plan.actions})


def _check_circles(plan: PlanSpec, key: str, links: Mapping[str, list[str]]) -> None:
    text = _("%(key)s runs in a circle: %(way)s")
    circles = find_circles(links)
    for action in plan.actions:
        way = circles.get(action.row.ref)
        if way:
            action.table.add_error(key, text, way=" → ".join(way))


def find_circles(links: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """For each ref that leads back to itself the way there; nothing where the links are sound."""
    try:
        TopologicalSorter(links).prepare()
    except CycleError:
        ways = ((ref, _find_way_back(ref, links)) for ref in links)
        circles = ((ref, way) for ref, way in ways if way)
        return dict(islice(circles, MOST_CIRCLES))
    return {}


def _find_way_back(start: str, links: Mapping[str, list[str]]) -> list[str]:
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        ref = waiting.pop()
        for linked in links.get(ref, []):
            if linked == start:
                way = [start]
                while ref != start:
                    way.append(ref)
                    ref = came_from[ref]
                return [start, *reversed(way)]
            if linked not in came_from:
                came_from[linked] = ref
                waiting.append(linked)
    return []


class WordsNotFound(ValueError):
    """What is wrong, in the reader's language."""


def find_words(text: str, words: str, at: int | None) -> re.Match[str]:
    """Where the words stand in the signed text, white space folded; raises WordsNotFound.

    `at` says which of several occurrences is meant.
    """
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    matches = list(re.finditer(pattern, text)) if pattern else []
    count = len(matches)
    if not matches:
        raise WordsNotFound(_("the signed text does not hold these words"))
    if at is None and count > 1:
        message = _(
            "the signed text holds these words %(count)s times: say which with at = 1 to %(count)s"
        )
        raise WordsNotFound(message % {"count": count})
    if at and at > count:
        message = ngettext(
            "the signed text holds these words only once: at = %(at)s is too many",
            "the signed text holds these words only %(count)s times: at = %(at)s is too many",
            count,
        )
        raise WordsNotFound(message % {"count": count, "at": at})
    return matches[(at or 1) - 1]
