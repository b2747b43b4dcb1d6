"""Rows 1 to 8, 14: pages, asked for over HTTP from the product's own web processes."""

import re
import shutil
import subprocess
import threading
from pathlib import Path
from time import perf_counter

from django.test import Client

from tests.bench import pages, story
from tests.bench.runner import FEW, Case, Figure, Probe
from tests.bench.world import Data, Visitor, World

LOGIN, TABLE, ADMIN = "const+login", "django-tables2", "admin list"
# a visit lasts so long, or one request where that takes longer
VISIT, MOST = 0.4, 200
# what takes longer than this is not asked for again to be warm
SLOW = 2.0
CONNECTIONS, LOAD_SECONDS = 32, 5
EARLIER = "2014-11-20"
LUA = """done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d\\n", latency:percentile(50), latency:percentile(95),
    e.connect + e.read + e.write + e.status + e.timeout, summary.requests))
end
"""


def visit(world: World, data: Data, path: str, account: str = "manager") -> float:
    """Seconds of one request, the mean of a while on a warm connection: whatever disturbs it,
    disturbs all alike.
    """
    visitor = Visitor(world.site(data).port, data.cookies[account])
    first = visitor.get(path)[0]
    if first > SLOW:
        return first
    taken, end = [first], perf_counter() + VISIT
    while perf_counter() < end and len(taken) < MOST:
        taken.append(visitor.get(path)[0])
    return sum(taken) / len(taken)


def page(
    world: World, name: str, path: str, *, actions: int = 0, account: str = "manager"
) -> Probe:
    return Probe(name, lambda: visit(world, world.data(actions or world.actions), path, account))


def login(world: World) -> Probe:
    return page(world, LOGIN, "/bench/constant/")


def overview(world: World) -> Case:
    probes = [
        page(world, "overview", "/"),
        page(world, "overview in French", "/", account="viewer"),
        login(world),
    ]
    figures = [
        Figure(
            1,
            f"overview, {world.actions:,} actions, manager, English",
            "overview",
            LOGIN,
            LOGIN,
            4,
            8,
        ),
        Figure(1, "overview, viewer, French", "overview in French", LOGIN, LOGIN, 4, 8),
    ]
    return Case("overview", probes, figures)


def list_of_25(world: World) -> Case:
    plain, filtered = "/commitments/", "/commitments/?state=overdue&side=GB&q=port&page=2"
    probes = [page(world, "list", plain), page(world, "list, filtered", filtered), login(world)]
    probes.append(page(world, TABLE, "/bench/table/"))
    figures = [
        Figure(2, "list of 25", "list", TABLE, TABLE, 0.4, 0.8),
        Figure(2, "list of 25, three filters, page 2", "list, filtered", TABLE, TABLE, 0.4, 0.8),
        Figure(2, "beside it: list of 25", "list", LOGIN, LOGIN),
    ]
    return Case("list", probes, figures)


def list_of_100(world: World) -> Case:
    probes = [page(world, "list of 100", "/bench/list-of-100/")]
    administrator(world)
    probes.append(page(world, ADMIN, "/bench/admin/commitments/standing/", account="administrator"))
    return Case(
        "list100", probes, [Figure(3, "list of 100", "list of 100", ADMIN, ADMIN, 0.4, 0.9)]
    )


def administrator(world: World) -> None:
    from actionplan.models import User
    from tests.bench.world import cookie

    data = world.data(world.actions)
    if "administrator" not in data.cookies:
        user = User.objects.create(
            email="administrator@example.org", is_superuser=True, is_staff=True
        )
        data.cookies["administrator"] = cookie(user)


def action(world: World) -> Case:
    probes = [page(world, "action", f"/actions/{story.SPECIAL}/"), login(world)]
    return Case(
        "action", probes, [Figure(4, "action with 200 entries", "action", LOGIN, LOGIN, 6, 10)]
    )


def queries(world: World) -> Case:
    """Deterministic: once is enough."""

    def count() -> dict[str, float]:
        found = {}
        for size in (10, world.actions, world.largest):
            for name, path in (
                pages.PAGED | (pages.WHOLE if size <= world.actions else {})
            ).items():
                data, client = world.data(size), Client()
                client.force_login(data.users["manager"])
                found[f"queries of {name} at {size}"] = float(pages.queries(client, path))
        return found

    figures = [
        Figure(
            5,
            f"queries of {name} at {size:,} actions",
            f"queries of {name} at {size}",
            aim=6,
            floor=8,
            unit="queries",
        )
        for size in sorted({10, world.actions, world.largest})
        for name in (pages.PAGED | (pages.WHOLE if size <= world.actions else {}))
    ]
    return Case("queries", [Probe("queries", count, 1)], figures)


