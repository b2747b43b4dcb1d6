"""The table of a run, in Markdown and as JSON."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.db import connection

from tests.bench.runner import Figure, Samples

HEAD = "| # | figure | against | measured | spread | aim (floor) | reached |\n|---|---|---|---|---|---|---|"


def machine() -> str:
    """What the figures were taken on, without a name or a path."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SHOW server_version"
            if connection.vendor == "postgresql"
            else "SELECT sqlite_version()"
        )
        (database,) = cursor.fetchone()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("Django", "django-tables2", "gunicorn")
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores and {memory:.0f} GiB shared with other work "
        f"(load {os.getloadavg()[0]:.1f} at the end), {platform.machine()}, Python {sys.version.split()[0]}, "
        f"{packages}, {connection.display_name} {str(database).split()[0]}"
    )


def table(figures: Sequence[Figure], samples: Samples) -> str:
    return "\n".join(
        [HEAD, *(_line(figure, samples) for figure in sorted(figures, key=lambda f: f.row))]
    )


def _line(figure: Figure, samples: Samples) -> str:
    value, values = figure.value(samples), figure.values(samples)
    bound = figure.aim or figure.unit in ("rows", "errors")
    aim = f"{_number(figure.aim)} ({_number(figure.floor)})" if bound else "—"
    spread = (
        f"{_number(min(values))} – {_number(max(values))}" if min(values) != max(values) else "—"
    )
    cells = (
        figure.row,
        figure.what,
        figure.against,
        f"{_number(value)} {figure.unit}",
        spread,
        aim,
    )
    return (
        f"| {' | '.join(str(cell) for cell in cells)} | {figure.verdict(value) if bound else '—'} |"
    )


def _number(value: float) -> str:
    return (
        f"{value:.0f}"
        if value == int(value) or value >= 100
        else f"{value:.1f}"
        if value >= 10
        else f"{value:.2g}"
    )


def seconds(samples: Samples, names: set[str]) -> str:
    """What each probe took, for who wants to see behind the ratios."""
    lines = ["| probe | median | fastest | slowest | rounds |", "|---|---|---|---|---|"]
    for name in sorted(names & set(samples)):
        found = sorted(samples[name])
        shown = " | ".join(
            f"{value * 1000:.2f} ms" for value in (found[len(found) // 2], found[0], found[-1])
        )
        lines.append(f"| {name} | {shown} | {len(found)} |")
    return "\n".join(lines)


def write_json(path: Path, figures: Sequence[Figure], samples: Samples, **about: Any) -> None:
    rows = [
        {
            "row": figure.row,
            "figure": figure.what,
            "against": figure.against,
            "value": figure.value(samples),
            "rounds": figure.values(samples),
            "unit": figure.unit,
            "aim": figure.aim,
            "floor": figure.floor,
            "reached": figure.verdict(figure.value(samples)),
        }
        for figure in figures
    ]
    path.write_text(
        json.dumps({**about, "figures": rows, "samples": samples}, indent=1, ensure_ascii=False)
        + "\n"
    )
