"""So many made-up attacks of each kind, on PostgreSQL and on SQLite: `python -m tests.attacks 50`.

An administrator of one side has the database without its triggers, the folder of evidence and the
site's key, and computes hashes and derived tables anew where that helps. Against them stand the
site's own verification, and the witness program of the other side, which ran just before. Each
attack is undone before the next. Honest days in between must raise no alarm.
"""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction

from actionplan.integrity.verify import Expected, verify_plan
from actionplan.local import samples
from actionplan.models import Checkpoint, JobRun, User, Verification, WitnessSignature
from actionplan.plan_transfer import load
from actionplan.witnesses import site_key
from commitments.evidence import storage
from commitments.models import Action, Entry, Evidence, Membership, Plan, Role
from commitments.register import flags, memberships
from commitments.register.entries import Draft, append
from tests import factories
from tests.attacks import insider, other_tables, tables
from tests.attacks.tables import Attempt, is_of_plan, numbered
from tests.factories import NOW
from tests.witness import Witness


@dataclass
class Register:
    """The sample register with everything that a register can hold, and a witness of each side."""

    plan: Plan
    british: User
    french: User
    administrator: User
    witnesses: dict[str, Witness]
    now: datetime = NOW

    def findings(self) -> list[str]:
        """What the verification of the site says, which knows the head of the last digest."""
        return [
            str(finding)
            for plan in Plan.objects.order_by("pk")
            for finding in verify_plan(plan, expected=self._kept(plan)).findings
        ]

    def _kept(self, plan: Plan) -> list[Expected]:
        kept = Verification.objects.filter(plan=plan)
        return [Expected(row.number, row.hash) for row in kept]

    def keep_head(self) -> None:
        """As the daily verification does."""
        for plan in Plan.objects.all():
            head = Entry.objects.filter(plan=plan).latest("number")
            defaults = {"number": head.number, "hash": head.hash, "at": NOW}
            Verification.objects.update_or_create(plan=plan, defaults=defaults)

    def run_witness(self, side: str, *options: str) -> list[str]:
        """What the witness of a side says instead of signing; nothing where it has signed."""
        witness = self.witnesses[side]
        return witness.said.splitlines() if witness.run(*options) else []


def make_register(plan: Plan, folder: Path) -> Register:
    """`plan` is the Calais plan without entries."""
    factories.create_plan()
    text = "\n".join(filter(None, (action.signed_words for action in plan_actions(plan))))
    load.load_plan(samples.PLAN_FILE.read_bytes(), now=NOW, signed_text=text)
    samples.load_samples(plan)
    british, french = (
        Membership.objects.filter(plan=plan, role=Role.MANAGER, side=side)[0].user
        for side in ("GB", "FR")
    )
    administrator = User.objects.get(email="administrator@example.org")
    for other in Plan.objects.all():
        # where nobody ever had rights, there is nothing to compare with
        factories.create_viewer(other)
        memberships.record_differences(other, NOW)
    witnesses = {
        side: Witness(plan, manager, folder / side, name=f"{side.lower()}-witness")
        for side, manager in (("GB", british), ("FR", french))
    }
    register = Register(plan, british, french, administrator, witnesses)
    other_tables.fill(plan, british)
    for act in HONEST_ACTS:
        with transaction.atomic():
            act(register, Random(1))
    # the job has seen all of it, so no flag can tell of an earlier state of the register
    for days in (2, 11):
        register.now = NOW + timedelta(days=days)
        run_flag_job(plan, register.now.date())
    register.keep_head()
    for side in witnesses:
        assert register.run_witness(side) == []
    return register


def plan_actions(plan: Plan) -> models.QuerySet[Action]:
    return Action.objects.filter(plan=plan).order_by("pk")


def run_flag_job(plan: Plan, day: date) -> None:
    flags.bring_up_to(Plan.objects.get(pk=plan.pk), day)
    run = {"started": NOW, "finished": NOW, "outcome": JobRun.Outcome.SUCCEEDED}
    JobRun.objects.update_or_create(plan=plan, job="flag_overdue", day=day, defaults=run)


# Honest days


def report_with_file(register: Register, chance: Random) -> None:
    content = f"a,{chance.random()}".encode()
    file = storage.store(factories.uploaded_file(content))
    factories.report_entry(
        "4.4", by=register.british, note="Seen.", evidence=[file], now=register.now
    )


def report_and_withdraw(register: Register, chance: Random) -> None:
    entry = factories.report_entry("5.3", by=register.british, note="Too early.", now=register.now)
    factories.annotate_entry(entry, by=register.british, kind="withdrawn", now=register.now)


