from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.plan_transfer.export import export_plan
from commitments import clock
from commitments.management import arguments


class Command(BaseCommand):
    help = "Writes a whole plan, its plan files and its register, into one ZIP file that load_plan_export reads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        plan = arguments.find_plan(options["slug"])
        path: Path = options["file"]
        try:
            with path.open("xb") as file:
                lacking = export_plan(plan, file, now=clock.now(plan.timezone))
        except FileExistsError:
            arguments.fail([f"{path} is there already: give another name, nothing is overwritten"])
        except OSError as error:
            arguments.fail([f"{path} cannot be written: {error.strerror or error}"])
        for text in lacking:
            self.stderr.write(f"warning: {text}")
        self.stdout.write(f"{plan.slug}: exported to {path}, {path.stat().st_size} bytes")
