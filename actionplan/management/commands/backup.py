from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.backup import create
from commitments.management import arguments


class Command(BaseCommand):
    help = (
        "Writes the database and the attached files, as they are at one moment, into a new folder."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        arguments.take_time()
        try:
            manifest = create.create_backup(folder.absolute())
            digest = create.digest_of(folder / create.MANIFEST)
        except create.BackupRefused as refused:
            arguments.fail([str(refused)])
        except OSError as error:
            arguments.fail(
                [f"{folder} could not be written ({error.strerror}): nothing was left there"]
            )
        for slug, number, head in manifest.plans:
            self.stdout.write(f"{slug}: {number} entries, head {head}")
        rows, size = (
            sum(table.rows for table in manifest.tables),
            sum(part.bytes for part in manifest.parts),
        )
        self.stdout.write(
            f"{folder}: {rows} rows, {len(manifest.files)} files, {size} bytes, manifest {digest}"
        )
