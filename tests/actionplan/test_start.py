"""What the web processes load before they are forked: little, and nothing that a fork would break."""

import os
import subprocess
import sys

from actionplan.local import environment

LOADED = """
import sys, threading
import actionplan.wsgi
from django.db import connection
from django.urls import get_resolver
print(connection.connection, threading.active_count(), "url_patterns" in vars(get_resolver()))
print(*{name.partition(".")[0] for name in sys.modules})
"""
# each is imported where it is used: some seconds after a start, or never
SELDOM = {
    "PIL",
    "celery",
    "environs",
    "holidays",
    "marshmallow",
    "openpyxl",
    "redis",
}


def test_a_web_process_is_forked_without_a_connection_and_without_what_few_pages_need() -> None:
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(
        command,
        cwd=environment.BASE_DIR,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    state, modules = done.stdout.splitlines()
    assert state == "None 1 True"
    assert not SELDOM & set(modules.split())
