"""A plan that is open for reading: what everybody sees of it, and that nothing internal shows
through anywhere.
"""

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.exceptions import FieldError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from actionplan import urls
from actionplan.api_tokens import tokens
from actionplan.models import Digest, JobRun, User
from actionplan.plan_transfer import load
from commitments.evidence import storage
from commitments.models import Entry, Plan, PublicEntry
from commitments.register import entries as register
from commitments.register import services
from tests import factories
from tests.client import Client
from tests.factories import create_manager, create_plan, create_viewer, load_entries, report_entry
from tests.generated import blank
from tests.plans import SMALL, changed

NOW = datetime(2015, 1, 12, 9, 41, 7, tzinfo=UTC)
CANARY = "kanarie"
OPEN = changed(SMALL, ("stale_days = 30\n", "stale_days = 30\npublic = true\n"))
TEXTS = {
    "reason": f"{CANARY} reason",
    "note": f"{CANARY} note",
    "source": f"https://{CANARY}.example.org/",
}
ROWS = (
    blank(
        id="1",
        ref="1.1",
        kind="started",
        effective="2014-10-05",
        recorded="2014-10-06T11:11+00:00",
        side="GB",
    ),
    blank(
        id="2",
        ref="1.1",
        kind="confidence",
        words="amber",
        effective="2014-10-06",
        recorded="2014-10-06",
        side="GB",
    ),
    blank(id="3", ref="1.1", kind="note", effective="2014-10-06", recorded="2014-10-06", side="FR"),
    blank(
        id="4",
        ref="1.1",
        kind="moved",
        to="../2014-11-30",
        words=f"{CANARY} both",
        effective="2014-10-07",
    )
    | {"recorded": "2014-10-07", "side": "GB"},
    blank(
        id="5",
        ref="1.3",
        kind="event",
        words=f"{CANARY} event",
        effective="2014-10-08",
        recorded="2014-10-08",
    ),
    blank(
        id="6",
        ref="1.3",
        kind="consent",
        words="port",
        effective="2014-10-08",
        recorded="2014-10-08",
        side="FR",
    ),
    blank(
        id="7",
        ref="1.9",
        kind="paid",
        effective="2014-12-01",
        recorded="2014-12-01",
        side="GB",
        instalment="1",
    )
    | {"amount": "123456.78", "currency": "EUR"},
    blank(
        id="8",
        kind="spent",
        words="security",
        amount="999.00",
        currency="EUR",
        effective="2014-12-02",
        ref="1.1",
    )
    | {"recorded": "2014-12-02", "side": "GB"},
    blank(
        id="9",
        kind="disputed",
        to=f"{CANARY}-1",
        effective="2014-12-03",
        recorded="2014-12-03",
        side="FR",
    ),
    blank(
        id="10",
        kind="withdrawn",
        to=f"{CANARY}-2",
        effective="2014-12-04",
        recorded="2014-12-04",
        side="GB",
    ),
    blank(
        id="11",
        ref="1.2",
        kind="delivered",
        quantity="1",
        effective="2014-11",
        recorded="2014-12-04",
        side="GB",
    ),
)
# every address that a public plan answers, with what its lists can be asked
ADDRESSES = (
    *(
        "",
        "commitments/",
        "commitments/1/",
        "actions/1.1/",
        "actions/1.2/",
        "actions/1.3/",
        "fund/",
        "text/",
        "meetings/",
        "charts/timeline.svg",
    ),
    *(
        "register/",
        "status.json",
        "register/{first}/",
        "register/{paid}/",
        "register/?kind=moved&kind=confidence",
        "register/?kind=terms",
    ),
    *(
        f"{name}/?format={form}"
        for name in ("commitments", "register", "fund")
        for form in ("csv", "xlsx", "json")
    ),
    *(
        f"fund/?list={name}&format={form}"
        for name in ("payments", "spending")
        for form in ("csv", "json")
    ),
    "register/?format=json&per_page=3&page=2",
)
CLOSED = (
    *(
        "mine/",
        "mine/?format=csv",
        "tokens/",
        "webhooks/",
        "calendar.ics",
        "register.atom",
        "digests/",
        "digests/preview/",
        "actions/1.1/report/",
        "actions/1.1/move/",
        "actions/1.1/decide/",
    ),
    *(
        "fund/pay/1.9/",
        "fund/spend/fund/",
        "register/load/",
        "register/export/",
        "register/{first}/withdraw/",
    ),
    *("register/{first}/confirm/", "register/{first}/dispute/"),
)


