from pathlib import Path

from django.core.management.base import CommandParser

from actionplan.backup.create import create_backup
from actionplan.backup.manifest import MANIFEST, BackupRefused, digest_of
from commitments.management.arguments import SiteCommand, fail


class Command(SiteCommand):
    help = (
        "Writes the database and the attached files, as they are at one moment, into a new folder."
    )
    refusals = (BackupRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: object, folder: Path, **options: object) -> None:
        try:
            manifest = create_backup(folder.absolute())
            digest = digest_of(folder / MANIFEST)
        except OSError as error:
            fail(f"{folder} could not be written ({error.strerror}): nothing was left there")
        for head in manifest.plans:
            self.stdout.write(str(head))
        self.stdout.write(
            f"{folder}: {manifest.rows} rows, {len(manifest.files)} files, {manifest.bytes} bytes, "
            f"manifest {digest}"
        )
