from typing import Any

from django.core.management.base import CommandParser

from commitments.evidence import storage
from commitments.management.arguments import SiteCommand, fail
from commitments.models import Plan
from commitments.register import entries, hash_chain


class Command(SiteCommand):
    help = "Checks the chain of hashes of every plan and the files of its entries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-files", action="store_true", help="check the chain alone")

    def handle(self, *args: Any, without_files: bool, **options: Any) -> None:
        altered_files: list[str] = []
        for plan in Plan.objects.all():
            broken_entry = next(hash_chain.verify_chain(plan), None)
            if broken_entry:
                fail(f"{plan.slug}: {broken_entry}")
            if not without_files:
                altered_files += [f"{plan.slug}: {file}" for file in storage.verify_files(plan)]
            head = entries.head_of(plan)
            self.stdout.write(
                f"{plan.slug}: {head.number if head else 0} entries, head {head.hash if head else '-'}"
            )
        if altered_files:
            fail(*altered_files)
