"""Interleaved rounds: each visits every probe once, so that a noisy machine disturbs all alike."""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

# what each probe gave in each round
Samples = dict[str, list[float]]
# rounds of what takes long
FEW = 3


@dataclass(frozen=True)
class Probe:
    """Something that is done once a round, and gives numbers by their names.

    `rounds` is the most rounds in which it is done, 0 for all. Probes of one name are done once.
    """

    name: str
    run: Callable[[], dict[str, float]]
    rounds: int = 0


@dataclass(frozen=True)
class Figure:
    """A line of the table: one of the samples, or the ratio of two."""

    row: int
    text: str
    over: str
    under: str = ""
    against: str = "—"
    aim: float | None = None
    floor: float | None = None
    unit: str = "×"
    larger_is_better: bool = False

    def is_measured(self, samples: Samples) -> bool:
        return self.over in samples and (not self.under or self.under in samples)

    def values(self, samples: Samples) -> list[float]:
        """The figure of each round."""
        if not self.under:
            return samples[self.over]
        pairs = zip(samples[self.over], samples[self.under], strict=False)
        return [over / under for over, under in pairs]

    def value(self, samples: Samples) -> float:
        over = statistics.median(samples[self.over])
        if not self.under:
            return over
        return over / statistics.median(samples[self.under])

    def verdict(self, value: float) -> str:
        if self.aim is None or self.floor is None:
            return "—"
        if self._is_within(value, self.aim):
            return "aim"
        if self._is_within(value, self.floor):
            return "floor"
        return "no"

    def _is_within(self, value: float, bound: float) -> bool:
        if self.larger_is_better:
            return value >= bound
        return value <= bound


@dataclass(frozen=True)
class Case:
    """One or more rows of the table, with all that must be done to fill them."""

    probes: Sequence[Probe]
    figures: Sequence[Figure]


class Run:
    """The cases of one checkout, and what was measured of them."""

    def __init__(self, cases: Sequence[Case]) -> None:
        probes = {probe.name: probe for case in cases for probe in case.probes}
        self.probes = list(probes.values())
        figures = [figure for case in cases for figure in case.figures]
        self.figures = sorted(figures, key=lambda figure: figure.row)
        self.samples: Samples = {}

    def do_round(self, turn: int) -> None:
        """In alternating direction, so that nothing always follows the same."""
        probes = self.probes[::-1] if turn % 2 else self.probes
        for probe in probes:
            if probe.rounds and turn >= probe.rounds:
                continue
            for name, value in probe.run().items():
                self.samples.setdefault(name, []).append(value)


def do_rounds(runs: Sequence[Run], rounds: int) -> None:
    for turn in range(rounds):
        start = perf_counter()
        try:
            for run in runs:
                run.do_round(turn)
        except KeyboardInterrupt:
            # whoever has waited long enough sees what there is
            print(f"stopped in round {turn + 1}", file=sys.stderr)
            break
        taken = perf_counter() - start
        print(f"round {turn + 1} of {rounds}: {taken:.0f} s", file=sys.stderr, flush=True)
