"""The embedded default: one folder holds a site, and this turns it into the environment variables
of the site's processes.

`manage.py` calls `enter` before Django reads the settings, so nothing here may import Django. The
folder holds:

    environment          decided when it was made and at the last start; only its owner may read it
    actionplan.sqlite3   the database
    files/ mail/         evidence; the mails, which a trial writes and never sends
    static/              the static files
    valkey/ beat/        the queue; when it was last filled by the clock
    logs/ run/           one file a process, see processes.py
"""

import argparse
import fcntl
import os
import secrets
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from actionplan.local import processes, valkey

BASE_DIR = Path(__file__).parent.parent.parent
SAMPLE_DAY = "2015-01-12"


def fail(message: str) -> NoReturn:
    sys.exit(f"error: {message}.")


@dataclass(frozen=True)
class Folder:
    path: Path

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def read(self) -> dict[str, str]:
        """The variables that were decided before; none where `up` never ran."""
        file = self / "environment"
        if not file.exists():
            return {}
        variables = {}
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            name, separator, value = line.partition("=")
            if separator:
                variables[name] = value
        if len(variables.get("SECRET_KEY", "")) < 32:
            fail(f"{file} is damaged, it gives no SECRET_KEY: remove it, and up makes a new one")
        return variables

    def write(self, variables: dict[str, str]) -> None:
        new = self / "environment.new"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        lines = [f"{name}={value}\n" for name, value in variables.items()]
        new.write_text("".join(lines), encoding="utf-8")
        new.replace(self / "environment")

    def lock(self) -> None:
        """Until this process ends, in whatever way: the descriptor is never closed."""
        descriptor = os.open(self / "lock", os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(
                f"{self.path} is in use by another up: "
                "stop that one, or name another folder with --data"
            )

    def export(self, variables: dict[str, str]) -> None:
        """Set the environment of this process.

        Paths are made of the folder's, so that it can be moved. The caller's own values of
        ACTIONPLAN_TODAY, ALLOWED_HOSTS and EMAIL_URL win.
        """
        home = quote(str(self.path))
        defaults = {
            "ACTIONPLAN_TODAY": variables.get("ACTIONPLAN_TODAY", ""),
            "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
            "EMAIL_URL": f"file://{home}/mail",
        }
        given = {name: os.environ[name] for name in defaults if os.environ.get(name)}
        os.environ |= {
            **variables,
            **defaults,
            **given,
            "ACTIONPLAN_TRIAL": "1",
            "DATABASE_URL": f"sqlite:///{home}/actionplan.sqlite3",
            "MEDIA_ROOT": str(self / "files"),
            "STATIC_ROOT": str(self / "static"),
        }


def enter(arguments: list[str]) -> None:
    """Set the environment for a command: `up` opens its folder, the others join the default one.

    Where a database is set already, a command belongs to another site and nothing is changed.
    """
    if arguments[:1] == ["up"]:
        _open_folder(arguments[1:])
        return
    if _is_database_set():
        return
    folder = Folder(_default_path().absolute())
    variables = folder.read()
    if variables:
        folder.export(variables)
    elif "SECRET_KEY" not in os.environ and _needs_site(arguments):
        fail(
            "there is no site here yet: "
            "start one with `up`, or set DATABASE_URL and SECRET_KEY for another"
        )


def _default_path() -> Path:
    return Path(os.environ.get("ACTIONPLAN_DATA") or BASE_DIR / ".data")


def _is_database_set() -> bool:
    if "DATABASE_URL" in os.environ:
        return True
    dotenv = BASE_DIR / ".env"
    return dotenv.exists() and "DATABASE_URL=" in dotenv.read_text("utf-8")


def _needs_site(arguments: list[str]) -> bool:
    """Whether this is a command, and not a question for help or for the version."""
    return bool(arguments) and not arguments[0].startswith("-") and arguments[0] != "help"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=_port, default=8000, help="port on this machine, 8000 if left out"
    )
    parser.add_argument(
        "--data", type=Path, default=_default_path(), help="folder of all data, else .data"
    )
    parser.add_argument(
        "--empty", action="store_true", help="the plan alone: no samples, the real clock"
    )


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        fail(f"{message}; --help tells more")


def _open_folder(arguments: list[str]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    parser = _Parser(
        prog="up", description="Runs a whole site on this machine, with all its data in one folder."
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    folder = Folder(options.data.absolute())
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.lock()
        _prepare_folder(folder, options.port, empty=options.empty)
    except OSError as error:
        fail(f"{folder.path} cannot be used ({error.strerror}): name another folder with --data")


def _prepare_folder(folder: Folder, port: int, *, empty: bool) -> None:
    for part in ("beat", "files", "logs", "mail", "run", "valkey"):
        (folder / part).mkdir(exist_ok=True)
    variables = folder.read()
    if empty and "ACTIONPLAN_TODAY" in variables:
        fail(f"{folder.path} holds the samples: name another folder with --data")
    if not variables:
        variables["SECRET_KEY"] = secrets.token_urlsafe(48)
        if not empty:
            variables["ACTIONPLAN_TODAY"] = SAMPLE_DAY
    processes.end_orphans(folder / "run")
    error = processes.loopback_error()
    if error:
        fail(f"this machine has no IPv4 address 127.0.0.1, which up listens on ({error})")
    error = processes.port_error(port)
    if error:
        other = port % 65535 + 1
        fail(f"port {port} cannot be used ({error}): name another one, such as --port {other}")
    variables["SITE_URL"] = f"http://localhost:{port}"
    variables["REDIS_URL"] = valkey.choose_address(variables.get("REDIS_URL", ""))
    folder.write(variables)
    folder.export(variables)
