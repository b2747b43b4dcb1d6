"""The rows of docs/reference/performance.md: what is done to fill them, and their bounds."""

import http
import shutil
import statistics
import threading
from collections.abc import Callable
from functools import partial
from itertools import count
from time import perf_counter
from urllib.parse import urlencode

from tests.bench import baselines, files, pages, story
from tests.bench.runner import FEW, Case, Figure, Probe
from tests.bench.site import Answer, Site, Visitor, Web, World

LOGIN = "const+login"
BARE = "bare Django with django-tables2"
ONE_PASS = "one pass of SHA-256 and JSON"
# below the address of the plan
PAGES = {
    "overview": "",
    "list": "commitments/",
    "action": f"actions/{story.SPECIAL}/",
    "commitment": "commitments/1/",
    "fund": "fund/",
    "text": "text/",
}
REGISTER = {"register": "register/"}
CONSTANT = "/bench/constant/"
PAST_DAY = "2014-11-20"
# a visit lasts so long, or one request where that takes longer
VISIT_SECONDS, MOST_REQUESTS = 0.4, 200
CONNECTIONS, LOAD_SECONDS = 32, 5
PEOPLE, PER = 5_000, 500
LOAD_OF_CONSTANT = "constant page, requests a second"
BENCH_WORDS = "SELECT count(*) FROM commitments_entrytext WHERE note LIKE 'Bench word %'"
DIFFERENT_PAGES = 200


# Pages


def visit(visitor: Visitor, path: str, prepare: Callable[[], None] | None = None) -> float:
    """Seconds of one request, the mean of a while on one connection.

    Whatever disturbs the machine for a moment disturbs all pages alike.
    """
    taken: list[float] = []
    end = perf_counter() + VISIT_SECONDS
    while not taken or (perf_counter() < end and len(taken) < MOST_REQUESTS):
        if prepare:
            prepare()
        taken.append(visitor.get(path).seconds)
    return statistics.mean(taken)


def visit_cold(site: Site, page: str) -> float:
    """Each time with a new version of the plan, so that no kept body can serve."""
    visitor, path = site.visitor(), site.address(page)
    # what is loaded or compiled once a process is not what is measured
    visitor.get(path)
    return visit(visitor, path, partial(raise_version, site))


def raise_version(site: Site) -> None:
    """As a write does; releases up to 1.0.0 have no version, and keep no bodies."""
    if site.has_versions:
        site.execute("UPDATE commitments_plan SET version = version + 1")


def visit_warm(site: Site, page: str) -> float:
    """After a colleague with the same rights has seen the page from every web process."""
    path = site.address(page)
    colleagues = [site.visitor("colleague") for _ in range(8)]
    for colleague in colleagues:
        colleague.get(path)
    return visit(site.visitor(), path)


def login_probe(world: World) -> Probe:
    return Probe(LOGIN, lambda: {LOGIN: visit(world.site().visitor(), CONSTANT)})


def warm_probe(world: World, name: str) -> Probe:
    key = f"{name}, warm"
    return Probe(key, lambda: {key: visit_warm(world.site(), PAGES[name])})


def cold_probe(world: World, name: str, path: str, actions: int = 1_000, day: str = "") -> Probe:
    key = cold_name(name, actions, day)
    address = f"{path}?on={day}" if day else path
    return Probe(
        key, lambda: {key: visit_cold(world.site(actions), address)}, FEW if actions > 1_000 else 0
    )


def cold_name(name: str, actions: int = 1_000, day: str = "") -> str:
    return f"{name} of {actions:,} actions, {day or 'today'}, cold"


def page_case(*names: str) -> Callable[[World], Case]:
    """Rows 1 and 2 of some pages."""

    def case(world: World) -> Case:
        probes = [login_probe(world)]
        figures = []
        for name in names:
            probes.append(warm_probe(world, name))
            probes.append(cold_probe(world, name, PAGES[name]))
            figures.append(Figure(1, f"{name}, warm", f"{name}, warm", LOGIN, LOGIN, 1.6, 2.2))
            figures.append(Figure(2, f"{name}, cold", cold_name(name), LOGIN, LOGIN, 10, 16))
        return Case(probes, figures)

    return case


