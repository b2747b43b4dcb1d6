"""Where the time of a page goes: `./dev bench --profile /`."""

import cProfile
import io
import pstats
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

from django.test import Client

from actionplan.local.environment import BASE_DIR

TIMES = 20


def profile(user: Any, path: str) -> str:
    """By package and by function, of some requests in this process on warm caches."""
    client = Client()
    client.force_login(user)
    for _ in range(3):
        client.get(path)
    start = perf_counter()
    for _ in range(TIMES):
        client.get(path)
    plain = (perf_counter() - start) / TIMES
    found = cProfile.Profile()
    with found:
        for _ in range(TIMES):
            client.get(path)
    out = io.StringIO()
    stats: Any = pstats.Stats(found, stream=out)
    stats.strip_dirs().sort_stats("cumulative").print_stats(60)
    stats.sort_stats("tottime").print_stats(20)
    packages: Counter[str] = Counter()
    for (file, _line, name), (_calls, _primitive, own, _all, _callers) in _raw(found).items():
        packages[_package(file, name)] += own
    total = sum(packages.values())
    shares = "\n".join(f"{share / total:6.1%}  {name}" for name, share in packages.most_common(15))
    return f"{path}: {plain * 1000:.1f} ms a request without the profiler\n\n{shares}\n\n{out.getvalue()}"


def _raw(found: cProfile.Profile) -> dict[Any, Any]:
    stats: Any = pstats.Stats(found)
    raw: dict[Any, Any] = stats.stats
    return raw


def _package(file: str, name: str) -> str:
    if file == "~":
        return "psycopg2" if "psycopg2" in name or "execute" in name else "Python's builtins"
    path = Path(file)
    if BASE_DIR in path.parents and ".venv" not in path.parts:
        return f"{path.parent.name}/{path.name}"
    parts = path.parts
    if "site-packages" in parts:
        inside = parts[parts.index("site-packages") + 1 :]
        return ".".join(inside[: 3 if inside[0] == "django" else 1])
    return "the standard library"
