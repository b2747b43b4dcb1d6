"""A reader with a browser's manners: cookies, forms; no redirect is followed, every answer is
timed.
"""

import html
import http.client
import re
import ssl
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.faults.crowd import session

# the permanent address of the pages of the samples' plan
PLAN = "/plans/calais-2014"
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@dataclass(frozen=True)
class Answer:
    """`status` is 0 where the connection broke before one came."""

    status: int
    text: str
    headers: dict[str, str]
    seconds: float


class NotServed(Exception):
    """A form could not be opened."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


@dataclass
class Visitor:
    """At an address of a site; signed in where `email` is one of the crowd's or the samples'."""

    url: str
    email: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    patience: float = 30.0
    # the authority whose certificates are believed, where the address is an encrypted one
    trusted: str = ""
    # of several addresses of this machine the one to come from
    source: str = ""

    def __post_init__(self) -> None:
        if self.email:
            self.cookies["session"] = session(self.email)

    def get(self, path: str) -> Answer:
        return self._send("GET", path)

    def post(self, path: str, content: dict[str, str]) -> Answer:
        return self._send("POST", path, content)

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of a page's form: its token, its key, and what its reader has seen."""
        answer = self.get(path)
        if answer.status != 200:
            raise NotServed(answer)
        return {name: html.unescape(value) for name, value in _HIDDEN.findall(answer.text)}

    def sign_in(self, email: str, password: str) -> None:
        answer = self.post(
            "/sign-in/", self.form("/sign-in/") | {"username": email, "password": password}
        )
        assert answer.status == 302, answer.status

    def _send(self, method: str, path: str, content: dict[str, str] | None = None) -> Answer:
        body = urlencode(content) if content is not None else None
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "Referer": self.url + path}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        start = time.monotonic()
        try:
            status, text, found = self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, repr(error), {}, time.monotonic() - start)
        return Answer(status, text, found, time.monotonic() - start)

    def connection(self) -> http.client.HTTPConnection:
        place, source = urlsplit(self.url), (self.source, 0) if self.source else None
        how: dict[str, Any] = {"timeout": self.patience, "source_address": source}
        if place.scheme == "http":
            return http.client.HTTPConnection(str(place.hostname), place.port, **how)
        trust = ssl.create_default_context(cafile=self.trusted)
        return http.client.HTTPSConnection(str(place.hostname), place.port, context=trust, **how)

    def _exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, str, dict[str, str]]:
        with closing(self.connection()) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            for line in response.headers.get_all("Set-Cookie") or []:
                name, _is, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return response.status, text, dict(response.headers.items())


@dataclass
class Report:
    """A report as its author sends it, perhaps more than once, and every answer to it."""

    author: Visitor
    ref: str
    note: str
    content: dict[str, str]
    answers: list[Answer] = field(default_factory=list)

    @classmethod
    def begin(cls, author: Visitor, ref: str, note: str, day: str = "2015-01-11") -> "Report":
        """Opens the form and fills it in."""
        try:
            form = author.form(f"{PLAN}/actions/{ref}/report/")
        except NotServed as error:
            return cls(author, ref, note, {}, [error.answer])
        return cls(author, ref, note, form | {"kind": "progress", "day": day, "note": note})

    @property
    def is_written(self) -> bool:
        """Whether its author got as far as the form."""
        return bool(self.content)

    @property
    def key(self) -> str:
        return self.content.get("key", "")

    def send(self, **more: str) -> Answer:
        answer = self.author.post(f"{PLAN}/actions/{self.ref}/report/", self.content | more)
        self.answers.append(answer)
        return answer

    @property
    def accepted(self) -> bool:
        return any(answer.status == 302 for answer in self.answers)
