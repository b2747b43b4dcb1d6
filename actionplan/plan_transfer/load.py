"""A whole plan file loaded: what the commitments and the funds say, in one transaction, or every
fault and nothing.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from commitments.files import plan_loader as commitments
from commitments.files.errors import FileError, FileRefused
from commitments.files.plan_schema import PlanSpec, check_refs, read_plan
from commitments.files.toml import Table, parse
from commitments.models import Plan
from funding.plan_loader import load_funds
from funding.plan_schema import FundSpec, read_funds

LARGEST = 1024 * 1024


@dataclass
class Loaded:
    slug: str
    changes: list[str] = field(default_factory=list)
    # everybody reads it without signing in
    public: bool = False


def read_file(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file of bounded size; raises FileRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise FileRefused([FileError(0, f"cannot be read: {error.strerror or error}")]) from None
    if len(content) > largest:
        raise too_large(largest)
    return content


def too_large(largest: int = LARGEST) -> FileRefused:
    said = _("the file is larger than %(size)s KiB: nothing of it was read")
    return FileRefused([FileError(1, said % {"size": largest // 1024})])


def as_text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileRefused(
            [FileError(line, _("this is not UTF-8: save the file in UTF-8"))]
        ) from None


def read_plan_file(content: bytes) -> tuple[PlanSpec, list[FundSpec]]:
    """What the file says, by itself; raises FileRefused."""
    source = parse(as_text(content))
    if source.errors:
        raise FileRefused(source.errors)
    top = Table(source, (), source.tree, _("the file"))
    plan = read_plan(top)
    funds = read_funds(top, plan)
    top.done()
    check_refs(
        source, plan, {contribution.ref for fund in funds for contribution in fund.contributions}
    )
    if source.errors:
        raise FileRefused(source.errors)
    return plan, funds


def load_plan(
    content: bytes,
    *,
    now: datetime | None = None,
    by: int | None = None,
    check: bool = False,
    text: str | None = None,
    at: datetime | None = None,
) -> Loaded:
    """Validate the whole file, then create or update its plan; raises FileRefused. `check` writes
    nothing.

    `at` is the moment at which the file was loaded on the site that an export comes from.
    """
    plan, funds = read_plan_file(content)
    with transaction.atomic():
        loading = commitments.begin(plan, text)
        commitments.load_commitments(loading)
        load_funds(loading, funds)
        commitments.finish(loading, content=content, now=now or datetime.now(UTC), by=by, at=at)
        if loading.errors or check:
            transaction.set_rollback(True)
    if loading.errors:
        raise FileRefused(loading.errors)
    return Loaded(plan.slug, loading.changes, plan.public)


def keep(content: bytes) -> int:
    """Only keep the text of a file that was loaded before texts were kept; for how many entries.
    Raises FileRefused.
    """
    plan = Plan.objects.filter(slug=read_plan_file(content)[0].slug).first()
    kept = commitments.keep(plan, content) if plan else 0
    if not kept:
        raise FileRefused(
            [
                FileError(
                    0,
                    "no entry of its plan lacks this text: it must be byte for byte the file that was loaded",
                )
            ]
        )
    return kept
