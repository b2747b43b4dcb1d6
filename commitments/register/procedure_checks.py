"""Whether entries came about as the rules of the register ask: who may speak for a side, and who must
agree to a redaction.
"""

from collections.abc import Iterator

from django.db.models import Q

from commitments.findings import Finding
from commitments.models import Entry, Plan, Role
from commitments.register.entry_types import (
    REDACTED,
    REDACTION_ASKED,
    REDACTION_KINDS,
    RIGHTS,
)
from commitments.register.hash_chain import SEALED
from commitments.register.memberships import Terms
from commitments.register.redaction import missing_sides


def verify_authors(plan: Plan) -> Iterator[Finding]:
    """Entries that were recorded on the site for a side for which their account had no rights.

    Before rights were entries, and before the last seal, nobody can tell. A file may hold entries
    of others, and says so.
    """
    entries = Entry.objects.filter(plan=plan).order_by("number")
    seal = entries.filter(kind=SEALED).last_number()
    is_recorded = False
    rights: dict[int | None, Terms] = {}
    spoken = ~Q(side="") | Q(kind__in=REDACTION_KINDS)
    wanted = entries.filter(spoken | Q(kind=RIGHTS), form__isnull=False)
    for entry in wanted.iterator(chunk_size=2000):
        if entry.kind == RIGHTS and entry.terms:
            is_recorded = True
            rights[entry.terms["account"]] = entry.terms
            continue
        is_covered = is_recorded and entry.number > seal and not entry.is_from_file
        if is_covered and not _speaks_for(entry.side, rights.get(entry.by_id)):
            yield Finding("author", {"number": entry.number, "code": entry.code})


def _speaks_for(side: str, held: Terms | None) -> bool:
    """Whether an account that held these rights may have recorded for the side. Without a role it
    speaks for no side, as an administrator does.
    """
    if held is None or held["role"] in ("", Role.VIEWER):
        return side == ""
    return bool(held["side"] == side)


def verify_redactions(plan: Plan) -> Iterator[Finding]:
    """Redactions that nobody had asked for, or to which somebody had not agreed who must.

    Those of the first form needed one person alone.
    """
    redactions = Entry.objects.filter(plan=plan, kind=REDACTED, form__isnull=False)
    for redacted in redactions.select_related("to").order_by("number"):
        about = Entry.objects.filter(to=redacted.to, number__lt=redacted.number)
        steps = about.filter(kind__in=(REDACTION_ASKED, REDACTED)).order_by("-number")
        request = steps.select_related("to").first()
        is_asked = (
            request is not None
            and request.kind == REDACTION_ASKED
            and request.words == redacted.words
        )
        if request is None or not is_asked or missing_sides(request, before=redacted.number):
            yield Finding("redaction", {"number": redacted.number})
