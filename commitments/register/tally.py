"""What the tallies count: scored actions by commitment, in each state, and wanting attention.

One reading of a standing, for the days on which it begins and ceases to count; `Tally` holds the
sums.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from commitments.models import Standing
from commitments.models.querysets import Key
from commitments.rules.states import State

SOON = timedelta(days=14)
CLOSED = (State.SUPERSEDED, State.NOT_PURSUED)


def spans(row: Standing) -> Iterator[tuple[str, date]]:
    """What the stretch counts as until it ends, each from its first day on."""
    if not row.scored:
        return
    yield row.state, row.from_day
    if row.stale_since:
        yield "stale", row.from_day
    if row.never_reported and row.state not in CLOSED:
        yield "never", row.from_day
    near = (
        row.anchor
        if row.state == State.DUE
        else row.last_day
        if row.state == State.DUE_SOON
        else None
    )
    if near and near - SOON < row.to_day:
        yield "soon", max(row.from_day, near - SOON)


def changes(rows: Iterable[tuple[int, Standing]], sign: int = 1) -> Counter[Key]:
    """How stretches, each with the key of its commitment, change the sums; `sign` -1 takes them out
    again.
    """
    found: Counter[Key] = Counter()
    for commitment, row in rows:
        for name, day in spans(row):
            found[commitment, row.lens, name, day] += sign
            found[commitment, row.lens, name, row.to_day] -= sign
    return found
