from pathlib import Path

from django.core.management.base import CommandParser

from actionplan.plan_transfer.load import (
    decode_text,
    keep_plan_text,
    load_plan,
    read_bounded_file,
)
from commitments import clock
from commitments.files.errors import FileRefused
from commitments.management.arguments import SiteCommand, describe_errors, fail


class Command(SiteCommand):
    help = "Validates a plan file as a whole, then creates or updates its plan; a second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="only validate")
        parser.add_argument(
            "--keep",
            action="store_true",
            help="only keep the text of a file that was loaded before",
        )
        parser.add_argument(
            "--text", type=Path, help="the signed text, in which each action's words are found"
        )

    def handle(
        self,
        *args: object,
        file: Path,
        keep: bool,
        check: bool,
        text: Path | None,
        **options: object,
    ) -> None:
        signed_text = _read_signed_text(text)
        content = read_bounded_file(file)
        if keep:
            self.stdout.write(f"{file}: its text is kept with {keep_plan_text(content)} entries")
            return
        loaded = load_plan(content, now=clock.now("UTC"), check=check, signed_text=signed_text)
        for warning in describe_errors(file, loaded.warnings):
            self.stderr.write(f"{warning} (warning)")
        for change in loaded.changes:
            self.stdout.write(change)
        verb = "would change" if check else "changed"
        self.stdout.write(f"{loaded.plan.slug}: {len(loaded.changes) or 'nothing'} {verb}")
        if loaded.plan.public:
            self.stdout.write(
                f"{loaded.plan.slug}: everybody can read it without signing in, as its file says (public = true)"
            )


def _read_signed_text(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return decode_text(read_bounded_file(path))
    except FileRefused as refused:
        fail(*describe_errors(path, refused.errors))
