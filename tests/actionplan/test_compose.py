"""The image, the compose file and .env.example say what the code says."""

import json
import re
from typing import Any

import pytest
import yaml

from actionplan import settings
from actionplan.local import commands
from actionplan.local.environment import BASE_DIR

COMPOSE: dict[str, Any] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
EXAMPLE = (BASE_DIR / ".env.example").read_text()
VARIABLE = re.compile(r"\$\{(\w+)([^}]*)\}")


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("web", commands.web("0.0.0.0:8000")),
        ("worker", commands.worker()),
        ("beat", commands.beat("/data/beat/schedule")),
    ],
)
def test_a_service_runs_the_command_that_up_runs(service: str, command: list[str]) -> None:
    assert SERVICES[service]["command"] == command


def test_the_image_runs_the_web_command_and_not_as_root() -> None:
    steps = DOCKERFILE.replace("\\\n", "").splitlines()
    (user,) = [step.split()[1] for step in steps if step.startswith("USER ")]
    (command,) = [step.removeprefix("CMD ") for step in steps if step.startswith("CMD ")]
    assert user not in ("root", "0")
    assert json.loads(command) == SERVICES["web"]["command"]
    assert "--require-hashes -r requirements.lock" in DOCKERFILE


def test_there_is_one_beat_and_all_that_stay_up_are_watched() -> None:
    assert "deploy" not in SERVICES["beat"]
    assert [name for name, service in SERVICES.items() if "healthcheck" not in service] == [
        "tables"
    ]


def test_ports_are_published_on_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_secret_comes_from_outside_and_must_be_given() -> None:
    values = [
        f"{value}"
        for service in SERVICES.values()
        for value in service.get("environment", {}).values()
    ]
    defaults = {name: rest for value in values for name, rest in VARIABLE.findall(value)}
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert defaults[secret].startswith(":?")
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            # where the key lies is no secret
            is_secret = re.search("KEY|PASSWORD", name) and name != "CHECKPOINT_KEY"
            assert not is_secret or value == f"${{{name}{defaults[name]}}}"


def test_the_example_lists_every_variable_each_with_a_line_about_it() -> None:
    source = "".join(
        (BASE_DIR / "actionplan" / name).read_text()
        for name in ("settings.py", "local/environment.py")
    )
    read = set(re.findall(r'(?:env\.\w+|environ\.get)\(\s*"([A-Z_]+)"', source))
    listed = re.findall(r"^# .+\n#?([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert sorted(listed) == sorted({*listed})
    assert set(listed) == read | {
        "POSTGRES_PASSWORD",
        "CHROMIUM",
        "OIDC_GB_ISSUER",
        "OIDC_GB_CLIENT_ID",
        "OIDC_GB_SECRET",
    }
    assert len(listed) == len(re.findall(r"^#?[A-Z_]+=", EXAMPLE, re.MULTILINE))


def test_the_example_as_it_is_would_be_refused() -> None:
    assert f"\nSECRET_KEY={settings.SAMPLE_KEY}\n" in EXAMPLE
