"""Rows 9 to 13, 15, 16: what is written, sent, exported, started and verified."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from django.db import connection, transaction

from actionplan.local import environment
from tests.bench import baselines, dataset, story
from tests.bench.runner import FEW, Case, Figure, Probe
from tests.bench.world import Data, Visitor, Web, World, rolled_back

SAVES, MANY, PER = 5, 5000, 500
# bytes that a process may have; what wants more has failed
BOUND = 6 * 2**30


def report(world: World) -> Case:
    serial = itertools.count(1)

    def save() -> float:
        from commitments.models import Action
        from commitments.register import services

        data = world.data(world.actions)
        action = Action.objects.select_related("plan").get(plan=data.plan, ref=story.SPECIAL)
        if not data.plan.flags.exists():
            dataset.flagged(data.plan)
        start = perf_counter()
        for _ in range(SAVES):
            services.report(
                action=action,
                kind="progress",
                effective="2015-01-12",
                by=data.users["manager"],
                now=dataset.NOW,
                key=f"bench-{next(serial)}",
                note="What was reported, in one sentence.",
            )
        return (perf_counter() - start) / SAVES

    def raw() -> float:
        from commitments.models import Plan

        data = world.data(world.actions)
        values = {
            f.name: getattr(data.plan, f.name)
            for f in Plan._meta.fields
            if f.name not in ("id", "slug")
        }
        other, _created = Plan.objects.get_or_create(slug="raw", defaults=values)
        return sum(baselines.three_statements(other, next(serial)) for _ in range(SAVES)) / SAVES

    figure = Figure(
        9,
        "a report saved, an action with 200 entries",
        "save",
        "raw save",
        "three raw statements",
        5,
        10,
    )
    return Case("report", [Probe("save", save), Probe("raw save", raw)], [figure])


def flag_job(world: World) -> Case:
    """Each round finds no flags; the second run follows the first."""

    def run() -> dict[str, float]:
        from commitments.register import flags

        plan = _unflagged(world)
        start = perf_counter()
        first = flags.bring_up_to(plan, story.TODAY)
        between = perf_counter()
        written = rows_written(lambda: flags.bring_up_to(plan, story.TODAY))
        taken = {"flag job": between - start, "flag job again": perf_counter() - between}
        baselines.keep_missed()
        return taken | {"flags": float(first["raised"]), "rows again": float(written)}

    def raw() -> dict[str, float]:
        plan = _unflagged(world)
        start = perf_counter()
        raised = baselines.same_flags(plan, story.TODAY)
        return {"raw flags": perf_counter() - start, "flags of the raw statement": float(raised)}

    figures = [
        Figure(
            10,
            f"flag job, {world.largest:,} actions",
            "flag job",
            "raw flags",
            "raw INSERT … SELECT",
            1.5,
            3,
        ),
        Figure(10, "beside it: flags raised", "flags", unit="flags"),
        Figure(
            10, "beside it: flags of the raw statement", "flags of the raw statement", unit="flags"
        ),
        Figure(11, "flag job again: rows written", "rows again", unit="rows"),
        Figure(11, "flag job again / first run", "flag job again", "flag job", "itself", 0.01, 0.1),
    ]
    return Case("flags", [Probe("flag job", run, FEW), Probe("raw flags", raw, FEW)], figures)


def _unflagged(world: World) -> Any:
    data = world.data(world.largest)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM commitments_flag" if world.sqlite else "TRUNCATE commitments_flag"
        )
        cursor.execute("UPDATE commitments_plan SET flagged = ''")
        # the product allows a statement 30 seconds; how long one takes is to be seen here
        cursor.execute("SELECT 1" if world.sqlite else "SET statement_timeout = 0")
    return data.plan


def rows_written(work: Callable[[], object]) -> int:
    """Rows that some work inserts, updates or deletes, by the database's own count."""
    count = (
        "SELECT total_changes()"
        if connection.vendor == "sqlite"
        else "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(count)
        before = cursor.fetchone()[0]
        work()
        cursor.execute(count)
        return int(cursor.fetchone()[0] - before)


def digests(world: World) -> Case:
    sent: dict[int, Any] = {}

    def ours(people: int) -> dict[str, float]:
        from actionplan.digests import delivery, outbox, rendering
        from actionplan.models import Digest

        data = world.data(100, people)
        Digest.objects.all().delete()
        counted = Counted()
        start = perf_counter()
        with connection.execute_wrapper(counted):
            outbox.queue(data.plan, rendering.week_before(story.TODAY))
            queued = counted.count
            done = outbox.deliver(seconds=3600)
        taken = perf_counter() - start
        rows = list(
            Digest.objects.filter(state=Digest.State.SENT).select_related("recipient", "plan")
        )
        assert done["sent"] == len(rows) > people * 0.9, done
        sent[people] = [(row.recipient.email, delivery.bytes_of(row)) for row in rows]
        many = PER / len(rows)
        found = {"queued": queued * many, "delivered": (counted.count - queued) * many}
        items = sum(row.text.count("\n- ") for row in rows) / len(rows)
        return {"digests": taken, "queries": counted.count * many, "items": items, **found}

    def of(people: int) -> dict[str, float]:
        return {f"{name} of {people}": value for name, value in ours(people).items()}

    def bare(people: int) -> float:
        from django.conf import settings

        if people not in sent:
            ours(people)
        return baselines.bare_mail(settings.EMAIL_PORT, sent[people])

    figures, probes = [], []
    for people, beside in ((MANY, ""), (PER, "beside it: ")):
        rate, queries = f"digests of {people}", f"queries of {people}"
        rate_aim, rate_floor, aim, floor = (0.4, 0.22, 3, 10) if not beside else (0, 0, 0, 0)
        probes.append(Probe(rate, partial(of, people), FEW if people == MANY else 0))
        probes.append(
            Probe(f"bare mail of {people}", partial(bare, people), FEW if people == MANY else 0)
        )
        figures += [
            Figure(
                12,
                f"{beside}{people:,} digests built and sent: rate",
                f"bare mail of {people}",
                rate,
                "bare SMTP loop",
                aim=rate_aim,
                floor=rate_floor,
                higher=True,
            ),
            Figure(
                12,
                f"{beside}queries per {PER} of them",
                queries,
                unit="queries",
                aim=aim,
                floor=floor,
            ),
            Figure(12, "of these while they are built", f"queued of {people}", unit="queries"),
            Figure(12, "of these while they are sent", f"delivered of {people}", unit="queries"),
        ]
    figures.append(Figure(12, "beside it: lines a digest lists", f"items of {PER}", unit="lines"))
    return Case("digests", probes, figures)


class Counted:
    """How many queries were made; their text is not kept."""

    count = 0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)


