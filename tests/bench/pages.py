"""What of the pages does not depend on the machine: their queries, their weight."""

import gzip
import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

# what is shown in parts, and so must not ask more as the plan grows
PAGED = {
    "overview": "/",
    "list": "/commitments/",
    "action": "/actions/1.1/",
    "register": "/register/",
}
# what shows all of a plan or of a commitment
WHOLE = {"commitment": "/commitments/1/", "mine": "/mine/", "text": "/text/", "fund": "/fund/"}


def statements(client: Client, path: str) -> list[str]:
    """The queries of a page, those of its session included."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        if response.streaming:
            any(response.streaming_content)  # type: ignore[attr-defined]
    return [query["sql"] for query in captured.captured_queries]


def queries(client: Client, path: str) -> int:
    return len(statements(client, path))


def row_bytes(content: bytes) -> float:
    """Bytes of HTML for a row of the list."""
    body = content.partition(b"<tbody>")[2].partition(b"</tbody>")[0]
    return len(body) / body.count(b"<tr")


def addresses(content: bytes) -> list[str]:
    """What the page has a browser fetch beside itself."""
    found = re.findall(rb'<(?:link|script|img)[^>]+?(?:href|src)="([^"]+)"', content)
    return [address.decode() for address in found]


def collected(name: str) -> bytes:
    """A static file as it is collected."""
    file = finders.find(name)
    assert file, name
    return Path(file).read_bytes()


def first_visit(client: Client, path: str = "/") -> dict[str, Any]:
    """Bytes as they travel, compressed, and requests, of a first visit; without a server."""
    response = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    named = addresses(gzip.decompress(response.content))
    sizes = [len(response.content)]
    for address in named:
        sizes.append(len(gzip.compress(collected(address.removeprefix("/static/")), 9)))
    return {"bytes": sum(sizes), "page": sizes[0], "requests": len(sizes)}