def move_deadline(register: Register, chance: Random) -> None:
    factories.decide_action(
        "4.4", by=register.british, kind="moved", when="2015-06", now=register.now
    )


def confirm_or_dispute(register: Register, chance: Random) -> None:
    entries = Entry.objects.filter(plan=register.plan, kind="completed", side="GB")
    kind = chance.choice(["confirmed", "disputed"])
    factories.annotate_entry(
        chance.choice(list(entries)), by=register.french, kind=kind, now=register.now
    )


def meet(register: Register, chance: Random) -> None:
    factories.record_meeting(
        "Steering committee", "2015-01-12", by=register.french, now=register.now
    )


def ask_and_answer(register: Register, chance: Random) -> None:
    question = factories.ask_side(by=register.french, now=register.now)
    factories.answer_question(question, by=register.british, now=register.now)


def pay(register: Register, chance: Random) -> None:
    amount = str(chance.randint(1, 9))
    factories.record_payment(by=register.british, amount=amount, now=register.now)


def redact_by_two(register: Register, chance: Random) -> None:
    entry = factories.report_entry("5.3", by=register.british, note="A name.", now=register.now)
    factories.redact_entry(
        entry, by=register.british, agreed_by=register.administrator, now=register.now
    )


def hide_at_once(register: Register, chance: Random) -> None:
    entry = factories.report_entry(
        "5.3", by=register.british, note="Another name.", now=register.now
    )
    factories.ask_for_redaction(entry, by=register.administrator, hide=True, now=register.now)


def give_and_end_rights(register: Register, chance: Random) -> None:
    account, by, plan = factories.create_user().pk, register.administrator.pk, register.plan
    memberships.set_rights(plan, account, role="viewer", side="FR", by=by, now=register.now)
    if chance.random() < 0.5:
        memberships.set_rights(plan, account, role="", by=by, now=register.now)


def load_changed_plan(register: Register, chance: Random) -> None:
    text = samples.PLAN_FILE.read_text()
    days = chance.randint(20, 90)
    changed = text.replace("stale_days = 30", f"stale_days = {days}")
    key = chance.choice(["change", "correction"])
    changed = f'{key} = "Agreed in London."\n{changed}'
    load.load_plan(changed.encode(), now=register.now, by=register.administrator.pk)


def judge_the_day(register: Register, chance: Random) -> None:
    run_flag_job(register.plan, register.now.date())


def rotate_key(register: Register, chance: Random) -> None:
    site_key.rotate(register.now)


Act = Callable[[Register, Random], None]
HONEST_ACTS: list[Act] = [
    report_with_file,
    report_and_withdraw,
    move_deadline,
    confirm_or_dispute,
    meet,
    ask_and_answer,
    pay,
    redact_by_two,
    hide_at_once,
    give_and_end_rights,
    load_changed_plan,
    judge_the_day,
    rotate_key,
]


def live_honestly(register: Register, chance: Random) -> None:
    """What the rules refuse, such as a second answer, is not done."""
    for act in chance.choices(HONEST_ACTS, k=chance.randint(1, 6)):
        with suppress(PermissionDenied, ValidationError), transaction.atomic():
            act(register, chance)


# Attacks


Attack = Callable[[Register, Random], Attempt]


def pick_number(register: Register, chance: Random) -> int:
    """Of an entry that somebody reported, and that has another behind it."""
    entries = Entry.objects.filter(plan=register.plan).without_plan_entries().order_by("number")
    numbers = list(entries.values_list("number", flat=True))
    return chance.choice(numbers[:-1])


def cover_traces(register: Register) -> None:
    """Nothing that the site keeps itself shall tell: no hash, no head, no checkpoint."""
    insider.compute_hashes_anew(register.plan)
    Verification.objects.all().delete()
    WitnessSignature.objects.all().delete()
    Checkpoint.objects.all().delete()


def rewrite_entry(register: Register, chance: Random) -> Attempt:
    number = pick_number(register, chance)
    columns: dict[str, Any] = chance.choice(
        [{"effective": "2015-01-01"}, {"side": "XX"}, {"ref": "1.1"}, {"by": None}, {"words": "no"}]
    )
    columns = {**columns, "loaded_at": NOW - timedelta(days=chance.randint(1, 99))}
    insider.change(register.plan, number, **columns)
    cover_traces(register)
    return Attempt(f"entry {number} rewritten: {columns}", numbered(number))


def rewrite_text(register: Register, chance: Random) -> Attempt:
    texts = Entry.objects.filter(plan=register.plan, text__note__gt="")
    number = chance.choice(list(texts.values_list("number", flat=True)))
    insider.rewrite_note(register.plan, number, "Never happened.")
    cover_traces(register)
    return Attempt(f"text of entry {number} rewritten with its digest", numbered(number))


