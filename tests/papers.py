"""`python -m tests.papers`: papers of the sample entries, into docs/papers/, and pictures of their
first pages, into docs/images/. `python -m tests.papers --times`: how long papers of 33, 300 and
3,000 actions take, and how large they are.
"""

import io
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from time import process_time
from typing import Any

from tests.screenshots import ROOT

DAYS = (date(2014, 11, 5), date(2015, 1, 12))
# what stands in the files, since the site of the samples is nobody's
ADDRESS = "https://actionplan.example"
# file, format, language, length
PAPERS = (
    ("calais-short-en", "pdf", "en", "short"),
    ("calais-short-fr", "pdf", "fr", "short"),
    ("calais-full-both", "pdf", "both", "full"),
    ("calais-full-both", "docx", "both", "full"),
)
# the picture, the paper and its page
PICTURES = (
    ("paper-en", "calais-short-en", 0),
    ("paper-fr", "calais-short-fr", 0),
    ("paper-both", "calais-full-both", 2),
)


@contextmanager
def a_database() -> Iterator[None]:
    """On SQLite, for this process alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "DJANGO_SETTINGS_MODULE": "actionplan.settings",
            "SECRET_KEY": "only-for-papers-of-samples-on-this-machine",
            "SITE_URL": ADDRESS,
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield


def write(plan: Any, file_format: str, language: str, length: str) -> bytes:
    """For a manager."""
    from actionplan.papers.writers import PaperChoice, write_paper
    from commitments.models import Role
    from commitments.models.rights import Rights
    from commitments.pages.page import Page

    today = DAYS[1]
    page = Page(plan, [plan], Rights(role=Role.MANAGER), today, today, today)
    return write_paper(page, PaperChoice(*DAYS, False, file_format, language, length))


def write_samples() -> None:
    from actionplan.local import samples
    from tests import factories

    plan = factories.create_plan(samples.PLAN_FILE.read_text())
    factories.load_sample_entries(plan)
    plan.is_sample = True
    folder = ROOT / "docs" / "papers"
    folder.mkdir(exist_ok=True)
    for name, file_format, language, length in PAPERS:
        content = write(plan, file_format, language, length)
        (folder / f"{name}.{file_format}").write_bytes(content)
    for picture, name, number in PICTURES:
        content = picture_of((folder / f"{name}.pdf").read_bytes(), number)
        (ROOT / "docs" / "images" / f"{picture}.png").write_bytes(content)


def picture_of(paper: bytes, number: int) -> bytes:
    import pypdfium2

    content = io.BytesIO()
    picture = pypdfium2.PdfDocument(paper)[number].render(scale=0.9).to_pil()
    # black on white, and the greys between
    picture.convert("L").quantize(6).save(content, "PNG", optimize=True)
    return content.getvalue()


# Times


def plan_of(actions: int) -> str:
    """Ten actions a commitment."""
    lines = [
        f'format = 1\n[plan]\nslug = "plan-{actions}"\ntitle = {{ en = "Plan", fr = "Plan" }}\n'
        'adopted_on = 2014-09-20\ntimezone = "Europe/London"\nsides = ["GB", "FR"]\n'
        'languages = ["en", "fr"]\nlead_days = 14\ngrace_days = 0\nstale_days = 30\n'
        'year_basis = "calendar"\n'
        '[[bodies]]\nid = "office"\nname = { en = "Office", fr = "Bureau" }\nside = "GB"\n'
    ]
    for number in range(actions):
        commitment, place = divmod(number, 10)
        if place == 0:
            lines.append(
                f'[[commitments]]\nnumber = {commitment + 1}\ntitle = {{ en = "Commitment", '
                'fr = "Engagement" }\n'
            )
        lines.append(
            f'[[commitments.actions]]\nref = "{commitment + 1}.{place + 1}"\n'
            f'title = {{ en = "Action {number}", fr = "Mesure {number}" }}\nmodality = "firm"\n'
            'lead = ["office"]\nwords = "by December"\n'
            'deadline = { kind = "finish", when = "../2014-12-15", words = "by December" }\n'
        )
    return "".join(lines)


def entries_of(actions: int) -> Iterator[dict[str, str]]:
    """Three an action between the days."""
    from tests.factories import entry_row

    for number in range(actions):
        commitment, place = divmod(number, 10)
        ref = f"{commitment + 1}.{place + 1}"
        yield entry_row(ref, "started", "2014-11-10")
        yield entry_row(ref, "progress", "2014-12-01", note="Half of it is done by now.")
        if place % 2:
            yield entry_row(ref, "completed", "2014-12-20", note="All of it.")
        else:
            yield entry_row(ref, "moved", "2014-12-10", to="2015-03", reason="It takes longer.")


def print_times() -> None:
    from tests import factories

    for actions in (33, 300, 3000):
        plan = factories.create_plan(plan_of(actions))
        factories.load_entries(plan, entries_of(actions))
        for file_format, language in (("docx", "en"), ("pdf", "en"), ("pdf", "both")):
            begun = process_time()
            content = write(plan, file_format, language, "full")
            seconds = process_time() - begun
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(
                f"{actions:>5} actions, {file_format} {language}: {seconds:.1f} s of CPU, "
                f"{len(content) // 1024} kB, {peak} MB at most so far",
                flush=True,
            )


if __name__ == "__main__":
    with a_database():
        if "--times" in sys.argv:
            print_times()
        else:
            write_samples()
