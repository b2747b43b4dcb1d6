"""`manage.py up` from outside: real processes in a folder of their own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actionplan.local import environment, processes
from tests.servers import until
from tests.up import Up, get, manage

SECONDS_TO_STOP = 5


def refused(*arguments: str) -> str:
    """What `up` says when it does not start: one sentence and no traceback."""
    done = manage("up", *arguments)
    assert done.returncode == 1
    assert re.fullmatch(r"error: .*\.\n", done.stderr), done.stderr
    return done.stderr


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[[], Up]]:
    """Starts it, each time in the same folder, whose name has a blank, and on the same port."""
    port, started = processes.free_port(), list[Up]()

    def start() -> Up:
        started.append(Up(tmp_path / "a site" / "data é", port))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)


@pytest.mark.slow
def test_it_answers_once_it_says_so_lets_commands_join_and_ends_cleanly_on_a_signal(
    up: Callable[[], Up],
) -> None:
    site = up()
    assert get(site.port, "/health/") == 200
    assert "in use by another up" in refused(
        "--data", str(site.data), "--port", str(processes.free_port())
    )
    code = "from django.conf import settings as s; print(s.ACTIONPLAN_TODAY, s.DATABASES['default']['NAME'])"
    done = manage("shell", "-v", "0", "-c", code, ACTIONPLAN_DATA=str(site.data))
    assert done.stdout == f"2015-01-12 {site.data}/actionplan.sqlite3\n", done.stderr
    interrupted = time.monotonic()
    site.process.send_signal(signal.SIGINT)
    until(lambda: "Stopping …" in site.printed(), 1)
    assert site.process.wait(40) == 0
    assert time.monotonic() - interrupted < SECONDS_TO_STOP
    assert site.left() == []
    assert "Traceback" not in site.printed()


@pytest.mark.rare
@pytest.mark.faults
def test_a_second_start_works_after_all_was_killed_at_once(up: Callable[[], Up]) -> None:
    first = up()
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = up()
    assert get(second.port, "/health/") == 200
    assert "2015-01-12" in second.printed()
    assert second.end(signal.SIGTERM) == 0
    assert second.left() == []


@pytest.mark.rare
@pytest.mark.faults
def test_a_dead_worker_is_named_and_ends_the_rest(up: Callable[[], Up]) -> None:
    site = up()
    os.killpg(site.group("worker"), signal.SIGKILL)
    assert site.process.wait(40) == 1
    assert re.search(r"^error: worker ended by itself \(signal 9\)", site.printed(), re.MULTILINE)
    assert site.left() == []


def test_orphans_are_ended_and_a_foreign_process_of_the_same_number_is_not(tmp_path: Path) -> None:
    for part in ("logs", "run"):
        (tmp_path / part).mkdir()
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    orphan = processes.start("web", sleep, folder=tmp_path, cwd=tmp_path)
    foreign = subprocess.Popen(sleep, start_new_session=True)
    (tmp_path / "run" / "worker").write_text(str(foreign.pid))
    processes.end_orphans(tmp_path / "run")
    assert orphan.process.wait(1) == -signal.SIGTERM
    assert foreign.poll() is None
    foreign.kill()
    foreign.wait()


def test_a_taken_port_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", processes.free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} cannot be used (Address already in use)" in refused(
            "--port", str(port), "--data", str(tmp_path)
        )


@pytest.mark.parametrize("port", ["0", "65536", "http", "８０００", "-1"])
def test_an_odd_port_is_refused(port: str, tmp_path: Path) -> None:
    assert "--port" in refused(f"--port={port}", "--data", str(tmp_path))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "name another folder" in refused("--data", str(tmp_path / "file" / "data"))


def test_a_damaged_environment_is_refused(tmp_path: Path) -> None:
    (tmp_path / "environment").write_bytes(b"\xff\x00SECRET_KEY")
    assert "is damaged" in refused("--data", str(tmp_path))


def test_a_folder_with_samples_never_passes_for_an_empty_one(tmp_path: Path) -> None:
    folder = environment.Folder(tmp_path)
    folder.write({"SECRET_KEY": "x" * 40, "ACTIONPLAN_TODAY": environment.SAMPLE_DAY})
    assert "holds the samples" in refused("--data", str(tmp_path), "--empty")


def test_the_secret_is_for_the_owners_eyes_only_and_the_settings_error_is_one_sentence(
    tmp_path: Path,
) -> None:
    folder = environment.Folder(tmp_path)
    folder.write({"SECRET_KEY": "x" * 40, "ACTIONPLAN_TODAY": "soon"})
    assert (tmp_path / "environment").stat().st_mode & 0o777 == 0o600
    done = manage("check", ACTIONPLAN_DATA=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ACTIONPLAN_TODAY is 'soon'"), done.stderr


WITHOUT_SEMAPHORES = """
import _multiprocessing

class SemLock:
    SEM_VALUE_MAX = 1

    def __init__(self, *arguments, **options):
        raise OSError(30, "Read-only file system")

_multiprocessing.SemLock = SemLock
"""


@pytest.mark.rare
@pytest.mark.faults
def test_a_worker_without_shared_memory_ends_the_site_with_the_cause(tmp_path: Path) -> None:
    """As in a container whose /dev/shm cannot be written."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_SEMAPHORES)
    done = manage(
        "up",
        "--port",
        str(processes.free_port()),
        "--data",
        str(tmp_path / "data"),
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: worker did not run: the worker cannot start its processes (Read-only file system): "
        "they share semaphores, for which /dev/shm must be there and writable.\n"
    )


@pytest.mark.rare
@pytest.mark.faults
def test_an_end_without_the_folder_of_the_data_is_an_end(up: Callable[[], Up]) -> None:
    running = up()
    shutil.rmtree(running.data)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0
    assert "Traceback" not in running.output.read_text()


@pytest.mark.slow
def test_a_database_that_cannot_be_opened_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    done = manage(
        "status",
        "calais-2014",
        DATABASE_URL=f"sqlite:///{tmp_path}/gone/site.sqlite3",
        SECRET_KEY="a-key-of-a-site-that-nobody-signs-in-to",
    )
    assert done.returncode == 1
    assert "unable to open database file" in done.stderr
    assert "migrate" not in done.stderr
