"""A promised level as a small line chart: the baseline, the readings and the level itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from commitments.models import Entry
from commitments.rules import dates
from commitments.rules.events import Baseline, Event, Terms

WIDTH, HEIGHT = 600, 120
READINGS_SHOWN = 36


@dataclass(frozen=True)
class Point:
    """A figure of a day; `entry` is None for the baseline."""

    figure: int
    day: date
    side: str = ""
    entry: Entry | None = None


@dataclass(frozen=True)
class LevelChart:
    """The points in the order of time; `last_day` is that by which the level is to be reached."""

    points: Sequence[Point]
    level: int
    last_day: date | None

    @property
    def readings(self) -> list[Point]:
        return [point for point in self.points if point.entry is not None]

    @property
    def target_y(self) -> int:
        return self._y(self.level)

    @property
    def deadline_x(self) -> int | None:
        return self._x(self.last_day) if self.last_day else None

    @property
    def dots(self) -> list[tuple[int, int]]:
        return [(self._x(point.day), self._y(point.figure)) for point in self.points]

    @property
    def lines(self) -> list[str]:
        """One for each side that reads the level, each from the baseline."""
        sides = dict.fromkeys(point.side for point in self.readings)
        return [
            " ".join(
                f"{x},{y}"
                for point, (x, y) in zip(self.points, self.dots, strict=True)
                if point.entry is None or point.side == side
            )
            for side in sides
        ]

    def _x(self, day: date) -> int:
        days = [point.day for point in self.points]
        first, last = min(days), max([*days, self.last_day or days[-1]])
        return round(WIDTH * (day - first).days / max((last - first).days, 1))

    def _y(self, figure: int) -> int:
        top = max([self.level, *(point.figure for point in self.points), 1])
        return HEIGHT - round(HEIGHT * figure / top)


def draw_level(
    terms: Terms, readings: Iterable[Event], entries: Iterable[Entry], last_day: date | None
) -> LevelChart | None:
    """None where no level is promised, or nothing was read yet; `entries` are those that can be
    read.
    """
    deadline = terms.deadline
    by_number = {entry.number: entry for entry in entries}
    in_order = sorted(readings, key=lambda event: (event.first, event.number))
    points = [
        Point(event.quantity, event.first, event.side, by_number[event.number])
        for event in in_order[-READINGS_SHOWN:]
        if event.number in by_number
    ]
    if deadline.level is None or not points:
        return None
    return LevelChart([*_start(deadline.baseline), *points], deadline.level, last_day)


def _start(baseline: Baseline | None) -> list[Point]:
    return [Point(baseline.value, dates.parse(baseline.on).last)] if baseline else []
