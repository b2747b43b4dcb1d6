"""Made-up requests to every address: nothing is ever answered with a fault of the server, or with
half a page.
"""

from copy import deepcopy
from typing import Any
from urllib.parse import quote, quote_from_bytes

import hypothesis
import pytest
from django.db import transaction
from hypothesis import strategies as st

from tests.attacks.world import World, faults_of
from tests.client import Client

EVERYDAY = 120
ODD = [
    *(
        "",
        "0",
        "-1",
        "1e9",
        "9" * 30,
        "null",
        "None",
        "true",
        "٣",
        "1.0",
        "0x1",
        " 1",
        "1\n",
        "NaN",
        "[]",
        "{}",
    ),
    *(
        "\x00",
        "a\x00b",
        "\r\nSet-Cookie: a=b",
        "\u202egnp.exe",
        "\ud800",
        "\ufeff",
        "\ufffe",
        "é" * 300,
        "x" * 10000,
    ),
    *(
        "'",
        '"',
        "' OR 1=1--",
        "%",
        "%%s",
        "\\",
        "../../etc/passwd",
        "//evil.example",
        "{{ 7*7 }}",
        "${7*7}",
        "=1+1",
    ),
    *(
        "<zz-typed>",
        '"><zz-typed zz-typed=1>',
        "2015-01-12",
        "9999-12-31",
        "0001-01-01",
        "2015-02-30",
        "../2015",
    ),
    *(
        "csv",
        "xlsx",
        "json",
        "ics",
        "now",
        "5.3",
        "1.2",
        "GB",
        "FR",
        "home-office",
        "calais-2014",
        "met",
        "completed",
    ),
]
NAMES = [
    *(
        "on",
        "known",
        "format",
        "page",
        "per_page",
        "sort",
        "q",
        "state",
        "side",
        "body",
        "kind",
        "since",
        "ref",
        "mine",
    ),
    *(
        "due",
        "attention",
        "scored",
        "commitment",
        "token",
        "next",
        "language",
        "recipient",
        "week",
        "before",
        "after",
    ),
    *(
        "key",
        "seen",
        "day",
        "note",
        "reason",
        "source",
        "quantity",
        "event",
        "confidence",
        "when",
        "amount",
    ),
    *(
        "currency",
        "instalment",
        "purpose",
        "label",
        "days",
        "revoke",
        "wanted",
        "close",
        "preview",
        "anyway",
        "load",
    ),
    *(
        "content",
        "username",
        "password",
        "email",
        "post",
        "role",
        "plan",
        "by",
        "kept",
        "what",
        "code",
        "credential",
    ),
    *("_connector", "__", "q__in", "pk", "id__gt", "csrfmiddlewaretoken", "a[0]", "é", "\x00"),
]
value = st.sampled_from(ODD) | st.text(max_size=8)
pairs = st.lists(st.tuples(st.sampled_from(NAMES) | value, value), max_size=6)
# what a server hands on: bytes, read as Latin-1
header = value.map(
    lambda text: (
        text.encode("utf-8", "surrogatepass").decode("latin-1").translate({10: None, 13: None})
    )
)
HEADERS = [
    *(
        "HTTP_HOST",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_COOKIE",
    ),
    *(
        "HTTP_ACCEPT",
        "HTTP_ACCEPT_LANGUAGE",
        "HTTP_ACCEPT_ENCODING",
        "HTTP_AUTHORIZATION",
        "HTTP_IF_NONE_MATCH",
    ),
    *(
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_MATCH",
        "HTTP_RANGE",
        "HTTP_REFERER",
        "HTTP_ORIGIN",
        "HTTP_X_REQUEST_ID",
    ),
    *(
        "HTTP_USER_AGENT",
        "HTTP_X_HTTP_METHOD_OVERRIDE",
        "HTTP_X_CORRELATION_ID",
        "CONTENT_TYPE",
        "REMOTE_ADDR",
    ),
]
METHODS = (
    ["GET"] * 6
    + ["POST"] * 6
    + ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", ""]
)
KINDS = [
    *["application/x-www-form-urlencoded"] * 6,
    *(
        "application/json",
        "text/xml",
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "x/y; charset=\x7f",
    ),
    *(
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=none",
    ),
    "multipart/form-data; boundary=" + "x" * 300,
]


def encoded(sent: list[tuple[str, str]]) -> str:
    """As a browser would, and where a browser could not, as bytes that are no text."""
    return "&".join(
        "=".join(quote_from_bytes(part.encode("utf-8", "surrogatepass")) for part in pair)
        for pair in sent
    )


@st.composite
def requests(draw: Any) -> dict[str, Any]:
    raw = draw(st.none() | st.none() | st.binary(max_size=40))
    sent = encoded(draw(pairs)).encode()
    multipart = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../\x00a.csv"\r\n\r\n'
        + sent
        + b"\r\n--x--\r\n"
    )
    return {
        "role": draw(
            st.sampled_from(["anonymous", "viewer", "official FR", "manager GB", "administrator"])
        ),
        "name": draw(st.integers(0, 10_000)),
        "segment": draw(st.none() | st.tuples(st.integers(0, 8), value)),
        "method": draw(st.sampled_from(METHODS)),
        "query": draw(
            st.just("")
            | pairs.map(encoded)
            | st.text(max_size=10).map(quote)
            | st.just("%ff=%fe&%00=%80")
        ),
        "body": raw if raw is not None else draw(st.sampled_from([sent, sent, multipart])),
        "kind": draw(st.sampled_from(KINDS)),
        "headers": draw(st.dictionaries(st.sampled_from(HEADERS), header, max_size=3)),
    }


def path_of(addresses: list[str], request: dict[str, Any]) -> str:
    parts = addresses[request["name"] % len(addresses)].split("/")
    if request["segment"]:
        place, text = request["segment"]
        parts[place % len(parts)] = quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")
    return "/" + "/".join(parts).lstrip("/")


def test_made_up_requests_are_answered_in_order(
    world: World, request: pytest.FixtureRequest
) -> None:
    count = request.config.getoption("--attacks") or EVERYDAY
    clients = {role: world.client(role, raise_request_exception=True) for role in world.people}
    addresses, statuses = list(world.addresses.values()), dict[int, int]()

    @hypothesis.settings(max_examples=count, database=None)
    @hypothesis.given(requests())
    def ask(made_up: dict[str, Any]) -> None:
        with transaction.atomic():
            client: Client = clients[made_up["role"]]
            cookies = deepcopy(client.cookies)
            response = client.generic(
                made_up["method"],
                path_of(addresses, made_up),
                made_up["body"],
                made_up["kind"],
                **{"QUERY_STRING": made_up["query"], **made_up["headers"]},
            )
            faults = faults_of(response)
            client.cookies = cookies
            transaction.set_rollback(True)
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        assert faults == []

    ask()
    print(
        f"{sum(statuses.values())} made-up requests to {len(addresses)} addresses: {dict(sorted(statuses.items()))}"
    )
