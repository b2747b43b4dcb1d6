from pathlib import Path

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
        parser.add_argument("--side", help="whose rows these are; needed once the plan is open")
        parser.add_argument("--check", action="store_true", help="only validate")

    def handle(
        self,
        *args: object,
        file: Path,
        plan: str,
        side: str | None,
        check: bool,
        **options: object,
    ) -> None:
        target = find_plan(plan)
        content = read_bounded_file(file, LARGEST)
        now = clock.now(target.timezone)
        reading = load_entries(target, content, now=now, by=None, check=check, side=side)
        if reading.errors:
            raise FileRefused(reading.errors)
        for warning in describe_errors(file, reading.warnings):
            self.stderr.write(f"{warning} (warning)")
        verb = "to append" if check else "appended"
        self.stdout.write(
            f"{target.slug}: {len(reading.drafts)} {verb}, {reading.skipped} there already"
        )
