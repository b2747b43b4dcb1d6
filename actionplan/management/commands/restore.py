from pathlib import Path
from typing import Any

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

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            for line in restore_backup(folder):
                self.stdout.write(line)
        except OSError as error:
            path, reason = error.filename, error.strerror
            fail(f"{path} could not be written ({reason}): run it again once it can be")
        call_command("verify_register", stdout=self.stdout)
        self.stdout.write("No digest leaves by itself until you run release_mail.")
