from django.core.management.base import CommandParser

from commitments import clock
from commitments.management.arguments import SiteCommand, find_plan
from commitments.register.opening import find_opening, open_plan


class Command(SiteCommand):
    help = "Opens a plan whose past is loaded: what is loaded afterwards counts from its loading."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")

    def handle(self, *args: object, slug: str, **options: object) -> None:
        plan = find_plan(slug)
        opening = open_plan(plan, by=None, now=clock.now(plan.timezone))
        if opening is None:
            earlier = find_opening(plan)
            assert earlier is not None
            self.stdout.write(f"{slug}: already open, since {earlier.recorded_day}")
        else:
            self.stdout.write(f"{slug}: open since {opening.recorded_day}")
