"""A read plan file becomes rows and terms: what changes freely is updated, terms are entries of the
register.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.files.errors import FileError
from commitments.files.plan_schema import (
    ActionSpec,
    CommitmentSpec,
    PlanSpec,
    find_circle,
    find_words,
)
from commitments.files.toml import named
from commitments.models import Action, Aim, Body, Commitment, Entry, Obligation, Plan, PlanFile
from commitments.register import entries as register
from commitments.register import standings
from commitments.register.entries import Draft
from commitments.text import plain

ADVICE = gettext_lazy(
    "move a deadline in the register instead, or give the file a reason at its top level: "
    'change = "…" (counts from today) or correction = "…" (a mistake in the file, counts from adoption)'
)
SETTINGS = (
    "timezone",
    "year_basis",
    "sides",
    "adopted_on",
    "lead_days",
    "grace_days",
    "stale_days",
)


@dataclass
class Wanted:
    """The terms that the file now gives an obligation; `line` is where it says so."""

    obligation: Obligation
    payload: dict[str, Any]
    line: int
    removed: bool = False


@dataclass
class Loading:
    """One load of a plan file on its way: what it changes, and what speaks against it."""

    spec: PlanSpec
    plan: Plan
    created: bool
    changes: list[str] = field(default_factory=list)
    errors: list[FileError] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    moved: list[Obligation] = field(default_factory=list)  # to another commitment

    def error(self, line: int, text: str, **values: object) -> None:
        """`text` has named places for the values."""
        if (found := FileError(line, text % values)) not in self.errors:
            self.errors.append(found)

    def change(self, text: str, **values: object) -> None:
        self.changes.append(text % values)


def begin(spec: PlanSpec, signed_text: str | None) -> Loading:
    """The plan's own row, locked; to be called inside a transaction."""
    existing = Plan.objects.select_for_update().filter(slug=spec.slug).first()
    loading = Loading(spec, existing or Plan(slug=spec.slug), created=existing is None)
    copied = (
        *("title", "summary", "adopted_on", "place", "timezone", "sides", "languages"),
        *("lead_days", "grace_days", "stale_days", "year_basis", "evidence_required", "public"),
    )
    if existing:
        _check_settings(loading, existing)
    values = {name: getattr(spec, name) for name in copied}
    if signed_text is not None:
        values["signed_text"] = signed_text
    update(loading, loading.plan, values, _("the plan"))
    return loading


def _check_settings(loading: Loading, plan: Plan) -> None:
    """The plan's settings that are terms: named once here, and not again for each action."""
    spec = loading.spec
    for name in SETTINGS:
        if getattr(plan, name) != getattr(spec, name) and not (spec.change or spec.correction):
            said = _("%(key)s of the plan is a term and was %(before)s: %(advice)s")
            loading.error(
                spec.lines[name], said, key=name, before=getattr(plan, name), advice=ADVICE
            )
    used = (
        Entry.objects.filter(plan=plan).exclude(side="").values_list("side", flat=True).distinct()
    )
    for side in set(used) - set(spec.sides):
        said = _("sides of the plan must keep %(side)s: the register has entries of that side")
        loading.error(spec.lines["sides"], said, side=side)


# columns that repeat what is said elsewhere, in a form that the list can use
DERIVED = ("parties", "search")


def update(loading: Loading, row: models.Model, values: Mapping[str, Any], what: str) -> None:
    """Save the row where it is new or a value differs, and say which."""
    differing = [name for name, value in values.items() if getattr(row, name) != value]
    new = row.pk is None
    for name in differing:
        setattr(row, name, values[name])
    if new:
        row.save()
        if not loading.created or row is loading.plan:
            loading.change(_("%(what)s: new"), what=what)
    elif differing:
        row.save()
        if told := [name for name in differing if name not in DERIVED]:
            loading.change(_("%(what)s: %(names)s"), what=what, names=", ".join(told))


def _relate(loading: Loading, manager: Any, pks: Iterable[int], key: str, what: str) -> None:
    wanted = set(pks)
    if wanted != set(manager.values_list("pk", flat=True)):
        manager.set(wanted)
        if not loading.created:
            loading.change(_("%(key)s of %(what)s: changed"), key=key, what=what)


def load_commitments(loading: Loading) -> None:
    plan, spec = loading.plan, loading.spec
    for position, body in enumerate(spec.bodies):
        row = plan.bodies.filter(code=body.code).first() or Body(plan=plan, code=body.code)
        values = {"name": body.name, "side": body.side, "position": position}
        update(loading, row, values, named("body", body.code))
    for position, aim in enumerate(spec.aims):
        found = plan.aims.filter(code=aim.code).first() or Aim(plan=plan, code=aim.code)
        update(loading, found, {"title": aim.title, "position": position}, named("aim", aim.code))
    positions = iter(range(len(spec.actions)))
    for commitment in spec.commitments:
        _load_commitment(loading, commitment, positions)
    _link_superseders(loading)
    _vanished(loading)


