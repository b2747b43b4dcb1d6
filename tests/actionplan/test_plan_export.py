"""A whole plan out of one site and into another: the same on every day, as known then and now."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from actionplan.local import samples
from actionplan.models import User
from actionplan.overview.status import status
from actionplan.plan_transfer import export, load, restore
from commitments.evidence import storage
from commitments.files.entries import load_entries
from commitments.files.errors import FileRefused
from commitments.models import Entry, EntryText, Evidence, Plan, PlanFile, Role, Standing
from commitments.register import entries as register
from commitments.register import hash_chain, standings
from tests import factories, spoilt_files
from tests.actionplan.test_status import by_the_rules
from tests.client import Client
from tests.factories import create_member
from tests.generated import actions, deadlines_again, registers
from tests.mutations import for_each_slip
from tests.plans import SMALL, toml

NOW = datetime(2016, 9, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 2, 3, 9, tzinfo=UTC)
FIRST, LAST = date(2014, 8, 1), date(2017, 7, 1)


STANDING_FIELDS = [
    field.attname
    for field in Standing._meta.concrete_fields
    if field.name not in ("id", "plan", "obligation", "commitment")
]
ENTRY_FIELDS = (
    "number",
    "kind",
    "ref",
    "instalment",
    "effective",
    "recorded_day",
    "recorded_at",
    "side",
    "when",
    "words",
    "quantity",
    "amount",
    "currency",
    "terms",
)
TEXT_FIELDS = ("reason", "note", "source", "decided_by")


@dataclass
class Answers:
    """What a site says of a plan: its standings, and the status on a day in so many."""

    standings: list[tuple[str, ...]]
    statuses: dict[tuple[date, bool], Any]


def answers_of(plan: Plan, step: int) -> Answers:
    standings = Standing.objects.filter(plan=plan).select_related("obligation")
    rows = [
        (str(row.obligation), *(str(getattr(row, name)) for name in STANDING_FIELDS))
        for row in standings
    ]
    statuses = {}
    day = FIRST
    while day <= LAST:
        for known_now in (False, True):
            known = None if known_now else day
            answer = by_the_rules(status(plan, day, known, today=NOW.date()))
            statuses[day, known_now] = answer | {"plan": ""}
        day += timedelta(days=step)
    return Answers(sorted(rows), statuses)


def export_whole(plan: Plan) -> bytes:
    file = io.BytesIO()
    assert export.export_plan(plan, file, now=NOW) == []
    return file.getvalue()


def content_of(plan: Plan) -> list[dict[str, Any]]:
    """The register, apart from what is new by nature: keys, hashes, salts, times of loading, ids of
    plan files; and without rights, which do not travel.
    """
    entries = Entry.objects.filter(plan=plan).exclude(kind="rights").order_by("number")
    entries = entries.select_related("to", "text")
    return [_content_of(entry) for entry in entries]


def _content_of(entry: Entry) -> dict[str, Any]:
    text = getattr(entry, "text", None) or EntryText()
    content = {name: getattr(entry, name) for name in ENTRY_FIELDS}
    content |= {name: getattr(text, name) for name in TEXT_FIELDS}
    content["code"] = "" if entry.kind in ("plan", "terms") else entry.code
    content["to"] = entry.to.number if entry.to else None
    return content


def import_plan(content: bytes, folder: Path) -> Plan:
    path = folder / "plan.zip"
    path.write_bytes(content)
    return restore.load_export(path, now=LATER)


def refused_message(content: bytes, folder: Path) -> str:
    with pytest.raises(FileRefused) as refused:
        import_plan(content, folder)
    return refused.value.errors[0].text


@dataclass
class Step:
    """A plan file, and the rows of entries that are recorded after it."""

    file: str
    rows: list[dict[str, str]]


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """A plan file and its later versions, with the rows of one register between them."""
    tree, rows = draw(registers())
    steps = [Step(toml(tree), rows)]
    for version in range(draw(st.integers(0, 2))):
        _change_plan(draw, tree, version)
        reason = draw(st.sampled_from(["change", "correction"]))
        latest = steps[-1].rows
        cut = draw(st.integers(0, len(latest)))
        steps[-1].rows = latest[:cut]
        steps.append(Step(f'{reason} = "version {version}"\n{toml(tree)}', latest[cut:]))
    return steps


def _change_plan(draw: st.DrawFn, tree: dict[str, Any], version: int) -> None:
    plan_actions = tree["commitments"][0]["actions"]
    action = draw(st.sampled_from(plan_actions))
    action["deadline"] = draw(deadlines_again([tree], action["ref"]))
    # what each side must do goes with neither periods nor steps
    action.pop("each", None)
    action["modality"] = draw(st.sampled_from(["firm", "soft", "optional"]))
    if draw(st.booleans()):
        plan_actions.append(draw(actions(f"2.{version}", {})))


@pytest.mark.slow
@given(histories(), st.integers(60, 90))
@hypothesis_settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_export_is_the_same_plan_on_every_day_elsewhere(
    db: None, tmp_path: Path, history: list[Step], step: int
) -> None:
    day = factories.ADOPTED
    with transaction.atomic():
        for version in history:
            plan = factories.create_plan(version.file, now=day)
            for row in version.rows:
                # under later terms some rows are not accepted, and then they are not there
                load_entries(plan, factories.entries_file([row]), now=NOW, by=None)
            day += timedelta(days=57)
        answers = answers_of(plan, step)
        register = content_of(plan)
        content = export_whole(plan)
        transaction.set_rollback(True)
    with transaction.atomic():
        copy = import_plan(content, tmp_path)
        assert answers_of(copy, step) == answers
        assert content_of(copy) == register
        assert list(hash_chain.verify_chain(copy)) == []
        assert standings.find_mismatches(copy) == []
        transaction.set_rollback(True)


def test_a_redacted_entry_travels_without_its_text(calais: Plan, tmp_path: Path) -> None:
    row = factories.entry_row(
        "2.5", "moved", "2014-12-01", to="../2015-03-31", reason="a name", words="both"
    )
    with transaction.atomic():
        manager = factories.create_manager(calais)
        factories.load_entries(calais, [row])
        moved = Entry.objects.get(plan=calais, kind="moved")
        administrator = factories.create_administrator()
        factories.redact_entry(moved, by=manager, agreed_by=administrator, now=NOW)
        answers = answers_of(calais, 150)
        register = content_of(calais)
        content = export_whole(calais)
        transaction.set_rollback(True)
    copy = import_plan(content, tmp_path)
    assert answers_of(copy, 150) == answers
    assert content_of(copy) == register
    assert list(hash_chain.verify_chain(copy)) == []


def test_questions_travel_with_their_days_answers_and_subjects(
    calais: Plan, tmp_path: Path
) -> None:
    with transaction.atomic():
        british = factories.create_manager(calais)
        french = factories.create_manager(calais, side="FR")
        started = factories.report_entry("4.4", by=british, kind="started", now=NOW)
        question = factories.ask_side("4.4", by=french, now=NOW, to=started, when="2016-10")
        factories.answer_question(question, by=british, now=NOW)
        factories.redact_entry(question, by=british, agreed_by=french, now=NOW)
        register = content_of(calais)
        content = export_whole(calais)
        transaction.set_rollback(True)
    copy = import_plan(content, tmp_path)
    assert content_of(copy) == register
    assert list(hash_chain.verify_chain(copy)) == []


def test_the_files_that_entries_carry_travel_too(
    calais: Plan, tmp_path: Path, settings: Settings
) -> None:
    settings.MEDIA_ROOT = tmp_path / "old"
    rows = "a,b\n1,2\n"
    with transaction.atomic():
        files = [
            storage.store(SimpleUploadedFile(name, rows.encode()))
            for name in ("one.csv", "two.csv")
        ]
        draft = register.Draft(
            kind="note", code="n", effective="2015-01-02", recorded_day=date(2015, 1, 2), ref="4.4"
        )
        draft.evidence = tuple(files)
        register.append(calais, [draft], by=None, now=NOW)
        content = export_whole(calais)
        transaction.set_rollback(True)
    settings.MEDIA_ROOT = tmp_path / "new"
    copy = import_plan(content, tmp_path)
    evidence = Evidence.objects.filter(entry__plan=copy).order_by("position")
    assert [(file.entry.code, file.name) for file in evidence] == [
        ("n", "one.csv"),
        ("n", "two.csv"),
    ]
    assert {storage.path_of(file.id).read_text() for file in evidence} == {rows}
    assert [*hash_chain.verify_chain(copy), *storage.verify_files(copy)] == []


@pytest.fixture
def sampled(calais: Plan, settings: Settings) -> Plan:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    samples.load_samples(calais)
    calais.refresh_from_db()
    return calais


@pytest.mark.slow
def test_the_samples_of_calais_travel_whole(
    sampled: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # in several parts, as a large register
    monkeypatch.setattr(export, "PART_SIZE", 4000)
    content = export_whole(sampled)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sum(name.startswith("entries/") for name in archive.namelist()) > 2
    with transaction.atomic():
        answers = answers_of(sampled, 40)
        register = content_of(sampled)
        copy = import_plan(rename_plan(content), tmp_path)
        assert answers_of(copy, 40) == answers
        # a plan file with another name is another file
        assert without_plan_files(content_of(copy)) == without_plan_files(register)
        assert copy.slug == "calais-copy"
        assert Plan.objects.get(pk=copy.pk).is_sample


def without_plan_files(register: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in register if entry["kind"] != "plan"]


def rename_plan(content: bytes) -> bytes:
    """The export as of a plan with another name, so that it can be loaded beside the first."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        manifest["plan"] = "calais-copy"
        for name in manifest["files"]:
            part = old.read(name).replace(b'slug = "calais-2014"', b'slug = "calais-copy"')
            manifest["files"][name] = hashlib.sha256(part).hexdigest()
            new.writestr(name, part)
        for step in manifest["steps"]:
            if step["kind"] == "plan":
                step["sha256"] = manifest["files"][step["file"]]
        new.writestr("manifest.json", json.dumps(manifest))
    return file.getvalue()


