from actionplan.local.samples import NotEmpty, load_samples
from commitments.management.arguments import SiteCommand, find_plan


class Command(SiteCommand):
    help = "Loads the sample entries and accounts of the Calais plan; refused on a register that has entries."
    refusals = (NotEmpty,)

    def handle(self, *args: object, **options: object) -> None:
        plan = find_plan("calais-2014")
        loaded = load_samples(plan)
        self.stdout.write(
            f"{plan.slug}: {loaded.entries} sample entries and {loaded.accounts} accounts"
        )
