"""What a plan file says of the plan, its commitments and actions. Money is read by its own app.

The readers go through the whole file and leave every error in it, without a database.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import TypedDict
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commitments.files.toml import Path, TomlFile
from commitments.files.toml_table import LAST_YEAR, Table, Texts, make_label
from commitments.files.values import show_value
from commitments.rules import dates
from commitments.rules.dates import DateError

MODALITIES = ("firm", "soft", "optional", "statement")
YEAR_BASES = ("uk-financial", "calendar", "anniversary")
DEADLINE_KINDS = ("start", "finish", "immediate", "recurring", "within", "none")
PERIODS = ("month", "quarter", "year")
SPANS = ("days", "months", "working_days")

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
class BodySpec:
    code: str
    name: Texts
    side: str


@dataclass
class AimSpec:
    code: str
    title: Texts


@dataclass
class ActionSpec:
    """`terms` are those that the register keeps; `path` leads to the action in the file."""

    path: Path
    line: int
    words_line: int
    ref: str
    title: Texts
    words: str
    at: int | None
    clause: Texts
    lead: list[str]
    partners: list[str]
    after: list[str]
    until: list[str]
    unit: Texts
    interpretations: list[Interpretation]
    terms: Json


@dataclass
class CommitmentSpec:
    number: int
    title: Texts
    summary: Texts
    aims: list[str]
    actions: list[ActionSpec]


@dataclass
class PlanSpec:
    slug: str = ""
    title: Texts = field(default_factory=dict)
    summary: Texts = field(default_factory=dict)
    adopted_on: date = date(2000, 1, 1)
    place: str = ""
    timezone: str = "UTC"
    sides: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    lead_days: int = 0
    grace_days: int = 0
    stale_days: int = 0
    year_basis: str = ""
    evidence_required: bool = False
    public: bool = False
    bodies: list[BodySpec] = field(default_factory=list)
    aims: list[AimSpec] = field(default_factory=list)
    commitments: list[CommitmentSpec] = field(default_factory=list)
    # reasons given at the top of the file
    change: str = ""
    correction: str = ""
    withdrawn: str = ""
    # the line of each key of [plan]
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def actions(self) -> list[ActionSpec]:
        return [action for commitment in self.commitments for action in commitment.actions]

    @cached_property
    def body_codes(self) -> set[str]:
        return {body.code for body in self.bodies}

    @cached_property
    def aim_codes(self) -> set[str]:
        return {aim.code for aim in self.aims}

    @property
    def settings(self) -> Json:
        """The plan-wide terms, which are part of the terms of each action."""
        return {
            "adopted_on": self.adopted_on.isoformat(),
            "lead_days": self.lead_days,
            "grace_days": self.grace_days,
            "stale_days": self.stale_days,
            "countries": self.sides,
        }


def read_plan(top: Table) -> PlanSpec:
    """The plan without its funds; errors are left in the file."""
    _check_format(top)
    plan = _read_settings(top)
    _read_reasons(top, plan)
    bodies = top.get_tables("bodies", kind="body", named_by="id")
    plan.bodies = [_read_body(table, plan) for table in bodies]
    aims = top.get_tables("aims", kind="aim", named_by="id")
    plan.aims = [_read_aim(table, plan) for table in aims]
    commitments = top.get_tables("commitments", kind="commitment", named_by="number")
    plan.commitments = [_read_commitment(table, plan) for table in commitments]
    _check_codes_are_unique(top.file, plan)
    return plan


def _check_codes_are_unique(file: TomlFile, plan: PlanSpec) -> None:
    numbers = [str(commitment.number) for commitment in plan.commitments]
    file.check_unique("bodies", "id", [body.code for body in plan.bodies])
    file.check_unique("aims", "id", [aim.code for aim in plan.aims])
    file.check_unique("commitments", "number", numbers)


def _check_format(top: Table) -> None:
    stated_format = top.get_integer("format", least=1, most=1)
    if stated_format is None and "format" not in top.content:
        top.add_error("", _("the file has no format: it begins with format = 1"))


def _read_settings(top: Table) -> PlanSpec:
    if "plan" not in top.content:
        top.add_error("", _("the file has no [plan]"))
    table = top.get_table("plan", _("the plan"))
    if table is None:
        return PlanSpec()
    languages = table.get_names("languages", required=True, filled=True)
    plan = PlanSpec(
        slug=_read_slug(table),
        title=table.get_texts("title", languages, required=True),
        summary=table.get_texts("summary", languages),
        adopted_on=table.get_day("adopted_on", required=True) or date(2000, 1, 1),
        place=table.get_text("place", longest=200),
        timezone=_read_timezone(table),
        sides=_read_sides(table),
        languages=languages,
        lead_days=table.get_integer("lead_days", required=True) or 0,
        grace_days=table.get_integer("grace_days", required=True) or 0,
        stale_days=table.get_integer("stale_days", required=True, least=1) or 1,
        year_basis=table.get_choice("year_basis", YEAR_BASES, required=True, default="calendar"),
        evidence_required=table.get_flag("evidence_required"),
        public=table.get_flag("public"),
        lines={key: table.line_of(key) for key in table.content},
    )
    table.refuse_unknown_keys()
    return plan


def _read_slug(table: Table) -> str:
    slug = table.get_name("slug", longest=50)
    if slug and not re.fullmatch(r"[a-z0-9-]+", slug):
        text = _("slug of the plan may hold only small letters, digits and hyphens")
        table.add_error("slug", text)
    return slug


def _read_timezone(table: Table) -> str:
    name = table.get_text("timezone", required=True)
    if not name:
        return "UTC"
    if name not in available_timezones():
        text = _("timezone %(name)s is unknown: give a name such as Europe/London")
        table.add_error("timezone", text, name=show_value(name))
        return "UTC"
    return ZoneInfo(name).key


def _read_sides(table: Table) -> list[str]:
    sides = table.get_names("sides", required=True, filled=True)
    for side in sides:
        _check_side(table, "sides", side)
    return sides


def _check_side(table: Table, key: str, side: str) -> None:
    if not re.fullmatch(r"[A-Z]{2,8}", side):
        text = _("a side is two to eight capital letters such as GB, not %(value)s")
        table.add_error(key, text, value=show_value(side))


def _read_reasons(top: Table, plan: PlanSpec) -> None:
    plan.change = top.get_text("change", longest=2000).strip()
    plan.correction = top.get_text("correction", longest=2000).strip()
    plan.withdrawn = top.get_text("withdrawn", longest=2000).strip()
    if plan.change and plan.correction:
        text = _("the file gives a change and a correction: load one after the other")
        top.add_error("correction", text)


def _read_body(table: Table, plan: PlanSpec) -> BodySpec:
    side = table.get_text("side")
    if side:
        _check_side(table, "side", side)
    code = table.get_name("id")
    name = table.get_texts("name", plan.languages, required=True)
    table.refuse_unknown_keys()
    return BodySpec(code, name, side)


def _read_aim(table: Table, plan: PlanSpec) -> AimSpec:
    code = table.get_name("id")
    title = table.get_texts("title", plan.languages, required=True)
    table.refuse_unknown_keys()
    return AimSpec(code, title)


def _read_commitment(table: Table, plan: PlanSpec) -> CommitmentSpec:
    actions = table.get_tables("actions", kind="action", named_by="ref")
    commitment = CommitmentSpec(
        number=table.get_integer("number", required=True, least=1, most=100_000) or 0,
        title=table.get_texts("title", plan.languages, required=True),
        summary=table.get_texts("summary", plan.languages),
        aims=table.get_names("aims"),
        actions=[_read_action(action, plan) for action in actions],
    )
    path = (*table.path, "aims")
    lacking = _("there is no such aim")
    table.file.check_known(path, table.label, commitment.aims, plan.aim_codes, lacking)
    table.refuse_unknown_keys()
    return commitment


def _read_action(table: Table, plan: PlanSpec) -> ActionSpec:
    languages = plan.languages
    deadline, unit = _read_deadline(table, plan)
    until = table.get_names("until")
    action = ActionSpec(
        path=table.path,
        line=table.file.line_of(table.path),
        words_line=table.line_of("words"),
        ref=table.get_name("ref", longest=32),
        title=table.get_texts("title", languages, required=True),
        words=table.get_text("words", longest=2000),
        at=table.get_integer("at", least=1, most=10_000),
        clause=table.get_text_or_texts("clause", languages, longest=200),
        lead=_read_bodies(table, "lead", plan, required=True),
        partners=_read_bodies(table, "with", plan),
        after=table.get_names("after"),
        until=until,
        unit=unit,
        interpretations=read_interpretations(table, languages),
        terms=_read_terms(table, plan, deadline, until),
    )
    table.refuse_unknown_keys()
    return action


def _read_terms(table: Table, plan: PlanSpec, deadline: Json, until: list[str]) -> Json:
    return {
        "deadline": deadline,
        "modality": table.get_choice("modality", MODALITIES, required=True, default="firm"),
        "third_party": table.get_flag("third_party"),
        "consents": _read_bodies(table, "consents", plan),
        "until": until,
        "withdrawn": table.get_text("withdrawn", longest=2000).strip(),
        **plan.settings,
    }


def _read_bodies(table: Table, key: str, plan: PlanSpec, *, required: bool = False) -> list[str]:
    names = table.get_names(key, required=required)
    path = (*table.path, key)
    lacking = _("there is no such body")
    table.file.check_known(path, table.label, names, plan.body_codes, lacking)
    return names


def read_interpretations(table: Table, languages: list[str]) -> list[Interpretation]:
    label = _("an interpretation of %(what)s") % {"what": table.label}
    tables = table.get_tables_labelled("interpretations", label)
    return [_read_interpretation(found, languages) for found in tables]


def _read_interpretation(table: Table, languages: list[str]) -> Interpretation:
    interpretation = Interpretation(
        question=table.get_texts("question", languages, required=True),
        chosen=table.get_texts("chosen", languages, required=True),
        because=table.get_texts("because", languages, required=True),
        alternatives=table.get_list_of_texts("alternatives", languages),
    )
    table.refuse_unknown_keys()
    return interpretation


def _read_deadline(action: Table, plan: PlanSpec) -> tuple[Json, Texts]:
    """The deadline as the terms keep it, and the unit in which its quantity is counted."""
    label = _("the deadline of %(what)s") % {"what": action.label}
    table = action.get_table("deadline", label)
    if table is None:
        return {"kind": "none", "words": ""}, {}
    kind = table.get_choice("kind", DEADLINE_KINDS, required=True, default="none")
    words = table.get_text("words", required=True, longest=500)
    unit = table.get_texts("unit", plan.languages)
    quantity = table.get_integer(
        "quantity", required=kind == "recurring", least=1, most=2_000_000_000
    )
    deadline: Json = {"kind": kind, "words": words, **_read_timing(table, kind, plan)}
    if quantity:
        deadline["quantity"] = quantity
    # a kind that is misspelt says nothing about the keys that belong to it
    if table.content.get("kind") == kind:
        table.refuse_unknown_keys()
    return _without_blanks(deadline), unit


def _without_blanks(values: Json) -> Json:
    return {key: value for key, value in values.items() if value not in (None, "")}


def _read_timing(table: Table, kind: str, plan: PlanSpec) -> Json:
    """What a deadline of this kind says beside its words and its quantity."""
    if kind in ("start", "finish"):
        return {"when": _read_when(table)}
    if kind == "recurring":
        return _read_recurrence(table, plan)
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


def _read_recurrence(table: Table, plan: PlanSpec) -> Json:
    every = table.get_choice("every", PERIODS, required=True, default="month")
    return {"every": every, "first": _read_first_period(table, every, plan.adopted_on)}


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
    stated = [key for key in SPANS if key in table.content]
    if len(stated) != 1:
        text = _("%(what)s needs days, months or working_days, and only one of them")
        table.add_error("", text)
    return span


def check_refs(file: TomlFile, plan: PlanSpec, contributions: set[str]) -> None:
    """Refs of actions and contributions are unique; `after` and `until` name known ones and never
    lead back to themselves.
    """
    _check_refs_are_unique(file, plan, contributions)
    _check_links_are_known(file, plan, contributions)
    _check_circles(file, plan, "after", {action.ref: action.after for action in plan.actions})
    _check_circles(file, plan, "until", {action.ref: action.until for action in plan.actions})


def _check_refs_are_unique(file: TomlFile, plan: PlanSpec, contributions: set[str]) -> None:
    seen = set(contributions)
    for action in plan.actions:
        if action.ref and action.ref in seen:
            refuse_repeated_ref(file, action.path, action.ref)
        seen.add(action.ref)


def refuse_repeated_ref(file: TomlFile, path: Path, ref: str) -> None:
    text = _("ref %(ref)s stands twice: each must be its own")
    file.add_error_at((*path, "ref"), text, ref=show_value(ref))


def _check_links_are_known(file: TomlFile, plan: PlanSpec, contributions: set[str]) -> None:
    actions = {action.ref for action in plan.actions}
    lacking = _("there is no such action")
    for action in plan.actions:
        label = make_label("action", action.ref)
        after = (*action.path, "after")
        until = (*action.path, "until")
        file.check_known(after, label, action.after, actions | contributions, lacking)
        file.check_known(until, label, action.until, actions, lacking)


def _check_circles(
    file: TomlFile, plan: PlanSpec, key: str, links: Mapping[str, list[str]]
) -> None:
    text = _("%(key)s runs in a circle: %(way)s")
    circles = find_circles(links)
    for action in plan.actions:
        if action.ref in circles:
            way = " → ".join(circles[action.ref])
            file.add_error_at((*action.path, key), text, key=key, way=way)


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
                return [*_trace(start, ref, came_from), start]
            if linked not in came_from:
                came_from[linked] = ref
                waiting.append(linked)
    return []


def _trace(start: str, end: str, came_from: Mapping[str, str]) -> list[str]:
    """The refs from the start to the end."""
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]


@dataclass(frozen=True)
class Position:
    """Where words stand in the signed text: the first character, and the one after the last."""

    start: int
    end: int


class WordsNotFound(ValueError):
    """What is wrong, in the reader's language."""


def find_words(text: str, words: str, at: int | None) -> Position:
    """Where the words stand in the signed text, white space folded; raises WordsNotFound.

    `at` says which of several occurrences is meant.
    """
    positions = list(_iter_positions(text, words))
    count = len(positions)
    if not positions:
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
    return positions[(at or 1) - 1]


def _iter_positions(text: str, words: str) -> Iterator[Position]:
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    if pattern:
        for match in re.finditer(pattern, text):
            yield Position(match.start(), match.end())
