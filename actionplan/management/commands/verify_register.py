from typing import Any

from django.core.management.base import BaseCommand

from commitments import console, register
from commitments.models import Plan


class Command(BaseCommand):
    help = "Checks the chain of hashes of every plan; exit 1 and the first broken entry where it does not hold."

    def handle(self, *args: Any, **options: Any) -> None:
        for plan in Plan.objects.all():
            if fault := next(register.broken(plan), None):
                console.fail([f"{plan.slug}: {fault}"])
            head = register.head_of(plan)
            self.stdout.write(f"{plan.slug}: {head.number if head else 0} entries, head {head.hash if head else '-'}")
