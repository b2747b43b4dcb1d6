from typing import Any

from django.core.management.base import BaseCommand

from actionplan.local.samples import ACCOUNTS, NotEmpty, load_samples
from commitments.management import arguments


class Command(BaseCommand):
    help = "Loads the sample entries and accounts of the Calais plan; refused on a register that has entries."

    def handle(self, *args: Any, **options: Any) -> None:
        plan = arguments.find_plan("calais-2014")
        try:
            count = load_samples(plan)
        except NotEmpty:
            arguments.fail(
                [f"the register of {plan.slug} has entries: samples are for an empty one"]
            )
        # the members and an administrator
        accounts = len(ACCOUNTS) + 1
        self.stdout.write(f"{plan.slug}: {count} sample entries and {accounts} accounts")
