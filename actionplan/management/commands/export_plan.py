from pathlib import Path

from django.core.management.base import CommandParser

from actionplan.plan_transfer.export import export_plan
from commitments import clock
from commitments.management.arguments import SiteCommand, fail, find_plan


class Command(SiteCommand):
    help = "Writes a whole plan, its plan files and its register, into one ZIP file that load_plan_export reads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("file", type=Path)

    def handle(self, *args: object, slug: str, file: Path, **options: object) -> None:
        plan = find_plan(slug)
        try:
            with file.open("xb") as target:
                lacking = export_plan(plan, target, now=clock.now(plan.timezone))
        except FileExistsError:
            fail(f"{file} is there already: give another name, nothing is overwritten")
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror or error}")
        for text in lacking:
            self.stderr.write(f"warning: {text}")
        self.stdout.write(f"{plan.slug}: exported to {file}, {file.stat().st_size} bytes")
