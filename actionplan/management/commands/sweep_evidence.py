from django.core.management.base import BaseCommand

from commitments.evidence import storage


class Command(BaseCommand):
    help = "Removes the files that no entry carries a day after they were sent, and those that were redacted."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{storage.sweep()} files removed")
