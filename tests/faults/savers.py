"""Officials who report all the time, whatever happens to the site."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.faults.crowd import SIZE, address, may_report
from tests.faults.visitor import Report, Visitor

# led by both sides
REF = "4.4"
AUTHORS = [number for number in range(SIZE) if may_report(number)]


class Saver(threading.Thread):
    """One official: opens the form, fills it in, sends it, again and again."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__(daemon=True)
        self.visitor, self.number = Visitor(url, address(number)), number
        self.reports: list[Report] = []
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.wait(0.05):
            report = Report.begin(
                self.visitor, REF, f"Word {len(self.reports)} of desk {self.number}"
            )
            self.reports.append(report)
            if report.is_written:
                report.send(anyway="1")


@contextmanager
def saving(url: str, savers: int) -> Iterator[list[Report]]:
    """While the body runs they report; afterwards the list holds what each of them sent."""
    threads = [Saver(url, number) for number in AUTHORS[:savers]]
    reports: list[Report] = []
    for thread in threads:
        thread.start()
    try:
        yield reports
    finally:
        for thread in threads:
            thread.enough.set()
        for thread in threads:
            thread.join()
            reports += thread.reports


def send_again(reports: Sequence[Report]) -> list[Report]:
    """Whoever got no answer to a report, or an error, sends it once more."""
    unanswered = [report for report in reports if report.is_written and not report.accepted]
    for report in unanswered:
        report.send(anyway="1")
    return unanswered
