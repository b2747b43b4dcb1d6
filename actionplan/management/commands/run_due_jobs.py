from django.core.management.base import BaseCommand

from actionplan.jobs import runner


class Command(BaseCommand):
    help = "Runs every job that is due, missed days included; what the worker does, for cron or by hand."

    def handle(self, *args: object, **options: object) -> None:
        for done in runner.run_due():
            counts = ", ".join(
                f"{value} {name}" for name, value in done.items() if isinstance(value, int)
            )
            self.stdout.write(f"{done['plan']} {done['day']} {done['job']}: {counts}")