@pytest.fixture(scope="module")
def shared_folder(shared_by_module: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of the opened plan lie, which is there once it is."""
    folder = tmp_path_factory.mktemp("files")
    with override_settings(ACTIONPLAN_TODAY=NOW.date(), MEDIA_ROOT=folder):
        create_opened_plan()
    return folder


@pytest.fixture
def opened(shared_folder: Path, db: None, settings: Settings) -> Plan:
    """A public plan with the word that nobody outside may see in every internal field."""
    settings.ACTIONPLAN_TODAY = NOW.date()
    settings.MEDIA_ROOT = shared_folder
    return Plan.objects.get(slug="small")


def create_opened_plan() -> None:
    text = changed(OPEN, ("format = 1\n", 'format = 1\nchange = "kanarie change"\n'))
    plan = create_plan(text, now=NOW)
    rows = [row | TEXTS | {"id": f"{CANARY}-{row['id']}"} for row in ROWS]
    load_entries(plan, rows, now=NOW)
    author = create_manager(plan)
    User.objects.filter(pk=author.pk).update(post=f"{CANARY} post", email=f"{CANARY}@example.org")
    author.refresh_from_db()
    report_entry(
        "1.1",
        by=author,
        effective="2015-01-10",
        key=f"k{CANARY}",
        note=f"{CANARY} said",
        source=CANARY,
        reason=CANARY,
        confidence="red",
        now=NOW,
    )
    moved = Entry.objects.get(plan=plan, kind="moved")
    factories.redact_entry(
        moved,
        by=author,
        agreed_by=factories.create_administrator(),
        reason=f"{CANARY} gone",
        now=NOW,
    )
    file = storage.store(SimpleUploadedFile(f"{CANARY}.csv", b"a,b\n1,2\n"))
    draft = register.Draft(
        kind="progress",
        code=f"{CANARY}-e",
        effective="2015-01-11",
        recorded_day=NOW.date(),
        ref="1.1",
    )
    draft.evidence = (file,)
    register.append(plan, [draft], by=author.pk, now=NOW)
    JobRun.objects.create(
        plan=plan,
        job="flag_overdue",
        day=NOW.date(),
        started=NOW,
        finished=NOW,
        outcome="succeeded",
    )
    Digest.objects.create(
        plan=plan,
        recipient=author,
        kind="manager",
        week=date(2015, 1, 5),
        subject=CANARY,
        next_try=NOW,
        language="en",
    )


def addresses(plan: Plan, paths: tuple[str, ...]) -> list[str]:
    numbers = dict(Entry.objects.filter(plan=plan).values_list("kind", "number"))
    return [
        f"/plans/small/{path.format(first=numbers['started'], paid=numbers['paid'])}"
        for path in paths
    ]


def text(response: Any) -> str:
    """All that was sent: the headers, and what a spreadsheet has inside."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if "spreadsheetml" in response.headers["Content-Type"]:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    return f"{response.headers}{content.decode('utf-8-sig')}"


@pytest.mark.slow
# spreadsheets and headers hold the time of day, which may be none of those that are looked for
@time_machine.travel(datetime(2015, 1, 12, 15, 30, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("who", "language"),
    [
        ("nobody", "en"),
        pytest.param("nobody", "fr", marks=pytest.mark.rare),
        ("stranger", "fr"),
    ],
)
def test_nothing_internal_shows_through_a_public_plan(
    opened: Plan, calais: Plan, client: Client, who: str, language: str
) -> None:
    if who == "stranger":
        client.force_login(create_manager(calais, language=language))
    digests = [
        digest[:12]
        for found in Entry.objects.filter(plan=opened).values_list(
            "hash", "previous_hash", "text_digest"
        )
        for digest in found
        if digest.strip("0")
    ]
    for address in addresses(opened, ADDRESSES):
        for query in ("", "on=2014-12-20", "on=2014-12-20&known=now"):
            asked = f"{address}{'&' if '?' in address else '?'}{query}"
            response = client.get(asked, headers={"Accept-Language": language, "Accept": "*/*"})
            said = text(response)
            assert response.status_code == 200, asked
            assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
            assert (
                "private" in response.headers["Cache-Control"]
                or "no-store" in response.headers["Cache-Control"]
            )
            assert response.headers["Content-Language"] == language
            assert CANARY not in said.lower(), asked
            # the time of day at which something was recorded, the colour of the confidence, links
            # of the chain, jobs
            for inner in (
                "11:11",
                "09:41",
                "09:42",
                '"amber"',
                '"red"',
                "confidence-",
                "flag_overdue",
            ):
                assert inner not in said, (asked, inner)
            assert all(digest not in said for digest in digests), asked


def test_a_public_plan_shows_what_happened(opened: Plan, client: Client) -> None:
    page = client.get("/plans/small/actions/1.1/").content.decode()
    assert "started" in page and "deadline moved" in page and "by 30 November 2014" in page
    assert "123,456.78" in client.get("/plans/small/fund/").content.decode()
    assert client.get("/plans/small/status.json").json()["jobs"] == []
    kinds = {row["kind"] for row in client.get("/plans/small/register/?format=json").json()}
    assert kinds == {
        *(
            "started",
            "moved",
            "event",
            "consent",
            "paid",
            "spent",
            "disputed",
            "delivered",
            "progress",
            "terms",
            "plan",
        ),
        "redacted",
    }


def test_the_status_names_proposals_by_number_to_readers_from_outside(
    opened: Plan, client: Client
) -> None:
    manager = create_manager(opened)
    proposal = services.move_term(
        plan=opened, when="2016", effective="2015-01-12", reason="x", by=manager, now=NOW, key="k1"
    )
    inside = factories.sign_in(manager).get("/plans/small/status.json").json()
    outside = client.get("/plans/small/status.json").json()
    assert inside["proposed"] == [proposal.code]
    assert outside["proposed"] == [str(proposal.number)]


def test_no_count_from_outside_tells_of_an_entry_that_is_not_shown(
    opened: Plan, client: Client
) -> None:
    shown = client.get("/plans/small/actions/1.1/").context
    told = client.get("/plans/small/register/?ref=1.1&format=json").json()
    folded = sum(len(line.about) for line in shown["history"])
    assert len(shown["history"]) + folded + shown["older_entries"] == len(told)


def test_no_search_from_outside_tells_what_the_texts_hold(opened: Plan, client: Client) -> None:
    for word in (CANARY, "reason", "said", "https"):
        assert client.get(f"/plans/small/register/?format=json&q={word}").json() == []
    assert client.get("/plans/small/register/?format=json&q=1.2").json() != []
    client.force_login(create_viewer(opened))
    assert client.get(f"/plans/small/register/?format=json&q={CANARY}").json() != []


def test_pages_for_those_with_a_role_stay_closed(
    opened: Plan, calais: Plan, client: Client
) -> None:
    stranger = Client()
    stranger.force_login(create_manager(calais))
    for address in addresses(opened, CLOSED):
        feed = address.endswith((".ics", ".atom"))
        for visitor, answers in ((client, (401,) if feed else (302,)), (stranger, (404, 405))):
            for response in (visitor.get(address), visitor.post(address, {"key": "k"})):
                assert response.status_code in answers, address
        assert feed or client.get(address).headers["Location"].startswith("/sign-in/")


def test_each_page_says_whether_everybody_may_read_it() -> None:
    views: dict[str | None, Any] = {path.name: path.callback for path in urls.plan_pages}
    open_pages = {name for name, view in views.items() if getattr(view.view_class, "public", False)}
    assert open_pages == {
        *(
            "overview",
            "chart",
            "meetings",
            "commitments",
            "commitment",
            "action",
            "fund",
            "text",
            "register",
            "entry",
            "status",
            "between",
            "paper",
        )
    }


def test_a_plan_is_closed_unless_its_file_says_public(db: None, client: Client) -> None:
    create_plan(now=NOW)
    assert client.get("/plans/small/status.json").status_code == 401
    for path in ("/", "/plans/small/", "/plans/small/register/", "/plans/nowhere/"):
        assert client.get(path).headers["Location"] == f"/sign-in/?next={path}"
    loaded = load.load_plan(OPEN.encode(), now=NOW)
    assert "the plan: public" in loaded.changes
    assert client.get("/plans/small/").status_code == 200
    create_plan(now=NOW)
    assert client.get("/plans/small/").status_code == 302


def test_a_token_ends_with_the_role_also_in_a_public_plan(opened: Plan, client: Client) -> None:
    reader = create_viewer(opened)
    secret = tokens.create(
        by=reader, plan=opened, purpose="read", label="x", days=30, today=NOW.date()
    )
    asked = {"headers": {"Authorization": f"Bearer {secret}"}}
    assert client.get("/plans/small/status.json", **asked).status_code == 200  # type: ignore[arg-type]
    reader.memberships.all().delete()
    assert client.get("/plans/small/status.json", **asked).status_code == 401  # type: ignore[arg-type]


def test_whoever_has_no_session_gets_none(opened: Plan, client: Client) -> None:
    client.get("/plans/small/commitments/")
    assert "session" not in client.cookies
    assert client.get("/").status_code == 200


@pytest.mark.slow
def test_a_reader_from_outside_costs_but_the_query_for_their_roles_more(
    opened: Plan, client: Client
) -> None:
    def queries(visitor: Client, address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert visitor.get(address).status_code == 200
        return len(captured)

    member = Client()
    member.force_login(create_viewer(opened))
    for address in addresses(opened, ADDRESSES):
        # a member's plans come with the account, those of everybody are looked for
        assert queries(client, address) <= queries(member, address) + 1, address


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["text__note", "evidence", "by", "hash", "recorded_at", "loaded_at", "plan__entries", "file"],
)
def test_no_query_of_public_entries_reaches_what_is_internal(opened: Plan, name: str) -> None:
    entries = PublicEntry.objects.filter(plan_id=opened.pk)
    with pytest.raises(FieldError):
        entries.values(name)
    with pytest.raises(FieldError):
        entries.filter(**{f"{name}__isnull": False})


def test_what_public_entries_say_is_neither_text_nor_assessment(opened: Plan) -> None:
    entries = list(PublicEntry.objects.filter(plan_id=opened.pk).values())
    assert CANARY not in repr(entries)
    assert not {"note", "confidence"} & {entry["kind"] for entry in entries}
