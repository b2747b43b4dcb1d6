"""What stands in an answer: a form, the files that a browser fetches beside it, the rows of a list."""

import html
import re

from tests.bench.site import Answer, Visitor

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


def form_fields(answer: Answer) -> dict[str, str]:
    """The hidden fields of a page's form."""
    fields = _HIDDEN.findall(answer.content.decode())
    return {name: html.unescape(value) for name, value in fields}


def post(
    visitor: Visitor, path: str, body: bytes, kind: str = "application/x-www-form-urlencoded"
) -> Answer:
    return visitor.request("POST", path, {"Content-Type": kind}, body)


def addresses(content: bytes) -> list[str]:
    """What the page has a browser fetch beside itself."""
    found = re.findall(rb'<(?:link|script|img)[^>]+?(?:href|src)="([^"]+)"', content)
    return [address.decode() for address in found]


def row_bytes(content: bytes) -> float:
    """Bytes of HTML for a row of the list."""
    body = content.partition(b"<tbody>")[2].partition(b"</tbody>")[0]
    return len(body) / body.count(b"<tr")