def take_out_and_close_up(register: Register, chance: Random) -> Attempt:
    number = pick_number(register, chance)
    insider.remove(register.plan, number)
    cover_traces(register)
    return Attempt(f"entry {number} taken out", numbered(number))


def put_in_between(register: Register, chance: Random) -> Attempt:
    number = pick_number(register, chance)
    draft = Draft(
        kind="note",
        code=f"forged-{number}",
        ref="4.4",
        obligation=plan_actions(register.plan).get(ref="4.4"),
        side="FR",
        note="Agreed.",
        effective="2014-12-01",
        recorded_at=register.now,
        recorded_day=register.now.date(),
    )
    (entry,) = append(register.plan, [draft], by=register.french.pk, now=register.now)
    insider.move_to(register.plan, entry, number)
    cover_traces(register)
    return Attempt(f"an entry put in as {number}", numbered(number))


def swap_two(register: Register, chance: Random) -> Attempt:
    first = pick_number(register, chance)
    insider.swap(register.plan, first, first + 1)
    cover_traces(register)
    return Attempt(f"entries {first} and {first + 1} swapped", numbered(first))


def cut_off_end(register: Register, chance: Random) -> Attempt:
    last = Entry.objects.filter(plan=register.plan).latest("number").number
    number = last + 1 - chance.randint(1, 9)
    insider.remove(register.plan, *range(number, last + 1))
    cover_traces(register)
    return Attempt(f"entries from {number} on cut off", numbered(number))


def roll_back_and_go_on(register: Register, chance: Random) -> Attempt:
    """An older backup restored, and as many entries recorded since as make the register longer."""
    attempt = cut_off_end(register, chance)
    for number in range(12):
        factories.report_entry("5.3", by=register.british, note=f"since {number}", now=register.now)
    return Attempt(attempt.what.replace("cut off", "replaced by later ones"), attempt.names)


def alter_file(register: Register, chance: Random) -> Attempt:
    kept = Evidence.objects.filter(entry__plan=register.plan).exclude(name="")
    file = chance.choice(list(kept.select_related("entry").order_by("pk")))
    path = storage.path_of(file.id)
    if chance.random() < 0.5:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[::-1] + b" ")
    return Attempt(f"file of entry {file.entry.number} altered", numbered(file.entry.number))


def show_each_side_its_own(register: Register, chance: Random) -> Attempt:
    """Each witness signs what it is shown; the two see it when they lay their notes side by side."""
    number = Entry.objects.filter(plan=register.plan).latest("number").number + 1
    for side in ("GB", "FR"):
        with undone():
            for count in range(chance.randint(1, 3)):
                factories.report_entry(
                    "5.3", by=register.british, note=f"for {side} {count}", now=register.now
                )
            assert register.run_witness(side) == []
    return Attempt(f"another entry {number} for each side", numbered(number))


def edit_plan_value(register: Register, chance: Random) -> Attempt:
    return tables.edit_random_value([one for one in tables.filled() if is_of_plan(one)], chance)


def edit_other_value(register: Register, chance: Random) -> Attempt:
    return tables.edit_random_value([one for one in tables.filled() if not is_of_plan(one)], chance)


def take_out_row(register: Register, chance: Random) -> Attempt:
    return tables.remove_row(
        chance.choice([one for one in tables.filled() if is_of_plan(one)]), chance
    )


def put_in_row(register: Register, chance: Random) -> Attempt:
    models_of_plan = [model for model in tables.filled() if is_of_plan(model)]
    while True:
        attempt = tables.add_row(chance.choice(models_of_plan), chance)
        if attempt:
            return attempt


# What the verification of the site is asked about first, and the witness then; and what is beyond
# the site, since its insider computes everything anew.
ON_TABLES: dict[str, Attack] = {
    "a value in a table of the plan": edit_plan_value,
    "a value in another table": edit_other_value,
    "a row taken out of a table of the plan": take_out_row,
    "a row put into a table of the plan": put_in_row,
    "a file of an entry on the disk": alter_file,
}
ON_THE_CHAIN: dict[str, Attack] = {
    "an entry rewritten, and all behind it": rewrite_entry,
    "a text rewritten, and all behind it": rewrite_text,
    "an entry taken out, and closed up": take_out_and_close_up,
    "an entry put in between": put_in_between,
    "two entries in another order": swap_two,
    "the end cut off": cut_off_end,
    "an older state, and other entries since": roll_back_and_go_on,
}
BETWEEN_SIDES = "two registers for two sides"


# Running them


