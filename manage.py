#!/usr/bin/env python
import os
import re
import sys

from actionplan.local import environment


def _advice(error: str) -> str:
    """A table or column that is missing says that the database is new, or older than the code."""
    if re.search("no such (table|column)|(relation|column) .* does not exist", error):
        return "; a new or older one needs `migrate` first"
    return ""


if __name__ == "__main__":
    try:
        environment.enter(sys.argv[1:])
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import DatabaseError

        try:
            execute_from_command_line(sys.argv)
        except ImproperlyConfigured as error:
            sys.exit(f"error: {error}")
        except DatabaseError as error:
            if os.environ.get("DEBUG") == "1":
                raise
            what = " ".join(str(error).split())
            sys.exit(f"error: the database does not answer as it should ({what}){_advice(what)}")
    except BrokenPipeError:
        # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        # for `up` this is the way to end, whenever it comes
        sys.exit(0 if sys.argv[1:2] == ["up"] else 130)
