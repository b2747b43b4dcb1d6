from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from commitments.management import arguments
from commitments.models import Plan
from commitments.register import standings


class Command(BaseCommand):
    help = "Computes every standing afresh from the register."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only compare; exit 1 where one differs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        arguments.lift_time_limits()
        faults = []
        for plan in Plan.objects.all():
            if options["check"]:
                faults += [
                    f"{plan.slug}: the standing of {name} is not what the rule says: run rebuild_standings"
                    for name in standings.find_mismatches(plan)
                ]
            else:
                with transaction.atomic():
                    Plan.objects.lock(plan)
                    self.stdout.write(f"{plan.slug}: {standings.rebuild_all(plan)} stretches")
        if faults:
            arguments.fail(faults)
        if options["check"]:
            self.stdout.write("every standing is what the rule says")
