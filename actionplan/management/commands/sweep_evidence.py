from typing import Any

from django.core.management.base import BaseCommand

from commitments import evidence


class Command(BaseCommand):
    help = "Removes the files that no entry carries a day after they were sent, and those that were redacted."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{evidence.sweep()} files removed")
