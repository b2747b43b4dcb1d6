"""A plan file that was read becomes rows and terms.

What a file may change freely is updated. The terms of what was promised are entries of the register:
they are only added, and for that the file gives a reason.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import models
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.files.errors import FileReport
from commitments.files.plan_schema import (
    ActionSpec,
    Json,
    PlanSpec,
    WordsNotFound,
    find_circles,
    find_words,
)
from commitments.files.toml_table import make_label
from commitments.models import Action, Commitment, Entry, Obligation, Plan, PlanFile, Standing
from commitments.register import entries as register
from commitments.register import standings
from commitments.register.entries import Draft
from commitments.text import plain

M = TypeVar("M", bound=models.Model)

ADVICE = gettext_lazy(
    "move a deadline in the register instead, or give the file a reason at its top level: "
    'change = "…" (counts from today) or correction = "…" (a mistake in the file, counts from adoption)'
)
# what the plan's row takes from the file as it is
PLAN_FIELDS = (
    "title",
    "summary",
    "adopted_on",
    "place",
    "timezone",
    "sides",
    "languages",
    "lead_days",
    "grace_days",
    "stale_days",
    "year_basis",
    "evidence_required",
    "public",
)
# those of them that are terms
TERM_FIELDS = (
    "timezone",
    "year_basis",
    "sides",
    "adopted_on",
    "lead_days",
    "grace_days",
    "stale_days",
)
# columns that repeat what is said elsewhere, in a form that the list can use
DERIVED_FIELDS = ("parties", "search")


@dataclass
class StatedTerms:
    """The terms that the file gives an obligation, and the line on which it does."""

    obligation: Obligation
    payload: Json
    line: int


@dataclass(kw_only=True)
class PlanLoad(FileReport):
    """One plan file on its way into the database: what it changes, and what speaks against it."""

    spec: PlanSpec
    plan: Plan
    is_new: bool
    # of each obligation, as they were before
    latest_terms: Mapping[int, Json]
    changes: list[str] = field(default_factory=list)
    terms: list[StatedTerms] = field(default_factory=list)

    @property
    def has_reason(self) -> bool:
        return bool(self.spec.change or self.spec.correction)

    def terms_before(self, terms: StatedTerms) -> Json | None:
        return self.latest_terms.get(terms.obligation.pk)

    def add_change(self, text: str, /, **values: object) -> None:
        """`values` fill the named places of the text."""
        self.changes.append(text % values)


def start_load(spec: PlanSpec, signed_text: str | None) -> PlanLoad:
    """Lock the plan's row and bring it up to date; to be called inside a transaction."""
    slug = spec.row.slug
    existing = Plan.objects.select_for_update().filter(slug=slug).first()
    plan = existing or Plan(slug=slug)
    load = PlanLoad(spec=spec, plan=plan, is_new=existing is None, latest_terms=_latest_terms(slug))
    if existing:
        _check_settings(load)
        _check_sides(load)
    values = {name: getattr(spec.row, name) for name in PLAN_FIELDS}
    if signed_text is not None:
        values["signed_text"] = signed_text
    _update_row(load, plan, values, _("the plan"))
    return load


def _check_settings(load: PlanLoad) -> None:
    """Settings that are terms need a reason: asked for here, and not again for each action."""
    if load.has_reason:
        return
    for name in TERM_FIELDS:
        before = getattr(load.plan, name)
        if before != getattr(load.spec.row, name):
            text = _("%(key)s of the plan is a term and was %(before)s: %(advice)s")
            line = load.spec.file.line_of(("plan", name))
            load.add_error(line, text, key=name, before=before, advice=ADVICE)


def _check_sides(load: PlanLoad) -> None:
    entries = Entry.objects.filter(plan=load.plan).exclude(side="")
    for side in entries.values_list("side", flat=True).distinct():
        if side not in load.spec.row.sides:
            text = _("sides of the plan must keep %(side)s: the register has entries of that side")
            load.add_error(load.spec.file.line_of(("plan", "sides")), text, side=side)


