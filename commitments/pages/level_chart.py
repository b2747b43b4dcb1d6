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
class Series:
    """The dots of one side's readings from the baseline on, where each side must reach the level;
    else those of all sides, and `side` is empty.
    """

    side: str
    dots: Sequence[tuple[int, int]]

    @property
    def line(self) -> str:
        return " ".join(f"{x},{y}" for x, y in self.dots)


@dataclass(frozen=True)
class LevelChart:
    """The points in the order of time; `last_day` is that by which the level is to be reached, and
    `each` the sides of which each must reach it.
    """

    points: Sequence[Point]
    level: int
    last_day: date | None
    each: Sequence[str] = ()

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
    def series(self) -> list[Series]:
        if not self.each:
            return [self._series("", self.points)]
        return [self._series(side, self._points_of(side)) for side in self.each]

    def _points_of(self, side: str) -> list[Point]:
        return [point for point in self.points if point.entry is None or point.side == side]

    def _series(self, side: str, points: Iterable[Point]) -> Series:
        return Series(side, [(self._x(point.day), self._y(point.figure)) for point in points])

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
    """The chart of an action's readings; None where no level is promised, or nothing was read yet.
    `entries` are those that can be read.
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
    points = [*_start(deadline.baseline), *points]
    return LevelChart(points, deadline.level, last_day, terms.each)


def _start(baseline: Baseline | None) -> list[Point]:
    return [Point(baseline.value, dates.parse(baseline.on).last)] if baseline else []
