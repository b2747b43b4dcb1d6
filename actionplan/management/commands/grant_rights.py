from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from actionplan.backup.database_role import find_obstacle, grant_rights
from commitments.management import arguments


class Command(BaseCommand):
    help = "On PostgreSQL: gives the application's role what it needs and nothing more; to be run by the tables' owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: Any, **options: Any) -> None:
        role: str = options["role"]
        obstacle = find_obstacle(role)
        if obstacle:
            arguments.fail([obstacle])
        for table, rights in grant_rights(role).items():
            self.stdout.write(f"{table}: {rights}")