def save_row(load: PlanLoad, row: M, label: str, **key: object) -> M:
    """Bring the stored row with this key up to date with a row of the file; returns the stored."""
    model = type(row)
    stored = model._default_manager.filter(**key).first() or model(**key)
    values = {
        field.attname: getattr(row, field.attname)
        for field in model._meta.concrete_fields
        if field.name not in key and not field.primary_key
    }
    _update_row(load, stored, values, label)
    return stored


def _update_row(
    load: PlanLoad, row: models.Model, values: Mapping[str, object], label: str
) -> None:
    """Save the row where it is new or a value differs, and note that as a change of the plan."""
    is_new = row.pk is None
    differing = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differing:
        setattr(row, name, values[name])
    if is_new or differing:
        row.save()
    stated = [name for name in differing if name not in DERIVED_FIELDS]
    # of a new plan it is enough to say that the plan is new
    if is_new and (row is load.plan or not load.is_new):
        load.add_change(_("%(what)s: new"), what=label)
    elif stated and not is_new:
        load.add_change(_("%(what)s: %(names)s"), what=label, names=", ".join(stated))


def _save_relation(
    load: PlanLoad, manager: Any, rows: Iterable[models.Model], name: str, label: str
) -> None:
    wanted = set(rows)
    if wanted == set(manager.all()):
        return
    manager.set(wanted)
    if not load.is_new:
        load.add_change(_("%(key)s of %(what)s: changed"), key=name, what=label)


def load_commitments(load: PlanLoad) -> None:
    """Bodies, aims, commitments and actions."""
    plan = load.plan
    for body in load.spec.bodies:
        save_row(load, body, make_label("body", body.code), plan=plan, code=body.code)
    for aim in load.spec.aims:
        save_row(load, aim, make_label("aim", aim.code), plan=plan, code=aim.code)
    for position, action in enumerate(load.spec.actions):
        action.row.position = position
    for spec in load.spec.commitments:
        label = make_label("commitment", spec.row.number)
        commitment = save_row(load, spec.row, label, plan=plan, number=spec.row.number)
        aims = plan.aims.filter(code__in=spec.aims)
        _save_relation(load, commitment.aims, aims, "aims", label)
        for action in spec.actions:
            _load_action(load, commitment, action)
    _link_superseders(load)
    # what the file names no longer is refused, withdrawn with a reason, or deleted if unused
    _withdraw_missing_actions(load)
    _refuse_missing_commitments(load)
    _delete_missing_aims(load)
    _delete_missing_bodies(load)


def _load_action(load: PlanLoad, commitment: Commitment, spec: ActionSpec) -> None:
    row = spec.row
    row.commitment = commitment
    row.parties = " ".join(sorted({*spec.leads, *spec.partners}))
    row.search = plain(" ".join((row.ref, row.signed_words, *row.title.values())))
    label = make_label("action", row.ref)
    _anchor_words(load, spec, label)
    action = save_row(load, row, label, plan=load.plan, ref=row.ref)
    bodies = load.plan.bodies
    _save_relation(load, action.leads, bodies.filter(code__in=spec.leads), "lead", label)
    _save_relation(load, action.partners, bodies.filter(code__in=spec.partners), "with", label)
    load.terms.append(StatedTerms(action, spec.terms, spec.table.line))


def _anchor_words(load: PlanLoad, spec: ActionSpec, label: str) -> None:
    """Note where the action's words stand in the signed text, as far as both are given."""
    row = spec.row
    if not load.plan.signed_text or not row.signed_words:
        return
    try:
        match = find_words(load.plan.signed_text, row.signed_words, spec.at)
    except WordsNotFound as error:
        text = _("words of %(what)s: %(found)s")
        load.add_error(spec.table.line_of("words"), text, what=label, found=error)
    else:
        row.anchor_start, row.anchor_end = match.span()


