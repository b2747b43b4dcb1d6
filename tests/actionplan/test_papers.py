"""Papers for a meeting say what the pages say, in both languages, and no more than the reader may see."""

import io
import re
from datetime import timedelta
from urllib.parse import urlencode

import pypdfium2
import pytest
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import Settings

from actionplan import celery
from actionplan.models import PaperOrder
from actionplan.papers import orders
from actionplan.papers.document import Bullets, Document, Heading, Paragraph, Table
from actionplan.papers.docx_writer import write_docx
from actionplan.papers.pdf_writer import write_pdf
from commitments.models import EntryText, Membership, Plan
from tests.client import Client
from tests.factories import create_manager, redact_entry, report_entry, sign_in

docx = pytest.importorskip("docx")
pytest.importorskip("typst")
pytestmark = pytest.mark.django_db
DAYS = {"from": "2014-11-05", "to": "2015-01-12"}


@pytest.fixture
def client(calais_with_entries: Plan) -> Client:
    return sign_in(create_manager(calais_with_entries))


def read_docx(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def read_pdf(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def words_of(text: str) -> set[str]:
    """Lines are broken otherwise in each format, words only at hyphens and inside long ones."""
    return set(re.findall(r"[^\W_]{3,20}", text))


def get_paper(client: Client, **query: str) -> bytes:
    response = client.get("/between/paper/", DAYS | query)
    assert response.status_code == 200, response.content[:300]
    return response.content


def test_the_paper_holds_each_action_of_the_comparison(client: Client) -> None:
    compared = client.get("/between/", DAYS | {"format": "json"}).json()
    text = read_docx(get_paper(client, format="docx", language="en"))
    assert compared["actions"]
    for change in compared["actions"]:
        assert re.search(rf"^{re.escape(change['ref'])} ", text, re.MULTILINE), change["ref"]
        for entry in change["entries"]:
            assert f"(entry {entry['number']})" in text


def test_both_languages_name_the_same_entries(client: Client) -> None:
    english = read_docx(get_paper(client, format="docx", language="en"))
    french = read_docx(get_paper(client, format="docx", language="fr"))
    assert set(re.findall(r"\(entry (\d+)\)", english)) == set(
        re.findall(r"\(inscription\D*(\d+)\)", french)
    )
    assert "Summary" in english
    assert "Synthèse" in french


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr", "both"])
def test_the_pdf_says_what_the_word_file_says(client: Client, language: str) -> None:
    written = read_docx(get_paper(client, format="docx", language=language))
    set_in_type = read_pdf(get_paper(client, format="pdf", language=language))
    assert words_of(set_in_type) >= words_of(written) - words_of("Page")


def test_the_pdf_is_read_in_the_order_of_the_word_file(client: Client) -> None:
    document = docx.Document(io.BytesIO(get_paper(client, format="docx", language="en")))
    headings = [one.text for one in document.paragraphs if one.style.name.startswith("Heading")]
    text = " ".join(read_pdf(get_paper(client, format="pdf", language="en")).split())
    place = 0
    for heading in headings:
        place = text.find(heading, place)
        assert place >= 0, heading
    assert len(headings) > 8


@pytest.mark.slow
def test_both_languages_stand_side_by_side_in_one_table(client: Client) -> None:
    content = get_paper(client, format="docx", language="both")
    document = docx.Document(io.BytesIO(content))
    annex = [[cell.text for cell in table.rows[0].cells] for table in document.tables]
    assert ["Ref · Réf.", "Action", "Action", "Status", "État", "Date", "Date"] in annex
    single = [read_docx(get_paper(client, format="docx", language=one)) for one in ("en", "fr")]
    assert words_of(read_docx(content)) == words_of(" ".join(single))


def test_the_short_paper_leaves_out_the_annex(client: Client) -> None:
    full = read_docx(get_paper(client, format="docx", length="full"))
    short = read_docx(get_paper(client, format="docx", length="short"))
    assert "All actions" in full
    assert "All actions" not in short


def test_the_compiler_accepts_the_paper_as_pdf_ua(client: Client) -> None:
    content = get_paper(client, format="pdf", language="both")
    assert content.startswith(b"%PDF-")
    assert b"pdfuaid" in content


def test_a_public_reader_gets_no_internal_words(calais_with_entries: Plan) -> None:
    Plan.objects.filter(pk=calais_with_entries.pk).update(public=True)
    text = read_docx(get_paper(Client(), format="docx", language="en"))
    rows = EntryText.objects.filter(entry__plan=calais_with_entries)
    words = [word for row in rows for word in (row.note, row.reason, row.source) if word]
    assert words
    assert [word for word in words if word in text] == []


def test_an_unknown_format_is_refused_with_the_known_ones(client: Client) -> None:
    response = client.get("/between/paper/", {"format": "odt"})
    assert response.status_code == 400
    assert "docx, pdf" in response.content.decode()


def test_every_kind_of_block_is_written_in_both_formats() -> None:
    document = Document(
        language="fr",
        title="Plan <é> #1",
        subtitle="Du 1er au 2",
        notice="Exemple",
        page_of="Page {page} sur {pages}",
        blocks=[
            Heading(1, "Synthèse"),
            Paragraph("a * b _ c $ d"),
            Bullets(["un", "deux"]),
            Table("Sommes", ["Somme", "Montant"], [["Promis", "5"], ["", "–"]]),
        ],
    )
    text = read_docx(write_docx([document]))
    assert "Plan <é> #1" in text
    assert "a * b _ c $ d" in text
    assert write_pdf([document]).startswith(b"%PDF-")


# Papers that a worker writes


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[str]:
    """A queue that only remembers what it was asked for, and a plan that counts as long."""
    calls: list[str] = []
    settings.REDIS_URL = "redis://nobody"
    monkeypatch.setattr(orders, "ACTIONS_AT_ONCE", 1)
    monkeypatch.setattr(celery, "ask_for", calls.append)
    return calls


def ask_for_paper(client: Client, **fields: str) -> str:
    """Where the page of the order is."""
    address = "/between/paper/?" + urlencode(DAYS | {"format": "docx", "language": "en"})
    response = client.post(address, fields)
    assert response.status_code == 302, response.content[:300]
    return str(response.headers["Location"])


def test_a_long_paper_is_written_by_the_worker_and_is_the_same(
    client: Client, queue: list[str]
) -> None:
    asked = client.get("/between/paper/", DAYS | {"format": "docx", "language": "en"})
    assert "written in the background" in asked.content.decode()
    page = ask_for_paper(client)
    assert queue == ["actionplan.jobs.tasks.write_papers"]
    assert client.get(page).headers["Refresh"] == "3"
    assert client.get(f"{page}file/").status_code == 404
    assert orders.write_waiting() == 1
    assert f'href="{page}file/"' in client.get(page).content.decode()
    written = read_docx(client.get(f"{page}file/").content)
    orders.ACTIONS_AT_ONCE = 1000
    assert read_docx(get_paper(client, format="docx", language="en")) == written


def test_the_same_paper_is_not_written_twice(client: Client, queue: list[str]) -> None:
    assert ask_for_paper(client) == ask_for_paper(client)
    assert len(queue) == 1


def test_a_paper_is_given_to_nobody_else_and_for_a_day(
    client: Client, queue: list[str], calais_with_entries: Plan
) -> None:
    page = ask_for_paper(client)
    orders.write_waiting()
    colleague = sign_in(create_manager(calais_with_entries))
    assert colleague.get(page).status_code == colleague.get(f"{page}file/").status_code == 404
    PaperOrder.objects.update(asked=timezone.now() - timedelta(hours=25))
    assert client.get(f"{page}file/").status_code == 404
    assert orders.sweep() == 1


def test_the_rights_are_read_again_when_the_paper_is_fetched(
    client: Client, queue: list[str]
) -> None:
    page = ask_for_paper(client)
    orders.write_waiting()
    Membership.objects.all().delete()
    refusal = client.get(f"{page}file/")
    assert refusal.headers["Content-Type"].startswith("text/html")
    PaperOrder.objects.update(state=PaperOrder.State.WAITING)
    orders.write_waiting()
    assert PaperOrder.objects.get().state == PaperOrder.State.FAILED


def test_a_paper_with_a_text_that_was_removed_is_not_given_out(
    client: Client, queue: list[str], calais_with_entries: Plan
) -> None:
    managers = [create_manager(calais_with_entries) for _ in range(2)]
    entry = report_entry("4.4", by=managers[0], note="Met J. Doe.")
    page = ask_for_paper(client)
    orders.write_waiting()
    redact_entry(entry, by=managers[0], agreed_by=managers[1])
    assert client.get(f"{page}file/").status_code == 404
    assert "no longer given out" in client.get(page).content.decode()


def test_a_paper_of_a_worker_that_was_killed_is_written_by_the_next(
    client: Client, queue: list[str]
) -> None:
    ask_for_paper(client)
    order = orders._claim()
    assert order is not None
    assert orders.write_waiting() == 0
    PaperOrder.objects.update(lease_until=timezone.now())
    assert orders.write_waiting() == 1
    assert PaperOrder.objects.get().state == PaperOrder.State.READY


def test_an_email_says_where_the_paper_is(
    client: Client, queue: list[str], mailoutbox: list[EmailMessage]
) -> None:
    page = ask_for_paper(client, mail="1")
    orders.write_waiting()
    (mail,) = mailoutbox
    assert page in mail.body
    assert mail.attachments == []
