from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.backup.create import create_backup
from actionplan.backup.manifest import MANIFEST, BackupRefused, digest_of
from commitments.management import arguments


class Command(BaseCommand):
    help = (
        "Writes the database and the attached files, as they are at one moment, into a new folder."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        arguments.lift_time_limits()
        try:
            manifest = create_backup(folder.absolute())
            digest = digest_of(folder / MANIFEST)
        except BackupRefused as refused:
            arguments.fail([str(refused)])
        except OSError as error:
            arguments.fail(
                [f"{folder} could not be written ({error.strerror}): nothing was left there"]
            )
        for head in manifest.plans:
            self.stdout.write(str(head))
        self.stdout.write(
            f"{folder}: {manifest.rows} rows, {len(manifest.files)} files, {manifest.bytes} bytes, "
            f"manifest {digest}"
        )
