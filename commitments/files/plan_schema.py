"""What a plan file says of the plan, its commitments and actions. Money is read by its own app.

The readers go through the whole file and leave every error in it, without a database: the rows that
they make are not saved yet.
"""

import re
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commitments.files.deadline_schema import (
    LONGEST_EVENT,
    DeadlineSpec,
    Json,
    read_date,
    read_deadline,
)
from commitments.files.language_tags import canonical_tag
from commitments.files.toml import TomlFile
from commitments.files.toml_table import Table, refuse_repeated
from commitments.files.values import show_value
from commitments.models import Action, Aim, Body, Commitment, Plan
from commitments.register.recorded_terms import terms_of_sides
from commitments.rules import dates
from commitments.rules.working_days import SIDES_WITH_CALENDAR, is_calendar

MODALITIES = ("firm", "soft", "optional", "statement")
YEAR_BASES = ("uk-financial", "calendar", "anniversary")
# stands in for a day that is missing, until the file is refused
FALLBACK_DAY = date(2000, 1, 1)

# a page shows no more errors than these, and a long circle has a long message for each of its refs
MOST_CIRCLES = 200


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
    deadline: DeadlineSpec
    terms: Json


@dataclass
class CommitmentSpec:
    table: Table
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
    # from when a change counts, and when it was said, where the file says so
    change_from: date | None
    change_recorded: date | None
    # those of all actions, by the same in small letters
    refs: Mapping[str, str]
    commitments: list[CommitmentSpec] = field(default_factory=list)

    @property
    def actions(self) -> list[ActionSpec]:
        return [action for commitment in self.commitments for action in commitment.actions]

    @property
    def side_of(self) -> dict[str, str]:
        """The side of each body that stands on one."""
        return {body.code: body.side for body in self.bodies if body.side}

    @property
    def settings(self) -> Json:
        """The plan-wide terms, which are part of the terms of each action."""
        settings: Json = {
            "adopted_on": self.row.adopted_on.isoformat(),
            "lead_days": self.row.lead_days,
            "grace_days": self.row.grace_days,
            "stale_days": self.row.stale_days,
            "year_basis": self.row.year_basis,
            "countries": self.row.sides,
        }
        if self.row.until:
            settings["plan_until"] = self.row.until
        if self.row.calendar:
            settings["calendar"] = self.row.calendar
        return settings


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
        change_from=_read_day_of_change(top, "from"),
        change_recorded=_read_day_of_change(top, "recorded"),
        refs=_find_refs(top),
    )
    plan.commitments = [_read_commitment(table, plan) for table in commitments]
    _check_working_days(plan)
    if plan.change and plan.correction:
        text = _("the file gives a change and a correction: load one after the other")
        top.add_error("correction", text)
    numbers = [commitment.row.number for commitment in plan.commitments]
    refuse_repeated(bodies, [body.code for body in plan.bodies], place="bodies")
    refuse_repeated(aims, [aim.code for aim in plan.aims], place="aims")
    refuse_repeated(commitments, numbers, key="number", place="commitments")
    return plan


def _find_refs(top: Table) -> dict[str, str]:
    """Those of all actions, before any is read: terms name actions that stand further down."""
    refs: dict[str, str] = {}
    for commitment in _tables_in(top.content, "commitments"):
        for action in _tables_in(commitment, "actions"):
            ref = action.get("ref")
            if isinstance(ref, str):
                refs.setdefault(ref.casefold(), ref)
    return refs


