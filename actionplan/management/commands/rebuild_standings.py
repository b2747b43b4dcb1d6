from django.core.management.base import CommandParser

from commitments.management.arguments import SiteCommand, fail
from commitments.models import Plan
from commitments.register import standings


class Command(SiteCommand):
    help = "Computes every standing afresh from the register."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only compare; exit 1 where one differs"
        )

    def handle(self, *args: object, check: bool, **options: object) -> None:
        if check:
            self._check()
        else:
            self._rebuild()

    def _check(self) -> None:
        errors = [
            f"{plan.slug}: the standing of {name} is not what the rule says: run rebuild_standings"
            for plan in Plan.objects.all()
            for name in standings.find_mismatches(plan)
        ]
        if errors:
            fail(*errors)
        self.stdout.write("every standing is what the rule says")

    def _rebuild(self) -> None:
        for plan in Plan.objects.all():
            self.stdout.write(f"{plan.slug}: {standings.rebuild_all(plan)} stretches")
