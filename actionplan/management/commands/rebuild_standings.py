from collections.abc import Iterable
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
        plans = Plan.objects.all()
        if options["check"]:
            self._check(plans)
        else:
            self._rebuild(plans)

    def _check(self, plans: Iterable[Plan]) -> None:
        errors = [
            f"{plan.slug}: the standing of {name} is not what the rule says: run rebuild_standings"
            for plan in plans
            for name in standings.find_mismatches(plan)
        ]
        if errors:
            arguments.fail(errors)
        self.stdout.write("every standing is what the rule says")

    def _rebuild(self, plans: Iterable[Plan]) -> None:
        for plan in plans:
            with transaction.atomic():
                Plan.objects.lock(plan)
                count = standings.rebuild_all(plan)
            self.stdout.write(f"{plan.slug}: {count} stretches")