def growth(world: World) -> Case:
    bounds = {"overview": (5, 10), "list": (6, 12), "action": (1.5, 2), "register": (1.5, 2)}
    probes, figures = [], []
    for name, (aim, floor) in bounds.items():
        path = {**PAGES, **REGISTER}[name]
        probes.append(cold_probe(world, name, path))
        probes.append(cold_probe(world, name, path, world.largest))
        text = f"{name}, cold, {world.largest:,} actions / 1,000"
        over, under = cold_name(name, world.largest), cold_name(name)
        figures.append(Figure(3, text, over, under, "itself", aim, floor))
    return Case(probes, figures)


def queries(world: World) -> Case:
    paths = {**PAGES, **REGISTER}
    sizes = (10, 1_000, world.largest)

    def count_queries() -> dict[str, float]:
        found = {}
        for name, path in paths.items():
            counts = [queries_of(world.site(actions), path) for actions in sizes]
            found[f"queries of {name}"] = float(counts[-1])
            found[f"more queries of {name}"] = float(max(counts) - counts[0])
        return found

    figures = []
    for name in paths:
        text = f"{name}: more queries at 1,000 or {world.largest:,} actions than at 10"
        figures += [
            Figure(4, text, f"more queries of {name}", aim=0, floor=0, unit="queries"),
            Figure(4, f"beside it: queries of {name}", f"queries of {name}", unit="queries"),
        ]
    return Case([Probe("queries", count_queries, 1)], figures)


def queries_of(site: Site, page: str) -> int:
    """The queries of a cold page, those of session and account included."""
    visitor, path = site.visitor(), site.address(page)
    visitor.get(path)
    raise_version(site)
    return int(visitor.get(path, **{"X-Count-Queries": "1"}).headers["X-Queries"])


def past(world: World) -> Case:
    probes, figures = [], []
    for name in ("overview", "list"):
        path = PAGES[name]
        probes.append(cold_probe(world, name, path))
        probes.append(cold_probe(world, name, path, day=PAST_DAY))
        over, under = cold_name(name, day=PAST_DAY), cold_name(name)
        text = f"{name}, cold, a past day / today"
        figures.append(Figure(5, text, over, under, "itself", 1.2, 1.5))
    return Case(probes, figures)


# Many at once


class Reader(threading.Thread):
    """One connection on which a page is asked for again and again."""

    def __init__(self, visitor: Visitor, path: str) -> None:
        super().__init__(daemon=True)
        self.visitor = visitor
        self.path = path
        self.taken: list[float] = []
        self.errors = 0
        self.is_done = threading.Event()

    def run(self) -> None:
        while not self.is_done.is_set():
            try:
                self.taken.append(self.visitor.get(self.path).seconds)
            except (OSError, AssertionError):
                self.errors += 1


class Writer(threading.Thread):
    """Somebody who reports on the action with 200 entries, twice a second."""

    serial = count(1)

    def __init__(self, visitor: Visitor, path: str) -> None:
        super().__init__(daemon=True)
        self.visitor = visitor
        self.path = path
        self.taken: list[float] = []
        self.refused = 0
        self.is_done = threading.Event()

    def run(self) -> None:
        while not self.is_done.wait(0.5):
            answer = report(self.visitor, self.path, f"Bench word {next(self.serial)}.")
            if answer.status == http.HTTPStatus.FOUND:
                self.taken.append(answer.seconds)
            else:
                self.refused += 1


def report(visitor: Visitor, path: str, note: str) -> Answer:
    """Open the form and send it; the time is that of the sending."""
    fields = pages.form_fields(visitor.get(path))
    fields |= {"kind": "progress", "day": story.TODAY.isoformat(), "note": note, "anyway": "1"}
    return pages.post(visitor, path, urlencode(fields).encode())


def run_for_a_while(threads: list[Reader | Writer]) -> None:
    for thread in threads:
        thread.start()
    threading.Event().wait(LOAD_SECONDS)
    for thread in threads:
        thread.is_done.set()
    for thread in threads:
        thread.join()


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]


