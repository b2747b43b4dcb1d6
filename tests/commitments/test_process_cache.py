"""The cache of pages: each is made once, however many ask for it at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from commitments import process_cache
from commitments.process_cache import get_or_make
from tests.servers import until

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
        return get_or_make("page", make)

    with ThreadPoolExecutor(READERS) as threads:
        values = [threads.submit(read) for _reader in range(READERS)]
        assert {value.result() for value in values} == {1}
    assert made == [1]
    assert not process_cache.LOCKS


def test_a_page_that_cannot_be_made_holds_up_nobody_after_it() -> None:
    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        get_or_make("page", fail)
    assert get_or_make("page", lambda: 2) == 2


def test_who_has_waited_for_too_long_makes_the_page_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_cache, "MOST_SECONDS", 0.05)
    may_end = threading.Event()

    def wait() -> int:
        assert may_end.wait(20)
        return 1

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(get_or_make, "page", wait)
        until(lambda: process_cache.LOCKS)
        assert get_or_make("page", lambda: 2) == 2
        may_end.set()
        # whoever is late shows what the others have seen already
        assert slow.result() == 2