def _load_commitment(loading: Loading, spec: CommitmentSpec, positions: Iterable[int]) -> None:
    plan = loading.plan
    row = plan.commitments.filter(number=spec.number).first() or Commitment(
        plan=plan, number=spec.number
    )
    what = named("commitment", spec.number)
    update(loading, row, {"title": spec.title, "summary": spec.summary}, what)
    aims = plan.aims.filter(code__in=spec.aims).values_list("pk", flat=True)
    _relate(loading, row.aims, aims, "aims", what)
    for action, position in zip(spec.actions, positions, strict=False):
        _load_action(loading, row, action, position)


def _load_action(loading: Loading, commitment: Commitment, spec: ActionSpec, position: int) -> None:
    plan = loading.plan
    row = Action.objects.filter(plan=plan, ref=spec.ref).first() or Action(plan=plan, ref=spec.ref)
    start, end = _anchor(loading, spec)
    if row.pk and row.commitment_id != commitment.pk:
        loading.moved.append(row)
    values = {
        "commitment_id": commitment.pk,
        "title": spec.title,
        "signed_words": spec.words,
        "clause": spec.clause,
        "position": position,
        "after": spec.after,
        "unit": spec.unit,
        "interpretations": spec.interpretations,
        "parties": " ".join(sorted({*spec.lead, *spec.partners})),
        "search": plain(" ".join((spec.ref, spec.words, *spec.title.values()))),
        "anchor_start": start,
        "anchor_end": end,
    }
    what = named("action", spec.ref)
    update(loading, row, values, what)
    codes = {body.code: body.pk for body in plan.bodies.all()}
    _relate(loading, row.leads, [codes[code] for code in spec.lead], "lead", what)
    _relate(loading, row.partners, [codes[code] for code in spec.partners], "with", what)
    loading.wanted.append(Wanted(row, spec.terms, spec.line))


def _anchor(loading: Loading, spec: ActionSpec) -> tuple[int | None, int | None]:
    if not loading.plan.signed_text or not spec.words:
        return None, None
    found = find_words(loading.plan.signed_text, spec.words, spec.at)
    if isinstance(found, str):
        said = _("words of %(what)s: %(found)s")
        loading.error(spec.words_line, said, what=named("action", spec.ref), found=found)
        return None, None
    return found


def _link_superseders(loading: Loading) -> None:
    plan = loading.plan
    pending = [action for action in loading.spec.actions if action.terms["until"]]
    actions = {action.ref: action for action in Action.objects.filter(plan=plan)} if pending else {}
    for action in pending:
        # only ever added: earlier terms still hold for earlier days
        actions[action.ref].superseders.add(*(actions[ref] for ref in action.terms["until"]))
    links: dict[str, list[str]] = defaultdict(list)
    through = Action.superseders.through.objects.filter(from_action__plan=plan)
    for ref, other in through.values_list("from_action__ref", "to_action__ref") if pending else ():
        links[ref].append(other)
    for action in pending:
        if circle := find_circle(action.ref, links):
            way = " → ".join(circle)
            said = _(
                "until runs in a circle with earlier terms, which hold for earlier days: %(way)s"
            )
            loading.error(action.line, said, way=way)


def _vanished(loading: Loading) -> None:
    """What the file no longer names stays where it has entries; an action goes only with a reason."""
    plan, spec = loading.plan, loading.spec
    kept = {action.ref for action in spec.actions}
    for action in Action.objects.filter(plan=plan).exclude(ref__in=kept):
        remove(loading, action, named("action", action.ref))
    numbers = [commitment.number for commitment in spec.commitments]
    for commitment in plan.commitments.exclude(number__in=numbers):
        if not loading.spec.withdrawn:
            said = _("commitment %(number)s is missing: a commitment of a plan stays")
            loading.error(1, said, number=commitment.number)
    for aim in plan.aims.exclude(code__in=[aim.code for aim in spec.aims]):
        aim.delete()
        loading.change(_("%(what)s: removed"), what=named("aim", aim.code))
    for body in plan.bodies.exclude(code__in=[body.code for body in spec.bodies]):
        entries = Entry.objects.filter(plan=plan, words=body.code)
        if (
            body.memberships.exists()
            or body.leads.exists()
            or body.joins.exists()
            or entries.exists()
        ):
            said = _("body %(id)s is missing: accounts, entries or actions that are kept name it")
            loading.error(1, said, id=body.code)
        else:
            body.delete()
            loading.change(_("%(what)s: removed"), what=named("body", body.code))


def remove(loading: Loading, obligation: Obligation, what: str) -> None:
    latest = terms_of(obligation)
    if latest and latest.get("withdrawn"):
        return
    if not loading.spec.withdrawn:
        said = _('%(what)s is missing: nothing is deleted, so keep it and give it withdrawn = "…"')
        loading.error(1, said, what=what)
    elif latest:
        payload = {**latest, "withdrawn": loading.spec.withdrawn}
        loading.wanted.append(Wanted(obligation, payload, 1, removed=True))


