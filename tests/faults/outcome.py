"""What a run of a fault came to, and the table of all runs."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PROPERTY = "fault"
COLUMNS = ("fault", "runs", "kills", "lost", "duplicates", "most copies", "seconds")


@dataclass
class Outcome:
    """`kills`: whatever was inflicted. `lost`: people without a mail or a visible end, words that
    were accepted and are gone. `duplicates`: mails beyond the first, and rows that there should
    be once. `copies`: the most of one mail.
    """

    fault: str
    kills: int = 0
    lost: int = 0
    duplicates: int = 0
    copies: int = 0


def as_property(outcome: Outcome) -> tuple[str, dict[str, Any]]:
    """For the report of a test; it follows what the outcome becomes."""
    return PROPERTY, vars(outcome)


def table(reports: Iterable[Any]) -> list[str]:
    """Lines of Markdown: one for each fault, over all its runs."""
    seconds: dict[str, float] = defaultdict(float)
    found: dict[str, list[Outcome]] = defaultdict(list)
    for report in reports:
        for name, content in getattr(report, "user_properties", []):
            if name == PROPERTY and report.when == "call":
                outcome = Outcome(**content)
                found[outcome.fault].append(outcome)
                seconds[outcome.fault] += report.duration
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    for fault, runs in sorted(found.items()):
        sums = (sum(getattr(run, name) for run in runs) for name in ("kills", "lost", "duplicates"))
        cells = [
            fault,
            len(runs),
            *sums,
            max(run.copies for run in runs) or "–",
            round(seconds[fault]),
        ]
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return lines if found else []
