from django.core.management.base import CommandParser

from actionplan.backup.database_role import find_obstacle, grant_rights
from commitments.management.arguments import SiteCommand, fail


class Command(SiteCommand):
    help = "On PostgreSQL: gives the application's role what it needs and nothing more; to be run by the tables' owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: object, role: str, **options: object) -> None:
        obstacle = find_obstacle(role)
        if obstacle:
            fail(obstacle)
        for table, rights in grant_rights(role).items():
            self.stdout.write(f"{table}: {rights}")
