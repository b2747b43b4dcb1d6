"""A whole plan out of one site and into another: the same on every day, as known then and now."""

import hashlib
import io
import itertools
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from actionplan.local import samples
from actionplan.models import User
from actionplan.overview.status import status
from actionplan.plan_transfer import export, load, restore
from commitments.evidence import storage
from commitments.files import entries as entries_file
from commitments.files.errors import FileRefused
from commitments.models import Entry, EntryText, Evidence, Plan, PlanFile, Role, Standing
from commitments.register import entries as register
from commitments.register import hash_chain, services, standings
from tests.actionplan.test_status import without_jobs
from tests.generated import actions, deadlines, registers
from tests.people import account
from tests.plans import SMALL, toml

NOW = datetime(2016, 9, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 2, 3, 9, tzinfo=UTC)
FIRST, LAST = date(2014, 8, 1), date(2017, 7, 1)


def statuses(plan: Plan, step: int) -> tuple[list[Any], dict[Any, Any]]:
    """Every stretch of days that the pages look up, by both lenses, and what the status says on a
    day in so many.
    """
    names = [
        field.attname
        for field in Standing._meta.concrete_fields
        if field.name not in ("id", "plan", "obligation", "commitment")
    ]
    rows = Standing.objects.filter(plan=plan).select_related("obligation")
    stretches = sorted(
        (str(row.obligation), *(str(getattr(row, name)) for name in names)) for row in rows
    )
    days = itertools.takewhile(
        lambda day: day <= LAST, (FIRST + timedelta(days=n) for n in itertools.count(0, step))
    )
    return stretches, {
        (day, now): without_jobs(status(plan, day, None if now else day, today=NOW.date()))
        | {"plan": ""}
        for day in days
        for now in (False, True)
    }


def exported(plan: Plan) -> bytes:
    file = io.BytesIO()
    assert export.export_plan(plan, file, now=NOW) == []
    return file.getvalue()


def rows_of(plan: Plan) -> list[tuple[Any, ...]]:
    """The register, apart from what is new by nature: keys, hashes, salts, times of loading, ids of
    plan files.
    """
    found = []
    for entry in Entry.objects.filter(plan=plan).select_related("to", "text").order_by("number"):
        text = getattr(entry, "text", None) or EntryText()
        code = "" if entry.kind in ("plan", "terms") else entry.code
        names = (
            "number",
            "kind",
            "ref",
            "instalment",
            "effective",
            "recorded_day",
            "recorded_at",
            "side",
            "when",
        )
        found.append(
            (
                *(getattr(entry, name) for name in names),
                *(
                    code,
                    entry.to and entry.to.number,
                    entry.words,
                    entry.quantity,
                    entry.amount,
                    entry.currency,
                ),
                *(entry.terms, text.reason, text.note, text.source, text.decided_by),
            )
        )
    return found


def taken_in(content: bytes, folder: Path) -> Plan:
    path = folder / "plan.zip"
    path.write_bytes(content)
    return restore.load_export(path, now=LATER)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[bytes], list[list[dict[str, str]]]]:
    """A plan file and its later versions, and the rows that are recorded after each."""
    tree, rows = draw(registers())
    files, parts = [toml(tree).encode()], [rows]
    for version in range(draw(st.integers(0, 2))):
        cut = draw(st.integers(0, len(parts[-1])))
        parts[-1:] = [parts[-1][:cut], parts[-1][cut:]]
        made = tree["commitments"][0]["actions"]
        one = draw(st.sampled_from(made))
        one["deadline"] = draw(deadlines())
        one["modality"] = draw(st.sampled_from(["firm", "soft", "optional"]))
        if draw(st.booleans()):
            made.append(draw(actions(f"2.{version}", [])))
        reason = draw(st.sampled_from(["change", "correction"]))
        files.append(f'{reason} = "version {version}"\n{toml(tree)}'.encode())
    return files, parts


@given(histories(), st.integers(60, 90))
@hypothesis_settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_export_is_the_same_plan_on_every_day_elsewhere(
    db: None, tmp_path: Path, history: tuple[list[bytes], list[list[dict[str, str]]]], step: int
) -> None:
    day = datetime(2014, 9, 20, 9, tzinfo=UTC)
    with transaction.atomic():
        for content, rows in zip(*history, strict=True):
            load.load_plan(content, now=day)
            plan = Plan.objects.get(slug="made")
            for row in rows:
                # under later terms some rows are not accepted, and then they are not there
                lines = [",".join(row), ",".join(row.values())]
                entries_file.load_entries(plan, "\n".join(lines).encode(), now=NOW, by=None)
            day += timedelta(days=57)
        before, register_before, content = statuses(plan, step), rows_of(plan), exported(plan)
        transaction.set_rollback(True)
    with transaction.atomic():
        copy = taken_in(content, tmp_path)
        assert statuses(copy, step) == before
        assert rows_of(copy) == register_before
        assert list(hash_chain.verify_chain(copy)) == []
        assert standings.find_mismatches(copy) == []
        transaction.set_rollback(True)