def _link_superseders(load: PlanLoad) -> None:
    pending = [spec for spec in load.spec.actions if spec.until]
    if not pending:
        return
    actions = {action.ref: action for action in Action.objects.filter(plan=load.plan)}
    for spec in pending:
        # only ever added: earlier terms still hold for earlier days
        actions[spec.row.ref].superseders.add(*(actions[ref] for ref in spec.until))
    text = _("until runs in a circle with earlier terms, which hold for earlier days: %(way)s")
    links: defaultdict[str, list[str]] = defaultdict(list)
    rows = Action.superseders.through.objects.filter(from_action__plan=load.plan)
    for ref, superseder in rows.values_list("from_action__ref", "to_action__ref"):
        links[ref].append(superseder)
    circles = find_circles(links)
    for spec in pending:
        way = circles.get(spec.row.ref)
        if way:
            load.add_error(spec.table.line, text, way=" → ".join(way))


def _withdraw_missing_actions(load: PlanLoad) -> None:
    refs = [spec.row.ref for spec in load.spec.actions]
    for action in Action.objects.filter(plan=load.plan).exclude(ref__in=refs):
        withdraw_obligation(load, action, make_label("action", action.ref))


def _refuse_missing_commitments(load: PlanLoad) -> None:
    if load.spec.withdrawn:
        return
    numbers = [spec.row.number for spec in load.spec.commitments]
    for commitment in load.plan.commitments.exclude(number__in=numbers):
        text = _("commitment %(number)s is missing: a commitment of a plan stays")
        load.add_error(1, text, number=commitment.number)


def _delete_missing_aims(load: PlanLoad) -> None:
    codes = [aim.code for aim in load.spec.aims]
    for aim in load.plan.aims.exclude(code__in=codes):
        aim.delete()
        load.add_change(_("%(what)s: removed"), what=make_label("aim", aim.code))


def _delete_missing_bodies(load: PlanLoad) -> None:
    codes = [body.code for body in load.spec.bodies]
    for body in load.plan.bodies.exclude(code__in=codes):
        entries = Entry.objects.filter(plan=load.plan, words=body.code)
        uses = (body.memberships, body.leads, body.joins, entries)
        if any(rows.exists() for rows in uses):
            text = _("body %(id)s is missing: accounts, entries or actions that are kept name it")
            load.add_error(1, text, id=body.code)
        else:
            body.delete()
            load.add_change(_("%(what)s: removed"), what=make_label("body", body.code))


def withdraw_obligation(load: PlanLoad, obligation: Obligation, label: str) -> None:
    """Withdraw what the file no longer names, if the file gives a reason; nothing is deleted."""
    latest = load.latest_terms.get(obligation.pk, {})
    if latest.get("withdrawn"):
        return
    if not load.spec.withdrawn:
        text = _('%(what)s is missing: nothing is deleted, so keep it and give it withdrawn = "…"')
        load.add_error(1, text, what=label)
    elif latest:
        payload = {**latest, "withdrawn": load.spec.withdrawn}
        load.terms.append(StatedTerms(obligation, payload, 1))


def record_terms(
    load: PlanLoad,
    *,
    content: bytes,
    now: datetime,
    by: int | None,
    loaded_at: datetime | None = None,
) -> None:
    """Record the file and the terms that it changes, and recompute the standings that follow.

    `loaded_at` is the moment at which the file was loaded before, on another site.
    """
    plan = load.plan
    changed = [terms for terms in load.terms if terms.payload != load.terms_before(terms)]
    for terms in changed:
        _check_terms(load, terms)
    if load.errors:
        return
    Plan.objects.filter(pk=plan.pk).raise_version()
    keep_file_text(plan, content)
    sha256 = hashlib.sha256(content).hexdigest()
    if _is_latest_file(plan, sha256):
        return
    moment = loaded_at or now
    today = register.civil_day(moment, plan.timezone)
    # a plan's first terms, and corrections, count from adoption
    since = None if load.spec.correction or not load.latest_terms else today
    drafts = [_draft_terms(load.spec, terms, since) for terms in changed]
    drafts.insert(0, _draft_file(load.spec, sha256, today, moment))
    file_entry, *_terms_entries = register.append(plan, drafts, by=by, now=now)
    PlanFile.objects.create(entry=file_entry, content=content)
    _describe_changes(load, changed, sha256)
    affected = [*(terms.obligation for terms in changed), *_find_moved(plan)]
    if affected:
        standings.recompute(plan, affected)


