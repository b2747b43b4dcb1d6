from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from actionplan.backup.manifest import BackupRefused
from actionplan.backup.restore import restore_backup
from commitments.management import arguments


class Command(BaseCommand):
    help = "Restores a backup into an empty database, of either kind, and checks it; mail is held until release_mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        arguments.lift_time_limits()
        try:
            for line in restore_backup(options["folder"]):
                self.stdout.write(line)
        except BackupRefused as refused:
            arguments.fail([str(refused)])
        except OSError as error:
            path, reason = error.filename, error.strerror
            arguments.fail([f"{path} could not be written ({reason}): run it again once it can be"])
        call_command("verify_register", stdout=self.stdout)
        self.stdout.write("No digest leaves by itself until you run release_mail.")
