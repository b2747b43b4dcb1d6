"""A plan file that was read becomes rows and terms.

What a file may change freely is updated. The terms of what was promised are entries of the register:
they are only added, and for that the file gives a reason.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from django.db import models
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commitments.files.deadline_schema import Json
from commitments.files.errors import FileReport
from commitments.files.plan_schema import (
    ActionSpec,
    PlanSpec,
    WordsNotFound,
    find_circles,
    find_words,
    waits_for,
)
from commitments.files.toml_table import Table, make_label
from commitments.models import (
    Action,
    Commitment,
    Entry,
    Obligation,
    Plan,
    PlanFile,
    SignedText,
    Standing,
)
from commitments.register import entries as register
from commitments.register import search_index, standings
from commitments.register.entries import Draft
from commitments.register.hash_chain import signed_text_digest
from commitments.register.histories import latest_terms, terms_of_first_action
from commitments.register.opening import find_opening
from commitments.register.recorded_terms import (
    Payload,
    RecordedTerms,
    TermsEntry,
    alterations,
    differing_terms,
)
from commitments.register.signed_texts import recorded_digest, recorded_text
from commitments.rules.terms import AlteredTerms
from commitments.text import plain

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import ManyRelatedManager

M = TypeVar("M", bound=models.Model)
Through = TypeVar("Through", bound=models.Model)

ADVICE = gettext_lazy(
    "move a deadline in the register instead, or give the file a reason at its top level: "
    'change = "…" (counts from today, or from the day that from gives) or correction = "…" (a mistake in the file, '
    "counts from when the mistaken value did)"
)
# what the plan's row takes from the file as it is
PLAN_FIELDS = (
    "title",
    "summary",
    "adopted_on",
    "until",
    "place",
    "timezone",
    "sides",
    "languages",
    "lead_days",
    "grace_days",
    "stale_days",
    "year_basis",
    "calendar",
    "evidence_required",
    "public",
    "public_questions",
    "clearance",
)
# those of them that are terms
TERM_FIELDS = (
    "timezone",
    "year_basis",
    "calendar",
    "sides",
    "adopted_on",
    "until",
    "lead_days",
    "grace_days",
    "stale_days",
)
# the settings of the plan by the names that they have among the terms of an action, and those of
# them that are among the terms of an instalment, by theirs
SETTINGS_OF_ACTION = {
    name: name
    for name in (
        "adopted_on",
        "lead_days",
        "grace_days",
        "stale_days",
        "year_basis",
        "countries",
        "plan_until",
        "calendar",
    )
}
SETTINGS_OF_INSTALMENT = {
    "lead_days": "lead_days",
    "countries": "sides",
    "plan_until": "plan_until",
}
PLAN_WIDE_TERMS = (*SETTINGS_OF_ACTION, *SETTINGS_OF_INSTALMENT.values())
# columns that repeat what is said elsewhere, in a form that the list can use
DERIVED_FIELDS = ("parties", "search")


@dataclass
class StatedTerms:
    """The terms that the file gives an obligation, and the line on which it does."""

    obligation: Obligation
    payload: Json
    line: int

    @property
    def settings(self) -> Mapping[str, str]:
        """The names that the plan's settings have among its terms."""
        return SETTINGS_OF_INSTALMENT if self.obligation.instalment else SETTINGS_OF_ACTION


@dataclass(kw_only=True)
class PlanLoad(FileReport):
    """One plan file on its way into the database: what it changes, and what speaks against it."""

    spec: PlanSpec
    plan: Plan
    is_new: bool
    # of each ref and instalment, as they were before
    latest_terms: Mapping[tuple[str, int | None], Payload]
    # of one action that the plan has had from the start
    terms_of_first_action: Sequence[TermsEntry] = ()
    # SHA-256 of the signed text before, and whether the register has kept that text
    signed_text_before: str = ""
    is_signed_text_kept: bool = True
    changes: list[str] = field(default_factory=list)
    terms: list[StatedTerms] = field(default_factory=list)

    @property
    def has_reason(self) -> bool:
        return bool(self.spec.change or self.spec.correction)

    def terms_before(self, obligation: Obligation) -> Payload:
        """Empty for a new one."""
        return self.latest_terms.get((obligation.ref, obligation.instalment or None), {})

    def add_change(self, text: str, /, **values: object) -> None:
        """`values` fill the named places of the text."""
        self.changes.append(text % values)


