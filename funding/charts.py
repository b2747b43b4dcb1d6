"""Geometry of the fund's charts: one for each currency, never two currencies on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from funding.instalments import InstalmentOnDay

# units of the drawing, as templates/funding/fund/chart.html has them
WIDTH = 640
BASE = 190
TOP = 20
# of the share of the width that a bar has
GAP = 0.35


@dataclass(frozen=True)
class Bar:
    """One instalment: what is stated as an outline, what is paid filled up from the base line."""

    label: str
    x: float
    width: float
    stated_height: float
    paid_height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)

    @property
    def stated_y(self) -> float:
        return round(BASE - self.stated_height, 1)

    @property
    def paid_y(self) -> float:
        return round(BASE - self.paid_height, 1)


@dataclass(frozen=True)
class Chart:
    """`marks` says where the lines across are, by their amounts."""

    currency: str
    bars: list[Bar]
    marks: dict[Decimal, float]


def draw_charts(instalments: Sequence[InstalmentOnDay]) -> list[Chart]:
    """A chart for each currency in which something is stated or paid."""
    by_currency: dict[str, list[InstalmentOnDay]] = {}
    for instalment in instalments:
        for currency in instalment.currencies:
            by_currency.setdefault(currency, []).append(instalment)
    return [draw_chart(currency, chosen) for currency, chosen in by_currency.items()]


def draw_chart(currency: str, instalments: Sequence[InstalmentOnDay]) -> Chart:
    stated = [instalment.stated.get(currency, Decimal(0)) for instalment in instalments]
    paid = [instalment.paid.get(currency, Decimal(0)) for instalment in instalments]
    top = round_up(max(stated + paid))
    share = WIDTH / len(instalments)
    bars = [
        _draw_bar(instalment, currency, left=place * share, share=share, top=top)
        for place, instalment in enumerate(instalments)
    ]
    marks = {top * part: round(BASE - _height_of(part), 1) for part in (Decimal("0.5"), Decimal(1))}
    return Chart(currency, bars, marks)


def _draw_bar(
    instalment: InstalmentOnDay, currency: str, *, left: float, share: float, top: Decimal
) -> Bar:
    stated = instalment.stated.get(currency, Decimal(0))
    paid = instalment.paid.get(currency, Decimal(0))
    return Bar(
        label=f"{instalment.ref}/{instalment.number}",
        x=round(left + share * GAP / 2, 1),
        width=round(share * (1 - GAP), 1),
        stated_height=_height_of(stated / top),
        paid_height=_height_of(paid / top),
    )


def _height_of(part: Decimal) -> float:
    """The height of this part of the axis."""
    return round(float(part) * (BASE - TOP), 1)


def round_up(value: Decimal) -> Decimal:
    """The next round figure: 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return Decimal(1)
    power = Decimal(10) ** value.adjusted()
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
