from typing import Any

from actionplan.local.samples import ACCOUNTS, NotEmpty, load_samples
from commitments.management.arguments import SiteCommand, find_plan


class Command(SiteCommand):
    help = "Loads the sample entries and accounts of the Calais plan; refused on a register that has entries."
    refusals = (NotEmpty,)

    def handle(self, *args: Any, **options: Any) -> None:
        plan = find_plan("calais-2014")
        count = load_samples(plan)
        # the members and an administrator
        accounts = len(ACCOUNTS) + 1
        self.stdout.write(f"{plan.slug}: {count} sample entries and {accounts} accounts")
