"""Plans in other languages than those of the pages: which text a reader gets, and how it is marked."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from django.utils import translation

from commitments.files.errors import FileRefused
from commitments.files.language_tags import canonical_tag
from commitments.models import Plan
from commitments.pages import labels
from commitments.templatetags.plan import day, edtf, localized, plan_title, shortday
from tests.client import Client
from tests.factories import create_manager, create_plan, create_viewer, report_entry, sign_in
from tests.plans import SMALL

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
# the language of a whole page, or of its half, needs no isolation
WHOLE_PAGES = (
    "base.html",
    "emails/account.html",
    "emails/weekly_digest_body.html",
    "500.html",
    "503.html",
)
GERMAN = (
    re.sub(r'en = ("[^"]*"), fr = "[^"]*"', r"de = \1", SMALL)
    .replace('languages = ["en", "fr"]', 'languages = ["de"]')
    .replace('de = "Campaign"', 'de = "Öffentliche Eingaben"')
)


@pytest.mark.parametrize(
    ("texts", "reader", "shown"),
    [
        ({"en": "a", "fr": "b"}, "fr", "b"),
        ({"en-CA": "a", "fr-CA": "b"}, "fr", "b"),
        ({"en-CA": "a", "fr-CA": "b"}, "en", "a"),
        ({"fr-CA": "b", "fr": "c"}, "fr", "c"),
        ({"de": "d", "ar": "e"}, "fr", "d"),
        ({"en": "", "fr": "b"}, "en", ""),
        ({}, "en", ""),
    ],
)
def test_a_reader_gets_the_nearest_language(texts: dict[str, str], reader: str, shown: str) -> None:
    with translation.override(reader):
        assert labels.text(texts) == shown


def test_the_title_of_another_plan_is_in_its_own_first_language() -> None:
    shown = Plan(languages=["en", "ar"])
    other = Plan(title={"ar": "خطة", "de": "Vertrag"}, languages=["de", "ar"])
    with translation.override("en"), labels.in_languages_of(shown):
        assert plan_title(other) == '<span lang="de" dir="auto">Vertrag</span>'


def test_no_french_line_breaks_within_a_date() -> None:
    new_year = date(2015, 1, 1)
    with translation.override("fr"):
        assert day(new_year) == "1er\xa0janvier\xa02015"
        assert shortday(new_year) == "1er\xa0janv.\xa02015"
        assert edtf("2014-12-31/2015-01-01") == (
            "du 31\xa0décembre\xa02014 au 1er\xa0janvier\xa02015"
        )
        # into a field people type ordinary spaces
        assert labels.day(new_year) == "1er janvier 2015"
    with translation.override("en"):
        assert day(new_year) == "1 January 2015"


def test_a_text_in_another_language_is_marked_and_set_apart() -> None:
    with translation.override("en"):
        assert localized({"ar": "خطة"}) == '<span lang="ar" dir="auto">خطة</span>'
        assert localized({"en": "plan", "ar": "خطة"}) == "plan"


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("en", "en"),
        ("fr-ca", "fr-CA"),
        ("EN", "en"),
        ("sr-latn-RS", "sr-Latn-RS"),
        ("es-419", "es-419"),
        ("ca-valencia", "ca-valencia"),
        ("klingon!", ""),
        ("gb", ""),
        ("en_GB", ""),
        ("en-XQ", ""),
        ("und", ""),
        ("", ""),
        ("x-private", ""),
    ],
)
def test_a_language_is_one_of_bcp_47(tag: str, written: str) -> None:
    assert canonical_tag(tag) == written


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "message"),
    [("klingon!", "which is no language"), ("EN", "it is written en")],
)
def test_a_plan_in_no_language_is_refused(language: str, message: str) -> None:
    with pytest.raises(FileRefused) as refused:
        create_plan(SMALL.replace('languages = ["en", "fr"]', f'languages = ["{language}", "fr"]'))
    assert any(message in error.text for error in refused.value.errors)


@pytest.fixture
def german(db: None) -> Plan:
    return create_plan(GERMAN)


@pytest.fixture
def reader(german: Plan) -> Client:
    manager = create_manager(german)
    report_entry("1.1", by=manager, kind="started", effective="2014-10-29")
    return sign_in(manager)


def test_titles_and_options_are_plain_text(reader: Client) -> None:
    page = reader.get("/plans/small/actions/1.1/", follow=True).content.decode()
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert title
    assert "1.1 Öffentliche Eingaben" in title[1]
    assert "span" not in title[1]


def test_a_list_is_exported_with_a_title_in_each_language_of_the_plan(reader: Client) -> None:
    content = reader.get("/plans/small/commitments/?format=json", follow=True).content
    rows = {row["ref"]: row for row in json.loads(content)}
    assert rows["1.1"]["title_de"] == "Öffentliche Eingaben"
    assert (rows["1.1"]["title_en"], rows["1.1"]["title_fr"]) == ("", "")


def test_a_region_of_a_language_fills_its_column(db: None) -> None:
    text = SMALL.replace('languages = ["en", "fr"]', 'languages = ["en-CA", "fr-CA"]')
    plan = create_plan(text.replace("{ en = ", "{ en-CA = ").replace(", fr = ", ", fr-CA = "))
    content = sign_in(create_manager(plan)).get("/plans/small/commitments/?format=csv", follow=True)
    header, first, *_others = content.content.decode("utf-8-sig").splitlines()
    assert "title_en,title_fr,title_en-CA,title_fr-CA" in header
    assert "Campaign,Campagne,Campaign,Campagne" in first


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_plan_in_languages_of_its_own_is_set_apart_on_every_page(db: None, language: str) -> None:
    """Where no text is in the reader's language, that of the plan's first language is shown."""
    text = SMALL.replace('["en", "fr"]', '["pt-BR", "ar"]')
    plan = create_plan(text.replace("{ en = ", "{ pt-BR = ").replace(", fr = ", ", ar = "))
    reader = sign_in(create_viewer(plan, language=language))
    for path in ("", "commitments/", "commitments/1/", "actions/1.1/", "fund/", "mine/"):
        page = reader.get(f"/plans/small/{path}").content.decode()
        assert f'<html lang="{language}"' in page
        assert 'lang="pt-BR" dir="auto"' in page, path
        assert 'lang="ar"' not in page


def test_feed_and_calendar_name_the_language_of_a_title(reader: Client) -> None:
    feed = reader.get("/plans/small/register.atom?language=en", follow=True).content.decode()
    calendar = reader.get("/plans/small/calendar.ics?language=en", follow=True).content.decode()
    assert '<entry xml:lang="de">' in feed
    assert '<content type="html" xml:lang="en">' in feed
    unfolded = calendar.replace("\r\n ", "")
    assert "SUMMARY;LANGUAGE=de:Done: 1.1 Öffentliche Eingaben" in unfolded
    assert "\r\nDESCRIPTION:" in unfolded


def test_every_text_with_a_language_of_its_own_has_a_direction_of_its_own() -> None:
    for path in TEMPLATES.rglob("*.html"):
        if str(path.relative_to(TEMPLATES)) in (*WHOLE_PAGES, "actionplan/styleguide.html"):
            continue
        for tag in re.findall(r'<[^>]*\slang="[^>]*>', path.read_text()):
            assert 'dir="auto"' in tag or "hreflang" in tag or tag[:7] in ("<button", "<option")


def test_a_courtesy_translation_is_shown_as_such_to_who_reads_its_language(calais: Plan) -> None:
    client = sign_in(create_viewer(calais))
    for path in ("/actions/5.4/", "/text/"):
        french = client.get(path, headers={"Accept-Language": "fr"}).content.decode()
        assert "Traduction de courtoisie" in french
        assert "détachera un agent à plein temps" in french
        assert "détachera" not in client.get(path).content.decode()
