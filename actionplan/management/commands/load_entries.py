from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.plan_transfer import load
from commitments import clock
from commitments.files import entries
from commitments.files.errors import FileRefused
from commitments.management import arguments


class Command(BaseCommand):
    help = "Loads past facts from CSV in one transaction; rows that are there already are skipped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--plan", required=True)
        parser.add_argument("--check", action="store_true", help="only validate")

    def handle(self, *args: Any, **options: Any) -> None:
        arguments.take_time()
        plan, name = arguments.plan(options["plan"]), str(options["file"])
        try:
            content = load.read_file(options["file"], entries.LARGEST)
        except FileRefused as refused:
            arguments.fail(arguments.lines(name, refused.errors))
        now = clock.now(plan.timezone)
        reading = entries.load_entries(plan, content, now=now, by=None, check=options["check"])
        if reading.errors:
            arguments.fail(arguments.lines(name, reading.errors))
        for warning in arguments.lines(name, reading.warnings):
            self.stderr.write(f"{warning} (warning)")
        verb = "to append" if options["check"] else "appended"
        self.stdout.write(
            f"{plan.slug}: {len(reading.rows)} {verb}, {reading.skipped} there already"
        )