def load(world: World) -> Case:
    """32 connections on the overview, while two people report."""
    constant = "const+login's requests a second"
    figures = [
        Figure(
            6,
            f"{CONNECTIONS} connections on the overview, two people report: requests a second",
            "requests a second",
            LOAD_OF_CONSTANT,
            constant,
            0.6,
            0.4,
            larger_is_better=True,
        ),
        Figure(6, "beside it: requests a second", "requests a second", unit="/s"),
        Figure(6, f"{CONNECTIONS} connections: errors", "errors", aim=0, floor=0, unit="errors"),
        Figure(6, f"{CONNECTIONS} connections: p95 / p50", "p95", "p50", "itself", 2, 2),
        Figure(
            7,
            f"a report saved, action with 200 entries, {CONNECTIONS} readers beside it: p95",
            "saved p95",
            aim=250,
            floor=500,
            unit="ms",
        ),
        Figure(7, "reports refused", "saves refused", aim=0, floor=0, unit="reports"),
        Figure(
            7, "reports answered and not in the register", "lost", aim=0, floor=0, unit="reports"
        ),
    ]
    return Case(
        [
            Probe("load", lambda: press(world.site())),
            Probe("constant load", lambda: press_constant(world.site())),
        ],
        figures,
    )


def press(site: Site) -> dict[str, float]:
    overview, form = site.address(PAGES["overview"]), site.address(f"{PAGES['action']}report/")
    readers = [Reader(site.visitor(), overview) for _ in range(CONNECTIONS)]
    writers = [Writer(site.visitor(name), form) for name in ("writer", "other-writer")]
    words = site.value(BENCH_WORDS)
    run_for_a_while([*readers, *writers])
    taken = [seconds for reader in readers for seconds in reader.taken]
    saved = [seconds for writer in writers for seconds in writer.taken]
    return {
        "requests a second": len(taken) / LOAD_SECONDS,
        "errors": float(sum(reader.errors for reader in readers)),
        "p50": percentile(taken, 50),
        "p95": percentile(taken, 95),
        "saved p95": percentile(saved, 95) * 1000,
        "saves refused": float(sum(writer.refused for writer in writers)),
        "lost": float(words + len(saved) - site.value(BENCH_WORDS)),
    }


def press_constant(site: Site) -> dict[str, float]:
    readers = [Reader(site.visitor(), CONSTANT) for _ in range(CONNECTIONS)]
    run_for_a_while([*readers])
    return {LOAD_OF_CONSTANT: sum(len(reader.taken) for reader in readers) / LOAD_SECONDS}


# Jobs, by their commands


def net_seconds(site: Site, *arguments: str, **environ: str) -> float:
    """Seconds of a command without its start."""
    idle = site.seconds_of("help", "status")
    return max(site.seconds_of(*arguments, **environ) - idle, 0.001)


def flags(world: World) -> Case:
    """Each round finds no flags; the second run follows the first."""

    def run_job() -> dict[str, float]:
        site = world.site(world.largest)
        with site.cursor() as cursor:
            cursor.execute(NO_FLAGS)
        first = net_seconds(site, "flag_overdue")
        raised = site.value("SELECT count(*) FROM commitments_flag")
        written = site.value(ROWS_WRITTEN)
        again = net_seconds(site, "flag_overdue")
        return {
            "flag job": first,
            "flag job again": again,
            "flags": float(raised),
            "rows again": float(site.value(ROWS_WRITTEN) - written),
        }

    def insert() -> dict[str, float]:
        with world.site(world.largest).cursor() as cursor:
            cursor.execute(NO_FLAGS)
            return {"raw flags": baselines.insert_flags(cursor)}

    text = f"flag job, {world.largest:,} actions"
    figures = [
        Figure(8, text, "flag job", "raw flags", "raw INSERT … SELECT", 2, 4),
        Figure(8, "beside it: flags raised", "flags", unit="flags"),
        Figure(
            8, "flag job again: rows of flags written", "rows again", aim=0, floor=0, unit="rows"
        ),
        Figure(8, "flag job again / first run", "flag job again", "flag job", "itself", 0.02, 0.1),
    ]
    return Case([Probe("flag job", run_job, FEW), Probe("raw flags", insert, FEW)], figures)


