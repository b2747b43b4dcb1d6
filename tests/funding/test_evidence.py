"""Files with a payment, a refund or spending: the same road as with a report, from the form to
every file.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from commitments.models import Entry, Evidence, Plan
from tests import hostile
from tests.client import Client
from tests.commitments.test_evidence import downloaded, tokens
from tests.factories import create_manager, create_viewer

pytestmark = pytest.mark.sqlite
MONEY = {
    "amount": "1000000",
    "currency": "EUR",
    "day": "2015-01-10",
    "note": "First part",
    "key": "k",
    "seen": "0",
}
KINDS = {
    "paid": ("/fund/pay/1.2/", {"kind": "paid", "instalment": "1"}),
    "refunded": ("/fund/pay/1.2/", {"kind": "refunded", "instalment": "1"}),
    "spent": ("/fund/spend/intervention/", {"purpose": "security", "ref": "1.3"}),
}


@pytest.fixture
def manager(calais: Plan, settings: Settings, client: Client, tmp_path: Path) -> Client:
    settings.MEDIA_ROOT, settings.ACTIONPLAN_TODAY = tmp_path, date(2015, 1, 12)
    client.force_login(create_manager(calais))
    return client


def send(client: Client, kind: str, content: bytes = b"", **given: Any) -> Any:
    address, fields = KINDS[kind]
    if content:
        given["uploads"] = [SimpleUploadedFile("transfer.pdf", content)]
    return client.post(address, {**MONEY, **fields, **given})


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_goes_with_money_through_preview_and_error_to_every_page_and_export(
    calais: Plan, manager: Client, kind: str
) -> None:
    assert b'enctype="multipart/form-data"' in manager.get(KINDS[kind][0]).content
    kept = tokens(send(manager, kind, hostile.PDF, preview="1"))
    kept = tokens(send(manager, kind, kept=kept, amount="ten"))
    assert send(manager, kind, kept=kept, source="transfer order 7").status_code == 302
    entry = Entry.objects.get(code="k")
    file = Evidence.objects.get()
    assert (file.entry, file.name, entry.kind) == (entry, "transfer.pdf", kind)
    reader = Client()
    reader.force_login(create_viewer(calais))
    assert downloaded(reader.get(f"/evidence/{file.id}/")) == hostile.PDF
    pages = [
        f"/register/{entry.number}/",
        "/register/",
        "/actions/1.3/" if kind == "spent" else "/fund/",
    ]
    assert [path for path in pages if b"transfer.pdf" not in reader.get(path).content] == []
    listed = "spending" if kind == "spent" else "payments"
    for path in (f"/fund/?list={listed}&format=json", f"/register/?kind={kind}&format=json"):
        (row,) = [row for row in reader.get(path).json() if row["id"] == "k"]
        assert (row["evidence"], row["evidence_sha256"]) == ("transfer.pdf", file.sha256)


@pytest.mark.parametrize("kind", KINDS)
def test_what_could_hurt_and_no_link_are_refused_with_the_text_kept(
    manager: Client, kind: str
) -> None:
    content, reason = hostile.REFUSED["html"]
    for answer in (send(manager, kind, content), send(manager, kind, source="javascript:alert(1)")):
        assert answer.status_code == 422
        assert b"First part" in answer.content
    assert reason in send(manager, kind, content).content.decode()
    assert not Entry.objects.filter(code="k").exists()


def test_a_payment_needs_no_evidence_where_a_completion_does(calais: Plan, manager: Client) -> None:
    Plan.objects.filter(pk=calais.pk).update(evidence_required=True)
    assert b"asks for evidence" not in manager.get(KINDS["paid"][0]).content
    assert send(manager, "paid").status_code == 302
