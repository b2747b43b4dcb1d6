"""Files on their way: from the form to the register, to whoever may read the entry, and out of the
folder again.
"""

import io
import os
import re
import secrets
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from PIL import Image
from pytest_django import Settings

from actionplan.models import User
from actionplan.plan_transfer import load
from commitments.evidence import file_types, storage
from commitments.models import Action, Entry, Evidence, Plan
from commitments.register import services
from commitments.register.hash_chain import hash_of
from tests import hostile
from tests.client import Client
from tests.factories import create_manager, create_viewer
from tests.plans import SMALL

TODAY = date(2015, 1, 12)
NOW = datetime(2015, 1, 12, 9, 30, tzinfo=UTC)
REPORT = {"kind": "progress", "day": "2015-01-12", "note": "Leaflets", "key": "k1", "seen": "0"}


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT, settings.ACTIONPLAN_TODAY = tmp_path, TODAY
    return tmp_path


@pytest.fixture
def signed_in(client: Client, official: User) -> Client:
    client.force_login(official)
    return client


def upload(content: bytes = hostile.PDF, name: str = "report.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def send(client: Client, *uploads: SimpleUploadedFile, ref: str = "4.4", **given: Any) -> Any:
    return client.post(f"/actions/{ref}/report/", {**REPORT, **given, "uploads": uploads})


def report(by: User, *files: Evidence, **given: Any) -> Entry:
    given = {
        "kind": "progress",
        "effective": "2015-01-12",
        "now": NOW,
        "key": secrets.token_hex(8),
        **given,
    }
    action = Action.objects.get(plan__slug="calais-2014", ref="4.4")
    return services.report(action=action, by=by, evidence=files, **given)


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def stored_after(file: Evidence) -> list[Path]:
    return [storage.path_of(file.id), storage.small_path_of(file.id)]


def downloaded(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def tokens(response: Any) -> list[str]:
    return re.findall(r'name="kept" value="([^"]+)"', response.content.decode()) or re.findall(
        r'value="([^"]+)"[^>]*name="kept"', response.content.decode()
    )


def verify(capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[int, str]:
    capsys.readouterr()
    try:
        call_command("verify_register", **options)
    except SystemExit as ended:
        return int(ended.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().out


# Recorded


def test_an_official_reports_with_a_photo_and_a_reader_downloads_it_without_its_place(
    calais: Plan, signed_in: Client, folder: Path
) -> None:
    assert send(signed_in, upload(hostile.photo(), "../Calais port.JPEG")).status_code == 302
    file = Evidence.objects.get()
    path = folder / "evidence" / file.id.hex[:2] / file.id.hex
    small = path.with_suffix(".small")
    assert (file.name, file.type, file.size) == ("Calais port.jpg", "jpg", path.stat().st_size)
    assert {*stored(folder)} == {path, small}
    assert [one.stat().st_mode & 0o777 for one in (path, small)] == [0o600, 0o600]
    signed_in.force_login(create_viewer(calais))
    assert b"Calais port.jpg" in signed_in.get("/actions/4.4/").content
    response = signed_in.get(f"/evidence/{file.id}/")
    content = downloaded(response)
    assert content == path.read_bytes()
    assert b"Secret" not in content
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


HEADERS = {
    "Content-Type": "image/jpeg",
    "Content-Disposition": 'attachment; filename="Calais port.jpg"',
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_picture_has_a_thumbnail_that_is_drawn_anew_where_it_is_missing(
    signed_in: Client, form: str
) -> None:
    send(signed_in, upload(hostile.photo(form, (1200, 600)), "upright"), upload())
    picture, document = Evidence.objects.all()
    address = f"/plans/calais-2014/evidence/{picture.id}/small/"
    page = signed_in.get("/actions/4.4/").content.decode()
    assert page.count('<img class="thumbnail"') == page.count(f'src="{address}"') == 1
    small = storage.small_path_of(picture.id)
    content = small.read_bytes()
    small.unlink()
    response = signed_in.get(address)
    assert downloaded(response) == content == small.read_bytes()
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    with Image.open(io.BytesIO(content)) as drawn:
        assert (drawn.format, drawn.size) == ("JPEG", (160, 320))
    assert signed_in.get(f"/evidence/{document.id}/small/", follow=True).status_code == 404


def test_a_thumbnail_goes_with_its_picture(official: User, folder: Path) -> None:
    picture = storage.store(upload(hostile.photo(), "port.jpg"))
    entry = report(official, picture)
    yesterday = time.time() - storage.ORPHAN_SECONDS - 60
    for path in stored(folder):
        os.utime(path, (yesterday, yesterday))
    assert storage.sweep() == 0
    assert len(stored(folder)) == 2
    storage.remove([entry.evidence.get().id])
    assert stored(folder) == []
    for path in stored_after(storage.store(upload(hostile.photo(), "port.jpg"))):
        os.utime(path, (yesterday, yesterday))
    assert storage.sweep() == 1
    assert stored(folder) == []


def test_the_hash_of_a_file_is_part_of_the_chain(
    calais: Plan, official: User, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = report(official, storage.store(upload()), storage.store(upload(hostile.CSV, "a.csv")))
    files = list(entry.evidence.all())
    assert len(files) == 2
    assert hash_of(entry, files) == entry.hash
    assert hash_of(entry) != entry.hash
    assert verify(capsys)[0] == 0
    with transaction.atomic():
        Evidence.objects.create(
            entry=entry, position=3, name="slipped in.pdf", type="pdf", size=1, sha256="0" * 64
        )
        assert f"entry {entry.number} ({entry.code}) does not match its hash\n" in verify(capsys)[1]
        transaction.set_rollback(True)


def test_a_form_sent_twice_is_one_entry_with_its_files_once(signed_in: Client) -> None:
    assert [send(signed_in, upload()).status_code for _ in range(2)] == [302, 302]
    assert (Entry.objects.filter(code="k1").count(), Evidence.objects.count()) == (1, 1)


def test_a_confidence_beside_a_report_carries_no_files(official: User) -> None:
    entry = report(official, storage.store(upload()), key="k", confidence="green")
    assert [file.entry for file in Evidence.objects.all()] == [entry]


def test_the_pages_ask_as_often_with_files_as_without(signed_in: Client, official: User) -> None:
    counts = []
    for _ in range(3):
        report(official, storage.store(upload()), storage.store(upload()))
        with CaptureQueriesContext(connection) as captured:
            assert signed_in.get("/actions/4.4/").status_code == 200
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_the_export_of_the_register_names_the_files(signed_in: Client, official: User) -> None:
    entry = report(official, storage.store(upload()), storage.store(upload(hostile.CSV, "=a.csv")))
    row = signed_in.get("/register/?ref=4.4&format=json").json()[0]
    one, two = entry.evidence.all()
    assert row["evidence"] == "report.pdf | =a.csv"
    assert row["evidence_sha256"] == f"{one.sha256} | {two.sha256}"
    assert row["evidence_url"].startswith(
        f"http://localhost:8000/plans/calais-2014/evidence/{one.id}/ | "
    )


def test_a_withdrawn_file_keeps_its_record(calais: Plan, signed_in: Client, official: User) -> None:
    entry = report(official, storage.store(upload()))
    services.annotate_entry(
        entry=entry, kind="withdrawn", by=official, now=NOW, key="w", reason="wrong file"
    )
    page = signed_in.get("/actions/4.4/").content.decode()
    assert re.search(r'<article class="record withdrawn".*?report\.pdf', page, re.DOTALL)
    response = signed_in.get(f"/evidence/{entry.evidence.get().id}/")
    assert (response.status_code, downloaded(response)) == (200, hostile.PDF)


# Kept while the form goes to and fro


def test_a_file_is_kept_through_a_preview_an_error_and_a_newer_entry(
    calais: Plan, signed_in: Client, folder: Path
) -> None:
    preview = send(signed_in, upload(), preview="1")
    assert (preview.status_code, Evidence.objects.count()) == (200, 0)
    kept = tokens(preview)
    assert b"report.pdf (" in preview.content
    wrong = send(signed_in, upload(hostile.CSV, "a.csv"), day="", kept=kept)
    kept = tokens(wrong)
    assert (wrong.status_code, len(kept)) == (422, 2)
    french = create_manager(calais, side="FR")
    report(french, note="Déjà vu")
    newer = send(signed_in, kept=kept)
    assert (newer.status_code, len(tokens(newer))) == (409, 2)
    assert send(signed_in, kept=tokens(newer), anyway="1").status_code == 302
    assert [file.name for file in Evidence.objects.all()] == ["report.pdf", "a.csv"]
    assert len(stored(folder)) == 2


def test_a_file_that_is_no_longer_marked_is_left_out(signed_in: Client) -> None:
    kept = tokens(send(signed_in, upload(), upload(hostile.CSV, "a.csv"), preview="1"))
    assert send(signed_in, kept=kept[1:]).status_code == 302
    assert Evidence.objects.get().name == "a.csv"


def test_a_token_is_good_for_its_author_its_plan_and_some_hours(
    calais: Plan, official: User
) -> None:
    file = storage.store(upload())
    token = storage.token(file, plan=calais, by=official.pk)
    assert [found.id for found in storage.drafts([token, token], plan=calais, by=official.pk)] == [
        file.id
    ]
    assert list(storage.drafts([token], plan=calais, by=official.pk + 1)) == []
    assert list(storage.drafts([token], plan=Plan(pk=0), by=official.pk)) == []
    for forged in ("", "x", token[:-1], token + "\0", "x" * 1_000_000):
        assert list(storage.drafts([forged], plan=calais, by=official.pk)) == []


def test_a_file_is_part_of_one_entry_only(signed_in: Client) -> None:
    kept = tokens(send(signed_in, upload(), preview="1"))
    assert send(signed_in, kept=kept).status_code == 302
    again = send(signed_in, kept=kept, key="k2", anyway="1")
    assert (again.status_code, Evidence.objects.count()) == (422, 1)
    assert b"A file is part of another entry already" in again.content


# Refused


@pytest.mark.parametrize(
    "name", ["svg", "html", "macros", "bomb of zeros", "bomb of a picture", "pdf and html"]
)
def test_what_could_hurt_comes_back_with_the_reason_and_the_text(
    signed_in: Client, folder: Path, name: str
) -> None:
    content, reason = hostile.REFUSED[name]
    response = send(signed_in, upload(content, "photo.png"))
    said = response.content.decode()
    assert (response.status_code, Entry.objects.filter(code="k1").exists(), stored(folder)) == (
        422,
        False,
        [],
    )
    assert "photo.png: " in said
    assert reason in said
    assert ">\nLeaflets</textarea>" in said


def test_an_empty_file_and_one_that_is_too_large_are_refused(
    signed_in: Client, folder: Path
) -> None:
    for content in (b"", hostile.PDF + b" " * file_types.LARGEST):
        assert send(signed_in, upload(content)).status_code == 422
    assert stored(folder) == []


def test_a_sixth_file_is_refused_and_five_are_kept(signed_in: Client) -> None:
    response = send(signed_in, *(upload() for _ in range(6)))
    assert (response.status_code, len(tokens(response))) == (422, 5)


def test_more_than_all_files_together_is_refused_before_it_is_read(signed_in: Client) -> None:
    response = signed_in.generic(
        "POST",
        "/actions/4.4/report/",
        b"x",
        "multipart/form-data; boundary=x",
        CONTENT_LENGTH=120_000_000,
    )
    assert response.status_code == 400
    assert b"larger than 100 MB together" in response.content


def test_files_of_somebody_who_is_not_signed_in_are_not_even_kept_for_a_moment(
    client: Client, calais: Plan
) -> None:
    response = send(client, upload())
    said = response.content.decode()
    assert (response.status_code, response.wsgi_request.FILES) == (401, {})
    assert "choose them again" in said
    assert "Leaflets</textarea>" in said


def test_a_folder_that_cannot_be_written_is_said_and_loses_no_text(
    signed_in: Client, settings: Settings
) -> None:
    settings.MEDIA_ROOT = Path("/proc/nowhere")
    response = send(signed_in, upload())
    assert response.status_code == 422
    assert b"could not be stored" in response.content


@pytest.mark.parametrize(
    "source",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.org/a",
        "https://",
        "https://a b",
        "https://gov.example@evil.example/",
        "https://[",
    ],
)
def test_a_link_leads_to_the_web_or_is_refused(signed_in: Client, source: str) -> None:
    response = send(signed_in, source=source)
    assert (response.status_code, Entry.objects.filter(code="k1").exists()) == (422, False)
    assert b"is no link to the web" in response.content


@pytest.mark.parametrize(
    "source", ["https://example.org/a?b=c", "http://intranet/1", "FOI:2014/5", "a letter: 5 May"]
)
def test_a_link_to_the_web_or_a_reference_is_taken(signed_in: Client, source: str) -> None:
    assert send(signed_in, source=source).status_code == 302
    assert Entry.objects.get(code="k1").text.source == source


# Required


def test_a_completion_needs_evidence_where_the_plan_says_so(
    calais: Plan, signed_in: Client
) -> None:
    Plan.objects.filter(pk=calais.pk).update(evidence_required=True)
    assert b"asks for evidence" in signed_in.get("/actions/1.1/report/").content
    done = {"kind": "completed", "ref": "1.1"}
    refused = send(signed_in, **done)
    assert refused.status_code == 422
    assert b'href="#id_source"' in refused.content
    assert b"give a link, a reference or a file" in refused.content
    assert send(signed_in, upload(), **done).status_code == 302
    assert send(signed_in, source="a letter", **done, key="k2", anyway="1").status_code == 302
    assert send(signed_in, ref="4.4", key="k3").status_code == 302


def test_the_service_asks_for_evidence_as_well(calais: Plan, official: User) -> None:
    Plan.objects.filter(pk=calais.pk).update(evidence_required=True)
    with pytest.raises(ValidationError, match="asks for evidence"):
        report(official, kind="completed")
    assert report(official, storage.store(upload()), kind="completed")


def test_the_service_takes_no_row_without_its_file(official: User) -> None:
    file = storage.store(upload())
    storage.path_of(file.id).unlink()
    with pytest.raises(ValidationError, match="no longer there"):
        report(official, file)


# Read by whoever may read the entry


def test_a_file_of_another_plan_or_of_nowhere_is_not_found(
    calais: Plan, client: Client, official: User
) -> None:
    file = report(official, storage.store(upload())).evidence.get()
    load.load_plan(SMALL.encode(), now=NOW)
    client.force_login(create_manager(Plan.objects.get(slug="small")))
    for path in (
        f"evidence/{file.id}/",
        f"plans/calais-2014/evidence/{file.id}/",
        f"plans/small/evidence/{file.id}/",
    ):
        assert client.get(f"/{path}").status_code == 404
    client.force_login(official)
    for path in (
        "evidence/00000000-0000-0000-0000-000000000000/",
        "evidence/1/",
        "evidence/../",
        "evidence/%00/",
    ):
        assert client.get(f"/{path}").status_code == 404
    assert client.get(f"/evidence/{file.id}/?on=2015-01-11").status_code == 404
    assert client.post(f"/evidence/{file.id}/").status_code == 405
    client.logout()
    assert client.get(f"/evidence/{file.id}/").status_code == 302


def test_a_file_that_is_lost_is_not_found(signed_in: Client, official: User) -> None:
    file = report(official, storage.store(upload())).evidence.get()
    storage.path_of(file.id).unlink()
    assert signed_in.get(f"/evidence/{file.id}/").status_code == 404


# Kept and swept


@pytest.mark.parametrize(
    "change", [{"name": "other.pdf"}, {"sha256": "0" * 64}, {"name": ""}, {"position": 2}]
)
def test_the_database_refuses_to_change_what_is_known_of_a_file(
    official: User, change: dict[str, Any]
) -> None:
    entry = report(official, storage.store(upload()))
    for act in (
        lambda: Evidence.objects.filter(entry=entry).update(**change),
        lambda: entry.evidence.get().delete(),
    ):
        with (
            pytest.raises(DatabaseError, match="the register is append-only"),
            transaction.atomic(),
        ):
            act()


def test_a_missing_and_an_altered_file_are_named_with_their_entries(
    official: User, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (report(official, storage.store(upload())) for _ in range(2))
    storage.path_of(first.evidence.get().id).unlink()
    storage.path_of(second.evidence.get().id).write_bytes(b"other")
    code, said = verify(capsys)
    assert (code, said.count("\n")) == (1, 2)
    assert f"calais-2014: file 1 of entry {first.number} ({first.code}) is missing" in said
    assert (
        f"calais-2014: file 1 of entry {second.number} ({second.code}) is not the one recorded"
        in said
    )
    assert verify(capsys, without_files=True)[0] == 0


def test_what_no_entry_carries_is_swept_after_a_day(official: User, folder: Path) -> None:
    kept = report(official, storage.store(upload())).evidence.get()
    old, new = storage.store(upload()), storage.store(upload())
    torn = storage.path_of(old.id).with_suffix(".part")
    torn.touch()
    yesterday = time.time() - storage.ORPHAN_SECONDS - 60
    for path in (storage.path_of(old.id), storage.path_of(kept.id), torn):
        os.utime(path, (yesterday, yesterday))
    out = io.StringIO()
    call_command("sweep_evidence", stdout=out)
    assert out.getvalue() == "2 files removed\n"
    assert {path.name for path in stored(folder)} == {kept.id.hex, new.id.hex}
    assert storage.sweep() == 0


def test_a_folder_that_is_not_there_yet_needs_no_sweep() -> None:
    assert storage.sweep() == 0
