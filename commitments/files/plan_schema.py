"""What a plan file says of the plan, its commitments and actions; every fault at once. Money is
read by its own app.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commitments.files.toml import LAST_YEAR, Source, Table, called, named, shown
from commitments.rules import dates
from commitments.rules.dates import DateError

MODALITIES = ("firm", "soft", "optional", "statement")
BASES = ("uk-financial", "calendar", "anniversary")
KINDS = ("start", "finish", "immediate", "recurring", "within", "none")
Texts = dict[str, str]


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
    ref: str
    title: Texts
    words: str
    at: int | None
    clause: Texts
    lead: list[str]
    partners: list[str]
    after: list[str]
    unit: Texts
    interpretations: list[dict[str, Any]]
    terms: dict[str, Any]
    line: int
    words_line: int


@dataclass
class CommitmentSpec:
    number: int
    title: Texts
    summary: Texts
    aims: list[str]
    actions: list[ActionSpec] = field(default_factory=list)


@dataclass
class PlanSpec:
    """The plan; `settings` are the plan-wide terms that go into the terms of each action."""

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
    # where the file says what
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def actions(self) -> list[ActionSpec]:
        return [action for commitment in self.commitments for action in commitment.actions]

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "adopted_on": self.adopted_on.isoformat(),
            "lead_days": self.lead_days,
            "grace_days": self.grace_days,
            "stale_days": self.stale_days,
            "countries": self.sides,
        }


def read_plan(top: Table) -> PlanSpec:
    """The plan without its funds; errors are left in the table's source."""
    if top.integer("format", least=1, most=1) is None and "format" not in top.content:
        top.error("", _("the file has no format: it begins with format = 1"))
    table = top.table("plan", _("the plan"))
    if "plan" not in top.content:
        top.error("", _("the file has no [plan]"))
    spec = _read_settings(table) if table else PlanSpec()
    for reason in ("change", "correction", "withdrawn"):
        setattr(spec, reason, top.text(reason, longest=2000).strip())
    if spec.change and spec.correction:
        top.error(
            "correction", _("the file gives a change and a correction: load one after the other")
        )
    spec.bodies = [_read_body(body, spec) for body in top.tables("bodies", called("body", "id"))]
    spec.aims = [_read_aim(aim, spec) for aim in top.tables("aims", called("aim", "id"))]
    for found in top.tables("commitments", called("commitment", "number")):
        spec.commitments.append(_read_commitment(found, spec))
    top.source.once("bodies", "id", [body.code for body in spec.bodies])
    top.source.once("aims", "id", [aim.code for aim in spec.aims])
    top.source.once("commitments", "number", [str(found.number) for found in spec.commitments])
    return spec


def _read_settings(table: Table) -> PlanSpec:
    languages = table.texts("languages", required=True, filled=True)
    zone = table.text("timezone", required=True)
    if zone and zone not in available_timezones():
        table.error(
            "timezone",
            _("timezone %(name)s is unknown: give a name such as Europe/London"),
            name=shown(zone),
        )
        zone = "UTC"
    slug = table.name("slug", longest=50)
    if slug and not re.fullmatch(r"[a-z0-9-]+", slug):
        table.error("slug", _("slug of the plan may hold only small letters, digits and hyphens"))
    sides = table.texts("sides", required=True, filled=True)
    for side in sides:
        _check_side(table, "sides", side)
    spec = PlanSpec(
        slug=slug,
        title=table.localized("title", languages, required=True),
        summary=table.localized("summary", languages),
        adopted_on=table.day("adopted_on", required=True) or date(2000, 1, 1),
        place=table.text("place", longest=200),
        timezone=ZoneInfo(zone or "UTC").key,
        sides=sides,
        languages=languages,
        lead_days=table.integer("lead_days", required=True) or 0,
        grace_days=table.integer("grace_days", required=True) or 0,
        stale_days=table.integer("stale_days", required=True, least=1) or 1,
        year_basis=table.choice("year_basis", BASES, required=True, default="calendar"),
        evidence_required=table.flag("evidence_required"),
        public=table.flag("public"),
        lines={key: table.source.line((*table.path, key)) for key in table.content},
    )
    table.done()
    return spec


