"""The signed text, and what the plan took from it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from commitments.models import Commitment, Standing
from commitments.pages.base import KeptView
from commitments.pages.page import Page


@dataclass(frozen=True)
class Passage:
    """A part of the signed text, and the refs of the actions that are anchored in it."""

    text: str
    refs: list[str]


class Text(KeptView):
    """Aims, and clause by clause the actions taken from the instrument.

    What nothing serves is a gap.
    """

    public = True
    template_name = "commitments/text/body.html"

    def content(self) -> dict[str, object]:
        page = self.page
        standings = list(page.standings_with_actions().order_by("obligation__action__position"))
        return {
            "title": _("Text"),
            "aims": page.plan.aims.prefetch_related("commitments"),
            "clauses": group_by_commitment(standings, page),
            "passages": split_at_anchors(page.plan.signed_text, standings),
        }


def group_by_commitment(
    standings: Iterable[Standing], page: Page
) -> dict[Commitment, list[Standing]]:
    """The actions by commitment; commitments without an action are among them."""
    clauses: dict[Commitment, list[Standing]] = {
        commitment: [] for commitment in page.plan.commitments.all()
    }
    for standing in standings:
        clauses[standing.obligation.commitment].append(standing)
    return clauses


def split_at_anchors(text: str, standings: Iterable[Standing]) -> list[Passage]:
    """The signed text in passages; an anchor that begins inside of another one is left out."""
    if not text:
        return []
    refs_by_anchor: dict[tuple[int, int], list[str]] = defaultdict(list)
    for standing in standings:
        start, end = standing.action.anchor_start, standing.action.anchor_end
        if start is not None and end is not None:
            refs_by_anchor[start, end].append(standing.action.ref)
    passages = []
    position = 0
    for (start, end), refs in sorted(refs_by_anchor.items()):
        if start >= position:
            passages.append(Passage(text[position:start], []))
            passages.append(Passage(text[start:end], refs))
            position = end
    return [*passages, Passage(text[position:], [])]
