from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan import plan_loading
from commitments import clock, console


class Command(BaseCommand):
    help = "Validates a plan file as a whole, then creates or updates its plan; a second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--check", action="store_true", help="only validate")
        parser.add_argument("--keep", action="store_true", help="only keep the text of a file that was loaded before")
        parser.add_argument("--text", type=Path, help="the signed text, in which each action's words are found")

    def handle(self, *args: Any, **options: Any) -> None:
        console.take_time()
        name, text = options["file"], options["text"]
        try:
            signed = plan_loading.as_text(plan_loading.read_file(text)) if text else None
        except plan_loading.Refused as refused:
            console.fail(console.lines(str(text), refused.faults))
        try:
            content = plan_loading.read_file(name)
            if options["keep"]:
                self.stdout.write(f"{name}: its text is kept with {plan_loading.keep(content)} entries")
                return
            loaded = plan_loading.load(content, now=clock.now("UTC"), check=options["check"], text=signed)
        except plan_loading.Refused as refused:
            console.fail(console.lines(str(name), refused.faults))
        for change in loaded.changes:
            self.stdout.write(change)
        verb = "would change" if options["check"] else "changed"
        self.stdout.write(f"{loaded.slug}: {len(loaded.changes) or 'nothing'} {verb}")
        if loaded.public:
            self.stdout.write(
                f"{loaded.slug}: everybody can read it without signing in, as its file says (public = true)"
            )