NO_FLAGS = "TRUNCATE commitments_flag; UPDATE commitments_plan SET flagged = ''"
ROWS_WRITTEN = (
    "SELECT n_tup_ins + n_tup_upd + n_tup_del "
    "FROM pg_stat_user_tables WHERE relname = 'commitments_flag'"
)


def digests(world: World) -> Case:
    def send() -> dict[str, float]:
        site = world.site(100, people=PEOPLE)
        with site.cursor() as cursor:
            cursor.execute("DELETE FROM actionplan_digest; DELETE FROM actionplan_jobrun")
        counted = site.folder / "queries"
        taken = net_seconds(site, "send_digests", BENCH_QUERIES=str(counted))
        sent = site.value("SELECT count(*) FROM actionplan_digest WHERE state = 'sent'")
        assert sent > PEOPLE * 0.9, sent
        return {"digests": taken, "digest queries": int(counted.read_text()) * PER / sent}

    def send_bare() -> dict[str, float]:
        site = world.site(100, people=PEOPLE)
        with site.cursor() as cursor:
            mails = baselines.mails_sent(cursor)
        if not mails:
            return {}
        return {"bare mail": baselines.send_mails(world.servers.mail_port, mails)}

    figures = [
        Figure(
            9,
            f"{PEOPLE:,} digests built and sent: rate",
            "bare mail",
            "digests",
            "bare SMTP loop",
            0.35,
            0.2,
            larger_is_better=True,
        ),
        Figure(9, f"queries per {PER} of them", "digest queries", aim=15, floor=30, unit="queries"),
    ]
    return Case([Probe("digests", send, FEW), Probe("bare mail", send_bare, FEW)], figures)


def rebuild(world: World) -> Case:
    probes = [
        Probe("rebuild", lambda: {"rebuild": net_seconds(world.site(), "rebuild_standings")}),
        Probe(
            "verify",
            lambda: {"verify": net_seconds(world.site(), "verify_register", "--without-files")},
        ),
        Probe("one pass", lambda: {"one pass": hash_entries(world.site())}),
    ]
    figures = [
        Figure(13, "all standings rebuilt", "rebuild", "one pass", ONE_PASS, 20, 30),
        Figure(13, "chain verified", "verify", "one pass", ONE_PASS, 2, 4),
    ]
    return Case(probes, figures)


def hash_entries(site: Site) -> float:
    with site.cursor() as cursor:
        return baselines.hash_entries(cursor)


# Files, weight and memory


def export(world: World) -> Case:
    def export_list() -> dict[str, float]:
        site = world.site(world.largest)
        path = site.address("commitments/?format=csv")
        return {"export": site.visitor().get(path).seconds}

    def copy() -> dict[str, float]:
        with world.site(world.largest).cursor() as cursor:
            return {"raw COPY": baselines.copy_list(cursor)}

    def memory() -> dict[str, float]:
        site = world.site(world.largest)
        return {"memory of the register": growth_of_memory(site, "register/?format=csv")}

    list_text = f"list as CSV, {world.largest:,} rows"
    register_text = f"memory growth, register as CSV, {world.largest * 10:,} rows"
    figures = [
        Figure(10, list_text, "export", "raw COPY", "raw COPY", 4, 6),
        Figure(10, register_text, "memory of the register", aim=15, floor=30, unit="MB"),
    ]
    probes = [
        Probe("export", export_list, FEW),
        Probe("raw COPY", copy, FEW),
        Probe("memory", memory, 1),
    ]
    return Case(probes, figures)


def growth_of_memory(site: Site, page: str) -> float:
    """MB by which a worker grows at most while it exports, once it has exported a little."""
    web = site.serve()
    for _ in range(8):
        site.visitor().get(site.address("commitments/?format=csv&commitment=1"))
    web.forget_peaks()
    before = web.kilobytes("VmRSS")
    site.visitor().get(site.address(page))
    peaks = web.kilobytes("VmHWM")
    return max(peak - size for peak, size in zip(peaks, before, strict=True)) / 1000