def _check_side(table: Table, key: str, side: str) -> None:
    if not re.fullmatch(r"[A-Z]{2,8}", side):
        table.error(
            key,
            _("a side is two to eight capital letters such as GB, not %(value)s"),
            value=shown(side),
        )


def _read_body(table: Table, spec: PlanSpec) -> BodySpec:
    side = table.text("side")
    if side:
        _check_side(table, "side", side)
    body = BodySpec(table.name("id"), table.localized("name", spec.languages, required=True), side)
    table.done()
    return body


def _read_aim(table: Table, spec: PlanSpec) -> AimSpec:
    aim = AimSpec(table.name("id"), table.localized("title", spec.languages, required=True))
    table.done()
    return aim


def _read_commitment(table: Table, spec: PlanSpec) -> CommitmentSpec:
    commitment = CommitmentSpec(
        number=table.integer("number", required=True, least=1, most=100_000) or 0,
        title=table.localized("title", spec.languages, required=True),
        summary=table.localized("summary", spec.languages),
        aims=table.texts("aims"),
    )
    aims = {aim.code for aim in spec.aims}
    table.source.known(
        (*table.path, "aims"), table.what, commitment.aims, aims, _("there is no such aim")
    )
    bodies = {body.code for body in spec.bodies}
    for found in table.tables("actions", called("action", "ref")):
        commitment.actions.append(_read_action(found, spec, bodies))
    table.done()
    return commitment


def _read_action(table: Table, spec: PlanSpec, bodies: set[str]) -> ActionSpec:
    unit: Texts = {}
    deadline: dict[str, Any] = {"kind": "none", "words": ""}
    if found := table.table("deadline", _("the deadline of %(what)s") % {"what": table.what}):
        deadline, unit = _read_deadline(found, spec)
    action = ActionSpec(
        ref=table.name("ref", longest=32),
        title=table.localized("title", spec.languages, required=True),
        words=table.text("words", longest=2000),
        at=table.integer("at", least=1, most=10_000),
        clause=table.text_or_localized("clause", spec.languages, longest=200),
        lead=table.texts("lead", required=True),
        partners=table.texts("with"),
        after=table.texts("after"),
        unit=unit,
        interpretations=read_interpretations(table, spec.languages),
        terms={
            "deadline": deadline,
            "modality": table.choice("modality", MODALITIES, required=True, default="firm"),
            "third_party": table.flag("third_party"),
            "consents": table.texts("consents"),
            "until": table.texts("until"),
            "withdrawn": table.text("withdrawn", longest=2000).strip(),
            **spec.settings,
        },
        line=table.source.line(table.path),
        words_line=table.source.line((*table.path, "words")),
    )
    for key, names in (
        ("lead", action.lead),
        ("with", action.partners),
        ("consents", action.terms["consents"]),
    ):
        table.source.known(
            (*table.path, key), table.what, names, bodies, _("there is no such body")
        )
    table.done()
    return action


def read_interpretations(table: Table, languages: list[str]) -> list[dict[str, Any]]:
    """Readings of unclear wording: question, chosen, because, and the alternatives not chosen."""
    read = []
    what = _("an interpretation of %(what)s") % {"what": table.what}
    for found in table.tables("interpretations", lambda _content, _place: what):
        reading: dict[str, Any] = {
            key: found.localized(key, languages, required=True)
            for key in ("question", "chosen", "because")
        }
        reading["alternatives"] = found.all_localized("alternatives", languages)
        found.done()
        read.append(reading)
    return read


def _read_deadline(table: Table, spec: PlanSpec) -> tuple[dict[str, Any], Texts]:
    kind = table.choice("kind", KINDS, required=True, default="none")
    content: dict[str, Any] = {
        "kind": kind,
        "words": table.text("words", required=True, longest=500),
    }
    quantity = table.integer("quantity", required=kind == "recurring", least=1, most=2_000_000_000)
    unit = table.localized("unit", spec.languages)
    if kind in ("start", "finish"):
        content["when"] = _edtf(table, "when", required=True, deadline=True)
    if kind == "recurring":
        content["every"] = table.choice(
            "every", ("month", "quarter", "year"), required=True, default="month"
        )
        content["first"] = _edtf(table, "first", required=False, deadline=False)
        _begins_a_period(table, content, spec.adopted_on)
    if kind == "within":
        content["of"] = table.text("of", required=True, longest=200).strip()
        _read_span(table, content)
    if quantity:
        content["quantity"] = quantity
    # what belongs to a kind that is misspelt is not unknown
    if table.content.get("kind") == kind:
        table.done()
    return {key: value for key, value in content.items() if value not in (None, "")}, unit


