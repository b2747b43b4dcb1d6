import gc
import itertools
import os
from collections import Counter
from collections.abc import Generator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.cache import caches
from django.db import connection, transaction
from django.dispatch import receiver
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import Settings

from actionplan.accounts import second_factor
from actionplan.local import samples
from actionplan.models import User
from commitments.models import Plan
from tests import chromium, factories, secrets_in_logs
from tests.client import Client
from tests.faults import outcome
from tests.mutations import QUICK_EXAMPLES
from tests.servers import on_postgres
from tests.site import Site
from tests.template_database import TemplateDatabase

# the machines are shared: how long an example takes says nothing here
UNTIMED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.filter_too_much,
    ],
}
hypothesis.settings.register_profile("all", max_examples=60, **UNTIMED)
hypothesis.settings.register_profile("quick", max_examples=QUICK_EXAMPLES, **UNTIMED)
# what `--quick` leaves out, with whatever needs a running site
SLOW_MARKERS = ("browser", "faults", "attacks", "slow")
# every test in these folders bears one of the markers: `--quick` does not even read them
SLOW_FOLDERS = ("attacks", "browser", "faults", "production")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="the everyday tests, with fewer made-up examples"
    )
    parser.addoption("--rare", action="store_true", help="the rare tests as well")
    parser.addoption(
        "--faults", type=int, metavar="N", help="only the tests of faults, each with N seeds"
    )
    parser.addoption(
        "--attacks",
        type=int,
        metavar="N",
        help="only the tests of attacks, with N made-up requests",
    )