def _tables_in(content: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """What is no list of tables is an error wherever it is read."""
    value = content.get(key)
    if not isinstance(value, list):
        return []
    return [table for table in value if isinstance(table, dict)]


def read_reason(table: Table, key: str) -> str:
    return table.get_text(key, longest=2000).strip()


def _read_day_of_change(top: Table, key: str) -> date | None:
    if key in top.content and not top.content.get("change"):
        top.refuse_key(key, _('%(key)s of %(what)s belongs to a change: give it change = "…"'))
        return None
    return top.get_day(key)


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
    top.file.languages = _read_languages(table)
    adopted_on = table.get_day("adopted_on", required=True) or FALLBACK_DAY
    sides = _read_sides(table)
    return Plan(
        slug=_read_slug(table),
        title=table.get_texts("title", required=True),
        summary=table.get_texts("summary"),
        adopted_on=adopted_on,
        until=_read_until(table, adopted_on),
        place=table.get_text("place", longest=200),
        timezone=_read_timezone(table),
        sides=sides,
        languages=top.file.languages,
        lead_days=table.get_integer("lead_days", required=True) or 0,
        grace_days=table.get_integer("grace_days", required=True) or 0,
        stale_days=table.get_integer("stale_days", required=True, least=1) or 1,
        calendar=_read_calendar(table),
        year_basis=table.get_choice("year_basis", YEAR_BASES, required=True, default="calendar"),
        evidence_required=table.get_flag("evidence_required"),
        public=table.get_flag("public"),
        public_questions=table.get_flag("public_questions"),
        clearance=_read_clearance(table, sides),
    )


def _read_until(table: Table, adopted_on: date) -> str:
    """The last day of the plan's term, in EDTF; empty for a plan without end."""
    until = read_date(table, "until")
    if until and dates.parse(until).last < adopted_on:
        text = _("until of the plan is %(until)s: it must not end before the plan was adopted")
        table.add_error("until", text, until=show_value(until))
        return ""
    return until


def _read_languages(table: Table) -> list[str]:
    languages = table.get_names("languages", required=True, filled=True)
    for language in languages:
        right = canonical_tag(language)
        if not right:
            text = _(
                "languages of the plan names %(name)s, which is no language: give a tag such as en or fr-CA"
            )
            table.add_error("languages", text, name=show_value(language))
        elif right != language:
            text = _("languages of the plan names %(name)s: it is written %(right)s")
            table.add_error("languages", text, name=show_value(language), right=right)
    return languages


def _read_slug(table: Table) -> str:
    slug = table.get_name("slug", longest=50)
    if slug and not re.fullmatch(r"[a-z0-9-]+", slug):
        text = _("slug of the plan may hold only small letters, digits and hyphens")
        table.add_error("slug", text)
    return slug


@cache
def _timezones() -> Set[str]:
    """Their names, for which the library searches its folders each time."""
    return available_timezones()


def _read_timezone(table: Table) -> str:
    name = table.get_text("timezone", required=True)
    if name and name not in _timezones():
        text = _("timezone %(name)s is unknown: give a name such as Europe/London")
        table.add_error("timezone", text, name=show_value(name))
    return name


def _read_sides(table: Table) -> list[str]:
    sides = table.get_names("sides", required=True, filled=True)
    for side in sides:
        _check_side(table, "sides", side)
    return sides


def _read_clearance(table: Table, sides: list[str]) -> list[str]:
    """The sides whose managers release what their officials record."""
    names = table.get_names("clearance")
    table.check_known("clearance", names, set(sides), _("there is no such side of the plan"))
    return names


def _read_calendar(table: Table) -> dict[str, str]:
    """The calendar of each side's working days."""
    named = table.get_table("calendar", _("calendar of the plan"))
    if named is None:
        return {}
    sides = table.content.get("sides")
    calendar = {}
    for side in named.content:
        name = named.get_text(side, required=True, longest=12)
        if not isinstance(sides, list) or side not in sides:
            text = _("%(what)s names %(name)s, which is no side of the plan")
            named.add_error(side, text, name=show_value(side))
        elif name and not is_calendar(name):
            text = _(
                "%(what)s gives %(side)s the calendar %(name)s, which is unknown: give a country such as FR, a part of "
                "one such as GB-ENG, or weekends"
            )
            named.add_error(side, text, side=side, name=show_value(name))
        calendar[side] = name
    return calendar


def _check_working_days(plan: PlanSpec) -> None:
    """Whoever counts working days knows for each side which days these are."""
    unknown = [
        side for side in plan.row.sides if side not in (*SIDES_WITH_CALENDAR, *plan.row.calendar)
    ]
    text = _(
        "%(what)s counts working days, and the code %(side)s says of no side when it works: give the plan calendar = "
        '{ %(side)s = "…" }, with a country such as FR, a part of one such as GB-ENG, or weekends'
    )
    for action in plan.actions:
        deadline = action.terms["deadline"]
        if isinstance(deadline, dict) and deadline.get("working_days"):
            for side in unknown:
                action.table.add_error("deadline", text, side=side)


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
        number=table.get_number("number"),
        position=table.position + 1,
        title=table.get_texts("title", required=True),
        summary=table.get_texts("summary"),
    )
    aims = table.get_names("aims")
    known = {aim.code for aim in plan.aims}
    table.check_known("aims", aims, known, _("there is no such aim"))
    actions = table.get_tables("actions", kind="action", named_by="ref")
    return CommitmentSpec(table, row, aims, [_read_action(action, plan) for action in actions])


