from django.core.management.base import CommandParser

from actionplan.jobs import runner
from commitments.management.arguments import SiteCommand, plans_with_day


class Command(SiteCommand):
    help = "Raises and clears flags as at the end of a day; a second run changes nothing."
    refusals = (runner.FutureDay,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", help="a past day; today where left out")

    def handle(self, *args: object, on: str | None, **options: object) -> None:
        for plan, day in plans_with_day(on):
            done = runner.run("flag_overdue", plan, day)
            self.stdout.write(
                f"{plan.slug} {done['day']}: {done['raised']} raised, {done['cleared']} cleared"
            )