def pytest_configure(config: pytest.Config) -> None:
    # a package of the audit alone: spreadsheets are read as on a site, which does not have it
    os.environ["OPENPYXL_DEFUSEDXML"] = "False"
    hypothesis.settings.load_profile("quick" if config.getoption("--quick") else "all")
    # pages of the test client name static files as they are; hashed names are for what `site`
    # serves
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    # how slow a hash is belongs to Django: passwords of the test client are hashed fast, those of
    # `site` as they are
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    secrets_in_logs.collect(os.environ.get("PYTEST_XDIST_WORKER", "main"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if config.getoption("--quick") and collection_path.name in SLOW_FOLDERS:
        return True
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests stay until the end: garbage is not looked for among them, which took a tenth
    of the processor time of a run.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


LEAKS = pytest.StashKey[tuple[int, list[str]]]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where all workers have ended: what is in the logs that should not be there fails the run."""
    if "PYTEST_XDIST_WORKER" in os.environ or session.config.option.collectonly:
        return
    session.config.stash[LEAKS] = searched = secrets_in_logs.search()
    if searched[1] and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --sqlite, --faults or --attacks only what is marked so, with --quick none of the slow ones,
    without --rare or one of those none of the rare ones; what is left out is not skipped.
    """
    chosen = items
    for option in ("sqlite", "faults", "attacks"):
        if config.getoption(f"--{option}"):
            chosen = [item for item in chosen if item.get_closest_marker(option)]
    if not any(config.getoption(option) for option in ("--rare", "--faults", "--attacks")):
        chosen = [item for item in chosen if not item.get_closest_marker("rare")]
    if config.getoption("--quick"):
        chosen = [item for item in chosen if not _is_slow(item)]
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = _with_shared_data_last(chosen)


def _with_shared_data_last(items: list[pytest.Item]) -> list[pytest.Item]:
    """In each module the tests that share no data run before those that share some."""
    sorted_items: list[pytest.Item] = []
    for _module, of_module in itertools.groupby(items, key=lambda item: item.path):
        sorted_items += sorted(of_module, key=_shares_data)
    return sorted_items


def _shares_data(item: pytest.Item) -> bool:
    return any(name.startswith("shared_") for name in getattr(item, "fixturenames", []))


def _is_slow(item: pytest.Item) -> bool:
    if "site" in getattr(item, "fixturenames", []):
        return True
    return any(item.get_closest_marker(marker) for marker in SLOW_MARKERS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The seeds of a run follow from the one that it prints; to see a failure again give it as
    --randomly-seed.
    """
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("randomly_seed", 1)
        runs = metafunc.config.getoption("--faults") or 1
        metafunc.parametrize("seed", [first + number for number in range(runs)])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    lines, leaks = config.stash.get(LEAKS, (0, []))
    terminalreporter.write_line(f"{lines} lines of logs hold {len(leaks) or 'no'} secrets.")
    for leak in leaks[:20]:
        terminalreporter.write_line(f"FAILED {leak}", red=True)
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, number in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{number} tests did not run. {reason}", yellow=True)
    if config.getoption("--faults"):
        terminalreporter.write_line(f"Seeds from {config.getoption('randomly_seed', 1)} on.")
        for line in outcome.table(
            report for reports in terminalreporter.stats.values() for report in reports
        ):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def worker() -> str:
    """The name of this process among those that run tests at the same time."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    worker: str, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """SQLite in a file and not in memory: WAL and locks exist only there."""
    if not on_postgres():
        name = f"{settings.DATABASES['default']['NAME']}-{worker}"
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = name


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """The Calais plan is there once for all tests; what a test adds is rolled back after it.

    No test commits here, since nothing could clean up after it: the register refuses. `site` is for
    those that must.
    """
    template = TemplateDatabase()
    with template.locked(), django_db_blocker.unblock():
        request.getfixturevalue("django_db_modify_db_settings")
        if template.exists:
            template.use()
        request.getfixturevalue("django_db_setup")
        if not template.exists:
            factories.create_plan(samples.PLAN_FILE.read_text())
        if template.needed and not template.exists:
            template.make()
    yield
    if on_postgres():
        with django_db_blocker.unblock():
            end_other_sessions()
    if template.made_here:
        template.drop()


def end_other_sessions() -> None:
    """One that is still open at the end would keep the database from being dropped."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user"
            " AND pid <> pg_backend_pid()"
        )


@receiver(user_logged_in)
def _with_both_factors(request: Any, user: User, **kwargs: Any) -> None:
    """`force_login` stands for a whole sign-in, with the second factor that managers need."""
    if "REQUEST_METHOD" not in request.META:
        request.session[second_factor.SET_UP_BY] = user.pk


@pytest.fixture(autouse=True)
def _nothing_is_kept_of_other_tests() -> None:
    """Writes of a test are taken back, and with them the versions of plans that pages are kept by."""
    caches["pages"].clear()


@pytest.fixture
def calais(db: None) -> Plan:
    """The Calais plan without entries."""
    return Plan.objects.get(slug="calais-2014")


@pytest.fixture
def sample_day(settings: Settings) -> date:
    """Pages, jobs and commands take the day of the samples for today."""
    settings.ACTIONPLAN_TODAY = factories.TODAY
    return factories.TODAY


@pytest.fixture(scope="module")
def shared_by_module(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What fixtures of a module write is there for all its tests and rolled back after the last.

    Each test has a savepoint of its own inside. Fixtures that build on this one have names that
    begin with `shared_`: the tests of a module that do not ask for them run first.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def shared_sample_entries(shared_by_module: None) -> None:
    """The Calais plan has its sample entries."""
    factories.load_sample_entries(Plan.objects.get(slug="calais-2014"))


@pytest.fixture
def calais_with_entries(shared_sample_entries: None, calais: Plan, sample_day: date) -> Plan:
    """The Calais plan with its sample entries, on the day of the samples."""
    return calais


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def official(calais: Plan) -> User:
    """Somebody of the Home Office, which leads 4.4 of the Calais plan."""
    return factories.create_official(calais)


@pytest.fixture
def manager(calais: Plan) -> User:
    """A British manager of the Calais plan."""
    return factories.create_manager(calais)


@pytest.fixture
def french_manager(calais: Plan) -> User:
    return factories.create_manager(calais, side="FR")


@pytest.fixture
def administrator(db: None) -> User:
    return factories.create_administrator()


@pytest.fixture(scope="session")
def site(worker: str) -> Iterator[Site]:
    site = Site(worker)
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    obstacle = chromium.find_obstacle()
    if obstacle and os.environ.get("CI"):
        pytest.fail(obstacle, pytrace=False)
    if obstacle:
        pytest.skip(obstacle)
    # the browser's loop runs in this thread, where Django would otherwise refuse every query from
    # then on
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A visitor nobody has seen before, on the site."""
    context = browser.new_context(base_url=site.url, locale="en-GB")
    yield context.new_page()
    context.close()
