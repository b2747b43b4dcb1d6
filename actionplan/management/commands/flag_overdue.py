from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.jobs import runner
from commitments import clock
from commitments.management import arguments
from commitments.models import Plan


class Command(BaseCommand):
    help = "Raises and clears flags as at the end of a day; a second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", help="a past day; today where left out")

    def handle(self, *args: Any, **options: Any) -> None:
        for plan in Plan.objects.all():
            day = arguments.read_day("--on", options["on"], clock.today(plan.timezone))
            try:
                done = runner.run("flag_overdue", plan, day)
            except runner.FutureDay as error:
                arguments.fail([str(error)])
            self.stdout.write(
                f"{plan.slug} {done['day']}: {done['raised']} raised, {done['cleared']} cleared"
            )