def terms_of(obligation: Obligation) -> dict[str, Any] | None:
    """The latest terms of an obligation, without the day since which they count."""
    entry = Entry.objects.filter(obligation=obligation, kind="terms").order_by("-number").first()
    if entry is None:
        return None
    return {key: value for key, value in (entry.terms or {}).items() if key != "since"}


def finish(
    loading: Loading, *, content: bytes, now: datetime, by: int | None, at: datetime | None = None
) -> None:
    """Record the file and the terms that it changes, and compute the standings that follow.

    `at` is the moment at which it was loaded before, on another site; left out, it is now.
    """
    plan, spec = loading.plan, loading.spec
    sha256 = hashlib.sha256(content).hexdigest()
    latest = _latest_terms(plan)
    changed = [
        wanted for wanted in loading.wanted if _differs(wanted, latest.get(wanted.obligation.pk))
    ]
    for wanted in changed:
        _check_terms(loading, wanted, latest.get(wanted.obligation.pk))
    known = Entry.objects.filter(plan=plan, kind="plan").order_by("-number").first()
    if not loading.errors:
        keep(plan, content)
        Plan.objects.filter(pk=plan.pk).raise_version()
    if loading.errors or (known and known.words == sha256):
        return
    at = at or now
    today = register.civil_day(at, plan.timezone)
    drafts = [_plan_draft(spec, sha256, today, at)]
    drafts += [_terms_draft(spec, wanted, latest, today) for wanted in changed]
    entries = register.append(plan, drafts, by=by, now=now)
    PlanFile.objects.create(entry=entries[0], content=content)
    if loading.created:
        new = {"commitments": len(spec.commitments), "actions": len(spec.actions)}
        said = _(
            "new: commitments %(commitments)s, actions %(actions)s, instalments %(instalments)s"
        )
        loading.change(said, **new, instalments=len(changed) - len(spec.actions))
    for wanted in [] if loading.created else changed:
        loading.change(_("terms of %(what)s: recorded"), what=wanted.obligation)
    loading.change(_("the file: recorded with its SHA-256 %(sha256)s"), sha256=sha256)
    if changed or loading.moved:
        standings.recompute(plan, [*(wanted.obligation for wanted in changed), *loading.moved])


def keep(plan: Plan, content: bytes) -> int:
    """Keep the text of a file that was loaded before texts were kept; for how many entries."""
    entries = Entry.objects.filter(
        plan=plan, kind="plan", words=hashlib.sha256(content).hexdigest(), file=None
    )
    return len(
        PlanFile.objects.bulk_create(PlanFile(entry=entry, content=content) for entry in entries)
    )


def _latest_terms(plan: Plan) -> dict[int, dict[str, Any]]:
    entries = Entry.objects.filter(plan=plan, kind="terms").order_by("number")
    return {entry.obligation_id: entry.terms or {} for entry in entries if entry.obligation_id}


def _differs(wanted: Wanted, latest: dict[str, Any] | None) -> bool:
    return (
        latest is None
        or {key: value for key, value in latest.items() if key != "since"} != wanted.payload
    )


def _check_terms(loading: Loading, wanted: Wanted, before: dict[str, Any] | None) -> None:
    if loading.created or loading.spec.change or loading.spec.correction:
        return
    if before is None:
        loading.error(
            wanted.line,
            _("%(what)s is new in this plan: %(advice)s"),
            what=wanted.obligation,
            advice=ADVICE,
        )
        return
    settings = loading.spec.settings
    differing = sorted(
        key
        for key in wanted.payload
        if key not in settings and wanted.payload[key] != before.get(key)
    )
    if differing and (differing != ["withdrawn"] or not wanted.payload["withdrawn"]):
        said = _("terms of %(what)s differ from those recorded (%(names)s): %(advice)s")
        loading.error(
            wanted.line, said, what=wanted.obligation, names=", ".join(differing), advice=ADVICE
        )


def _plan_draft(spec: PlanSpec, sha256: str, today: date, now: datetime) -> Draft:
    return Draft(
        kind="plan",
        code=f"plan-{secrets.token_hex(12)}",
        effective=today.isoformat(),
        recorded_day=today,
        recorded_at=now,
        words=sha256,
        reason=spec.change or spec.correction or spec.withdrawn,
    )


def _terms_draft(
    spec: PlanSpec,
    wanted: Wanted,
    latest: Mapping[int, dict[str, Any]],
    today: date,
) -> Draft:
    """A plan's first terms and corrections are known and effective from adoption, a change from its
    loading.
    """
    obligation = wanted.obligation
    new_plan = not latest
    from_adoption = new_plan or bool(spec.correction)
    day = spec.adopted_on if from_adoption else today
    withdrawn = str(wanted.payload.get("withdrawn", ""))
    return Draft(
        kind="terms",
        code=f"terms-{secrets.token_hex(12)}",
        ref=obligation.ref,
        instalment=obligation.instalment or None,
        obligation=obligation,
        effective=day.isoformat(),
        recorded_day=day,
        terms={**wanted.payload, "since": None if from_adoption else today.isoformat()},
        reason=spec.change or spec.correction or withdrawn,
    )