def growth(world: World) -> Case:
    """The overview at the largest size against the usual one."""
    large = page(world, "overview, large", "/", actions=world.largest)
    probes = [page(world, "overview", "/"), Probe(large.name, large.run, FEW)]
    probes.append(
        Probe("list, large", page(world, "", "/commitments/", actions=world.largest).run, FEW)
    )
    probes.append(page(world, "list", "/commitments/"))
    sizes = f"{world.largest:,} actions / {world.actions:,}"
    figures = [
        Figure(6, f"overview, {sizes}", "overview, large", "overview", "itself", 3, 10),
        Figure(6, f"beside it: list of 25, {sizes}", "list, large", "list", "itself"),
    ]
    return Case("growth", probes, figures)


def past(world: World) -> Case:
    probes = [page(world, "overview", "/"), page(world, "overview, past day", f"/?on={EARLIER}")]
    probes += [
        page(world, "list", "/commitments/"),
        page(world, "list, past day", f"/commitments/?on={EARLIER}"),
    ]
    figures = [
        Figure(
            7,
            "overview of a past day / of today",
            "overview, past day",
            "overview",
            "itself",
            1.15,
            1.5,
        ),
        Figure(7, "list of a past day / of today", "list, past day", "list", "itself", 1.15, 1.5),
    ]
    return Case("past", probes, figures)


def load(world: World) -> Case:
    figures = [
        Figure(
            8,
            f"{CONNECTIONS} connections on the overview: errors",
            "load errors",
            unit="errors",
            aim=0,
            floor=0,
        ),
        Figure(
            8, f"{CONNECTIONS} connections: p95 / p50", "load p95", "load p50", "itself", 1.3, 2
        ),
        Figure(8, "beside it: requests a second", "load rate", unit="/s", higher=True),
    ]
    return Case("load", [Probe("load", lambda: _loaded(world))], figures)


def _loaded(world: World) -> dict[str, float]:
    data = world.data(world.actions)
    port, cookie = world.site(data).port, data.cookies["manager"]
    if shutil.which("wrk"):
        p50, p95, errors, requests = _wrk(world.folder, port, cookie)
    else:
        p50, p95, errors, requests = _threads(port, cookie)
    return {
        "load p50": p50,
        "load p95": p95,
        "load errors": errors,
        "load rate": requests / LOAD_SECONDS,
    }


def _wrk(folder: Path, port: int, cookie: str) -> tuple[float, float, float, float]:
    script = folder / "wrk.lua"
    script.write_text(LUA)
    size = ["-t1", f"-c{CONNECTIONS}", f"-d{LOAD_SECONDS}s", "--timeout", "30s"]
    command = [
        "wrk",
        *size,
        "-s",
        str(script),
        "-H",
        f"Cookie: {cookie}",
        f"http://127.0.0.1:{port}/",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    result = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", said)
    assert result, said
    p50, p95, errors, requests = (float(part) for part in result.groups())
    return p50 / 1e6, p95 / 1e6, errors, requests


def _threads(port: int, cookie: str) -> tuple[float, float, float, float]:
    """The same by threads of this process, which takes more of the machine for itself."""
    taken: list[float] = []
    errors: list[str] = []
    end = perf_counter() + LOAD_SECONDS

    def browse() -> None:
        visitor = Visitor(port, cookie)
        while perf_counter() < end:
            try:
                taken.append(visitor.get("/")[0])
            except Exception as error:
                errors.append(repr(error))
                return

    threads = [threading.Thread(target=browse) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.sort()
    return (
        taken[len(taken) // 2],
        taken[len(taken) * 95 // 100],
        float(len(errors)),
        float(len(taken)),
    )


def weight(world: World) -> Case:
    """As a browser fetches it from the web processes, hashed and compressed."""

    def weigh() -> dict[str, float]:
        data = world.data(world.actions)
        visitor = Visitor(world.site(data).port, data.cookies["manager"])
        named = pages.addresses(visitor.get("/")[1])
        sizes = [
            len(visitor.get(address, **{"Accept-Encoding": "gzip"})[1]) for address in ["/", *named]
        ]
        row = pages.row_bytes(visitor.get("/commitments/")[1])
        return {
            "bytes": sum(sizes) / 1000,
            "requests": float(len(sizes)),
            "row": row / 1000,
            "page": sizes[0] / 1000,
        }

    figures = [
        Figure(14, "first visit to the overview, gzip", "bytes", unit="kB", aim=30, floor=60),
        Figure(14, "of that the page itself", "page", unit="kB"),
        Figure(14, "first visit: requests", "requests", unit="requests", aim=4, floor=6),
        Figure(14, "list, HTML a row", "row", unit="kB", aim=0.5, floor=1),
    ]
    return Case("weight", [Probe("weight", weigh, 1)], figures)


CASES = {
    "overview": overview,
    "list": list_of_25,
    "list100": list_of_100,
    "action": action,
    "queries": queries,
    "growth": growth,
    "past": past,
    "load": load,
    "weight": weight,
}
