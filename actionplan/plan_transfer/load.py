"""A whole plan file loaded: commitments and funds in one transaction, or every error and nothing."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from commitments.files.errors import FileRefused, refuse
from commitments.files.plan_loader import (
    PlanLoad,
    keep_file_text,
    load_commitments,
    record_terms,
    start_load,
)
from commitments.files.plan_schema import PlanSpec, check_refs, read_plan
from commitments.files.toml import parse_toml
from commitments.files.toml_table import Table
from commitments.models import Plan
from commitments.text import unify_line_ends
from funding.plan_loader import load_funds
from funding.plan_schema import FundSpec, read_funds

LARGEST = 1024 * 1024


@dataclass(frozen=True)
class PlanFileSpec:
    """What a sound plan file says."""

    plan: PlanSpec
    funds: list[FundSpec]


def read_bounded_file(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file of bounded size; raises FileRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror or error}") from None
    check_size(content, largest)
    return content


def check_size(content: bytes, largest: int = LARGEST) -> None:
    if len(content) > largest:
        text = _("the file is larger than %(size)s KiB: nothing of it was read")
        raise refuse(text % {"size": largest // 1024}, line=1)


def decode_text(content: bytes) -> str:
    """The text of a file in UTF-8; raises FileRefused."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise refuse(_("this is not UTF-8: save the file in UTF-8"), line) from None


def _drop_leftovers(text: str) -> str:
    """Without what editors leave at the beginning of a file, and programs of DOS at its end."""
    if "\n" not in text:
        text = unify_line_ends(text)
    return text.lstrip("\ufeff").rstrip("\x1a\x00")


def read_plan_file(content: bytes) -> PlanFileSpec:
    """What the file says, by itself; raises FileRefused."""
    file = parse_plan_file(content)
    if file.plan.file.errors:
        raise FileRefused(file.plan.file.errors)
    return file


def parse_plan_file(content: bytes) -> PlanFileSpec:
    """What the file says, with its errors left in it, such as what later versions refuse; raises
    FileRefused where it is no TOML.
    """
    check_size(content)
    file = parse_toml(_drop_leftovers(decode_text(content)))
    if file.errors:
        raise FileRefused(file.errors)
    top = Table(file, (), file.tree, _("the file"))
    plan = read_plan(top)
    funds = read_funds(top, plan)
    top.refuse_unknown_keys()
    contributions = [contribution for fund in funds for contribution in fund.contributions]
    refs = [contribution.row.ref for contribution in contributions]
    check_refs(plan, [contribution.table for contribution in contributions], refs)
    return PlanFileSpec(plan, funds)


def load_plan(
    content: bytes,
    *,
    now: datetime,
    by: int | None = None,
    check: bool = False,
    signed_text: str | None = None,
    loaded_at: datetime | None = None,
) -> PlanLoad:
    """Validate the whole file, then create or update its plan; raises FileRefused.

    With `check` nothing is written. `loaded_at` is the moment at which the file was loaded on the
    site that an export comes from.
    """
    file = read_plan_file(content)
    with transaction.atomic():
        load = start_load(file.plan, signed_text)
        load_commitments(load)
        load_funds(load, file.funds)
        record_terms(load, content=content, now=now, by=by, loaded_at=loaded_at)
        if load.errors or check:
            transaction.set_rollback(True)
    if load.errors:
        raise FileRefused(load.errors)
    return load


def keep_plan_text(content: bytes) -> int:
    """Only keep the text of a file that was loaded before texts were kept.

    Returns for how many entries; raises FileRefused.
    """
    slug = read_plan_file(content).plan.row.slug
    plan = Plan.objects.filter(slug=slug).first()
    count = keep_file_text(plan, content) if plan else 0
    if not count:
        raise refuse(
            "no entry of its plan lacks this text: it must be byte for byte the file that was loaded"
        )
    return count
