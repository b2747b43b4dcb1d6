"""The documentation, held to the product: commands, options, settings, links, keys, columns and
kinds.
"""

import io
import itertools
import json
import re
import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from actionplan.jobs import health
from actionplan.local import commands
from actionplan.overview.status import status
from actionplan.plan_transfer import load
from actionplan.settings import BASE_DIR
from commitments.evidence import file_types, storage
from commitments.exports import columns
from commitments.files import entry_rows
from commitments.files.toml_table import Table
from commitments.models import Plan
from commitments.register import entry_types
from funding import columns as fund_columns
from tests import papers, screenshots
from tests.bench import __main__ as bench

DOCS = BASE_DIR / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([*BASE_DIR.glob("*.md"), *DOCS.rglob("*.md")])
OWN_APPS = ("actionplan", "commitments", "funding")
# what a line of the documentation may begin with that nothing here can run, and why
ELSEWHERE = {
    ".": "reads a file of a server",
    "cd": "a folder of a server",
    "chown": "an account of a server",
    "cp": "to a folder of a server",
    "curl": "a host of a server",
    "docker": "there is no Docker here",
    "find": "a folder of a server",
    "git": "an address of a repository",
    "python3": "makes the environment of a server",
    "runuser": "an account of a server",
    "set": "an option of the shell",
    "systemctl": "there is no systemd here",
    "useradd": "an account of a server",
    ".venv/bin/pip": "the environment of a server",
    ".ci/run": "everything at once",
    "/opt/witness/bin/pip": "the environment of another machine",
    "/opt/witness/bin/actionplan-witness": "run by tests/attacks/test_witness.py",
    "/opt/witness/bin/actionplan-verify": "run by tests/actionplan/test_verify_export.py",
}
# harmless on a plan, so it is not only parsed but run
HARMLESS = ("status", "export_plan")


