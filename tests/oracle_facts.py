"""Hold so many facts of generated cases against the oracle: `python -m tests.oracle_facts 100000`.

A fact is all that is said of one action, instalment or commitment on one day, as it was known then
or as it is known now. The first that differs ends the run.
"""

import argparse
import os
import random
from datetime import date
from typing import Any

import django
import hypothesis

# further ones of the same seed are much like these
CASES_A_ROUND = 6
ROUNDS_A_LINE = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    set_up()
    facts = rounds = 0
    while facts < options.facts:
        for _round in range(ROUNDS_A_LINE):
            rounds += 1
            facts += compare_round(options.seed + rounds)
        print(f"{facts} facts of {rounds * CASES_A_ROUND} cases, 0 wrong", flush=True)


def set_up() -> None:
    """Settings need them; nothing is stored."""
    os.environ["SECRET_KEY"] = "only-for-rules-that-store-nothing-and-serve-nobody"
    os.environ["DATABASE_URL"] = "sqlite:///:memory:"
    os.environ["DJANGO_SETTINGS_MODULE"] = "actionplan.settings"
    django.setup()


def compare_round(seed: int) -> int:
    from tests.commitments.test_against_oracle import compare_days

    return sum(compare_days(case, days, random.Random(seed)) for case, days in cases_of(seed))


def cases_of(seed: int) -> list[tuple[Any, list[date]]]:
    """Cases, each with days of its own."""
    from tests.commitments.test_against_oracle import CASES, DAYS

    cases = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=CASES_A_ROUND,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(CASES, DAYS)
    def collect(case: Any, days: list[date]) -> None:
        cases.append((case, days))

    collect()
    return cases


if __name__ == "__main__":
    main()
