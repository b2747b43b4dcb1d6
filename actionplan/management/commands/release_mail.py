from django.core.management.base import CommandParser

from actionplan.digests import hold
from actionplan.models import Mark
from commitments.management.arguments import SiteCommand, fail


class Command(SiteCommand):
    help = "Lets digests leave again after a restore."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--discard", action="store_true", help="send nothing of what waits, nor for this week"
        )

    def handle(self, *args: object, discard: bool, **options: object) -> None:
        if Mark.when(Mark.MAIL_HELD) is None:
            fail("no mail is held here: there is nothing to release")
        counts = hold.release(discard=discard)
        self.stdout.write(
            f"released: {counts['waiting']} digests will be sent, {counts['dropped']} will not"
        )