def lines_of(text: str, language: str) -> Iterator[str]:
    for block in re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def simple_commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, without comments and what was set for it alone."""
    tokens = shlex.shlex(re.sub(r"\$\([^)]*\)", "TODAY", line), posix=True, punctuation_chars=True)
    tokens.whitespace_split = True
    tokens.commenters = "#"
    for ends, words in itertools.groupby(tokens, lambda token: set(token) <= set("&|;")):
        if not ends:
            yield list(words)


def without_settings(words: list[str]) -> list[str]:
    return list(itertools.dropwhile(lambda word: re.match(r"[A-Z_]+=", word), words))


SHELL = sorted(
    {
        (page.relative_to(BASE_DIR).as_posix(), line.strip())
        for page in PAGES
        for line in [
            *lines_of(page.read_text(), "sh"),
            *(line[2:] for line in lines_of(page.read_text(), "console") if line.startswith("$ ")),
        ]
        if line.strip() and not line.strip().startswith("#")
    }
)
TYPED = [(page, words) for page, line in SHELL for words in simple_commands(line)]
TASKS = re.findall(
    r"^([\w| ]+)\)$", (BASE_DIR / "dev").read_text().split("case ${1:-}")[1], re.MULTILINE
)


def tasks() -> set[str]:
    return {name for task in TASKS for name in task.split(" | ") if name.islower()}


def own_commands() -> dict[str, BaseCommand]:
    return {
        name: command(name)
        for name, app in get_commands().items()
        if (app if isinstance(app, str) else app.__module__).partition(".")[0] in OWN_APPS
    }


def command(name: str) -> BaseCommand:
    app = get_commands()[name]
    return load_command_class(app, name) if isinstance(app, str) else app


def as_manage(words: list[str]) -> list[str]:
    """The arguments of manage.py of such a command line, else none."""
    if "manage.py" in words:
        return words[words.index("manage.py") + 1 :]
    if words[0] == "./dev" and words[1] not in tasks():
        return words[1:]
    return []


def options(parser: ArgumentParser) -> set[str]:
    return {
        name
        for action in parser._actions
        for name in action.option_strings
        if name.startswith("--")
    }


def own_parser(name: str) -> tuple[set[str], int]:
    """The options that the command has of its own, and how many arguments it must be given."""
    parser = command(name).create_parser("manage.py", name)
    # what it has from Django, which for `migrate` is nearly all
    known = {"--help", *options(BaseCommand().create_parser("manage.py", name))}
    if type(command(name)).__mro__[1].__module__.startswith("django.core.management.commands"):
        return set(), 0
    return options(parser) - known, len(
        [action for action in parser._actions if not action.option_strings]
    )


@pytest.mark.parametrize(
    ("page", "words"), TYPED, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_a_command_of_the_documentation_is_one(page: str, words: list[str]) -> None:
    words = without_settings(words)
    if not words:  # a line of a file of settings is looked at below
        return
    if arguments := as_manage(words):
        parser = command(arguments[0]).create_parser("manage.py", arguments[0])
        parser.parse_args(arguments[1:])
    elif words[0] == "./dev" and words[1] == "bench":
        assert {word for word in words if word.startswith("--")} <= bench_options()
    elif words[:2] == [".venv/bin/python", "-m"]:
        assert find_spec(words[2])
    elif words[0] != "./dev":
        assert words[0] in ELSEWHERE, f"{page}: {words}"
    if words[0] == "cp":
        assert list(BASE_DIR.glob(words[1]))


def test_what_is_set_for_a_command_is_a_setting() -> None:
    found = {
        match[1] for _page, line in SHELL for match in re.finditer(r"(?:^|\s)([A-Z][A-Z_]+)=", line)
    }
    assert found - example_settings() == {"OWNER"}


def test_what_a_trial_can_do_is_done(calais: Plan, settings: Settings, tmp_path: Path) -> None:
    settings.ACTIONPLAN_TODAY = date(2015, 1, 12)
    done: list[str] = []
    for _page, words in TYPED:
        words = without_settings(words)
        arguments = as_manage(words) if words else []
        if arguments and arguments[0] in HARMLESS:
            arguments = [
                str(tmp_path / f"{len(done)}.zip") if word.endswith(".zip") else word
                for word in arguments
            ]
            call_command(*arguments, stdout=io.StringIO())
            done.append(arguments[0])
        if arguments and arguments[0] == "load_plan" and (BASE_DIR / arguments[1]).exists():
            call_command(
                arguments[0], str(BASE_DIR / arguments[1]), check=True, stdout=io.StringIO()
            )
            done.append(arguments[0])
    assert set(done) == {*HARMLESS, "load_plan"}


# Commands and settings


def bench_options() -> set[str]:
    source = Path(str(bench.__file__)).read_text()
    return set(re.findall(r'add_argument\(\s*"(--[\w-]+)"', source))


USAGES = dict(
    re.findall(r"^### (\w+)\n\n`(.+?)` ", (REFERENCE / "commands.md").read_text(), re.MULTILINE)
)


def test_the_reference_has_every_command_and_no_other() -> None:
    assert set(USAGES) == set(own_commands())
    rows = re.findall(r"^\| `\./dev (\w+)", (REFERENCE / "commands.md").read_text(), re.MULTILINE)
    assert set(rows) == tasks()


@pytest.mark.parametrize("name", sorted(USAGES))
def test_the_reference_has_every_option_of_a_command_and_no_other(name: str) -> None:
    words = USAGES[name].replace("[", "").replace("]", "").split()
    given = {word for word in words if word.startswith("--")}
    # a word in capitals is an argument, unless it is a value of an option
    without_options = re.sub(r"\[--[^]]*]", "", USAGES[name])
    arguments = [
        word
        for before, word in itertools.pairwise(re.findall(r"[^][ ]+", without_options))
        if word.isupper() and not before.startswith("--")
    ]
    assert words[0] == name
    assert (given, len(arguments)) == own_parser(name)


def test_the_reference_has_every_option_of_the_measurements() -> None:
    (row,) = re.findall(
        r"^\| `\./dev bench (.+?)` \|", (REFERENCE / "commands.md").read_text(), re.MULTILINE
    )
    assert set(re.findall(r"--[\w-]+", row)) == bench_options()


def example_settings() -> set[str]:
    return set(re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE))


def test_the_reference_has_every_setting_and_no_other() -> None:
    assert codes_of((REFERENCE / "settings.md").read_text()) == example_settings()


def test_services_are_started_as_the_guides_say() -> None:
    guide = (DOCS / "how-to" / "one-server.md").read_text()
    for name in ("web", "worker", "beat"):
        assert f"actionplan-{name}" in guide
        assert (BASE_DIR / "deploy" / f"actionplan-{name}.service").exists()
    assert commands.web("0.0.0.0:8000")


# Addresses, keys, columns, kinds


def codes_of(text: str) -> set[str]:
    """What stands as code in the first cell of the rows of tables."""
    cells = re.findall(r"^\| (.+?) \|", text.replace("\\|", "¦"), re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([^`]+)`", cell)}


def section(page: str, title: str) -> str:
    found = re.search(
        rf"^#+ {re.escape(title)}$(.*?)(?=^#+ |\Z)",
        (REFERENCE / page).read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert found, title
    return found[1]


def routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, before + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield "/" + before + str(pattern.pattern)


def test_every_address_has_its_rights() -> None:
    table = codes_of(section("permissions.md", "Addresses"))
    shape = {re.sub(r"[A-Z]{2,}", "*", address) for address in table}
    asked = {re.sub(r"<[^>]+>", "*", route) for route in routes(get_resolver().url_patterns)}
    asked = {re.sub(r"^/plans/\*/", "/", route) for route in asked}
    assert {route for route in asked if "(?P" not in route and "^" not in route} - shape == set()


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Actions", [*columns.ACTION_COLUMNS]),
        ("Register", [*columns.ENTRY_COLUMNS, *columns.FILE_COLUMNS]),
        ("Fund", [*fund_columns.INSTALMENT_COLUMNS]),
    ],
)
def test_every_column_of_an_export_is_described(title: str, names: list[str]) -> None:
    assert codes_of(section("exports.md", title)) == set(names)


def test_every_column_of_the_entries_file_is_described() -> None:
    text = (REFERENCE / "entries-file.md").read_text()
    assert ",".join(entry_rows.COLUMNS) in text
    described, by_kind = text.split("| kind | on |")
    assert codes_of(described) == set(entry_rows.COLUMNS)
    assert codes_of(by_kind.split("\n\n")[0]) == set(entry_types.KINDS) - {entry_types.REDACTED}


def test_every_kind_of_file_is_described() -> None:
    table = section("evidence.md", "What is taken").lower()
    assert [name for name in file_types.TYPES if name not in table] == []
    assert (
        f"up to {('no', 'one', 'two', 'three', 'four', 'five')[storage.MOST]} files"
        in (REFERENCE / "evidence.md").read_text()
    )


def test_every_key_of_the_status_is_described(calais: Plan) -> None:
    said = status(calais, date(2014, 11, 1), date(2014, 11, 1), today=date(2015, 1, 12))
    text = (REFERENCE / "status.md").read_text()
    found = {
        *said,
        *(key for part in said.values() if isinstance(part, list) for row in part for key in row),
    }
    assert [key for key in found if f"`{key}`" not in text] == []


def test_every_key_of_the_health_of_jobs_is_described(calais: Plan) -> None:
    from django.utils import timezone

    text = (REFERENCE / "health.md").read_text()
    assert [key for key in health.health_report(timezone.now()) if key not in text] == []


SECTIONS = {
    "Top level": ["plan file"],
    "`[plan]`": ["plan"],
    "`[[bodies]]` and `[[aims]]`": ["bodies", "aims"],
    "`[[commitments]]`": ["commitments"],
    "`[[commitments.actions]]`": ["actions"],
    "`deadline`": ["deadline"],
    "`interpretations`": ["interpretations"],
    "`[[funds]]`": ["funds"],
    "`[[funds.contributions]]`": ["contributions"],
    "`[[funds.purposes]]`": ["purposes"],
    "`[[funds.reported]]`": ["reported"],
}


def test_every_key_of_a_plan_file_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}
    tables: list[Table] = []
    begin = Table.__init__

    def noted(self: Table, *args: Any) -> None:
        begin(self, *args)
        tables.append(self)

    monkeypatch.setattr(Table, "__init__", noted)
    load.read_plan_file((BASE_DIR / "actionplan" / "plans" / "calais-2014.toml").read_bytes())
    for table in tables:
        name = [str(part) for part in table.path if not isinstance(part, int)]
        asked.setdefault(name[-1] if name else "plan file", set()).update(table.keys_read)
    lacking = {
        title: keys - codes_of(section("plan-file.md", title))
        for title, names in SECTIONS.items()
        if (keys := set().union(*(asked.get(name, set()) for name in names)))
    }
    assert {title: keys for title, keys in lacking.items() if keys} == {}


def test_the_small_plan_file_is_one() -> None:
    (example,) = re.findall(
        r"^A small one:\n\n```toml\n(.*?)```", (REFERENCE / "plan-file.md").read_text(), re.M | re.S
    )
    file = load.read_plan_file(example.encode())
    assert (file.plan.row.slug, [action.row.ref for action in file.plan.actions], file.funds) == (
        "harbour-2025",
        ["1.1"],
        [],
    )


def test_what_stands_as_json_is_json() -> None:
    found = [
        block
        for page in PAGES
        for block in re.findall(r"^```json\n(.*?)^```", page.read_text(), re.M | re.S)
    ]
    assert [block for block in found if not json.loads(block)] == []


# Links, files, pictures


def slug(heading: str) -> str:
    text = re.sub(r"[`*\"“”]|\]\([^)]*\)|[\[\]]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


LINKS = [
    (page, target)
    for page in PAGES
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", page.read_text()))
    if "://" not in target and not target.startswith("mailto:")
]


def test_every_link_leads_somewhere() -> None:
    lost = []
    for page, target in LINKS:
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append((page.name, target))
    assert lost == []


def test_every_page_is_found_from_the_first_one() -> None:
    leads: dict[Path, set[Path]] = {}
    for page, target in LINKS:
        file = (page.parent / target.partition("#")[0]).resolve()
        leads.setdefault(page, set()).update(file.glob("*.md") if file.is_dir() else [file])
    seen, left = set[Path](), {BASE_DIR / "README.md"}
    while left:
        seen |= left
        left = {file for page in left for file in leads.get(page, set())} - seen
    assert [page.name for page in PAGES if page not in seen] == []


TOPS = (*OWN_APPS, "tests", "static", "templates", "deploy", "docs")
FILES = {
    path.relative_to(BASE_DIR).as_posix() for top in TOPS for path in (BASE_DIR / top).rglob("*.*")
}
FILES |= {path.name for path in BASE_DIR.iterdir()}
# examples, and what there is on purpose not
OF_OTHERS = ("my-plan.toml", "plan/001.toml", "NAME_body.html", "uv.lock")


def test_every_file_that_is_named_is_there() -> None:
    lost = []
    for page in PAGES:
        for name in re.findall(
            r"`([\w./-]+\.(?:py|toml|css|html|conf|lock|yml))`", page.read_text()
        ):
            if not any(file == name or file.endswith("/" + name) for file in FILES):
                lost.append((page.name, name))
    assert [found for found in lost if found[1] not in OF_OTHERS] == []


def test_the_map_has_every_module_in_the_row_of_its_room() -> None:
    """A row such as "| `commitments/register/` | `entries.py`, `flags.py` … |"."""
    rows = (DOCS / "explanation" / "architecture.md").read_text().splitlines()
    lacking = []
    for module in modules():
        room = module.parent.relative_to(BASE_DIR).as_posix()
        if not any(f"`{room}/`" in row and f"`{module.name}`" in row for row in rows):
            lacking.append(f"{room}/{module.name}")
    assert lacking == []


def modules() -> Iterator[Path]:
    """Every module of the application, but for what Django finds by its place."""
    for app in OWN_APPS:
        for path in sorted((BASE_DIR / app).rglob("*.py")):
            by_place = {"migrations", "management", "formats"} & set(path.parts)
            if not by_place and path.name not in ("__init__.py", "apps.py"):
                yield path


def test_decisions_are_numbered_without_gaps() -> None:
    found = sorted((DOCS / "adr").glob("*.md"))
    for number, page in enumerate(found, 1):
        assert page.name.startswith(f"{number:04}-")
        assert page.read_text().startswith(f"# {number}. ")
        assert page.name in (DOCS / "explanation" / "architecture.md").read_text()


def test_pages_in_two_languages_have_the_same_parts() -> None:
    for english, french in (("reading-the-plan", "lire-le-plan"), ("tour", "visite")):
        one, other = (
            (DOCS / "explanation" / f"{name}.md").read_text() for name in (english, french)
        )
        for mark in (r"^#+ ", r"^!\[", r"^\|"):
            assert len(re.findall(mark, one, re.MULTILINE)) == len(
                re.findall(mark, other, re.MULTILINE)
            ), (
                english,
                mark,
            )


def test_every_picture_is_shown_and_made_by_the_script() -> None:
    shown = {Path(target).name for _page, target in LINKS if target.endswith(".png")}
    made = {
        f"{name}-{language}{end}.png"
        for language in ("en", "fr")
        for names, end in ((screenshots.SHOWN, ""), (screenshots.ON_A_PHONE, "-phone"))
        for name in names
    }
    # of release 1.0.0, which is not made again
    made |= {"before-en.png", "before-fr.png"}
    made |= {f"{name}.png" for name, _paper, _number in papers.PICTURES}
    kept = {path.name for path in (DOCS / "images").iterdir()}
    assert shown == made == kept
    assert sum(path.stat().st_size for path in (DOCS / "images").iterdir()) < 1_500_000