@dataclass
class Row:
    tried: int = 0
    by_site: int = 0
    by_witness: int = 0
    # of what integrity.md says that nothing names it
    not_covered: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    rows: dict[str, Row] = field(default_factory=lambda: defaultdict(Row))
    clean_runs: int = 0
    false_alarms: list[str] = field(default_factory=list)
    # columns that can hold no other value
    never_attacked: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.false_alarms and not any(row.missed for row in self.rows.values())

    def lines(self) -> Iterator[str]:
        yield "named by                                     tried     site  witness  nothing   MISSED"
        for kind, row in self.rows.items():
            nothing = sum(row.not_covered.values())
            counts = (row.tried, row.by_site, row.by_witness, nothing, len(row.missed))
            yield f"{kind:<41}" + "".join(f"{count:>9}" for count in counts)
            for column, count in sorted(row.not_covered.items()):
                yield f"    nothing names {column} ({count})"
            yield from (f"    MISSED {what}" for what in row.missed)
        if self.never_attacked:
            yield f"never attacked: {', '.join(self.never_attacked)}"
        yield f"{self.clean_runs} honest days, {len(self.false_alarms)} false alarms"
        yield from (f"    {what}" for what in self.false_alarms)


@contextmanager
def undone() -> Iterator[None]:
    """What is done to the database is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def folders_restored(*folders: Path) -> Iterator[None]:
    """What is done to the folders of witnesses and evidence is undone as well."""
    copies = [(folder, folder.with_name(f"{folder.name}.before")) for folder in folders]
    for folder, copy in copies:
        shutil.copytree(folder, copy)
    yield
    for folder, copy in copies:
        shutil.rmtree(folder)
        copy.rename(folder)


def run_seeds(register: Register, count: int, *, first: int) -> Outcome:
    """So many attacks of each kind, and as many honest days."""
    outcome = Outcome()
    attacks = ON_TABLES | ON_THE_CHAIN | {BETWEEN_SIDES: show_each_side_its_own}
    for seed in range(first, first + count):
        for kind, attack in attacks.items():
            with changes_undone(register):
                with insider.without_triggers():
                    attempt = attack(register, Random(f"{kind} {seed}"))
                judge_attempt(register, kind, attempt, outcome.rows[kind])
        with changes_undone(register):
            live_honestly(register, Random(seed))
            options = ["--new"] if seed % 2 else []
            alarms = [*register.findings(), *register.run_witness("FR", *options)]
            outcome.clean_runs += 1
            outcome.false_alarms += [f"seed {seed}: {alarm}" for alarm in alarms]
    return outcome


def walk_tables(register: Register, outcome: Outcome, *, first: int) -> None:
    """Each column of each table once, and a row of each table taken out and put in."""
    for kind, where, alter in tables.walk():
        with undone():
            with insider.without_triggers():
                attempt = alter(Random(f"{where} {first}"))
            if attempt is None:
                outcome.never_attacked.append(where)
            else:
                judge_by_site(attempt, register.findings(), outcome.rows[kind])


def judge_by_site(attempt: Attempt, alarms: list[str], row: Row) -> None:
    row.tried += 1
    if attempt.is_named_in(alarms):
        row.by_site += 1
    elif attempt.is_covered:
        row.missed.append(f"{attempt.what}: {alarms[-3:]}")
    else:
        row.not_covered[attempt.what.partition(" ")[0]] += 1


@contextmanager
def changes_undone(register: Register) -> Iterator[None]:
    folders = [witness.folder for witness in register.witnesses.values()]
    key_folder = settings.CHECKPOINT_KEY.parent
    with folders_restored(*folders, key_folder, storage.folder()), undone():
        yield


def judge_attempt(register: Register, kind: str, attempt: Attempt, row: Row) -> None:
    if kind in ON_TABLES:
        judge_by_site(attempt, register.findings(), row)
        return
    row.tried += 1
    alarms: list[str] = []
    if kind == BETWEEN_SIDES:
        alarms += compare_witnesses(register)
    else:
        alarms += register.run_witness("FR")
    if attempt.is_named_in(alarms):
        row.by_witness += 1
    else:
        row.missed.append(f"{attempt.what}: {alarms[-3:]}")


def compare_witnesses(register: Register) -> list[str]:
    """What two administrations see that lay the files of their witnesses side by side."""
    seen = [
        (witness.folder / "seen.txt").read_text().split() for witness in register.witnesses.values()
    ]
    pairs = enumerate(zip(*seen, strict=False), start=1)
    differing = (number for number, (one, other) in pairs if one != other)
    return [f"entry {number} is another one for each side" for number in differing][:1]
