"""The signed text, and what the plan took from it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from commitments.models import Commitment, Standing
from commitments.pages.base import KeptView


class Text(KeptView):
    """Aims, and clause by clause the actions taken from the instrument; what nothing serves is a
    gap.
    """

    public = True
    template_name = "commitments/text.html"

    def content(self) -> dict[str, Any]:
        page = self.page
        rows = list(page.rows().order_by("obligation__action__position"))
        commitments = page.plan.commitments.prefetch_related("aims")
        by_commitment: dict[int, list[Standing]] = {}
        for row in rows:
            by_commitment.setdefault(row.obligation.commitment_id, []).append(row)
        served: dict[int, list[Commitment]] = {}
        for commitment in commitments:
            for aim in commitment.aims.all():
                served.setdefault(aim.pk, []).append(commitment)
        return {
            "title": _("Text"),
            "aims": [
                {"aim": aim, "commitments": served.get(aim.pk, [])} for aim in page.plan.aims.all()
            ],
            "commitments": [
                {
                    "commitment": commitment,
                    "rows": [
                        {"row": row, "action": row.action}
                        for row in by_commitment.get(commitment.pk, [])
                    ],
                }
                for commitment in commitments
            ],
            "marked": marked(page.plan.signed_text, rows),
        }


def marked(text: str, rows: Sequence[Standing]) -> list[dict[str, Any]]:
    """The signed text in segments; those that actions are anchored in carry their standings."""
    anchors: dict[tuple[int, int], list[Standing]] = {}
    for row in rows:
        start, end = row.action.anchor_start, row.action.anchor_end
        if start is not None and end is not None:
            anchors.setdefault((start, end), []).append(row)
    segments: list[dict[str, Any]] = []
    place = 0
    for (start, end), found in sorted(anchors.items()):
        if start >= place:
            segments += [
                {"text": text[place:start], "rows": []},
                {"text": text[start:end], "rows": found},
            ]
            place = end
    return [*segments, {"text": text[place:], "rows": []}] if text else []
