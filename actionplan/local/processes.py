"""Processes that belong to this one: each has a session, a log, and a file in `run/` that it keeps
locked.

The lock passes to whatever the child forks and falls with the last of them. So a locked file proves
that the group it names is ours and alive; a number alone might long belong to somebody else's
process.
"""

import contextlib
import ctypes
import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_GRACE = 6.0
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    lock: Path
    log: Path

    def fault(self) -> str:
        """Empty while it runs."""
        code = self.process.poll()
        if code is None:
            return ""
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        return f"{self.name} ended by itself ({how}); {self.log} may say why"

    def stop(self) -> None:
        """Asks, waits, then ends the whole group: nothing outlives this."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_GRACE)
        _signal(_living(self.lock), signal.SIGKILL)
        self.process.wait()


def start(
    name: str, command: list[str], *, folder: Path, cwd: Path, environ: dict[str, str] | None = None
) -> Child:
    lock, log = folder / "run" / name, folder / "logs" / f"{name}.log"
    with lock.open("wb", buffering=0) as file, log.open("wb") as output:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal reaches the parent alone, which then stops its children in
            # order
            start_new_session=True,
            pass_fds=[file.fileno()],
            preexec_fn=lambda: _introduce(file.fileno()),
        )
    return Child(name, process, lock, log)


def _introduce(file: int) -> None:
    """In the child: it writes its own number, so that it never runs without a record of it."""
    os.write(file, str(os.getpid()).encode())
    end_with_parent(signal.SIGTERM)


def end_with_parent(number: signal.Signals) -> None:
    """Where the kernel can, a killed parent takes its child along; elsewhere the next start does."""
    if _libc:
        set_parent_death_signal = 1
        _libc.prctl(set_parent_death_signal, number)


def end_orphans(run: Path) -> None:
    """Ends what a killed parent left behind."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + _GRACE
        for file in run.iterdir():
            _signal(_living(file), number)
        while any(map(_living, run.iterdir())) and time.monotonic() < until:
            time.sleep(0.05)


def _living(path: Path) -> int:
    """The group that keeps this file locked, 0 where none does."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read() or 0)
    return 0


def _signal(group: int, number: signal.Signals) -> None:
    # to group 0 would be to ourselves
    with contextlib.suppress(ProcessLookupError):
        if group:
            os.killpg(group, number)


def port_fault(port: int) -> str:
    """Why nothing can listen there, empty where something can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror or "unknown"
    return ""


def free_port() -> int:
    """Below those that the system gives to outgoing connections, so that none of these takes it
    meanwhile.
    """
    return next(port for port in random.sample(range(10240, 32768), 1000) if not port_fault(port))
