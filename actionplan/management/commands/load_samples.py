from typing import Any

from django.core.management.base import BaseCommand

from actionplan.local import samples
from commitments.management import arguments


class Command(BaseCommand):
    help = "Loads the sample entries and accounts of the Calais plan; refused on a register that has entries."

    def handle(self, *args: Any, **options: Any) -> None:
        plan = arguments.plan("calais-2014")
        try:
            count = samples.load_samples(plan)
        except samples.NotEmpty:
            arguments.fail(
                [f"the register of {plan.slug} has entries: samples are for an empty one"]
            )
        self.stdout.write(
            f"{plan.slug}: {count} sample entries and {len(samples.ACCOUNTS) + 1} accounts"
        )
