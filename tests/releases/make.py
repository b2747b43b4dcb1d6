"""Keeps a register of the version that is released, so that every later one shows that it can take
it over.

Run as `python -m tests.releases.make VERSION` on the commit of the release: it writes
`tests/releases/VERSION/`, a backup of the Calais plan with its samples and flags, and the status on
a few days as that version said it.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
DAYS = ("2014-10-01", "2014-11-20", "2015-01-12", "2015-04-01")
STATUS = f"""
import json
from datetime import date
from actionplan.overview.status import status
from commitments.models import Plan
plan, today = Plan.objects.get(slug="calais-2014"), date(2015, 1, 12)
days = [date.fromisoformat(day) for day in {DAYS}]
found = {{day.isoformat(): status(plan, day, day, today=today) for day in days}}
print(json.dumps(found, indent=1, ensure_ascii=False))
"""


def manage(*arguments: str, **environ: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def status(**environ: str) -> dict[str, Any]:
    """By day, what the site that the environment names says of the plan; the jobs are no part of
    it.
    """
    found = json.loads(manage("shell", "--no-imports", "-c", STATUS, **environ))
    return {
        on: {name: value for name, value in said.items() if name != "jobs"}
        for on, said in found.items()
    }


def make(version: str) -> None:
    target = Path(__file__).parent / version
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "ACTIONPLAN_TODAY": "2015-01-12",
            "ACTIONPLAN_TRIAL": "1",
            "DATABASE_URL": f"sqlite:///{folder}/register.sqlite3",
            "MEDIA_ROOT": f"{folder}/files",
            "SECRET_KEY": "only-for-making-a-register-that-nobody-signs-in-to",
        }
        manage("migrate", **environ)
        manage("load_plan", "actionplan/plans/calais-2014.toml", **environ)
        manage("load_samples", **environ)
        manage("flag_overdue", **environ)
        manage("backup", str(target / "backup"), **environ)
        (target / "status.json").write_text(
            json.dumps(status(**environ), indent=1, ensure_ascii=False) + "\n"
        )


if __name__ == "__main__":
    make(sys.argv[1])