def _find_moved(plan: Plan) -> QuerySet[Obligation]:
    """The actions that are now in another commitment than the one that their standings name."""
    outdated = Standing.objects.actions().filter(plan=plan)
    outdated = outdated.exclude(commitment=F("obligation__commitment"))
    return Obligation.objects.filter(pk__in=outdated.values("obligation"))


def keep_file_text(plan: Plan, content: bytes) -> int:
    """Keep the text of a file that was loaded before texts were kept; returns for how many
    entries.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    entries = Entry.objects.filter(plan=plan, kind="plan", words=sha256, file=None)
    texts = [PlanFile(entry=entry, content=content) for entry in entries]
    return len(PlanFile.objects.bulk_create(texts))


def _is_latest_file(plan: Plan, sha256: str) -> bool:
    entry = Entry.objects.filter(plan=plan, kind="plan").order_by("-number").first()
    return entry is not None and entry.words == sha256


def _latest_terms(slug: str) -> dict[int, Json]:
    """As a file states them, without the day since which they count."""
    latest: dict[int, Json] = {}
    entries = Entry.objects.filter(plan__slug=slug, kind="terms").order_by("number")
    for obligation, terms in entries.values_list("obligation_id", "terms"):
        latest[obligation] = {key: value for key, value in terms.items() if key != "since"}
    return latest


def _check_terms(load: PlanLoad, terms: StatedTerms) -> None:
    """Terms of a plan that is loaded already change only for a reason, or by being withdrawn."""
    before = load.terms_before(terms)
    if load.is_new or load.has_reason:
        return
    if before is None:
        text = _("%(what)s is new in this plan: %(advice)s")
        load.add_error(terms.line, text, what=terms.obligation, advice=ADVICE)
        return
    # settings are asked about once, for the whole plan
    names = sorted(
        name
        for name, value in terms.payload.items()
        if name not in load.spec.settings and value != before.get(name)
    )
    only_withdrawn = names == ["withdrawn"] and terms.payload["withdrawn"]
    if names and not only_withdrawn:
        text = _("terms of %(what)s differ from those recorded (%(names)s): %(advice)s")
        load.add_error(
            terms.line, text, what=terms.obligation, names=", ".join(names), advice=ADVICE
        )


def _draft_file(spec: PlanSpec, sha256: str, today: date, moment: datetime) -> Draft:
    return Draft(
        kind="plan",
        code=f"plan-{secrets.token_hex(12)}",
        effective=today.isoformat(),
        recorded_day=today,
        recorded_at=moment,
        words=sha256,
        reason=spec.change or spec.correction or spec.withdrawn,
    )


def _draft_terms(spec: PlanSpec, terms: StatedTerms, since: date | None) -> Draft:
    """Terms that are known and effective since a day, or from adoption."""
    day = since or spec.row.adopted_on
    return Draft(
        kind="terms",
        code=f"terms-{secrets.token_hex(12)}",
        ref=terms.obligation.ref,
        instalment=terms.obligation.instalment or None,
        obligation=terms.obligation,
        effective=day.isoformat(),
        recorded_day=day,
        terms={**terms.payload, "since": since and since.isoformat()},
        reason=spec.change or spec.correction or str(terms.payload.get("withdrawn", "")),
    )


def _describe_changes(load: PlanLoad, changed: list[StatedTerms], sha256: str) -> None:
    if load.is_new:
        actions = len(load.spec.actions)
        load.add_change(
            _("new: commitments %(commitments)s, actions %(actions)s, instalments %(instalments)s"),
            commitments=len(load.spec.commitments),
            actions=actions,
            instalments=len(changed) - actions,
        )
    else:
        for terms in changed:
            load.add_change(_("terms of %(what)s: recorded"), what=terms.obligation)
    load.add_change(_("the file: recorded with its SHA-256 %(sha256)s"), sha256=sha256)
