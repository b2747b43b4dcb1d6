"""The signed text of a plan as its register has it: kept whole, its SHA-256 in the entry that its
loading left.
"""

from commitments.models import Entry, Plan, SignedText


def recorded_digest(plan: Plan) -> str | None:
    """The SHA-256 of the text in force, empty for none; None where no entry says."""
    entries = Entry.objects.filter(plan=plan, terms__has_key="signed_text")
    latest: Entry | None = entries.order_by("-number").first()
    return None if latest is None or latest.terms is None else latest.terms["signed_text"]


def recorded_text(plan: Plan) -> str | None:
    """The text in force; None where no entry says which it is."""
    digest = recorded_digest(plan)
    if not digest:
        return digest
    texts = SignedText.objects.filter(entry__plan=plan, entry__terms__signed_text=digest)
    return texts.order_by("-entry__number").values_list("content", flat=True).first()
