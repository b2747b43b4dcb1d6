from typing import Any

from django.core.management.commands import migrate
from django.db import connection

from commitments.management import arguments


class Command(migrate.Command):
    """Django's own, which never makes the running site wait long for a table: it gives up and can
    be run again.
    """

    def handle(self, *args: Any, **options: Any) -> Any:
        arguments.lift_time_limits()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
        return super().handle(*args, **options)