def start_load(spec: PlanSpec, signed_text: str | None) -> PlanLoad:
    """Lock the plan's row and bring it up to date; to be called inside a transaction."""
    slug = spec.row.slug
    existing = Plan.objects.select_for_update().filter(slug=slug).first()
    plan = existing or Plan(slug=slug)
    latest = latest_terms(Entry.objects.filter(plan__slug=slug))
    load = PlanLoad(spec=spec, plan=plan, is_new=existing is None, latest_terms=latest)
    if existing:
        load.terms_of_first_action = terms_of_first_action(plan)
        _check_settings(load)
        _check_sides(load)
        recorded = recorded_digest(plan)
        load.is_signed_text_kept = recorded is not None
        load.signed_text_before = (
            signed_text_digest(plan.signed_text) if recorded is None else recorded
        )
        if recorded is not None and signed_text is None:
            # what the register has, whatever stands in the table
            signed_text = recorded_text(plan)
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
        if not field.primary_key and field.name not in (*key, *search_index.COLUMNS)
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


def remove_row(load: PlanLoad, row: models.Model, label: str) -> None:
    row.delete()
    load.add_change(_("%(what)s: removed"), what=label)


def _save_relation(
    load: PlanLoad,
    related: "ManyRelatedManager[M, Through]",
    rows: Iterable[M],
    name: str,
    label: str,
) -> None:
    wanted = set(rows)
    if wanted == set(related.all()):
        return
    related.set(wanted)
    if not load.is_new:
        load.add_change(_("%(key)s of %(what)s: changed"), key=name, what=label)


def load_commitments(load: PlanLoad) -> None:
    """Bodies, aims, commitments and actions."""
    plan = load.plan
    for body in load.spec.bodies:
        save_row(load, body, make_label("body", body), plan=plan, code=body.code)
    for aim in load.spec.aims:
        save_row(load, aim, make_label("aim", aim), plan=plan, code=aim.code)
    _refuse_other_spelling(load)
    complete_actions(load.spec, "")
    for spec in load.spec.commitments:
        label = make_label("commitment", spec.row.number)
        commitment = save_row(load, spec.row, label, plan=plan, number=spec.row.number)
        aims = plan.aims.filter(code__in=spec.aims)
        _save_relation(load, commitment.aims, aims, "aims", label)
        for action in spec.actions:
            _load_action(load, commitment, action)
    _link_awaited_actions(load)
    # what the file names no longer is refused, withdrawn with a reason, or deleted if unused
    _withdraw_missing_actions(load)
    _refuse_missing_commitments(load)
    _delete_missing_aims(load)
    _delete_missing_bodies(load)
    search_index.index_actions(Action.objects.filter(plan=plan))


def _refuse_other_spelling(load: PlanLoad) -> None:
    """Letter case distinguishes nothing, so numbers and refs keep the letters that they have."""
    numbers = _by_small_letters(load.plan.commitments.values_list("number", flat=True))
    for spec in load.spec.commitments:
        spec.row.number = _keep_spelling(load, spec.table, "number", spec.row.number, numbers)
    refs = _by_small_letters(load.plan.obligations.values_list("ref", flat=True))
    for action in load.spec.actions:
        _keep_spelling(load, action.table, "ref", action.row.ref, refs)


def _by_small_letters(names: Iterable[str]) -> dict[str, str]:
    return {name.casefold(): name for name in names}


