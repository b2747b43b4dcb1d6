"""A site as `manage.py up` runs it, on SQLite, in a folder that is prepared once and copied for
each test.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from actionplan.local import environment, processes
from tests.faults.outside import Outside
from tests.faults.smtp import SmtpServer
from tests.up import ENVIRON, PROCESSES, Up, manage

SECRET_KEY = "the-key-of-a-prepared-folder-and-of-its-sessions"


def prepared(shared: Path) -> Path:
    """Samples and crowd; made by the first that asks."""
    folder = shared / "trial"
    with (shared / "trial.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            new = shared / "trial.new"
            new.mkdir()
            _fill(environment.Folder(new))
            new.rename(folder)
    return folder


def _fill(folder: environment.Folder) -> None:
    environ = ENVIRON | {
        "ACTIONPLAN_TODAY": environment.SAMPLE_DAY,
        "ACTIONPLAN_TRIAL": "1",
        "DATABASE_URL": f"sqlite:///{quote(str(folder / 'actionplan.sqlite3'))}",
        "SECRET_KEY": SECRET_KEY,
        "STATIC_ROOT": str(folder / "static"),
    }
    for program in (["tests.site", str(folder / "static.key")], ["tests.faults.crowd"]):
        command = [sys.executable, "-m", *program]
        subprocess.run(
            command, cwd=environment.BASE_DIR, env=environ, check=True, stdout=subprocess.DEVNULL
        )
    folder.write({"SECRET_KEY": SECRET_KEY, "ACTIONPLAN_TODAY": environment.SAMPLE_DAY})


class Trial(Outside):
    """At `url` once it has started; to be started again after whatever was done to it."""

    def __init__(self, shared: Path, folder: Path) -> None:
        shutil.copytree(prepared(shared), folder)
        self.folder, self.post = folder, SmtpServer()
        self.post.start()
        self.port = processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.up: Up | None = None

    @property
    def mail_url(self) -> str:
        return f"smtp://127.0.0.1:{self.post.port}"

    def start(self) -> Up:
        self.up = Up(self.folder, self.port, EMAIL_URL=self.mail_url)
        return self.up

    def kill(self) -> None:
        """All of it, at once."""
        assert self.up
        self.up.process.kill()
        for name in PROCESSES:
            if group := processes.living_group(self.folder / "run" / name):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
        self.up.process.wait()

    def close(self) -> None:
        if self.up and self.up.process.poll() is None:
            self.kill()
        self.post.stop()

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with (
            closing(sqlite3.connect(self.folder / "actionplan.sqlite3", timeout=20)) as connection,
            connection,
        ):
            return list(connection.execute(query.replace("%s", "?"), values).fetchall())

    def manage(self, *arguments: str, **environ: str) -> str:
        environ = {"ACTIONPLAN_DATA": str(self.folder), "EMAIL_URL": self.mail_url} | environ
        done = manage(*arguments, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def logs(self) -> str:
        return "".join(
            file.read_text(errors="replace") for file in (self.folder / "logs").glob("*.log")
        )
