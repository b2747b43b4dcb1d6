"""What a web process keeps, each value under a key that holds all that it follows from: bodies of
pages, what waits for a reader, the memberships of an account.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

from django.core.cache import caches

Value = TypeVar("Value")
# a lock is gone when nobody holds it or waits for it
LOCKS: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
# whoever has waited so long, because the database does, goes on alone
MOST_SECONDS = 3


def fingerprint(*parts: Any) -> str:
    """A short text that differs where the parts do, whatever they are."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:40]


def get_or_make(key: str, make: Callable[[], Value]) -> Value:
    """The value under this key, made now if there is none.

    Of several threads that ask for it at the same time one makes it and the others wait: after
    each write every reader asks for the same pages anew.
    """
    value = caches["pages"].get(key)
    if value is None:
        with _one_at_a_time(key):
            value = caches["pages"].get_or_set(key, make)
    return cast(Value, value)


@contextmanager
def _one_at_a_time(key: str) -> Iterator[None]:
    lock = LOCKS.setdefault(key, threading.Lock())
    is_ours = lock.acquire(timeout=MOST_SECONDS)
    try:
        yield
    finally:
        if is_ours:
            lock.release()