def _keep_spelling(
    load: PlanLoad, table: Table, key: str, name: str, spelled: Mapping[str, str]
) -> str:
    """The name as the plan has spelled it until now; another spelling is an error."""
    before = spelled.get(name.casefold(), name)
    if before != name:
        text = _("%(what)s is spelled %(before)s in this plan: keep its letters as they are")
        load.add_error(table.line_of(key), text, what=table.label, before=before)
    return before


def complete_actions(spec: PlanSpec, signed_text: str) -> None:
    """What rows of actions say beside their own tables: their order, how lists find them, and with
    a signed text where their words stand in it.
    """
    for position, action in enumerate(spec.actions):
        row = action.row
        row.position = position
        row.parties = " ".join(sorted({*action.leads, *action.partners}))
        row.search = plain(" ".join((row.ref, row.signed_words, *row.title.values())))
        with suppress(WordsNotFound):
            anchor_words(action, signed_text)


def anchor_words(spec: ActionSpec, signed_text: str) -> None:
    """Note where the action's words stand in the signed text, as far as both are given; raises
    WordsNotFound.
    """
    row = spec.row
    if signed_text and row.signed_words:
        match = find_words(signed_text, row.signed_words, spec.at)
        row.anchor_start, row.anchor_end = match.span()


def _load_action(load: PlanLoad, commitment: Commitment, spec: ActionSpec) -> None:
    row = spec.row
    row.commitment = commitment
    label = make_label("action", row)
    _anchor_words(load, spec, label)
    action = save_row(load, row, label, plan=load.plan, ref=row.ref)
    bodies = load.plan.bodies
    _save_relation(load, action.leads, bodies.filter(code__in=spec.leads), "lead", label)
    _save_relation(load, action.partners, bodies.filter(code__in=spec.partners), "with", label)
    load.terms.append(StatedTerms(action, spec.terms, spec.table.line))


def _anchor_words(load: PlanLoad, spec: ActionSpec, label: str) -> None:
    try:
        anchor_words(spec, load.plan.signed_text)
    except WordsNotFound as error:
        text = _("words of %(what)s: %(found)s")
        load.add_error(spec.table.line_of("words"), text, what=label, found=error)


def _link_awaited_actions(load: PlanLoad) -> None:
    """Note which actions each one depends on, so that they are judged again together."""
    pending = [spec for spec in load.spec.actions if waits_for(spec)]
    if not pending:
        return
    actions = {action.ref: action for action in Action.objects.filter(plan=load.plan)}
    for spec in pending:
        # only ever added: earlier terms still hold for earlier days
        actions[spec.row.ref].superseders.add(*(actions[ref] for ref in waits_for(spec)))
    text = _("%(key)s runs in a circle with earlier terms, which hold for earlier days: %(way)s")
    links: defaultdict[str, list[str]] = defaultdict(list)
    rows = Action.superseders.through.objects.filter(from_action__plan=load.plan)
    for ref, superseder in rows.values_list("from_action__ref", "to_action__ref"):
        links[ref].append(superseder)
    circles = find_circles(links)
    for spec in pending:
        way = circles.get(spec.row.ref)
        if way:
            key = "until" if spec.until else "of"
            load.add_error(spec.table.line, text, key=key, way=" → ".join(way))


def _withdraw_missing_actions(load: PlanLoad) -> None:
    refs = [spec.row.ref for spec in load.spec.actions]
    for action in Action.objects.filter(plan=load.plan).exclude(ref__in=refs):
        withdraw_obligation(load, action, make_label("action", action))


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
        remove_row(load, aim, make_label("aim", aim))


def _delete_missing_bodies(load: PlanLoad) -> None:
    codes = [body.code for body in load.spec.bodies]
    for body in load.plan.bodies.exclude(code__in=codes):
        entries = Entry.objects.filter(plan=load.plan, words=body.code)
        uses = (body.memberships, body.leads, body.joins, entries)
        if any(rows.exists() for rows in uses):
            text = _(
                "organisation %(id)s is missing: accounts, entries or actions that are kept name it"
            )
            load.add_error(1, text, id=body.code)
        else:
            remove_row(load, body, make_label("body", body))


