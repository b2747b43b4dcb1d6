"""The site as an attacker meets it: every address with something behind it, and what an answer must
be.
"""

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import icalendar
import openpyxl
from django.db import connection
from django.urls import reverse
from PIL import Image

from actionplan import urls
from actionplan.models import User
from commitments.models import Plan
from tests.actionplan.test_permissions import names
from tests.client import Client

# changed by reading as well: who was seen when, how often something was tried, and the signature of
# what the register says already
NOT_HISTORY = {
    "django_session",
    "usersessions_usersession",
    "actionplan_cache",
    "actionplan_checkpoint",
    "actionplan_signingkey",
}


@dataclass
class World:
    plan: Plan
    people: dict[str, Any]
    arguments: dict[str, list[Any]]

    def address(self, name: str) -> str:
        inside = name in {str(pattern.name) for pattern in urls.plan_pages}
        before = [self.plan.slug] if inside else []
        return reverse(f"plan:{name}" if inside else name, args=[*before, *self.arguments[name]])

    @property
    def addresses(self) -> dict[str, str]:
        return {name: self.address(name) for name in sorted(names())}

    def client(self, role: str, **options: Any) -> Client:
        client = Client(**options)
        if person := self.people[role]:
            client.force_login(person)
            if role == "disabled":
                User.objects.filter(pk=person.pk).update(is_active=False)
        return client


def contents() -> dict[str, str]:
    """A digest of every table."""
    with connection.cursor() as cursor:
        found = {}
        for table in sorted(set(connection.introspection.table_names(cursor)) - NOT_HISTORY):
            cursor.execute(
                f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t'  # noqa: S608
            )
            found[table] = cursor.fetchone()[0]
    return found


def body_of(response: Any) -> bytes:
    if not response.streaming:
        return bytes(response.content)
    return b"".join(response.streaming_content)


VOID = {"br", "hr", "img", "input", "link", "meta", "wbr", "col", "source"}
# what no page has: a tag or an attribute of this name was typed by somebody
CANARY = "zz-typed"


class Markup(HTMLParser):
    """Collects what a page must not have: unbalanced tags, code in it, or tags that somebody typed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            code = name in ("href", "src", "action") and (value or "").strip().lower().startswith(
                "javascript:"
            )
            if code or name.startswith("on") or name in ("style", CANARY):
                self.faults.append(f"<{tag} {name}={value!r}>")
        if tag in ("style", "iframe", "object", "embed", "base", CANARY):
            self.faults.append(f"<{tag}>")
        given = dict(attrs)
        ours = given.get("type") == "application/json" or (given.get("src") or "").startswith(
            "/static/"
        )
        if tag == "script" and not ours:
            self.faults.append("<script> without a file of ours")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


def faults_of_html(text: str, *, whole: bool = True) -> list[str]:
    found = Markup()
    found.feed(text)
    found.close()
    faults = found.faults + [f"<{tag}> stays open" for tag in found.open]
    if whole and not text.lstrip().lower().startswith("<!doctype html>"):
        faults.append("no doctype")
    return faults


def _feed(content: bytes) -> list[str]:
    space = "{http://www.w3.org/2005/Atom}"
    return [
        fault
        for found in ET.fromstring(content).iter(f"{space}content")  # noqa: S314 our own feed
        for fault in faults_of_html(found.text or "", whole=False)
    ]


def _table(content: bytes) -> list[str]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    lines = [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r\n＝＋－＠")]
    return [f"a formula {cell!r}" for cell in lines] + [
        f"{len(row)} cells" for row in rows if len(row) != len(rows[0])
    ]


def _sheet(content: bytes) -> list[str]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [
        f"a formula {cell.value!r}"
        for sheet in book
        for row in sheet
        for cell in row
        if cell.data_type == "f"
    ]


def _text(content: bytes) -> list[str]:
    content.decode()
    return []


def _json(content: bytes) -> list[str]:
    json.loads(content)
    return []


def _calendar(content: bytes) -> list[str]:
    icalendar.Calendar.from_ical(content)
    long = [line for line in content.split(b"\r\n") if len(line) > 75]
    return ["a line of more than 75 bytes"] if long else []


def _picture(content: bytes) -> list[str]:
    Image.open(io.BytesIO(content)).verify()
    return []


READERS = {
    "text/html": lambda content: faults_of_html(content.decode()),
    "text/plain": _text,
    "text/csv": _table,
    "application/json": _json,
    "application/atom+xml": _feed,
    "text/calendar": _calendar,
    "image/jpeg": _picture,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _sheet,
}


def faults_of(response: Any) -> list[str]:
    """What is wrong with an answer as such, whatever it says."""
    content, kind = body_of(response), response.headers.get("Content-Type", "").partition(";")[0]
    faults = [
        f"a header of several lines: {name}"
        for name, value in response.items()
        if "\r" in str(value) or "\n" in str(value)
    ]
    if response.status_code >= 500 and not (
        response.status_code == 503 and "health" in response.request["PATH_INFO"]
    ):
        faults.append(f"answered with {response.status_code}")
    if content and kind in READERS:
        try:
            faults += READERS[kind](content)
        except Exception as error:
            faults.append(f"{kind} that cannot be read: {error!r}")
    elif content and "attachment" not in response.headers.get("Content-Disposition", ""):
        faults.append(f"content of an unknown kind {kind!r}")
    return faults
