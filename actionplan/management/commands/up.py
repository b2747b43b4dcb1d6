"""`manage.py up`: a whole site on this machine.

`actionplan.local.environment.enter` has set the environment already, before Django started.
"""

import http
import http.client
import io
import math
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections, transaction

from actionplan import celery, env
from actionplan.local import commands, environment, processes, valkey
from actionplan.local.samples import PLAN_FILE
from commitments.models import Plan

# seconds until the site must answer
START_TIMEOUT = 60


class Command(BaseCommand):
    help = "Runs a whole site on this machine, with all its data in one folder."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        environment.add_arguments(parser)

    def handle(self, *args: object, port: int, data: Path, **options: object) -> None:
        folder = environment.Folder(data.absolute())
        try:
            prepare(folder / "static.key", samples="ACTIONPLAN_TODAY" in folder.read())
        except DatabaseError as error:
            environment.fail(f"{folder / 'actionplan.sqlite3'} cannot be used: {error}")
        except OSError as error:
            environment.fail(f"{error.filename or folder.path} cannot be written: {error.strerror}")
        connections.close_all()
        error_message = Site(folder, port, self.say).run()
        if error_message:
            environment.fail(error_message)

    def say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def prepare(static_key: Path, *, samples: bool) -> None:
    """Make the tables, the static files and, the first time, the plan."""
    call_command("migrate", interactive=False, verbosity=0)
    collect_static(static_key)
    if Plan.objects.exists():
        return
    with transaction.atomic():
        call_command("load_plan", str(PLAN_FILE), stdout=io.StringIO())
        if samples:
            call_command("load_samples")
            call_command("open_plan", "calais-2014", stdout=io.StringIO())


def collect_static(static_key: Path) -> None:
    """Collect the static files if one changed: this takes longer than the rest of a start."""
    paths = [
        Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list([])
    ]
    key = env.fingerprint(paths)
    is_collected = static_key.exists() and static_key.read_text() == key
    if is_collected and Path(settings.STATIC_ROOT).exists():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    static_key.write_text(key)


class Site:
    """The processes of the site.

    Once they are started, a signal only sets `is_stopping`, so that no child is lost half-started.
    """

    def __init__(self, folder: environment.Folder, port: int, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.port = port
        self.say = say
        self.children: list[processes.Child] = []
        self.is_stopping = False

    def run(self) -> str:
        """Run until a signal comes or a child dies; returns what went wrong, or nothing."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.request_stop)
        try:
            self.start()
            error = self.wait_until(self.answers, START_TIMEOUT)
            if error or self.is_stopping:
                return error
            self.announce()
            celery.ask_for_due_jobs()
            return self.wait_until(never, math.inf)
        finally:
            self.stop()

    def request_stop(self, number: int, frame: FrameType | None) -> None:
        if not self.is_stopping:
            self.is_stopping = True
            self.say("Stopping …")

    def start(self) -> None:
        queue = self.folder / "valkey"
        self.start_child("valkey", valkey.command(settings.REDIS_URL, queue), cwd=queue)
        self.start_child("web", commands.web(f"127.0.0.1:{self.port}"))
        self.start_child("worker", commands.worker())
        self.start_child("beat", commands.beat(str(self.folder / "beat" / "schedule")))

    def start_child(self, name: str, command: list[str], cwd: Path = environment.BASE_DIR) -> None:
        if command[0] == "python":
            command = [sys.executable, *command[1:]]
        child = processes.start(name, command, folder=self.folder.path, cwd=cwd)
        self.children.append(child)

    def stop(self) -> None:
        """All at once, but the queue last: the others still talk to it."""
        queue, others = self.children[:1], self.children[1:]
        processes.stop_all(others)
        processes.stop_all(queue)

    def announce(self) -> None:
        today = ""
        if settings.ACTIONPLAN_TODAY:
            today = f", where today is {settings.ACTIONPLAN_TODAY}"
        self.say(f"The plan is at {settings.SITE_URL}/{today}.")
        self.say(f"All data are in {self.folder.path}; Ctrl-C stops everything.")

    def wait_until(self, done: Callable[[], bool], seconds: float) -> str:
        """Wait, at most so long, while all children run; returns what went wrong, or nothing."""
        deadline = time.monotonic() + seconds
        while not self.is_stopping and not done():
            for child in self.children:
                error = child.error()
                if error:
                    return error
            if time.monotonic() > deadline:
                logs = self.folder / "logs"
                return f"the site does not answer on port {self.port}; {logs} may say why"
            time.sleep(0.1)
        return ""

    def answers(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)) as connection:
            try:
                connection.request("GET", "/health/")
                return connection.getresponse().status == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False


def never() -> bool:
    return False
