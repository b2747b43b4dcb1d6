from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan import rights
from commitments import console


class Command(BaseCommand):
    help = "On PostgreSQL: gives the application's role what it needs and nothing more; to be run by the tables' owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: Any, **options: Any) -> None:
        if fault := rights.fault(options["role"]):
            console.fail([fault])
        for table, granted in rights.grant(options["role"]).items():
            self.stdout.write(f"{table}: {granted}")