def test_an_export_names_no_account(sampled: Plan, client: Client) -> None:
    client.force_login(User.objects.get(email="official.gb@example.org"))
    form = {
        "key": "k1",
        "seen": "",
        "anyway": "1",
        "kind": "progress",
        "day": "2015-01-10",
        "note": "under way",
    }
    assert client.post("/actions/4.4/report/", form).status_code == 302
    with zipfile.ZipFile(io.BytesIO(export_whole(sampled))) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert all("example.org" not in part for part in parts.values())
    assert parts["posts.csv"] == "side,id,post\nGB,k1,Official of the Home Office\n"
    assert parts["entries/001.csv"].rstrip().endswith("under way,,,")


@pytest.mark.slow
def test_a_site_with_nothing_but_the_same_plan_file_takes_an_export(
    calais: Plan, tmp_path: Path
) -> None:
    with transaction.atomic():
        samples.load_samples(calais)
        content, before = export_whole(calais), answers_of(calais, 150)
        transaction.set_rollback(True)
    copy = import_plan(content, tmp_path)
    assert (copy.pk, answers_of(copy, 150)) == (calais.pk, before)
    assert "is on this site: " in refused_message(content, tmp_path)


def test_the_commands_write_and_read_an_export(
    calais: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.zip"
    call_command("export_plan", "calais-2014", str(path))
    assert capsys.readouterr().out.startswith(f"calais-2014: exported to {path}, ")
    with pytest.raises(SystemExit):
        call_command("export_plan", "calais-2014", str(path))
    assert "is there already: give another name" in capsys.readouterr().err
    call_command("load_plan_export", str(path))
    assert "calais-2014: " in capsys.readouterr().out


def test_a_plan_file_whose_text_was_not_kept_is_named_until_it_is(
    calais: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "small.toml").write_text(SMALL)
    load.load_plan(SMALL.encode(), now=NOW)
    plan = Plan.objects.get(slug="small")
    # as a plan that was loaded before texts were kept
    entry = Entry.objects.get(plan=plan, kind="plan")
    drafts = [
        register.Draft(
            kind="plan", code="old", effective="2016-09-01", recorded_day=NOW.date(), words="0" * 64
        )
    ]
    register.append(plan, drafts, by=None, now=NOW)
    file = io.BytesIO()
    (said,) = export.export_plan(plan, file, now=NOW)
    assert said.startswith("the plan file loaded on 2016-09-01 is not in it") and "0" * 64 in said
    (tmp_path / "part.zip").write_bytes(file.getvalue())
    with pytest.raises(SystemExit):
        call_command("load_plan", str(tmp_path / "small.toml"), keep=True)
    assert "no entry of its plan lacks this text" in capsys.readouterr().err
    assert bytes(PlanFile.objects.get(entry=entry).content) == SMALL.encode()


def spoilt(**parts: bytes | None) -> bytes:
    """The export of the small plan with some of its files replaced, or left out."""
    load.load_plan(SMALL.encode(), now=NOW)
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(export_whole(Plan.objects.get(slug="small")))) as old,
        zipfile.ZipFile(file, "w") as new,
    ):
        for name in old.namelist():
            part = parts.get(name, old.read(name)) if name in parts else old.read(name)
            if part is not None:
                new.writestr(name, part)
    return file.getvalue()


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"manifest.json": None}, "its manifest.json is missing or not of format 1"),
        ({"manifest.json": b"{}"}, "its manifest.json is missing or not of format 1"),
        ({"manifest.json": b"[" * 100_000}, "its manifest.json is missing or not of format 1"),
        (
            {"manifest.json": b'{"plan": "\\ud800"}'},
            "its manifest.json is missing or not of format 1",
        ),
        (
            {"plan/001.toml": None},
            "plan/001.toml is missing, too large or not the one in the manifest",
        ),
        (
            {"plan/001.toml": SMALL.encode() + b"\n"},
            "plan/001.toml is missing, too large or not the one",
        ),
    ],
)
def test_a_spoilt_export_is_refused_in_a_sentence(
    db: None, tmp_path: Path, parts: dict[str, bytes | None], said: str
) -> None:
    with transaction.atomic():
        content = spoilt(**parts)
        transaction.set_rollback(True)
    before = Entry.objects.count()
    assert said in refused_message(content, tmp_path)
    assert Entry.objects.count() == before


