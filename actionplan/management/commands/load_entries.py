from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from actionplan.plan_transfer.load import read_bounded_file
from commitments import clock
from commitments.files.entries import load_entries
from commitments.files.entry_rows import LARGEST
from commitments.files.errors import FileRefused
from commitments.management.arguments import SiteCommand, describe_errors, find_plan


class Command(SiteCommand):
    help = "Loads past facts from CSV in one transaction; rows that are there already are skipped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--plan", required=True)
        parser.add_argument("--check", action="store_true", help="only validate")

    def handle(self, *args: Any, file: Path, check: bool, **options: Any) -> None:
        plan = find_plan(options["plan"])
        content = read_bounded_file(file, LARGEST)
        reading = load_entries(plan, content, now=clock.now(plan.timezone), by=None, check=check)
        if reading.errors:
            raise FileRefused(reading.errors)
        for warning in describe_errors(file, reading.warnings):
            self.stderr.write(f"{warning} (warning)")
        verb = "to append" if check else "appended"
        self.stdout.write(
            f"{plan.slug}: {len(reading.drafts)} {verb}, {reading.skipped} there already"
        )
