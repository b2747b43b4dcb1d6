from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.plan_transfer.load import read_bounded_file
from commitments import clock
from commitments.files.entries import load_entries
from commitments.files.entry_rows import LARGEST
from commitments.files.errors import FileRefused
from commitments.management import arguments


class Command(BaseCommand):
    help = "Loads past facts from CSV in one transaction; rows that are there already are skipped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--plan", required=True)
        parser.add_argument("--check", action="store_true", help="only validate")

    def handle(self, *args: Any, **options: Any) -> None:
        arguments.lift_time_limits()
        path: Path = options["file"]
        check: bool = options["check"]
        plan = arguments.find_plan(options["plan"])
        try:
            content = read_bounded_file(path, LARGEST)
        except FileRefused as refused:
            arguments.fail(arguments.describe_errors(path, refused.errors))
        reading = load_entries(plan, content, now=clock.now(plan.timezone), by=None, check=check)
        if reading.errors:
            arguments.fail(arguments.describe_errors(path, reading.errors))
        for warning in arguments.describe_errors(path, reading.warnings):
            self.stderr.write(f"{warning} (warning)")
        verb = "to append" if check else "appended"
        self.stdout.write(
            f"{plan.slug}: {len(reading.rows)} {verb}, {reading.skipped} there already"
        )