def test_a_redacted_entry_travels_without_its_text(calais: Plan, tmp_path: Path) -> None:
    row = {
        "id": "m",
        "ref": "2.5",
        "kind": "moved",
        "effective": "2014-12-01",
        "recorded": "2014-12-01",
        "side": "GB",
    }
    row |= {"to": "../2015-03-31", "reason": "a name", "words": "both"}
    with transaction.atomic():
        lines = [",".join(row), ",".join(row.values())]
        assert (
            entries_file.load_entries(calais, "\n".join(lines).encode(), now=NOW, by=None).errors
            == []
        )
        moved = Entry.objects.get(plan=calais, code="m")
        by = account(calais, Role.MANAGER, "GB")
        services.redact(
            entry=moved, what="text", by=by, now=NOW, key="r", reason="a person was named"
        )
        before, entries, content = statuses(calais, 150), rows_of(calais), exported(calais)
        transaction.set_rollback(True)
    copy = taken_in(content, tmp_path)
    assert (statuses(copy, 150), rows_of(copy)) == (before, entries)
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
        content = exported(calais)
        transaction.set_rollback(True)
    settings.MEDIA_ROOT = tmp_path / "new"
    copy = taken_in(content, tmp_path)
    found = Evidence.objects.filter(entry__plan=copy)
    assert [(row.entry.code, row.name, storage.path_of(row.id).read_text()) for row in found] == [
        ("n", "one.csv", rows),
        ("n", "two.csv", rows),
    ]
    assert [*hash_chain.verify_chain(copy), *storage.broken(copy)] == []


@pytest.fixture
def sampled(calais: Plan, settings: Settings) -> Plan:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    samples.load_samples(calais)
    calais.refresh_from_db()
    return calais


def test_the_samples_of_calais_travel_whole(
    sampled: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # in several parts, as a large register
    monkeypatch.setattr(export, "PART_SIZE", 4000)
    content = exported(sampled)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sum(name.startswith("entries/") for name in archive.namelist()) > 2
    with transaction.atomic():
        before, entries = statuses(sampled, 40), rows_of(sampled)
        copy = taken_in(renamed(content), tmp_path)
        assert statuses(copy, 40) == before
        # a plan file with another name is another file
        assert [row for row in rows_of(copy) if row[1] != "plan"] == [
            row for row in entries if row[1] != "plan"
        ]
        assert copy.slug == "calais-copy"
        assert Plan.objects.get(pk=copy.pk).is_sample


def renamed(content: bytes) -> bytes:
    """The export as of a plan with another name, so that it can be loaded beside the first."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        text = old.read("manifest.json").decode()
        for name in old.namelist():
            part = old.read(name).replace(b'slug = "calais-2014"', b'slug = "calais-copy"')
            text = text.replace(
                hashlib.sha256(old.read(name)).hexdigest(), hashlib.sha256(part).hexdigest()
            )
            if name != "manifest.json":
                new.writestr(name, part)
        new.writestr(
            "manifest.json", text.replace('"plan": "calais-2014"', '"plan": "calais-copy"')
        )
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
    with zipfile.ZipFile(io.BytesIO(exported(sampled))) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert all("example.org" not in part for part in parts.values())
    assert parts["posts.csv"] == "id,post\nk1,Official of the Home Office\n"
    assert parts["entries/001.csv"].rstrip().endswith("under way,")


def test_a_site_with_nothing_but_the_same_plan_file_takes_an_export(
    calais: Plan, tmp_path: Path
) -> None:
    with transaction.atomic():
        samples.load_samples(calais)
        content, before = exported(calais), statuses(calais, 150)
        transaction.set_rollback(True)
    copy = taken_in(content, tmp_path)
    assert (copy.pk, statuses(copy, 150)) == (calais.pk, before)
    with pytest.raises(FileRefused) as refused:
        taken_in(content, tmp_path)
    assert "is on this site: " in refused.value.errors[0].text


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
        zipfile.ZipFile(io.BytesIO(exported(Plan.objects.get(slug="small")))) as old,
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
    with pytest.raises(FileRefused) as refused:
        taken_in(content, tmp_path)
    assert said in refused.value.errors[0].text
    assert Entry.objects.count() == before


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK" + b"\0" * 200, "ünlesbar".encode()])
def test_what_is_no_zip_file_is_refused_in_a_sentence(
    db: None, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(FileRefused) as refused:
        taken_in(content, tmp_path)
    assert refused.value.errors[0].text.startswith("this is no ZIP file that can be read")


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
    client.force_login(account(calais, Role(role), "" if role == "viewer" else "GB"))
    response = client.get("/register/export/")
    assert response.status_code == answer
    if answer == 200:
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            assert json.loads(archive.read("manifest.json"))["plan"] == "calais-2014"
