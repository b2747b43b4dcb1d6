"""The witness program, which stands alone in deploy/, as a module; and a site for it to watch."""

import contextlib
import importlib.util
import io
import json
import sys
from pathlib import Path
from typing import Any

from actionplan.api_tokens import tokens
from actionplan.models import User
from actionplan.witnesses import checkpoints
from commitments import clock
from commitments.models import Plan
from tests.client import Client

FILE = Path(__file__).parent.parent / "deploy" / "actionplan_witness" / "actionplan_witness.py"


def load_program() -> Any:
    spec = importlib.util.spec_from_file_location("actionplan_witness", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["actionplan_witness"] = module
    spec.loader.exec_module(module)
    return module


program = load_program()


class Witness:
    """The witness of a side, set up in a folder, which asks the site through Django's test client.

    `run` returns the exit code; what was said is in `said`.
    """

    def __init__(
        self, plan: Plan, manager: User, folder: Path, *, name: str = "gb-witness"
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.said = ""
        today = clock.today(plan.timezone)
        token = tokens.create(
            by=manager, plan=plan, purpose="read", label=name, days=365, today=today
        )
        now = clock.now(plan.timezone)
        checkpoints.sign_head(plan, now)
        site_key = checkpoints.describe_site_keys()[-1]["key"]
        self.path = f"/plans/{plan.slug}/witness.json"
        address = f"http://localhost:8000{self.path}"
        words = ["--lang", "en", "--folder", str(folder), "set-up", address]
        self._call(*words, "--name", name, "--site-key", site_key)
        (folder / "token").write_text(token)
        public = str(program.verifier_of(name, program.Folder(folder).key))
        side = manager.memberships.get(plan=plan).side
        checkpoints.register_key(plan, side=side, text=public, by=manager, now=now)

    def run(self, *options: str) -> int:
        return self._call("--lang", "en", "--folder", str(self.folder), "run", *options)

    def trust(self, key: str) -> int:
        return self._call("--lang", "en", "--folder", str(self.folder), "trust", key)

    def _call(self, *words: str) -> int:
        output = io.StringIO()
        before, program.Site = program.Site, ClientSite
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                program.witness_main(list(words))
        except SystemExit as ended:
            return int(ended.code or 0)
        finally:
            program.Site = before
            self.said = output.getvalue()
        raise AssertionError("a command ends with its code")


class ClientSite(program.Site):  # type: ignore[name-defined]
    """Asks by the test client, so that what it reads is in the transaction of the test."""

    def _ask(self, address: str, body: bytes | None) -> Any:
        path = address.removeprefix("http://localhost:8000")
        headers = {"Authorization": f"Bearer {self.token}"}
        client = Client(raise_request_exception=False)
        if body is None:
            response = client.get(path, headers=headers)
        else:
            response = client.post(path, body, content_type="text/plain", headers=headers)
        if response.status_code != 200:
            raise program.NotDone(f"{response.status_code} {response.content.decode()}")
        return json.loads(response.content)


def verify(export: Path, *options: str) -> tuple[int, str]:
    """The exit code of `actionplan-verify`, and what it said."""
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            program.verify_main([*options, str(export)])
    except SystemExit as ended:
        return int(ended.code or 0), output.getvalue()
    raise AssertionError("a command ends with its code")
