"""Geometry of the fund's charts: one for each currency, never two currencies on one axis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from funding.instalments import InstalmentOnDay

# units of the drawing
WIDTH, HEIGHT, BASE, TOP = 640, 220, 190, 20
GAP = 0.35  # of a year's share of the width


@dataclass(frozen=True)
class Bar:
    """One instalment: what is stated as an outline, what is paid filled up from the base line."""

    label: str
    stated: Decimal
    paid: Decimal
    x: float
    width: float
    stated_y: float
    stated_height: float
    paid_y: float
    paid_height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Mark:
    """A line across, with its amount."""

    value: Decimal
    y: float


@dataclass(frozen=True)
class Chart:
    currency: str
    bars: list[Bar]
    marks: list[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    base: int = BASE


def charts(lines: Sequence[InstalmentOnDay]) -> list[Chart]:
    """A chart for each currency in which something is stated or paid."""
    currencies = dict.fromkeys(code for line in lines for code in (*line.stated, *line.paid))
    return [
        chart(code, [line for line in lines if code in line.stated or code in line.paid])
        for code in currencies
    ]


def chart(currency: str, lines: Sequence[InstalmentOnDay]) -> Chart:
    pairs = [
        (line.stated.get(currency, Decimal(0)), line.paid.get(currency, Decimal(0)))
        for line in lines
    ]
    top = ceiling(max(value for pair in pairs for value in pair))
    share = WIDTH / len(lines)
    bars = [
        bar(f"{line.ref}/{line.number}", *pair, place * share, share, top)
        for place, (line, pair) in enumerate(zip(lines, pairs, strict=True))
    ]
    return Chart(currency, bars, list(_marks(top)))


def bar(label: str, stated: Decimal, paid: Decimal, left: float, share: float, top: Decimal) -> Bar:
    stated_height, paid_height = (
        round(float(value / top) * (BASE - TOP), 1) for value in (stated, paid)
    )
    return Bar(
        label=label,
        stated=stated,
        paid=paid,
        x=round(left + share * GAP / 2, 1),
        width=round(share * (1 - GAP), 1),
        stated_y=round(BASE - stated_height, 1),
        stated_height=stated_height,
        paid_y=round(BASE - paid_height, 1),
        paid_height=paid_height,
    )


def ceiling(value: Decimal) -> Decimal:
    """The next round figure: 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return Decimal(1)
    power = Decimal(10) ** (value.adjusted())
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _marks(top: Decimal) -> Iterator[Mark]:
    for part in (Decimal("0.5"), Decimal(1)):
        yield Mark(top * part, round(BASE - float(part) * (BASE - TOP), 1))