@pytest.mark.attacks
def test_a_spoilt_part_of_an_export_is_refused_with_errors_or_loaded_whole(
    calais: Plan, settings: Settings, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    settings.MEDIA_ROOT = tmp_path
    for_each_slip(pytestconfig, spoilt_files.EXPORT)


@pytest.mark.parametrize(
    ("name", "value"), [("size", -1), ("size", "many"), ("name", "n" * 121), ("type", ["csv"])]
)
def test_an_export_with_a_file_that_cannot_be_is_refused(name: str, value: object) -> None:
    file: dict[str, object] = {"entry": "n", "file": "evidence/1", "name": "one.csv"}
    file |= {"type": "csv", "size": 8, "sha256": "0" * 64, name: value}
    manifest = {"format": 1, "plan": "small", "steps": [], "files": {}, "evidence": [file]}
    with pytest.raises(ValueError, match="no file has"):
        restore.parse_manifest(json.dumps(manifest).encode())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK" + b"\0" * 200, "ünlesbar".encode()])
def test_what_is_no_zip_file_is_refused_in_a_sentence(
    db: None, tmp_path: Path, content: bytes
) -> None:
    assert refused_message(content, tmp_path).startswith("this is no ZIP file that can be read")


def test_an_export_of_later_than_today_is_refused(db: None, tmp_path: Path) -> None:
    with transaction.atomic():
        content = spoilt()
        transaction.set_rollback(True)
    path = tmp_path / "plan.zip"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refused:
        restore.load_export(path, now=NOW - timedelta(days=400))
    assert "which is after today on this site" in refused.value.errors[0].text


@pytest.mark.sqlite
def test_the_text_of_a_plan_file_is_neither_changed_nor_removed(calais: Plan) -> None:
    for write in (
        lambda: PlanFile.objects.update(content=b""),
        lambda: PlanFile.objects.all().delete(),
    ):
        with pytest.raises(Exception, match="append-only"), transaction.atomic():
            write()


@pytest.mark.parametrize(("role", "answer"), [("viewer", 403), ("official", 403), ("manager", 200)])
def test_managers_and_administrators_export_a_plan(
    calais: Plan, client: Client, role: str, answer: int
) -> None:
    client.force_login(create_member(calais, Role(role), side="" if role == "viewer" else "GB"))
    response = client.get("/register/export/")
    assert response.status_code == answer
    if answer == 200:
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            assert json.loads(archive.read("manifest.json"))["plan"] == "calais-2014"
