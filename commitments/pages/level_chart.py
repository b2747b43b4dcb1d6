"""A promised level as a small line chart: the baseline, the readings and the level itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from commitments.models import Entry
from commitments.rules import dates
from commitments.rules.events import Baseline, Event, Terms

WIDTH, HEIGHT = 600, 120
# of the figures beside the scale
LINE_HEIGHT = 14
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
    def top(self) -> int:
        """The figure at the upper edge; zero is at the lower one."""
        return max([self.level, *(point.figure for point in self.points), 1])

    @property
    def is_top_apart(self) -> bool:
        """Whether the figure at the upper edge can be written above that of the level."""
        return self.target_y >= LINE_HEIGHT

    @property
    def is_zero_apart(self) -> bool:
        return HEIGHT - self.target_y >= LINE_HEIGHT

    @property
    def first_day(self) -> date:
        """At the left edge."""
        return min(point.day for point in self.points)

    @property
    def end_day(self) -> date:
        """At the right edge."""
        newest = max(point.day for point in self.points)
        return max(newest, self.last_day or newest)

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
        whole = max((self.end_day - self.first_day).days, 1)
        return round(WIDTH * (day - self.first_day).days / whole)

    def _y(self, figure: int) -> int:
        return HEIGHT - round(HEIGHT * figure / self.top)


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
