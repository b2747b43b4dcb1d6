from django.core.management.commands import migrate
from django.db import OperationalError, connection, transaction

from commitments.management import arguments
from commitments.models.migration_executor import WholeExecutor

# the command takes the executor from its own module and offers no other way to name one
migrate.MigrationExecutor = WholeExecutor  # type: ignore[attr-defined]


class Command(migrate.Command):
    """Django's own, which never makes the running site wait long for a table: it gives up and can
    be run again.
    """

    def execute(self, *args: object, **options: object) -> str | None:
        try:
            arguments.lift_time_limits()
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '5s'")
            else:
                _wait_for_others()
            return super().execute(*args, **options)
        except OperationalError as error:
            reason = str(error).partition("\n")[0]
            arguments.fail(f"the database could not be brought up to date ({reason}): run it again")


def _wait_for_others() -> None:
    """Begin to write once: in an SQLite file that somebody else writes Django's check of its features
    would say that SQLite knows no JSON.
    """
    with transaction.atomic():
        pass
