from pathlib import Path

from django.core.management.base import CommandParser

from actionplan.plan_transfer.restore import load_export
from commitments import clock
from commitments.management.arguments import SiteCommand
from commitments.register import entries


class Command(SiteCommand):
    help = "Loads a whole plan from the ZIP file that export_plan wrote, where nothing of the plan is recorded yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: object, file: Path, **options: object) -> None:
        plan = load_export(file, now=clock.now("UTC"))
        head = entries.head_of(plan)
        assert head is not None
        self.stdout.write(
            f"{plan.slug}: {head.number} entries; the head of its new chain is {head.hash}"
        )
        if plan.public:
            self.stdout.write(
                f"{plan.slug}: everybody can read it without signing in, as its file says (public = true)"
            )