def withdraw_obligation(load: PlanLoad, obligation: Obligation, label: str) -> None:
    """Withdraw what the file no longer names, if the file gives a reason; nothing is deleted."""
    latest = load.terms_before(obligation)
    if latest and (latest.get("withdrawn") or load.spec.withdrawn):
        load.terms.append(withdrawn_terms(load, obligation))
    elif not load.spec.withdrawn:
        text = _('%(what)s is missing: nothing is deleted, so keep it and give it withdrawn = "…"')
        load.add_error(1, text, what=label)


def withdrawn_terms(load: PlanLoad, obligation: Obligation) -> StatedTerms:
    """Those of an obligation that the file does not name: the plan's settings go on to hold for it."""
    latest = load.terms_before(obligation)
    terms = StatedTerms(obligation, {}, 1)
    settings = {own: load.spec.settings.get(name) for name, own in terms.settings.items()}
    reason = latest.get("withdrawn") or load.spec.withdrawn
    terms.payload = {**latest, **settings, "withdrawn": reason}
    return terms


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
    moment = loaded_at or now
    today = register.civil_day(moment, plan.timezone)
    days = find_days_of_change(load, today)
    changed = [terms for terms in load.terms if is_altered(load, terms)]
    for terms in changed:
        _check_terms(load, terms)
    if load.errors:
        return
    Plan.objects.filter(pk=plan.pk).raise_version()
    keep_file_text(plan, content)
    sha256 = hashlib.sha256(content).hexdigest()
    signed_text = signed_text_digest(plan.signed_text)
    is_same_text = signed_text == load.signed_text_before
    if is_same_text and _is_latest_file(plan, sha256):
        return
    file_draft = _draft_file(load.spec, sha256, moment, days)
    file_draft.terms = {"signed_text": signed_text}
    drafts = [file_draft, *(draft_terms(load, terms, days) for terms in changed)]
    file_entry, *_terms_entries = register.append(plan, drafts, by=by, now=now)
    PlanFile.objects.create(entry=file_entry, content=content)
    if signed_text and not (is_same_text and load.is_signed_text_kept):
        SignedText.objects.create(entry=file_entry, content=plan.signed_text)
    _describe_changes(load, changed, sha256)
    standings.link(plan, [terms.obligation for terms in changed])
    affected = [*(terms.obligation for terms in changed), *_find_moved(plan)]
    if affected:
        standings.recompute(plan, affected)


@dataclass(frozen=True)
class DaysOfChange:
    """From when what the file changes counts, and from when it is known; `stated_recorded` is what
    the file of an open plan says of that, which decides nothing.
    """

    effective: date
    recorded: date
    stated_recorded: date | None = None


def find_days_of_change(load: PlanLoad, today: date) -> DaysOfChange:
    """Today, unless the file gives other days; errors are left in the load."""
    spec = load.spec
    effective = spec.change_from or today
    recorded = spec.change_recorded or today
    text = _("%(key)s of the file is %(day)s: it must be a day from %(first)s to %(last)s")
    adopted_on = spec.row.adopted_on
    for key, day, first in (
        ("from", spec.change_from, adopted_on),
        ("recorded", spec.change_recorded, effective),
    ):
        if day is not None and not first <= day <= today:
            line = spec.file.line_of((key,))
            load.add_error(line, text, key=key, day=day, first=first, last=today)
    if spec.change_recorded and find_opening(load.plan):
        return DaysOfChange(effective, today, stated_recorded=recorded)
    return DaysOfChange(effective, recorded)


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


def is_altered(load: PlanLoad, terms: StatedTerms) -> bool:
    before = load.terms_before(terms.obligation)
    return not before or bool(alterations(before, terms.payload))


