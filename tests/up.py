"""`manage.py up` in a folder of its own, as a test sees it: what it says, its processes, its port."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path

from actionplan.local import environment, processes
from tests.servers import until

# nothing of the environment of the tests
ENVIRON = {
    name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
}
PROCESSES = ("beat", "valkey", "web", "worker")


class Up:
    """Started in a folder, until it says that it answers; `environ` is all that it is told."""

    def __init__(self, data: Path, port: int, **environ: str) -> None:
        self.data, self.port = data, port
        data.parent.mkdir(exist_ok=True)
        self.output = data.parent / f"{data.name}.out"
        with self.output.open("w") as output:
            command = [sys.executable, "manage.py", "up", "--port", str(port), "--data", str(data)]
            self.process = subprocess.Popen(
                command,
                cwd=environment.BASE_DIR,
                env=ENVIRON | environ,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until(lambda: f":{port}/" in self.printed() or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.printed()

    def printed(self) -> str:
        return self.output.read_text()

    def group(self, name: str) -> int:
        return int((self.data / "run" / name).read_text())

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(40)

    def left(self) -> list[str]:
        """The names of the processes that still run.

        A killed process keeps its number until somebody asks how it ended, but no lock: the number
        alone would count it.
        """
        locks = {name: self.data / "run" / name for name in PROCESSES}
        return [name for name, lock in locks.items() if processes.living_group(lock)]


def get(port: int, path: str) -> int:
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    ) as connection:
        connection.request("GET", path)
        return connection.getresponse().status


def manage(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command,
        cwd=environment.BASE_DIR,
        env=ENVIRON | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
