"""The product's settings as they are, with the constant page and a count of queries on demand.

This folder is put on the path of a checkout that is measured, so that any version can be.
"""

import atexit
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.backends.signals import connection_created

from actionplan.settings import *  # noqa: F403
from actionplan.settings import MIDDLEWARE

ROOT_URLCONF = "bench_urls"
MIDDLEWARE = ["bench_urls.count_queries", *MIDDLEWARE]


class Counter:
    """How many queries a command made, written where BENCH_QUERIES says when it ends."""

    count = 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)

    def begin(self, connection: Any, **kwargs: Any) -> None:
        connection.execute_wrappers.append(self)

    def write(self) -> None:
        Path(os.environ["BENCH_QUERIES"]).write_text(str(self.count))


if "BENCH_QUERIES" in os.environ:
    counter = Counter()
    connection_created.connect(counter.begin)
    atexit.register(counter.write)
