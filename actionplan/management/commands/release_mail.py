from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.digests import hold
from actionplan.models import Mark
from commitments.management import arguments


class Command(BaseCommand):
    help = "Lets digests leave again after a restore."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--discard", action="store_true", help="send nothing of what waits, nor for this week"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if Mark.when(Mark.MAIL_HELD) is None:
            arguments.fail(["no mail is held here: there is nothing to release"])
        counts = hold.release(discard=options["discard"])
        self.stdout.write(
            f"released: {counts['waiting']} digests will be sent, {counts['dropped']} will not"
        )