def _read_action(table: Table, plan: PlanSpec) -> ActionSpec:
    deadline = read_deadline(table, plan.row, plan.refs)
    until = _read_refs(table, "until", plan)
    leads = _read_bodies(table, "lead", plan, required=True)
    consents = _read_bodies(table, "consents", plan)
    row = Action(
        ref=table.get_ref("ref"),
        title=table.get_texts("title", required=True),
        signed_words=table.get_text("words", longest=2000),
        words_in=table.get_translations("words_in"),
        clause=table.get_text_or_texts("clause", longest=200),
        after=_read_refs(table, "after", plan),
        unit=deadline.unit,
        keywords=table.get_texts("keywords") or None,
        interpretations=read_interpretations(table),
    )
    return ActionSpec(
        table=table,
        row=row,
        at=table.get_integer("at", least=1, most=10_000),
        leads=leads,
        partners=_read_bodies(table, "with", plan),
        until=until,
        deadline=deadline,
        terms={
            "deadline": deadline.terms,
            "modality": table.get_choice("modality", MODALITIES, required=True, default="firm"),
            "third_party": table.get_flag("third_party"),
            "lead": leads,
            **terms_of_sides(_sides_of({*leads, *consents}, plan)),
            "consents": consents,
            "until": until,
            "withdrawn": read_reason(table, "withdrawn"),
            **_read_optional_terms(table, plan, leads, deadline),
            **plan.settings,
        },
    )


def _sides_of(bodies: Collection[str], plan: PlanSpec) -> dict[str, str]:
    return {code: plan.side_of.get(code, "") for code in sorted(bodies)}


def _read_optional_terms(
    table: Table, plan: PlanSpec, leads: list[str], deadline: DeadlineSpec
) -> Json:
    """Terms that most actions do not have, and then have no key for."""
    terms: Json = {
        "needs": _read_needs(table),
        "each": _read_each(table, plan, leads, deadline),
        "own_stale_days": table.get_integer("stale_days"),
    }
    return {key: value for key, value in terms.items() if value not in ([], None)}


def _read_needs(table: Table) -> list[str]:
    """Names of events that must happen first."""
    names = [name.strip() for name in table.get_names("needs")]
    for name in names:
        if not name or len(name) > LONGEST_EVENT:
            text = _("needs of %(what)s must name events, each in 1 to %(longest)s characters")
            table.add_error("needs", text, longest=LONGEST_EVENT)
    return names


