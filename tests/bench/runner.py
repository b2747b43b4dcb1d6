"""Interleaved rounds: each visits every probe once, so that a noisy machine disturbs all alike."""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

Samples = dict[str, list[float]]
# rounds of what takes long
FEW = 3


@dataclass(frozen=True)
class Probe:
    """Something that is done once a round; it gives one number, or several by name. `most` rounds,
    0 for all.
    """

    name: str
    run: Callable[[], float | dict[str, float]]
    most: int = 0


@dataclass(frozen=True)
class Figure:
    """What is read off the samples: one of them, or the ratio of two; the smaller the better unless
    `higher`.
    """

    row: int
    what: str
    over: str
    under: str = ""
    against: str = "—"
    aim: float = 0.0
    floor: float = 0.0
    unit: str = "×"
    higher: bool = False

    def values(self, samples: Samples) -> list[float]:
        """The figure of each round."""
        if not self.under:
            return samples[self.over]
        pairs = zip(samples[self.over], samples[self.under], strict=False)
        return [over / under for over, under in pairs]

    def value(self, samples: Samples) -> float:
        if not self.under:
            return statistics.median(samples[self.over])
        return statistics.median(samples[self.over]) / statistics.median(samples[self.under])

    def verdict(self, value: float) -> str:
        sign = -1 if self.higher else 1
        if value * sign <= self.aim * sign:
            return "aim"
        return "floor" if value * sign <= self.floor * sign else "no"


@dataclass
class Case:
    """One or more rows of the table, with all that must be done to fill them."""

    name: str
    probes: Sequence[Probe]
    figures: Sequence[Figure]


def interleave(cases: Sequence[Case], rounds: int) -> Samples:
    probes = list({probe.name: probe for case in cases for probe in case.probes}.values())
    samples: Samples = {}
    for turn in range(rounds):
        start = perf_counter()
        try:
            for probe in reversed(probes) if turn % 2 else probes:
                if not probe.most or turn < probe.most:
                    _keep(samples, probe)
        except KeyboardInterrupt:
            # whoever has waited long enough sees what there is
            print(f"stopped in round {turn + 1}", file=sys.stderr)
            break
        print(
            f"round {turn + 1} of {rounds}: {perf_counter() - start:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    return samples


def _keep(samples: Samples, probe: Probe) -> None:
    found = probe.run()
    for name, value in found.items() if isinstance(found, dict) else [(probe.name, found)]:
        samples.setdefault(name, []).append(value)
