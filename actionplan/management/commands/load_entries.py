from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan import plan_loading
from commitments import clock, console, entries_file


class Command(BaseCommand):
    help = "Loads past facts from CSV in one transaction; rows that are there already are skipped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--plan", required=True)
        parser.add_argument("--check", action="store_true", help="only validate")

    def handle(self, *args: Any, **options: Any) -> None:
        console.take_time()
        plan, name = console.plan(options["plan"]), str(options["file"])
        try:
            content = plan_loading.read_file(options["file"], entries_file.LARGEST)
        except plan_loading.Refused as refused:
            console.fail(console.lines(name, refused.faults))
        now = clock.now(plan.timezone)
        reading = entries_file.load(plan, content, now=now, by=None, check=options["check"])
        if reading.faults:
            console.fail(console.lines(name, reading.faults))
        for warning in console.lines(name, reading.warnings):
            self.stderr.write(f"{warning} (warning)")
        verb = "to append" if options["check"] else "appended"
        self.stdout.write(f"{plan.slug}: {len(reading.rows)} {verb}, {reading.skipped} there already")
