"""Child processes: each has its own session, a log file, and a file in `run/` that it keeps locked.

The lock is inherited by whatever the child forks and is released when the last of these processes
ends. A locked file therefore proves that the process group whose number it holds is ours and alive;
a number alone could by now belong to another program.

Not supervisord or honcho: a child that survives the death of its parent must be found again at the
next start, and neither does that.
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# seconds that processes have to end by themselves
GRACE = 3.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    lock: Path
    log: Path

    def error(self) -> str:
        """Why it is no longer running; empty while it runs."""
        code = self.process.poll()
        if code is None:
            return ""
        sentence = self._last_line_of_log()
        if sentence.startswith("error: "):
            return f"{self.name} did not run: {sentence.removeprefix('error: ').rstrip('.')}"
        reason = f"signal {-code}" if code < 0 else f"exit status {code}"
        return f"{self.name} ended by itself ({reason}); {self.log} may say why"

    def stop(self) -> None:
        stop_all([self])

    def _last_line_of_log(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            # the folder is gone
            return ""
        return lines[-1] if lines else ""


def start(
    name: str, command: list[str], *, folder: Path, cwd: Path, environ: dict[str, str] | None = None
) -> Child:
    lock = folder / "run" / name
    log = folder / "logs" / f"{name}.log"
    with lock.open("wb", buffering=0) as lock_file, log.open("wb") as output:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)

        def prepare_child() -> None:
            # the child writes its own number, so that it never runs without a record of it
            os.write(lock_file.fileno(), str(os.getpid()).encode())
            end_with_parent(signal.SIGTERM)

        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal reaches only the parent, which then stops its children in order
            start_new_session=True,
            pass_fds=[lock_file.fileno()],
            preexec_fn=prepare_child,
        )
    return Child(name, process, lock, log)


def stop_all(children: Sequence[Child]) -> None:
    """Ask them to end, wait a while, then kill their groups: nothing outlives this call."""
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + GRACE
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0, deadline - time.monotonic()))
    for child in children:
        _signal_group(living_group(child.lock), signal.SIGKILL)
        child.process.kill()
        child.process.wait()
    # what the children have forked is not ours to wait for, but it holds the lock until it ends
    _wait_until_free([child.lock for child in children])


def end_with_parent(number: signal.Signals) -> None:
    """On Linux, have this process receive the signal when its parent dies.

    On other systems the next start ends what was left behind.
    """
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, number)


def end_orphans(run: Path) -> None:
    """End the processes that a killed parent left behind."""
    locks = list(run.iterdir())
    for number in (signal.SIGTERM, signal.SIGKILL):
        for lock in locks:
            _signal_group(living_group(lock), number)
        _wait_until_free(locks)


def _wait_until_free(locks: Sequence[Path]) -> None:
    deadline = time.monotonic() + GRACE
    while any(living_group(lock) for lock in locks) and time.monotonic() < deadline:
        time.sleep(0.05)


def living_group(lock: Path) -> int:
    """The process group that keeps this file locked; 0 where none does, or the file is gone."""
    with contextlib.suppress(FileNotFoundError), lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read() or 0)
    return 0


def _signal_group(group: int, number: signal.Signals) -> None:
    if not group:
        # group 0 would be our own
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def port_error(port: int) -> str:
    """Why nothing can listen on this port; empty where something can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror or "unknown"
    return ""


def loopback_error() -> str:
    """Why nothing can listen on the loopback address at all; empty where something can."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
    except OSError as error:
        return error.strerror or "unknown"
    return ""


def free_port() -> int:
    """A port below those that the system gives to outgoing connections, so that none takes it."""
    ports = random.sample(range(10240, 32768), 1000)
    return next(port for port in ports if not port_error(port))
