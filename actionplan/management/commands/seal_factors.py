from django.core.management.base import CommandParser

from actionplan.accounts import secret_storage
from actionplan.webhooks import services
from commitments.management.arguments import SiteCommand, fail


class Command(SiteCommand):
    help = "Seals the keys of authenticator apps, recovery codes and webhooks by SECRET_KEY, also after a change of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--undo",
            action="store_true",
            help="leave those of accounts unsealed, for code that knows no seals",
        )

    def handle(self, *args: object, undo: bool, **options: object) -> None:
        renewal = secret_storage.reseal_all(undo=undo)
        webhooks = services.reseal()
        webhooks = services.reseal()
        done = "unsealed" if undo else "sealed"
        self.stdout.write(f"{renewal.changed + webhooks.changed} keys {done}")
        if webhooks.unreadable:
            numbers = ", ".join(str(pk) for pk in webhooks.unreadable)
            self.stderr.write(f"webhooks sealed by a key that is not here: {numbers}")
        if renewal.unreadable:
            accounts = ", ".join(str(pk) for pk in sorted(set(renewal.unreadable)))
            number = len(renewal.unreadable)
            fail(f"{number} keys are sealed by a key that is not here, of accounts {accounts}")
        if webhooks.unreadable:
            fail("remove these webhooks and add them again")
