from pathlib import Path

from django.core.management import call_command
from django.core.management.base import CommandParser

from actionplan.backup.manifest import BackupRefused
from actionplan.backup.restore import restore_backup
from commitments.management.arguments import SiteCommand, fail


class Command(SiteCommand):
    help = "Restores a backup into an empty database, of either kind, and checks it; mail is held until release_mail."
    refusals = (BackupRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: object, folder: Path, **options: object) -> None:
        try:
            for line in restore_backup(folder):
                self.stdout.write(line)
        except OSError as error:
            path = error.filename
            reason = error.strerror
            fail(f"{path} could not be written ({reason}): run it again once it can be")
        try:
            call_command("verify_register", stdout=self.stdout)
        except SystemExit:
            fail(
                "the site is restored all the same, as the backup has it, and its mail is held: "
                "look into what is named above, and empty the database before another restore"
            )
        self.stdout.write("No digest leaves by itself until you run release_mail.")
