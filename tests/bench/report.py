"""The table of a run, in Markdown and as JSON."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.runner import Figure, Samples

HEAD = ("#", "figure", "against", "measured", "spread", "aim (floor)", "reached")
HEAD_WITH_BEFORE = ("#", "figure", "against", "before", *HEAD[3:])


def describe_machine(database: str) -> str:
    """What the figures were taken on, without a name or a path."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = [f"{name} {version(name)}" for name in ("Django", "django-tables2", "gunicorn")]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores and {memory:.0f} GiB shared with "
        f"other work (load {os.getloadavg()[0]:.1f} at the end), {platform.machine()}, "
        f"Python {sys.version.split()[0]}, {', '.join(packages)}, PostgreSQL {database}"
    )


def table(figures: Sequence[Figure], samples: Samples, before: Samples | None) -> str:
    head = HEAD if before is None else HEAD_WITH_BEFORE
    lines = [_line(head), _line(["---"] * len(head))]
    for figure in figures:
        if figure.is_measured(samples):
            lines.append(_line(_cells(figure, samples, before)))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(figure: Figure, samples: Samples, before: Samples | None) -> list[str]:
    value = figure.value(samples)
    cells = [str(figure.row), figure.text, figure.against]
    if before is not None:
        cells.append(_measured(figure, before))
    return [
        *cells,
        _measured(figure, samples),
        _spread(figure.values(samples)),
        _bounds(figure),
        figure.verdict(value),
    ]


def _measured(figure: Figure, samples: Samples) -> str:
    if not figure.is_measured(samples):
        return "—"
    return f"{_number(figure.value(samples))} {figure.unit}"


def _spread(values: Sequence[float]) -> str:
    if min(values) == max(values):
        return "—"
    return f"{_number(min(values))} – {_number(max(values))}"


def _bounds(figure: Figure) -> str:
    if figure.aim is None or figure.floor is None:
        return "—"
    return f"{_number(figure.aim)} ({_number(figure.floor)})"


def _number(value: float) -> str:
    if value == int(value) or value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2g}"


def write_json(
    path: Path, figures: Sequence[Figure], samples: Samples, before: Samples | None, about: str
) -> None:
    rows = [
        {
            "row": figure.row,
            "figure": figure.text,
            "against": figure.against,
            "value": figure.value(samples),
            "rounds": figure.values(samples),
            "unit": figure.unit,
            "aim": figure.aim,
            "floor": figure.floor,
            "reached": figure.verdict(figure.value(samples)),
        }
        for figure in figures
        if figure.is_measured(samples)
    ]
    content = {"about": about, "figures": rows, "samples": samples, "before": before}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
