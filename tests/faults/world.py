"""A whole site of its own for one test: real processes of the product that can be killed, stopped
and started again.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg2
import redis
from celery.beat import PersistentScheduler

from actionplan import celery
from actionplan.local import commands, environment, processes
from tests.faults.outside import Outside
from tests.faults.smtp import SmtpServer
from tests.servers import Postgres, Valkey
from tests.site import Site

TASK = "actionplan.jobs.tasks.run_due_jobs"


class Process:
    """One of the product's own processes, in a group of its own."""

    def __init__(
        self, name: str, command: list[str], folder: Path, environ: dict[str, str]
    ) -> None:
        self.name, self.folder, self.environ = name, folder, environ
        self.command = [sys.executable, *command[1:]]
        self.starts = 0
        self.start()

    def start(self) -> None:
        # a name for each start: what a killed one left behind may still hold the lock of its own
        self.starts += 1
        name = f"{self.name}-{self.starts}"
        self.child = processes.start(
            name, self.command, folder=self.folder, cwd=environment.BASE_DIR, environ=self.environ
        )

    @property
    def pid(self) -> int:
        return self.child.process.pid

    def runs(self) -> bool:
        return self.child.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """To the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.child.process.wait()

    def kill_some(self, random: Random) -> None:
        """All of it, its first process alone, or one that the first started; the last is replaced
        by the first.
        """
        inner = self._inner()
        if not inner or random.random() < 1 / 3:
            self.kill()
        elif random.random() < 1 / 2:
            self.child.process.kill()
            self.child.process.wait()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.choice(inner), signal.SIGKILL)

    def _inner(self) -> list[int]:
        with contextlib.suppress(OSError):
            return [
                int(pid)
                for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            ]
        return []

    def stop(self) -> None:
        """As an operator would; what is left after a while is killed."""
        self.signal(signal.SIGCONT)
        self.child.stop()

    @property
    def log(self) -> str:
        return self.child.log.read_text(errors="replace")


class World(Site, Outside):
    """A database with the samples and a crowd, a queue, a mail server, and as many processes as a
    test starts.

    `own` is a PostgreSQL that nobody else uses.
    """

    def __init__(self, name: str, own: Postgres | None = None) -> None:
        super().__init__(name)
        self.own, self.base = own, self.template
        self.template = f"{self.base}_crowd"
        self.today = environment.SAMPLE_DAY
        self.mail_url = "smtp://127.0.0.1:{port}"
        self.post = SmtpServer()
        (self.folder / "valkey").mkdir()
        self.queue = Valkey(self.folder / "valkey")
        self.queue_url = self.queue.url
        self.processes: list[Process] = []

    # Its life

    def open(self) -> None:
        self.make_template()
        self.reset()
        self.post.start()

    def close(self) -> None:
        self.kill_all()
        self.stop()
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            self.queue.stop(signal.SIGKILL)
        self.post.stop()

    def make_template(self) -> None:
        self.template, crowd = self.base, self.template
        super().make_template()
        self.template = crowd
        filled = self.shared / "crowd.filled"
        with (self.shared / "site.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not filled.exists():
                self._sql(f'CREATE DATABASE "{self.template}" TEMPLATE "{self.base}"')
                self.run(
                    sys.executable,
                    "-m",
                    "tests.faults.crowd",
                    DATABASE_URL=self._address(self.template),
                )
                filled.touch()
        if self.own:
            self._take_along(self.own)

    def _take_along(self, own: Postgres) -> None:
        """The template, to a server of our own."""
        dump, self.server = self._address(self.template), own.url()
        self._sql(f'CREATE DATABASE "{self.template}"')
        content = subprocess.run(
            [own.binaries / "pg_dump", dump], check=True, capture_output=True
        ).stdout
        psql = [
            str(own.binaries / "psql"),
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            self._address(self.template),
        ]
        subprocess.run(psql, input=content, check=True, capture_output=True)

    def environment(self, database: str) -> dict[str, str]:
        return super().environment(database) | {
            "ACTIONPLAN_TODAY": self.today,
            "EMAIL_URL": self.mail_url.format(port=self.post.port),
            "REDIS_URL": self.queue_url,
        }

    # Its processes

    def kill_all(self) -> None:
        """Every process but the web's, with whatever a killed one had left behind."""
        for file in (self.folder / "run").glob("*-*"):
            with contextlib.suppress(ProcessLookupError):
                if group := processes.living_group(file):
                    os.killpg(group, signal.SIGKILL)
        for process in self.processes:
            process.child.process.wait()

    def process(self, name: str, command: list[str]) -> Process:
        found = Process(name, command, self.folder, self.environment(self.database))
        self.processes.append(found)
        return found

    def worker(self, number: int = 1) -> Process:
        return self.process(f"worker{number}", commands.worker())

    def beat(self, number: int = 1) -> Process:
        return self.process(f"beat{number}", commands.beat(str(self.schedule(number))))

    def schedule(self, number: int = 1) -> Path:
        return self.folder / f"schedule{number}"

    def beat_was_down(self, number: int = 1, away: timedelta = timedelta(days=3)) -> None:
        """The file that a beat keeps says that it last asked so long ago; the next one asks as soon
        as it starts.
        """
        scheduler = PersistentScheduler(celery.app, schedule_filename=str(self.schedule(number)))
        for entry in scheduler.schedule.values():
            entry.last_run_at -= away
        scheduler.close()

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """To its end, which must be a good one."""
        everything = self.environment(self.database) | environ
        done = subprocess.run(
            command,
            cwd=environment.BASE_DIR,
            env=everything,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done

    def manage(self, *arguments: str, **environ: str) -> str:
        return self.run(sys.executable, "manage.py", *arguments, **environ).stdout

    # Its queue

    def ask(self) -> None:
        """What beat says at every tick."""
        with celery.app.connection_for_write(self.queue.url) as connection:
            celery.app.send_task(TASK, connection=connection)

    def ask_the_same(self, times: int) -> None:
        """One message, delivered as often; before a worker has taken it."""
        self.ask()
        with redis.Redis.from_url(self.queue.url) as client:
            (message,) = client.lrange("actionplan", 0, -1)
            client.lpush("actionplan", *[message] * (times - 1))

    def flush(self) -> None:
        with redis.Redis.from_url(self.queue.url) as client:
            client.flushall()

    # Its database

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self._address(self.database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return list(cursor.fetchall()) if cursor.description else []


@contextlib.contextmanager
def opened(world: World) -> Iterator[World]:
    try:
        world.open()
        yield world
    finally:
        world.close()
