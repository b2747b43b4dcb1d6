"""The script `dev`, a copy of it with stand-ins for uv and Python: what it installs, when, and what
it passes on.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from actionplan.local.environment import BASE_DIR

TOOLS = ("sh", "dirname", "rm", "cp", "cmp", "tr", "mkdir", "chmod", "cat", "sed")
PYTHON = '#!/bin/sh\n[ "$1" = -c ] && exit 0\nprintf "<%s>" "$@"\n'
UV = """#!/bin/sh
echo "$1 $2" >> "{log}"
[ "$1" = venv ] || exit 0
mkdir -p "{root}/.venv/bin"
cat > "{root}/.venv/bin/python" <<'END'
{python}END
chmod +x "{root}/.venv/bin/python"
"""


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.root, self.bin, self.log = folder / "a check out", folder / "bin", folder / "log"
        (self.root / "tests").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(BASE_DIR / "dev", self.root / "dev")
        self.commands = self.root / "app" / "management" / "commands"
        self.commands.mkdir(parents=True)
        for name in ("up", "load_plan"):
            self.command(name)
        self.lock("first")
        self.log.touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)

    def lock(self, text: str) -> None:
        (self.root / "requirements.lock").write_text(text)

    def command(self, name: str) -> None:
        text = f'class Command(BaseCommand):\n    help = "What {name} does."\n'
        (self.commands / f"{name}.py").write_text(text)

    def tool(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def uv(self) -> None:
        self.tool("uv", UV.format(log=self.log, root=self.root, python=PYTHON))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.root / "dev"), *arguments]
        environ = {"PATH": str(self.bin)}
        return subprocess.run(
            command, cwd=self.bin, env=environ, capture_output=True, text=True, timeout=20
        )

    def called(self) -> list[str]:
        lines = self.log.read_text().splitlines()
        self.log.write_text("")
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_it_is_sound_for_a_plain_shell() -> None:
    for shell in filter(None, map(shutil.which, ("sh", "dash", "bash"))):
        subprocess.run([shell, "-n", BASE_DIR / "dev"], check=True)


def test_without_uv_and_python_it_names_the_remedy(checkout: Checkout) -> None:
    done = checkout.run("up")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "error: neither uv nor a Python of 3.11 or newer"
    )
    assert not (checkout.root / ".venv").exists()


def test_alone_it_lists_its_tasks_and_the_commands_of_manage_on_one_page(
    checkout: Checkout,
) -> None:
    checkout.uv()
    done = checkout.run()
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: ./dev NAME")
    assert "  test [--quick]     the tests" in done.stdout
    assert "  load_plan          What load_plan does." in done.stdout
    assert len(done.stdout.splitlines()) < 45
    assert checkout.called() == []


def test_alone_it_begins_with_what_is_missing(checkout: Checkout) -> None:
    first = checkout.run().stdout.splitlines()[0]
    assert first.startswith("error: neither uv nor a Python of 3.11 or newer")


def test_an_unknown_task_is_named_and_the_page_is_shown(checkout: Checkout) -> None:
    checkout.uv()
    done = checkout.run("tset")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no task or command tset.\nUsage: ./dev NAME")
    assert not (checkout.root / ".venv").exists()


def test_every_command_says_of_itself_what_it_does_in_one_line() -> None:
    done = subprocess.run([BASE_DIR / "dev"], capture_output=True, text=True, check=True)
    for path in BASE_DIR.glob("*/management/commands/[a-z]*.py"):
        if path.stem in ("up", "migrate"):
            continue
        assert re.search(rf"^  {path.stem} +[A-Z].+\.$", done.stdout, re.M)


def test_the_everyday_tests_run_once_and_need_no_browser(checkout: Checkout) -> None:
    checkout.uv()
    (checkout.root / "tests/requirements.lock").write_text("first")
    done = checkout.run("test", "--quick", "-k", "reopened")
    assert done.stdout == "<-m><pytest><-n><2><--dist><worksteal><--quick><-k><reopened>"


def test_a_python_that_is_too_old_is_passed_over(checkout: Checkout) -> None:
    checkout.tool("python3", "#!/bin/sh\nexit 1\n")
    checkout.tool("python3.12", f'#!/bin/sh\necho "python3.12 $2" >> "{checkout.log}"\n')
    checkout.run("up")
    assert "python3.12 venv" in checkout.called()


def test_arguments_reach_the_command_as_they_were_given(checkout: Checkout) -> None:
    checkout.uv()
    done = checkout.run("load_plan", "a file.toml", "", "*")
    assert done.stdout == f"<{checkout.root}/manage.py><load_plan><a file.toml><><*>"
    assert done.returncode == 0


def test_measurements_run_with_the_packages_of_the_tests(checkout: Checkout) -> None:
    checkout.uv()
    (checkout.root / "tests/requirements.lock").write_text("first")
    done = checkout.run("bench", "--case", "overview")
    assert done.stdout == "<-m><tests.bench><--case><overview>"


def test_packages_are_installed_only_when_the_lock_changed(checkout: Checkout) -> None:
    checkout.uv()
    checkout.run("up")
    assert checkout.called() == ["venv --quiet", "pip install"]
    assert checkout.run("up").stderr == ""
    assert checkout.called() == []
    checkout.lock("second")
    checkout.run("up")
    assert checkout.called() == ["pip install"]


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.uv()
    checkout.run("up")
    (checkout.root / ".venv/bin/python").unlink()
    checkout.called()
    assert checkout.run("up").returncode == 0
    assert checkout.called() == ["venv --quiet", "pip install"]


def test_a_failed_installation_is_tried_again(checkout: Checkout) -> None:
    checkout.uv()
    checkout.run("up")
    script = (checkout.bin / "uv").read_text()
    checkout.tool("uv", "#!/bin/sh\nexit 2\n")
    checkout.lock("second")
    done = checkout.run("up")
    assert done.returncode == 1
    assert "could not be installed" in done.stderr
    checkout.tool("uv", script)
    assert checkout.run("up").returncode == 0
    assert checkout.called()[-1] == "pip install"


AUDIT = """#!/bin/sh
[ "$1" = -c ] && exit 0
for lock in "$@"; do :; done
echo "$lock" >> "{log}"
echo "what pip-audit says" >&2
[ "$lock" = {faulty} ] && {{ printf '{report}'; exit 1; }}
exit 0
"""


@pytest.mark.parametrize(
    ("faulty", "report", "code", "said"),
    [
        ("none", "", 0, ""),
        (
            "requirements.lock",
            "",
            2,
            "of requirements.lock have known faults could not be looked up",
        ),
        (
            "tests/requirements.lock",
            "",
            2,
            "of tests/requirements.lock have known faults could not be looked up",
        ),
        (
            "tests/requirements.lock",
            "django 5.2 CVE-1\\n",
            1,
            "packages of tests/requirements.lock have known faults",
        ),
    ],
)
def test_an_audit_tells_known_faults_from_a_look_up_that_failed(
    checkout: Checkout, faulty: str, report: str, code: int, said: str
) -> None:
    checkout.uv()
    checkout.run("up")
    (checkout.root / "tests/requirements.lock").write_text("first")
    script = AUDIT.format(log=checkout.log, faulty=faulty, report=report)
    (checkout.root / ".venv/bin/python").write_text(script)
    checkout.called()
    done = checkout.run("audit")
    assert (done.returncode, done.stdout) == (code, report.replace("\\n", "\n"))
    assert said in done.stderr
    assert "what pip-audit says" in done.stderr
    looked_up = [line for line in checkout.called() if line.endswith(".lock")]
    assert (
        looked_up
        == ["requirements.lock", "tests/requirements.lock"][
            : 1 if faulty == "requirements.lock" else 2
        ]
    )


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (BASE_DIR / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", ["requirements.lock", "tests/requirements.lock"])
def test_a_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (BASE_DIR / lock).read_text()
    assert not re.search(r"://|--(index|extra-index|find-links)", text)
    entries = re.split(r"\n(?=\S)", text)
    assert [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []


def test_the_tests_use_the_very_versions_that_run() -> None:
    assert _pins("requirements.lock").items() <= _pins("tests/requirements.lock").items()