def weight(world: World) -> Case:
    """As a browser fetches it from the web processes, hashed and compressed."""

    def weigh() -> dict[str, float]:
        site = world.site()
        visitor, overview = site.visitor(), site.address(PAGES["overview"])
        named = pages.addresses(visitor.get(overview).content)
        answers = [visitor.get(path, **{"Accept-Encoding": "gzip"}) for path in [overview, *named]]
        return {
            "bytes": sum(len(answer.content) for answer in answers) / 1000,
            "requests": float(len(answers)),
            "row": pages.row_bytes(visitor.get(site.address(PAGES["list"])).content) / 1000,
        }

    figures = [
        Figure(11, "first visit to the overview, gzip", "bytes", aim=30, floor=60, unit="kB"),
        Figure(11, "first visit: requests", "requests", aim=4, floor=6, unit="requests"),
        Figure(11, "list, HTML a row", "row", aim=0.8, floor=0.8, unit="kB"),
    ]
    return Case([Probe("weight", weigh, 1)], figures)


def start(world: World) -> Case:
    def measure_product() -> dict[str, float]:
        site = world.site()
        numbers = range(2, DIFFERENT_PAGES + 2)
        paths = [site.address(f"register/{number}/") for number in numbers]
        return measure_start(site, "product", "actionplan.wsgi", site.address(PAGES["list"]), paths)

    def measure_bare() -> dict[str, float]:
        site = world.site()
        paths = [f"/?page={number}" for number in range(1, DIFFERENT_PAGES + 1)]
        return measure_start(site, "bare", "bare", "/", paths)

    figures = [
        Figure(
            12,
            "web start, exec to the first list",
            "start of product",
            "start of bare",
            BARE,
            2,
            2.5,
        ),
        Figure(
            12,
            f"a worker's own memory after {DIFFERENT_PAGES} pages",
            "memory of product",
            "memory of bare",
            BARE,
            2.5,
            3.5,
        ),
    ]
    return Case([Probe("product", measure_product, FEW), Probe("bare", measure_bare, FEW)], figures)


def measure_start(
    site: Site, name: str, app: str, first: str, paths: list[str]
) -> dict[str, float]:
    folder = site.folder / f"start-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    web = Web(folder, site.checkout, site.environ, app)
    web.path, web.cookie = first, site.cookies["manager"]
    begun = perf_counter()
    web.start()
    taken = perf_counter() - begun
    try:
        for path in paths:
            # a connection of its own, so that both workers have some of them
            Visitor(web.port, web.cookie).get(path)
        private = web.kilobytes("Private_")
    finally:
        web.stop()
    return {f"start of {name}": taken, f"memory of {name}": statistics.mean(private)}


def foreign_files(world: World) -> Case:
    """Processor time of the web processes while a file of others is read, with the answer."""
    figures, probes = [], []
    for kind in files.KINDS:
        probes.append(Probe(kind, partial(read_file, world, kind), FEW))
        text = f"a {kind} file read: CPU a MiB"
        figures.append(Figure(14, text, f"{kind}: seconds a MiB", aim=1, floor=1, unit="s"))
        text = f"beside it: {kind}, twice the size"
        figures.append(Figure(14, text, f"{kind}: twice", f"{kind}: once", "half of it"))
    return Case(probes, figures)


def read_file(world: World, kind: str) -> dict[str, float]:
    once, twice = files.make(kind, 1), files.make(kind, 2)
    first = files.seconds_to_read(world.site(), kind, once)
    second = files.seconds_to_read(world.site(), kind, twice)
    return {
        f"{kind}: once": first,
        f"{kind}: twice": second,
        f"{kind}: seconds a MiB": second / (len(twice) / 2**20),
    }


CASES: dict[str, Callable[[World], Case]] = {
    "overview": page_case("overview"),
    "list": page_case("list"),
    "action": page_case("action"),
    "pages": page_case("commitment", "fund", "text"),
    "growth": growth,
    "queries": queries,
    "past": past,
    "load": load,
    "flags": flags,
    "digests": digests,
    "export": export,
    "weight": weight,
    "start": start,
    "rebuild": rebuild,
    "files": foreign_files,
}
