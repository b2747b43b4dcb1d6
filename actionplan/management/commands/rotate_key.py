from django.core.management.base import CommandParser
from django.utils import timezone

from actionplan.witnesses import site_key
from commitments.management.arguments import SiteCommand, fail


class Command(SiteCommand):
    help = (
        "Makes a new key for checkpoints, which the key until now signs, so that witnesses follow."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--lost",
            action="store_true",
            help="the key until now is lost: each witness must be told to trust the new one",
        )

    def handle(self, *args: object, lost: bool, **options: object) -> None:
        now = timezone.now()
        try:
            key = site_key.replace_lost(now) if lost else site_key.rotate(now)
        except site_key.KeyUnusable as error:
            fail(str(error))
        self.stdout.write(key.verifier)
