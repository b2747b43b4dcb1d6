from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.plan_transfer.restore import load_export
from commitments import clock
from commitments.files.errors import FileRefused
from commitments.management import arguments
from commitments.register import entries


class Command(BaseCommand):
    help = "Loads a whole plan from the ZIP file that export_plan wrote, where nothing of the plan is recorded yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            plan = load_export(path, now=clock.now("UTC"))
        except FileRefused as refused:
            arguments.fail(arguments.describe_errors(path, refused.errors))
        head = entries.head_of(plan)
        assert head is not None
        self.stdout.write(
            f"{plan.slug}: {head.number} entries; the head of its new chain is {head.hash}"
        )
        if plan.public:
            self.stdout.write(
                f"{plan.slug}: everybody can read it without signing in, as its file says (public = true)"
            )