def _check_terms(load: PlanLoad, terms: StatedTerms) -> None:
    """Terms of a plan that is loaded already change only for a reason, or by being withdrawn."""
    before = load.terms_before(terms.obligation)
    if load.is_new or load.has_reason:
        return
    if not before:
        text = _("%(what)s is new in this plan: %(advice)s")
        load.add_error(terms.line, text, what=terms.obligation, advice=ADVICE)
        return
    # settings are asked about once, for the whole plan
    names = sorted(differing_terms(before, terms.payload).keys() - PLAN_WIDE_TERMS)
    only_withdrawn = names == ["withdrawn"] and terms.payload["withdrawn"]
    if names and not only_withdrawn:
        text = _("terms of %(what)s differ from those recorded (%(names)s): %(advice)s")
        load.add_error(
            terms.line, text, what=terms.obligation, names=", ".join(names), advice=ADVICE
        )


def _draft_file(spec: PlanSpec, sha256: str, moment: datetime, days: DaysOfChange) -> Draft:
    today = register.civil_day(moment, spec.row.timezone)
    stated = days.stated_recorded
    return Draft(
        kind="plan",
        code=f"plan-{secrets.token_hex(12)}",
        effective=today.isoformat(),
        recorded_day=today,
        recorded_at=moment,
        stated_recorded=stated.isoformat() if stated else None,
        words=sha256,
        reason=spec.change or spec.correction or spec.withdrawn,
    )


def draft_terms(load: PlanLoad, terms: StatedTerms, days: DaysOfChange) -> Draft:
    """The first terms of an obligation, or what the file alters of them."""
    spec = load.spec
    before = load.terms_before(terms.obligation)
    if before:
        content = alterations(before, terms.payload, is_correction=bool(spec.correction))
        counts_from_adoption = "altered" not in content
    else:
        # a plan's first terms, and what a correction adds
        counts_from_adoption = bool(spec.correction) or not load.latest_terms
        since = None if counts_from_adoption else days.effective.isoformat()
        content = {**first_terms(load, terms, days), "since": since}
    adopted_on = spec.row.adopted_on
    return Draft(
        kind="terms",
        code=f"terms-{secrets.token_hex(12)}",
        ref=terms.obligation.ref,
        instalment=terms.obligation.instalment or None,
        obligation=terms.obligation,
        effective=(adopted_on if counts_from_adoption else days.effective).isoformat(),
        recorded_day=adopted_on if counts_from_adoption else days.recorded,
        terms=content,
        reason=spec.change or spec.correction or str(terms.payload.get("withdrawn", "")),
    )


def first_terms(load: PlanLoad, terms: StatedTerms, days: DaysOfChange) -> Json:
    """The terms of a new obligation. Each setting of the plan holds for it on the days on which it
    holds for the others.
    """
    settings = settings_over_time(load, days)
    if not settings:
        return terms.payload
    signed, *later = (_under_own_names(altered, terms.settings) for altered in settings)
    content = {
        name: value for name, value in terms.payload.items() if name not in terms.settings.values()
    }
    content |= signed.values
    changes = [
        [altered.since.isoformat(), altered.known.isoformat(), altered.values]
        for altered in later
        if altered.values
    ]
    if changes:
        content["settings"] = changes
    return content


def _under_own_names(altered: AlteredTerms, names: Mapping[str, str]) -> AlteredTerms:
    values = {own: altered.values[name] for name, own in names.items() if name in altered.values}
    return replace(altered, values=values)


def settings_over_time(load: PlanLoad, days: DaysOfChange) -> list[AlteredTerms]:
    """What each plan file altered of the plan's settings, this one the last."""
    recorded = RecordedTerms(load.terms_of_first_action)
    if not recorded.latest:
        return []
    stated = {name: load.spec.settings.get(name) for name in SETTINGS_OF_ACTION}
    before = {name: recorded.latest.get(name) for name in SETTINGS_OF_ACTION}
    altered = alterations(before, stated, is_correction=bool(load.spec.correction))
    recorded.read(TermsEntry(altered, days.effective, days.recorded))
    return recorded.altered


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
