"""The forms of a page as a browser reads them, with something sound in each field."""

from html.parser import HTMLParser
from typing import Any

TYPED = {"text", "hidden", "textarea", "email", "password", "search", "number", "date", "url"}
GOOD = {
    "day": "2015-01-10",
    "when": "2016-01-01",
    "amount": "10",
    "currency": "GBP",
    "quantity": "1",
    "days": "30",
    "email": "new.official@example.org",
}


class Forms(HTMLParser):
    """For each form that is sent by POST: where to, the fields with their values, and those that
    are typed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[str]]] = []
        self.inside = False
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        name, kind = given.get("name", ""), given.get("type", "text") if tag == "input" else tag
        if tag == "form":
            self.inside = given.get("method", "get").lower() == "post"
            if self.inside:
                self.found.append((given.get("action") or "", {}, []))
        elif tag == "option" and self.select and self.inside:
            self.found[-1][1].setdefault(self.select, given.get("value") or "")
        self.select = name if tag == "select" else self.select
        if not self.inside or not name or kind == "file":
            return
        fields, typed = self.found[-1][1:]
        if kind in ("radio", "button"):
            fields.setdefault(name, given.get("value") or "")
        elif kind in TYPED:
            fields[name] = given.get("value") or GOOD.get(name, "")
            if name != "csrfmiddlewaretoken":
                typed.append(name)

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"
        self.select = "" if tag == "select" else self.select


def forms_of(page: str) -> list[tuple[str, dict[str, str], list[str]]]:
    found = Forms()
    found.feed(page)
    return found.found
