from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.plan_transfer import load
from commitments import clock
from commitments.files.errors import FileRefused
from commitments.management import arguments


class Command(BaseCommand):
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

    def handle(self, *args: Any, **options: Any) -> None:
        arguments.take_time()
        name, text = options["file"], options["text"]
        try:
            signed = load.as_text(load.read_file(text)) if text else None
        except FileRefused as refused:
            arguments.fail(arguments.lines(str(text), refused.errors))
        try:
            content = load.read_file(name)
            if options["keep"]:
                self.stdout.write(f"{name}: its text is kept with {load.keep(content)} entries")
                return
            loaded = load.load_plan(
                content, now=clock.now("UTC"), check=options["check"], text=signed
            )
        except FileRefused as refused:
            arguments.fail(arguments.lines(str(name), refused.errors))
        for change in loaded.changes:
            self.stdout.write(change)
        verb = "would change" if options["check"] else "changed"
        self.stdout.write(f"{loaded.slug}: {len(loaded.changes) or 'nothing'} {verb}")
        if loaded.public:
            self.stdout.write(
                f"{loaded.slug}: everybody can read it without signing in, as its file says (public = true)"
            )
