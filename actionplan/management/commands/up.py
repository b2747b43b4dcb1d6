"""`manage.py up`: the whole site on this machine. The environment is set already, by
`embedded.enter`.
"""

import hashlib
import http
import http.client
import io
import math
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections, transaction

from actionplan import celery
from actionplan.local import commands, environment, processes, valkey

PLAN = environment.BASE_DIR / "actionplan" / "plans" / "calais-2014.toml"


class Command(BaseCommand):
    help = "Runs a whole site on this machine, with all its data in one folder."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        environment.add_arguments(parser)

    def handle(self, *args: Any, port: int, data: Path, **options: Any) -> None:
        folder = environment.Folder(data.absolute())
        try:
            prepare(folder / "static.key", samples="ACTIONPLAN_TODAY" in folder.read())
        except DatabaseError as error:
            environment.fail(f"{folder / 'actionplan.sqlite3'} cannot be used: {error}")
        connections.close_all()
        if fault := Site(folder, port).run(lambda: self.announce(folder)):
            environment.fail(fault)

    def announce(self, folder: environment.Folder) -> None:
        today = f", where today is {settings.ACTIONPLAN_TODAY}" if settings.ACTIONPLAN_TODAY else ""
        self.stdout.write(f"The plan is at {settings.SITE_URL}/{today}.")
        self.stdout.write(f"All data are in {folder.path}; Ctrl-C stops everything.")
        self.stdout.flush()


def prepare(static_key: Path, *, samples: bool) -> None:
    """The tables, the static files and, the first time, the plan."""
    call_command("migrate", interactive=False, verbosity=0)
    collect_static(static_key)
    if apps.get_model("commitments", "Plan").objects.exists():
        return
    with transaction.atomic():
        call_command("load_plan", str(PLAN), stdout=io.StringIO())
        if samples:
            call_command("load_samples")


def collect_static(key: Path) -> None:
    """Only when a file changed: hashing and compressing takes longer than all the rest of a start."""
    files = [storage.path(name) for finder in get_finders() for name, storage in finder.list([])]
    stats = [
        (str(path), Path(path).stat().st_size, Path(path).stat().st_mtime_ns)
        for path in sorted(files)
    ]
    digest = hashlib.sha256(repr(stats).encode()).hexdigest()
    if key.exists() and key.read_text() == digest and Path(settings.STATIC_ROOT).exists():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    key.write_text(digest)


class Site:
    """Its processes. Once they start a signal only sets `asked`, so that no child is lost
    half-started.
    """

    def __init__(self, folder: environment.Folder, port: int) -> None:
        self.folder, self.port = folder, port
        self.children: list[processes.Child] = []
        self.asked = False

    def run(self, announce: Callable[[], None]) -> str:
        """Until a signal comes or a child dies; gives what went wrong, or nothing."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.ask)
        try:
            self.start()
            fault = self.wait(self.answers, 60)
            if not fault and not self.asked:
                announce()
                celery.ask()
            return fault or self.wait(lambda: False, math.inf)
        finally:
            for child in reversed(self.children):
                child.stop()

    def ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def start(self) -> None:
        queue = self.folder / "valkey"
        self.child("valkey", valkey.command(settings.REDIS_URL, queue), cwd=queue)
        self.child("web", commands.web(f"127.0.0.1:{self.port}"))
        self.child("worker", commands.worker())
        self.child("beat", commands.beat(str(self.folder / "beat" / "schedule")))

    def child(self, name: str, command: list[str], cwd: Path = environment.BASE_DIR) -> None:
        command = [sys.executable, *command[1:]] if command[0] == "python" else command
        self.children.append(processes.start(name, command, folder=self.folder.path, cwd=cwd))

    def wait(self, done: Callable[[], bool], seconds: float) -> str:
        until = time.monotonic() + seconds
        while not self.asked and not done():
            for child in self.children:
                if fault := child.fault():
                    return fault
            if time.monotonic() > until:
                return f"the site does not answer on port {self.port}; {self.folder / 'logs'} may say why"
            time.sleep(0.1)
        return ""

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