def _edtf(table: Table, key: str, *, required: bool, deadline: bool) -> str:
    value = table.text(key, required=required)
    if not value:
        return ""
    try:
        window = dates.parse_deadline(value) if deadline else dates.parse(value)
        if window.last.year <= LAST_YEAR:
            return value
    except DateError:
        pass
    forms = "2014, 2014-10, 2014-10-15" + (", ../2014-12-31" if deadline else "")
    said = _("%(key)s of %(what)s is %(value)s: it must be a date such as %(forms)s")
    table.error(key, said, value=shown(value), forms=forms)
    return ""


def _begins_a_period(table: Table, content: Mapping[str, Any], adopted_on: date) -> None:
    if content["first"]:
        first = dates.parse(content["first"]).first
        period = dates.period_containing(first, content["every"])
        if period.first != first:
            said = _(
                "first of %(what)s is %(first)s: it must begin a period of its kind, %(every)s"
            )
            table.error("first", said, first=shown(content["first"]), every=content["every"])
        # each period is assessed, and a slip in the year would make thousands
        if period.last < adopted_on:
            said = _("first of %(what)s is %(first)s: it must not end before the plan was adopted")
            table.error("first", said, first=shown(content["first"]))


def _read_span(table: Table, content: dict[str, Any]) -> None:
    spans = ("days", "months", "working_days")
    for key in spans:
        content[key] = table.integer(key, most=36_500 if key == "days" else 1200)
    if sum(key in table.content for key in spans) != 1:
        table.error("", _("%(what)s needs days, months or working_days, and only one of them"))


def check_refs(source: Source, spec: PlanSpec, others: set[str]) -> None:
    """Refs are unique, name something, and `after` and `until` run in no circle; `others` are
    contributions.
    """
    places = {
        (c, a): action
        for c, commitment in enumerate(spec.commitments)
        for a, action in enumerate(commitment.actions)
    }
    seen: set[str] = set(others)
    refs = {action.ref for action in spec.actions}
    for (c, a), action in places.items():
        path = ("commitments", c, "actions", a)
        if action.ref and action.ref in seen:
            source.error(
                (*path, "ref"),
                _("ref %(ref)s stands twice: each must be its own"),
                ref=shown(action.ref),
            )
        seen.add(action.ref)
        for key, names, known in (
            ("after", action.after, refs | others),
            ("until", action.terms["until"], refs),
        ):
            lacking = _("there is no such action")
            source.known((*path, key), named("action", action.ref), names, known, lacking)
    for key in ("after", "until"):
        links = {
            action.ref: action.after if key == "after" else action.terms["until"]
            for action in spec.actions
        }
        for (c, a), action in places.items():
            if circle := find_circle(action.ref, links):
                way = " → ".join(circle)
                source.error(
                    ("commitments", c, "actions", a, key),
                    _("%(key)s runs in a circle: %(way)s"),
                    key=key,
                    way=way,
                )


def find_circle(start: str, links: Mapping[str, list[str]]) -> list[str]:
    """The way from a ref back to itself, or nothing."""
    ways = [[start]]
    visited = {start}
    while ways:
        way = ways.pop()
        for ref in links.get(way[-1], []):
            if ref == start:
                return [*way, ref]
            if ref not in visited:
                visited.add(ref)
                ways.append([*way, ref])
    return []


def find_words(text: str, words: str, at: int | None) -> tuple[int, int] | str:
    """Where the words stand in the signed text, white space folded; or what is wrong."""
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    found = [match.span() for match in re.finditer(pattern, text)] if pattern else []
    if not found:
        return _("the signed text does not hold these words")
    if at is None and len(found) > 1:
        said = _(
            "the signed text holds these words %(count)s times: say which with at = 1 to %(count)s"
        )
        return said % {"count": len(found)}
    if at and at > len(found):
        said = ngettext(
            "the signed text holds these words only once: at = %(at)s is too many",
            "the signed text holds these words only %(count)s times: at = %(at)s is too many",
            len(found),
        )
        return said % {"count": len(found), "at": at}
    return found[(at or 1) - 1]
