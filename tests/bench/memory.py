"""By how many MiB a process grows while it answers one request: `python -m tests.bench.memory PATH
USER BYTES`.
"""

import logging
import resource
import sys
from pathlib import Path
from typing import Any


def resident() -> int:
    """The most memory so far, in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main(path: str, user: int, bound: int) -> None:
    import django

    django.setup()
    from django.test import Client

    from actionplan.models import User

    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    client = Client()
    client.force_login(User.objects.get(pk=user))
    client.get("/commitments/")
    before = resident()
    response = client.get(path)
    assert response.status_code == 200, response.status_code
    parts: Any = response
    assert sum(len(part) for part in parts.streaming_content) > 0
    print((resident() - before) / 1024)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
