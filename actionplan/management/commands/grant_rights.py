from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.backup import database_role
from commitments.management import arguments


class Command(BaseCommand):
    help = "On PostgreSQL: gives the application's role what it needs and nothing more; to be run by the tables' owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: Any, **options: Any) -> None:
        if fault := database_role.fault(options["role"]):
            arguments.fail([fault])
        for table, granted in database_role.grant(options["role"]).items():
            self.stdout.write(f"{table}: {granted}")