def export(world: World) -> Case:
    rows = f"{world.largest:,} rows"

    def ours() -> float:
        data = world.data(world.largest)
        return Visitor(world.site(data).port, data.cookies["manager"]).get(
            "/commitments/?format=csv"
        )[0]

    def raw() -> float:
        return baselines.copied(
            baselines.rows_of_a_day(world.data(world.largest).plan, story.TODAY)
        )

    def memory() -> dict[str, float]:
        data = world.data(world.largest)
        found = {name: _memory(data, path) for name, path in MEMORY.items()}
        return {f"memory of {name}": mib for name, mib in found.items()}

    figures = [
        Figure(13, f"list as CSV, {rows}", "export", "raw COPY", "raw COPY", 1.5, 5),
        Figure(
            13,
            f"memory growth, list as CSV, {rows}",
            "memory of list",
            unit="MiB",
            aim=10,
            floor=20,
        ),
        Figure(
            13,
            f"memory growth, register as CSV, {world.largest * 10:,} rows",
            "memory of register",
            unit="MiB",
            aim=10,
            floor=20,
        ),
    ]
    return Case(
        "export",
        [Probe("export", ours, FEW), Probe("raw COPY", raw), Probe("memory", memory, 1)],
        figures,
    )


MEMORY = {"list": "/commitments/?format=csv", "register": "/register/?format=csv"}


def _memory(data: Data, path: str) -> float:
    """MiB by which a process grows while it exports; bounded, since it might be all."""
    environ = {"DATABASE_URL": data.url, "DJANGO_SETTINGS_MODULE": "actionplan.settings"}
    command = [
        sys.executable,
        "-m",
        "tests.bench.memory",
        path,
        str(data.users["manager"].pk),
        str(BOUND),
    ]
    done = subprocess.run(
        command,
        env=os.environ | environ,
        cwd=environment.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    if done.returncode:
        print(f"{path}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return float("inf")
    return float(done.stdout)


def start(world: World) -> Case:
    def measured(app: str, settings: str, path: str) -> dict[str, float]:
        data = world.data(world.actions)
        name = "bare" if app else "product"
        web = Web(world.room(f"start-{name}"), data, settings=settings, app=app)
        web.path, web.cookie = path, data.cookies["manager"]
        begun = perf_counter()
        web.start()
        taken = perf_counter() - begun
        try:
            for _ in range(60):
                Visitor(web.port, web.cookie).get(path)
            own = [_private(pid) for pid in web.workers]
        finally:
            web.stop()
        return {f"start of {name}": taken, f"memory of {name}": sum(own) / len(own)}

    probes = [
        Probe("product", lambda: measured("", "actionplan.settings", "/commitments/")),
        Probe("bare", lambda: measured("tests.bench.bare", "tests.bench.bare", "/")),
    ]
    bare = "bare Django with django-tables2"
    figures = [
        Figure(
            15,
            "web start, exec to the first list",
            "start of product",
            "start of bare",
            bare,
            1.5,
            2.5,
        ),
        Figure(
            15,
            "a worker's own memory after 60 pages",
            "memory of product",
            "memory of bare",
            bare,
            1.4,
            2,
        ),
    ]
    return Case("start", probes, figures)


def _private(pid: int) -> float:
    """Seconds have their clock, and memory this: kB that the process shares with no other."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return float(sum(int(line.split()[1]) for line in lines if line.startswith("Private_")))


def rebuild(world: World) -> Case:
    def standings_of_all() -> float:
        from commitments.register import standings

        data = world.data(world.actions)
        with rolled_back():
            begun = perf_counter()
            standings.rebuild_all(data.plan)
            return perf_counter() - begun

    def chain() -> float:
        from commitments.register import hash_chain

        data, begun = world.data(world.actions), perf_counter()
        faults = list(hash_chain.verify_chain(data.plan))
        taken = perf_counter() - begun
        assert not faults, faults[:3]
        return taken

    def sound() -> dict[str, float]:
        """Once: what is measured is what the product would have made."""
        from commitments.register import standings

        found = standings.find_mismatches(world.data(world.actions).plan)
        assert not found, found[:3]
        return {}

    one = "one pass of SHA-256 and JSON"
    probes = [
        Probe("rebuild", standings_of_all),
        Probe("verify", chain),
        Probe("sound", sound, 1),
        Probe("one pass", lambda: baselines.one_pass(world.data(world.actions).plan)),
    ]
    figures = [
        Figure(16, "all standings rebuilt", "rebuild", "one pass", one, 10, 25),
        Figure(16, "chain verified", "verify", "one pass", one, 2, 4),
    ]
    return Case("rebuild", probes, figures)


CASES = {
    "report": report,
    "flags": flag_job,
    "digests": digests,
    "export": export,
    "start": start,
    "rebuild": rebuild,
}
