"""What is kept of pages is made once, however many ask for it at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from commitments.pages import kept as kept_module
from commitments.pages.kept import kept

READERS = 8


def test_of_many_readers_at_the_same_time_one_makes_the_page() -> None:
    made: list[int] = []
    together = threading.Barrier(READERS)

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    def read() -> int:
        together.wait()
        return kept("page", make)

    with ThreadPoolExecutor(READERS) as threads:
        values = [threads.submit(read) for _reader in range(READERS)]
        assert {value.result() for value in values} == {1}
    assert made == [1]
    assert not kept_module.LOCKS


def test_a_page_that_cannot_be_made_holds_up_nobody_after_it() -> None:
    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept("page", fail)
    assert kept("page", lambda: 2) == 2


def test_who_has_waited_for_too_long_makes_the_page_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "MOST_SECONDS", 0.05)
    may_end = threading.Event()

    def wait() -> int:
        assert may_end.wait(20)
        return 1

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(kept, "page", wait)
        while not kept_module.LOCKS:
            time.sleep(0.01)
        assert kept("page", lambda: 2) == 2
        may_end.set()
        assert slow.result() == 1
