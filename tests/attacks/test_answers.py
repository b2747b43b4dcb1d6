"""What holds for each answer of each address: no forged form, nothing changed by reading, the
headers.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import resolve
from pytest_django import Settings

from tests.attacks.world import World, contents, faults_of
from tests.client import Client

ROLES = ("anonymous", "manager GB", "administrator")
# POST from a mail program, without a page before: it acts on its signed link alone
WITHOUT_TOKEN = {"unsubscribe", "witness"}
STRANGE = (
    "/no-such-page/",
    "/actions/9.9/",
    "/?on=nothing",
    "/plans/no-such-plan/",
    "/health/none",
)


def answers(world: World, *methods: str) -> Iterator[tuple[str, str, str, Any]]:
    """Role, name, method and answer of each address."""
    for role, client in [(role, world.client(role)) for role in ROLES]:
        for name, path in [*world.addresses.items(), *(("", path) for path in STRANGE)]:
            for method in methods:
                yield role, name or path, method, client.generic(method, path)


def test_each_form_needs_the_token_of_its_page(world: World) -> None:
    clients = {role: world.client(role, enforce_csrf_checks=True) for role in ROLES}
    before, wrong = contents(), []
    for role, client in clients.items():
        for name, path in world.addresses.items():
            status = client.post(
                path, {"preview": "1"}, headers={"Origin": "https://evil.example"}
            ).status_code
            if (status == 403) == (name in WITHOUT_TOKEN):
                wrong.append((role, name, status))
    assert wrong == []
    changed = {table for table, digest in contents().items() if before[table] != digest}
    assert changed <= {"actionplan_subscription"}


def test_only_the_link_of_a_mail_and_the_note_of_a_witness_go_without_a_token(world: World) -> None:
    exempt = {
        name
        for name, path in world.addresses.items()
        if getattr(resolve(path).func, "csrf_exempt", False)
    }
    assert exempt == WITHOUT_TOKEN


def _faults_of_headers(name: str, role: str, response: Any) -> list[str]:
    headers, faults = response.headers, []
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy or "*" in policy:
        faults.append(f"policy {policy!r}")
    expected = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    faults += [
        f"{key} is {headers.get(key)}"
        for key, value in expected.items()
        if headers.get(key) != value
    ]
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        faults.append("referrer")
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        faults.append("permissions")
    keeping = headers.get("Cache-Control", "")
    if not name.lstrip("/").startswith("health"):
        if "no-store" not in keeping and keeping != "private, no-cache":
            faults.append(f"cache {keeping!r}")
        if "Cookie" not in headers.get("Vary", ""):
            faults.append("vary")
    if response.cookies and any(
        not cookie["httponly"] or cookie["samesite"] != "Lax"
        for cookie in response.cookies.values()
    ):
        faults.append("cookies")
    return faults


def test_reading_changes_nothing_and_each_answer_is_whole_and_has_its_headers(world: World) -> None:
    found = answers(world, "GET", "HEAD", "OPTIONS", "PUT")
    next(found)  # all have signed in
    before, wrong = contents(), []
    for role, name, method, response in found:
        if faults := [*faults_of(response), *_faults_of_headers(name, role, response)]:
            wrong.append((role, name, method, faults))
    assert wrong == []
    assert contents() == before


def test_a_refused_form_carries_the_headers(world: World) -> None:
    client = world.client("viewer", enforce_csrf_checks=True)
    for path in ("/", world.address("report")):
        response = client.post(path, {"note": "x"})
        assert response.status_code == 403
        assert [*faults_of(response), *_faults_of_headers("", "viewer", response)] == []


def test_a_fault_of_ours_shows_nothing_of_its_inside(world: World, settings: Settings) -> None:
    client = world.client("administrator", raise_request_exception=False)
    settings.ROOT_URLCONF = "tests.attacks.broken"
    for response in (client.get("/fails/"), client.post("/fails/", {"note": "zz-inside"})):
        assert response.status_code == 500
        text = response.content.decode()
        assert "The fault is on our side" in text
        assert not any(
            word in text for word in ("zz-inside", "Traceback", "RuntimeError", "tests/", "/fails/")
        )
        assert _faults_of_headers("", "administrator", response) == []


# what nobody should find on the disk of a shared machine, or in the memory of one that is signed
# out
NEVER_KEPT = ("account", "invit", "mfa_", "sign-in", "token", "evidence", "export", "unsubscribe")
EXPORTS = ("commitments/", "register/", "fund/", "mine/")


def test_accounts_evidence_and_exports_are_kept_by_no_browser(world: World) -> None:
    pages = {
        n: p
        for n, p in world.addresses.items()
        if n.startswith(NEVER_KEPT) and n not in ("sign-in", "account_login")
    }
    exports = {
        f"{path}?{form}": f"/plans/{world.plan.slug}/{path}?format={form}"
        for path in EXPORTS
        for form in ("csv", "xlsx", "json")
    }
    wrong = []
    for role in ("manager GB", "administrator"):
        client = world.client(role)
        for name, path in {**pages, **exports}.items():
            response = client.get(path)
            faults_of(response)
            if (
                response.status_code in (200, 201)
                and "no-store" not in response.headers["Cache-Control"]
            ):
                wrong.append((role, name, response.headers["Cache-Control"]))
    assert wrong == []


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/health/"])
def test_a_page_without_https_leads_to_the_one_with_it(
    world: World, settings: Settings, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_REDIRECT_EXEMPT = [r"^health/"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    plain, safe = Client().get(path), Client().get(path, headers={"X-Forwarded-Proto": "https"})
    assert plain.status_code == (200 if path == "/health/" else 301)
    assert safe.status_code in (200, 302)
    assert "max-age=31536000" in safe.headers["Strict-Transport-Security"]
