from django.core.management.base import CommandParser

from actionplan.integrity.verify import Expected, verify_plan
from commitments.management.arguments import SiteCommand, fail, find_plan
from commitments.models import Plan


class Command(SiteCommand):
    help = "Checks each register, what is derived from it, and the files of its entries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", help="one plan alone")
        parser.add_argument("--chain", action="store_true", help="check the chain of hashes alone")
        parser.add_argument(
            "--without-files", action="store_true", help="the same, under its name of 1.0.0"
        )
        parser.add_argument(
            "--expect",
            nargs=2,
            action="append",
            default=[],
            metavar=("NUMBER", "HASH"),
            help="an entry that somebody kept: exit 1 where the register does not hold it",
        )

    def handle(
        self,
        *args: object,
        slug: str | None,
        chain: bool,
        without_files: bool,
        expect: list[list[str]],
        **options: object,
    ) -> None:
        plans = [find_plan(slug)] if slug else list(Plan.objects.all())
        if expect and len(plans) != 1:
            fail("--expect is about one plan: name it")
        expected = [_read_expected(number, digest) for number, digest in expect]
        errors: list[str] = []
        for plan in plans:
            verified = verify_plan(plan, chain_only=chain or without_files, expected=expected)
            errors += [f"{plan.slug}: {finding}" for finding in verified.findings]
            self.stdout.write(
                f"{plan.slug}: {verified.number} entries, head {verified.hash or '-'}"
            )
            for note in verified.notes:
                self.stdout.write(f"{plan.slug}: {note}")
        if errors:
            fail(*errors)


def _read_expected(number: str, digest: str) -> Expected:
    if not number.isdigit():
        fail(f"--expect is the number of an entry and its hash, not {number!r}")
    return Expected(int(number), digest.lower())