def _read_each(table: Table, plan: PlanSpec, leads: list[str], deadline: DeadlineSpec) -> list[str]:
    """The sides of which each must do it."""
    sides = table.get_names("each")
    if "each" not in table.content:
        return []
    if len(sides) < 2:
        text = _("each of %(what)s must name two or more sides of the plan that lead")
        table.add_error("each", text)
    leading = {plan.side_of.get(body, "") for body in leads} & set(plan.row.sides)
    known = ", ".join(sorted(leading))
    for side in sides:
        if side not in leading:
            text = _(
                "each of %(what)s names %(side)s: no organisation of that side leads (%(known)s do)"
            )
            if not leading:
                text = _(
                    "each of %(what)s names %(side)s: no organisation of a side of the plan leads"
                )
            table.add_error("each", text, side=show_value(side), known=known)
    if deadline.kind == "recurring" or "steps" in deadline.terms:
        text = _("each of %(what)s does not go with periods or steps: leave it out")
        table.add_error("each", text)
    return sides


def _read_refs(table: Table, key: str, plan: PlanSpec) -> list[str]:
    """Refs as the plan spells them: letter case distinguishes nothing."""
    return [plan.refs.get(ref.casefold(), ref) for ref in table.get_names(key)]


def _read_bodies(table: Table, key: str, plan: PlanSpec, *, required: bool = False) -> list[str]:
    codes = table.get_names(key, required=required)
    known = {body.code for body in plan.bodies}
    table.check_known(key, codes, known, _("there is no such organisation"))
    return codes


def read_interpretations(table: Table) -> list[Json]:
    """Readings of unclear wording, each with those that were not chosen."""
    label = _("an interpretation of %(what)s") % {"what": table.label}
    return [
        {
            "question": interpretation.get_texts("question", required=True),
            "chosen": interpretation.get_texts("chosen", required=True),
            "because": interpretation.get_texts("because", required=True),
            "alternatives": interpretation.get_list_of_texts("alternatives"),
        }
        for interpretation in table.get_tables("interpretations", label=label)
    ]


def check_refs(plan: PlanSpec, contribution_tables: list[Table], contributions: list[str]) -> None:
    """Refs of actions and contributions are unique; `after` and `until` name known ones, and what
    waits for another never waits for itself.
    """
    actions = [action.row.ref for action in plan.actions]
    refuse_repeated(
        [*contribution_tables, *(action.table for action in plan.actions)],
        [*contributions, *actions],
        key="ref",
        place=_("the plan"),
    )
    lacking = _("there is no such action")
    known_actions = set(actions)
    known = known_actions.union(contributions)
    for action in plan.actions:
        action.table.check_known("after", action.row.after, known, lacking)
        action.table.check_known("until", action.until, known_actions, lacking)
        _check_clock(action, plan, contributions)
    _check_circles(plan, "after", {action.row.ref: action.row.after for action in plan.actions})
    _check_circles(plan, "until", {action.row.ref: waits_for(action) for action in plan.actions})


def _check_clock(action: ActionSpec, plan: PlanSpec, contributions: Collection[str]) -> None:
    """An action whose end starts the clock of another must be able to end."""
    recurring = {other.row.ref for other in plan.actions if other.deadline.kind == "recurring"}
    if action.deadline.of_ref in recurring:
        text = _(
            "of of %(what)s names %(name)s, which recurs: name an action with one end, or an event"
        )
        action.table.add_error("deadline", text, name=show_value(action.deadline.of_ref))
    event = action.deadline.terms.get("of")
    if event in contributions:
        text = _("of of %(what)s names the contribution %(name)s: name an action or an event")
        action.table.add_error("deadline", text, name=show_value(event))


def waits_for(action: ActionSpec) -> list[str]:
    """The refs of the actions on whose state the terms of this one depend."""
    refs = list(action.until)
    if action.deadline.of_ref:
        refs.append(action.deadline.of_ref)
    return refs


def _check_circles(plan: PlanSpec, key: str, links: Mapping[str, list[str]]) -> None:
    text = _("%(key)s runs in a circle: %(way)s")
    circles = find_circles(links)
    for action in plan.actions:
        way = circles.get(action.row.ref)
        if way is None:
            continue
        key_of_link = key
        if key == "until" and way[1] not in action.until:
            key_of_link = "of"
        path = "deadline" if key_of_link == "of" else key
        action.table.add_error(path, text, key=key_of_link, way=" → ".join(way))


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
