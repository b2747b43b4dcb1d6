from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from commitments.evidence import storage
from commitments.management import arguments
from commitments.models import Plan
from commitments.register import entries, hash_chain


class Command(BaseCommand):
    help = "Checks the chain of hashes of every plan and the files of its entries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-files", action="store_true", help="check the chain alone")

    def handle(self, *args: Any, without_files: bool, **options: Any) -> None:
        faults: list[str] = []
        arguments.lift_time_limits()
        for plan in Plan.objects.all():
            if fault := next(hash_chain.verify_chain(plan), None):
                arguments.fail([f"{plan.slug}: {fault}"])
            faults += (
                [] if without_files else [f"{plan.slug}: {fault}" for fault in storage.broken(plan)]
            )
            head = entries.head_of(plan)
            self.stdout.write(
                f"{plan.slug}: {head.number if head else 0} entries, head {head.hash if head else '-'}"
            )
        if faults:
            arguments.fail(faults)
