"""The embedded default: one folder holds a site; this makes of it the environment of the site's
processes.

`manage.py` calls `enter` before Django reads the settings, so nothing here may import Django. In
the folder:

    environment          decided when it was made and at the last start; for its owner's eyes only
    actionplan.sqlite3   the database
    files/ mail/         evidence; the mails, which a trial writes and never sends
    static/ valkey/ beat/    the theme; the queue; when the queue was last filled by the clock
    logs/ run/           a file a process, see children.py
"""

import argparse
import fcntl
import os
import secrets
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import quote

from actionplan.local import processes, valkey

BASE_DIR = Path(__file__).parent.parent.parent
SAMPLE_DAY = "2015-01-12"
# an open file holds its lock until this process ends, however it ends
_held: list[IO[str]] = []


def fail(message: str) -> NoReturn:
    sys.exit(f"error: {message}.")


@dataclass(frozen=True)
class Folder:
    path: Path

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def read(self) -> dict[str, str]:
        """What was decided; nothing where `up` never ran."""
        file = self / "environment"
        if not file.exists():
            return {}
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        saved = dict(line.split("=", 1) for line in lines if "=" in line)
        if len(saved.get("SECRET_KEY", "")) < 32:
            fail(f"{file} is damaged, it gives no SECRET_KEY: remove it, and up makes a new one")
        return saved

    def write(self, saved: dict[str, str]) -> None:
        new = self / "environment.new"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(
            "".join(f"{name}={value}\n" for name, value in saved.items()), encoding="utf-8"
        )
        new.replace(self / "environment")

    def lock(self) -> None:
        file = (self / "lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(
                f"{self.path} is in use by another up: stop that one, or name another folder with --data"
            )
        _held.append(file)

    def export(self, saved: dict[str, str]) -> None:
        """Into the environment. Paths follow the folder, should it move; three values yield to the
        caller.
        """
        home = quote(str(self.path))
        os.environ |= {
            **saved,
            "ACTIONPLAN_TRIAL": "1",
            "ACTIONPLAN_TODAY": os.environ.get("ACTIONPLAN_TODAY")
            or saved.get("ACTIONPLAN_TODAY", ""),
            "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS") or "localhost,127.0.0.1,[::1]",
            "DATABASE_URL": f"sqlite:///{home}/actionplan.sqlite3",
            "EMAIL_URL": os.environ.get("EMAIL_URL") or f"file://{home}/mail",
            "MEDIA_ROOT": str(self / "files"),
            "STATIC_ROOT": str(self / "static"),
        }


def enter(arguments: list[str]) -> None:
    """`up` opens its folder; another command joins the default one, where one is and no database is
    set.
    """
    if arguments[:1] == ["up"]:
        _open(arguments[1:])
    elif not _database_is_set():
        folder = Folder(_default_path().absolute())
        if saved := folder.read():
            folder.export(saved)
        elif (
            "SECRET_KEY" not in os.environ
            and arguments
            and not arguments[0].startswith("-")
            and arguments[0] != "help"
        ):
            fail(
                "there is no site here yet: start one with `up`, or set DATABASE_URL and SECRET_KEY for another"
            )


def _default_path() -> Path:
    return Path(os.environ.get("ACTIONPLAN_DATA") or BASE_DIR / ".data")


def _database_is_set() -> bool:
    dotenv = BASE_DIR / ".env"
    return "DATABASE_URL" in os.environ or (
        dotenv.exists() and "DATABASE_URL=" in dotenv.read_text("utf-8")
    )


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
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        fail(f"{message}; --help tells more")


def _open(arguments: list[str]) -> None:
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
        _prepare(folder, options.port, empty=options.empty)
    except OSError as error:
        fail(f"{folder.path} cannot be used ({error.strerror}): name another folder with --data")


def _prepare(folder: Folder, port: int, *, empty: bool) -> None:
    for part in ("beat", "files", "logs", "mail", "run", "valkey"):
        (folder / part).mkdir(exist_ok=True)
    saved = folder.read()
    if empty and "ACTIONPLAN_TODAY" in saved:
        fail(f"{folder.path} holds the samples: name another folder with --data")
    if not saved:
        saved = {"SECRET_KEY": secrets.token_urlsafe(48)} | (
            {} if empty else {"ACTIONPLAN_TODAY": SAMPLE_DAY}
        )
    processes.end_orphans(folder / "run")
    if fault := processes.port_fault(port):
        fail(
            f"port {port} cannot be used ({fault}): name another one, such as --port {port % 65535 + 1}"
        )
    saved |= {
        "SITE_URL": f"http://localhost:{port}",
        "REDIS_URL": valkey.address(saved.get("REDIS_URL", "")),
    }
    folder.write(saved)
    folder.export(saved)
