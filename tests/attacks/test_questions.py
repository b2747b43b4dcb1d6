"""Odd questions: in the query, in the headers, and about where to go next."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actionplan import urls
from tests.actionplan.test_permissions import patterns
from tests.attacks.world import World, faults_of
from tests.client import Client

PAGES = (
    "",
    "commitments/",
    "register/",
    "mine/",
    "fund/",
    "actions/5.3/",
    "status.json",
    "calendar.ics",
    "register.atom",
)
PATTERNS = {str(pattern.name): pattern.pattern for pattern in patterns(urls.urlpatterns)}
QUERIES = {
    "a connector": "_connector=OR&_negated=1&q=x",
    "lookups": "q__in=x&ref__contains=5&pk__gt=0&obligation__action__leads__side=GB&user__password__startswith=a",
    "quotes": "q='%22%60;--&sort='&state=' OR 1=1--&ref='%22",
    "a zero": "q=%00&ref=%00&state=%00&sort=%00&since=%00&kind=%00&on=&page=%00",
    "no UTF-8": "q=%ff%fe&ref=%c3%28&%ff=%ff&state=%a0%a1",
    "the end of time": "on=9999-12-31",
    "the beginning of time": "on=0001-01-01&known=now",
    "giant numbers": "page=" + "9" * 400 + "&per_page=" + "9" * 400 + "&format=json",
    "a far page": "page=999999&per_page=1000&format=json",
    "numbers that are none": "page=-1&per_page=0&format=csv",
    "numbers of elsewhere": "page=%d9%a3&commitment=%d9%a3&due=%d9%a2-01-01&per_page=%d9%a3&format=json",
    "lists": "on[]=1&on[0]=2&q[$ne]=1&state[]=met&state=met&state=met&format[]=json",
    "an odd format": "format=../../etc/passwd",
    "a format of code": "format=__class__",
    "an odd order": "sort=password&sort=-user__password&order_by=pk",
    "templates": "q={{settings.SECRET_KEY}}&ref={%25debug%25}&on={{on}}",
    "markup": "q=%22%3E%3Czz-typed%20zz-typed%3D1%3E&on=%3Czz-typed%3E&known=%22%3E%3Czz-typed%3E",
    "a line end": "q=a%0d%0aSet-Cookie:%20a=b&on=%0d%0aSet-Cookie:%20a=b&format=csv",
    "many words": "q=" + "%20".join(["a"] * 5000),
    "a pattern": "q=" + "%25" * 200 + "_" * 200,
}


def test_an_odd_question_is_answered_or_refused_in_words(
    world: World, request: pytest.FixtureRequest
) -> None:
    every = bool(request.config.getoption("--attacks"))
    client, wrong = world.client("official GB"), []
    for place, (what, query) in enumerate(QUERIES.items()):
        # each is put to three of them, and to all in a longer run
        for path in PAGES if every else [PAGES[(place + step) % len(PAGES)] for step in (0, 3, 6)]:
            response = client.get(f"/plans/{world.plan.slug}/{path}", QUERY_STRING=query)
            faults = [*faults_of(response), *(["a cookie"] if "a" in response.cookies else [])]
            if faults or response.status_code not in (200, 400, 404):
                wrong.append((what, path, response.status_code, faults))
    assert wrong == []


def test_ten_thousand_parameters_are_refused(world: World) -> None:
    client, many = world.client("official GB"), "&".join(f"q{n}=x" for n in range(10_000))
    for method in (client.get, client.post):
        response = method(f"/plans/{world.plan.slug}/commitments/", QUERY_STRING=many)
        assert response.status_code in (400, 405)
        assert faults_of(response) == []
    response = client.generic(
        "POST", world.address("report"), many, "application/x-www-form-urlencoded"
    )
    assert response.status_code == 400
    assert faults_of(response) == []


def test_no_question_asks_the_database_more_than_its_page_does(world: World) -> None:
    """Repeated filters and giant pages cost no further query."""
    client, path = world.client("official GB"), f"/plans/{world.plan.slug}/commitments/"
    counts = []
    for query in ("", "&".join(["state=met"] * 400), "page=999999", "q=" + "+".join(["zz"] * 400)):
        with CaptureQueriesContext(connection) as captured:
            client.get(path, QUERY_STRING=query)
        counts.append(len(captured))
    assert max(counts) <= counts[0] + 2


HEADERS: dict[str, dict[str, str]] = {
    "100,000 languages": {"HTTP_ACCEPT_LANGUAGE": ",".join(["zz-zz"] * 100_000)},
    "a language of 10,000 parts": {"HTTP_ACCEPT_LANGUAGE": "-".join(["x"] * 10_000)},
    "an odd weight": {"HTTP_ACCEPT_LANGUAGE": "fr;q=1e999,en;q=nan"},
    "a giant cookie": {"HTTP_COOKIE": "session=" + "x" * 60_000},
    "many cookies": {"HTTP_COOKIE": ";".join(f"a{n}=b" for n in range(5000))},
    "a language of another cookie": {"HTTP_COOKIE": "django_language=../../etc"},
    "bytes": {"HTTP_USER_AGENT": "\xff\xfe", "HTTP_ACCEPT": "\xff", "HTTP_REFERER": "\xff"},
    "a request number": {"HTTP_X_REQUEST_ID": "<zz-typed>" * 100},
    "an odd day": {
        "HTTP_IF_MODIFIED_SINCE": "Thu, 99 Foo 99999 99:99:99 GMT",
        "HTTP_IF_NONE_MATCH": '"' * 999,
    },
    "a range": {"HTTP_RANGE": "bytes=0-0,1-1," * 1000},
    "another method": {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE", "HTTP_X_METHOD_OVERRIDE": "POST"},
    "another place": {"HTTP_X_ORIGINAL_URL": "/register/", "HTTP_X_REWRITE_URL": "/register/"},
}


def test_an_odd_header_changes_nothing(world: World) -> None:
    wrong = []
    for what, headers in HEADERS.items():
        for client in (Client(), world.client("official GB")):
            for path in ("/sign-in/", f"/plans/{world.plan.slug}/commitments/"):
                response = client.get(path, **headers)  # type: ignore[arg-type]
                if (faults := faults_of(response)) or response.status_code not in (200, 302, 304):
                    wrong.append((what, path, response.status_code, faults))
    assert wrong == []


def test_a_host_that_is_not_ours_is_refused(world: World) -> None:
    client = world.client("official GB")
    for host in (
        "evil.example",
        "localhost.evil.example",
        "localhost:80:80",
        "@evil",
        "",
        "[::1",
        "a\tb",
        "\xff",
    ):
        response = client.get("/", HTTP_HOST=host)
        assert (host, response.status_code, faults_of(response)) == (host, 400, [])


def test_forwarded_headers_move_no_link_and_no_mail(world: World) -> None:
    forwarded = {
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_FOR": "1'",
    }
    forwarded |= {
        "HTTP_FORWARDED": "host=evil.example",
        "HTTP_X_FORWARDED_PORT": "1",
        "HTTP_X_FORWARDED_PREFIX": "//evil",
    }
    client = world.client("official GB")
    for path in ("/", "/register.atom", "/calendar.ics", "/tokens/", "/sign-in/"):
        assert b"evil" not in client.get(path, **forwarded).content  # type: ignore[arg-type]


AWAY = [
    *(
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "http:evil.example",
    ),
    *(
        "http://evil.example",
        "https:///evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
    ),
    *(
        "//evil.example\\@localhost",
        "//localhost@evil.example",
        "http://localhost@evil.example",
        "//evil。example",
    ),
    *(
        "/\t/evil.example",
        "/\n/evil.example",
        "\x00//evil.example",
        " //evil.example",
        "\u2028//evil.example",
        "//ｅvil.example",
    ),
    *(
        "http://[::1",
        "//[evil",
        "/\\/evil.example",
        "./\\evil.example",
        "https:evil.example",
        "ftp://evil.example",
    ),
]


def leads_away(response: Any) -> bool:
    """Whether a browser would leave the site: it takes a backslash for a slash and leaves out tabs
    and line ends.
    """
    target = "".join(
        sign for sign in response.headers.get("Location", "").strip() if sign > "\x20"
    ).replace("\\", "/")
    return urlsplit(urljoin("http://testserver/language/", target)).netloc != "testserver"


def test_nobody_is_led_to_another_site(world: World) -> None:
    person, wrong = world.people["official GB"], list[Any]()
    person.password = make_password("four words of the tests")
    person.save()
    login = {"username": person.email, "login": person.email, "password": "four words of the tests"}
    for to in AWAY:
        answers = [
            Client().post("/language/", {"language": "fr", "next": to}),
            Client().post("/sign-in/", {**login, "next": to}),
            world.client("official GB").get("/sign-in/", {"next": to}),
            world.client("official GB").post("/sign-out/", {"next": to}),
        ]
        wrong += [
            (to, response) for response in answers if leads_away(response) or faults_of(response)
        ]
        if b'action="//' in Client().get("/sign-in/", {"next": to}).content:
            wrong.append((to, "the form"))
    assert wrong == []


def test_a_missing_slash_leads_nobody_away(world: World) -> None:
    for path in (
        "//evil.example/..",
        "/%2F%2Fevil.example",
        "/\\evil.example/",
        "/evil.example",
        "//evil.example/%2e",
    ):
        for client in (Client(), world.client("official GB")):
            response = client.generic("GET", path, PATH_INFO=path)
            assert not leads_away(response), response.headers["Location"]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "number", ["0", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 400]
)
def test_any_number_in_an_address_is_one_that_is_not_there(world: World, number: str) -> None:
    client, answers = world.client("administrator"), {}
    for name, address in world.addresses.items():
        pattern = str(PATTERNS[name])
        if "<number:" in pattern:
            there = re.sub(r"/\d+/", f"/{number}/", address)
            answers[there] = [client.get(there).status_code, client.post(there).status_code]
    assert answers
    assert {path: got for path, got in answers.items() if set(got) - {302, 404, 405}} == {}


@pytest.mark.sqlite
@pytest.mark.parametrize("page", ["0", "2147483648", "9223372036854775808", "9" * 400])
def test_any_number_of_a_page_is_answered(world: World, page: str) -> None:
    client = world.client("official GB")
    for path in ("commitments/", "register/", "mine/"):
        answer = client.get(f"/plans/{world.plan.slug}/{path}?page={page}")
        assert answer.status_code in (200, 404), path
