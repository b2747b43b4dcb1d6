"""No page mixes its languages: what is in another one is marked so."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import polib
import pytest
from pytest_django import Settings

from actionplan.local import samples
from commitments.files import entries
from commitments.models import Action, Plan
from funding.models import Fund
from tests.actionplan.test_pages import EVERYBODY, READERS, numbers, people
from tests.catalogues import LOCALE
from tests.client import Client

VOID = {"br", "hr", "img", "input", "link", "meta", "path", "rect", "use", "source", "wbr"}
READ_OUT = {"aria-label", "title", "placeholder", "alt"}


class Words(HTMLParser):
    """Every text of a page with the language it is marked with, those that only a screen reader
    says included.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        above = self.open[-1][1] if self.open else ""
        language = (given.get("lang") or "") if "lang" in given else above
        self.found += [(language, value) for name, value in attrs if name in READ_OUT and value]
        if tag not in VOID:
            self.open.append((tag, language))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and data.strip() and self.open[-1][0] not in ("code", "style", "textarea"):
            self.found.append((self.open[-1][1], re.sub(r"\s+", " ", data.strip())))


def catalogue() -> Iterator[tuple[str, str]]:
    """English and French of every string of the interface."""
    for entry in polib.pofile(str(LOCALE / "fr" / "LC_MESSAGES" / "django.po")):
        if not entry.obsolete:
            yield entry.msgid, entry.msgstr_plural.get(0, "") or entry.msgstr
            if entry.msgid_plural:
                yield entry.msgid_plural, entry.msgstr_plural[1]


def texts_of(plan: Plan) -> Iterator[tuple[str, str]]:
    """English and French of what the plan file says."""
    actions = list(Action.objects.filter(plan=plan))
    funds = list(Fund.objects.filter(plan=plan))
    named: list[Any] = [*plan.commitments.all(), *plan.aims.all(), *actions, *funds, plan]
    pairs = [thing.title for thing in named] + [body.name for body in plan.bodies.all()]
    pairs += [
        reading[key]
        for thing in actions + funds
        for reading in thing.interpretations
        for key in ("question", "because")
    ]
    yield from ((pair["en"], pair["fr"]) for pair in pairs)


def patterns(pairs: Iterable[tuple[str, str]], wrong: str) -> re.Pattern[str]:
    """What in a page of the other language is a text of `wrong`: short texts alone, long ones
    anywhere.
    """
    # French has spaces that do not break
    pairs = [
        (re.sub(r"\s+", " ", english), re.sub(r"\s+", " ", french)) for english, french in pairs
    ]
    own = {pair[wrong == "en"].casefold() for pair in pairs}
    alone: set[str] = set()
    anywhere: set[str] = set()
    for english, french in pairs:
        text = english if wrong == "en" else french
        letters = len(re.sub(r"%\(\w+\)s|\W", "", text))
        if english == french or text.casefold() in own or letters < 4:
            continue
        # of a short text with a number in it nearly any sentence could be the number
        filled = r".{1,80}?" if letters > 14 else r"\\S+"
        shape = re.sub(r"%\\\((\w+)\\\)s", filled, re.escape(text.replace("%%", "%")))
        (anywhere if letters > 14 else alone).add(shape)
    return re.compile(rf"^(?:{'|'.join(sorted(alone))})$|(?:{'|'.join(sorted(anywhere))})")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_page_says_anything_in_the_other_language(
    calais: Plan, client: Client, settings: Settings, language: str
) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    now = datetime(2015, 1, 12, 9, tzinfo=UTC)
    assert (
        entries.load_entries(calais, samples.ENTRIES_FILE.read_bytes(), now=now, by=None).errors
        == []
    )
    wrong = patterns([*catalogue(), *texts_of(calais)], "fr" if language == "en" else "en")
    found = []
    accounts = people(calais, language)
    role_of = {
        path: "manager" if "manager" in readers else "viewer" for path, readers in READERS.items()
    }
    pages = [
        (path, role)
        for path, role in role_of.items()
        if "format" not in path and path != "status.json"
    ]
    pages += [
        ("?on=2014-11-01&known=now", "viewer"),
        ("?on=x", "viewer"),
        ("actions/9.9/", "viewer"),
    ]
    pages += [
        ("actions/4.4/move/", "viewer"),
        ("commitments/?q=zebra", "viewer"),
        ("mine/", "official"),
    ]
    for path, role in pages:
        client.force_login(accounts[role])
        page = Words()
        response = client.get("/" + path.format(**numbers()))
        if not response["Content-Type"].startswith("text/html"):
            continue
        page.feed(response.content.decode())
        found += [
            (path, text) for marked, text in page.found if marked == language and wrong.search(text)
        ]
    for path in ("actions/4.4/report/", "actions/4.4/move/", "fund/pay/1.2/", "register/load/"):
        client.force_login(accounts["manager"])
        page = Words()
        page.feed(client.post(f"/{path}", {"key": "k1"}).content.decode())
        found += [
            (path, text) for marked, text in page.found if marked == language and wrong.search(text)
        ]
    assert found == []
    assert set(accounts) == EVERYBODY


def test_a_mixed_page_would_be_noticed() -> None:
    wrong = patterns(
        [
            ("Overdue", "En retard"),
            ("Nothing has been recorded yet.", "Rien n’a encore été enregistré."),
        ],
        "en",
    )
    page = Words()
    page.feed(
        '<html lang="fr"><p aria-label="Overdue">Rien</p><p lang="en">Overdue</p><p>Nothing has been recorded yet.</p>'
    )
    assert [text for marked, text in page.found if marked == "fr" and wrong.search(text)] == [
        "Overdue",
        "Nothing has been recorded yet.",
    ]
