"""What must not be kept is removed by two: one asks with a reason, another agrees.

1. A manager or an administrator asks that text or files of an entry be removed, for a reason that
   stays for everybody to read.
2. A manager of the side whose words they are agrees; for what a side said itself a second person of
   it, or an administrator. What another side has confirmed needs a manager of that side as well.
3. With the last agreement that was missing the text or the files are removed for good.

Law may force haste: an administrator who asks can hide them at once. That ends by itself, see
`commitments.models.register.HIDING`.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from commitments.evidence import storage
from commitments.models import Entry, EntryText, Evidence
from commitments.models.rights import Rights
from commitments.register import permissions
from commitments.register.entries import append
from commitments.register.entry_types import (
    HIDDEN,
    REDACTED,
    REDACTION_AGREED,
    REDACTION_ASKED,
)
from commitments.register.services import draft_now, find_entry_of_same_call, lock_and_read_rights

ALL = Q()


@dataclass(frozen=True)
class Redaction:
    """A redaction that was asked for and not carried out.

    `missing` are the sides that have yet to agree; empty text stands for the words of no side, to
    which any second person agrees.
    """

    request: Entry
    missing: tuple[str, ...]

    @property
    def about(self) -> Entry:
        assert self.request.to is not None
        return self.request.to

    @property
    def is_of_own_words(self) -> bool:
        return self.request.side == self.about.side


def redactable(entry: Entry) -> list[str]:
    """What of an entry can be removed: its text, its files, or both as `all`."""
    has_text = EntryText.objects.filter(entry=entry).exists()
    has_files = Evidence.objects.filter(entry=entry).exclude(name="").exists()
    if has_text and has_files:
        return ["text", "files", "all"]
    if has_text:
        return ["text"]
    return ["files"] if has_files else []


def find_redaction(entry: Entry) -> Redaction | None:
    """The latest redaction of an entry that was asked for, unless it was carried out."""
    about = Entry.objects.filter(to=entry, kind__in=(REDACTION_ASKED, REDACTED))
    latest = about.select_related("to", "text", "by").order_by("-number").first()
    if latest is None or latest.kind == REDACTED:
        return None
    return Redaction(latest, missing_sides(latest))


def missing_sides(request: Entry, *, before: int | None = None) -> tuple[str, ...]:
    """The sides that have yet to agree to what was asked for; or that had, before an entry of this
    number.
    """
    about = request.to
    assert about is not None
    earlier = ALL if before is None else Q(number__lt=before)
    agreements = Entry.objects.filter(earlier, to=request, kind=REDACTION_AGREED)
    of_others = agreements.exclude(by=None).exclude(by=request.by_id)
    agreed = set(of_others.values_list("side", flat=True))
    return tuple(
        side
        for side in sides_concerned(about, earlier)
        if not _has_agreed(side, agreed, about=about, request=request)
    )


def sides_concerned(entry: Entry, earlier: Q = ALL) -> list[str]:
    """The side whose words they are, and those that have confirmed them in earlier entries."""
    withdrawals = Entry.objects.filter(earlier, kind="withdrawn", to=OuterRef("pk"))
    confirmations = Entry.objects.filter(earlier, ~Exists(withdrawals), to=entry, kind="confirmed")
    confirming = set(confirmations.values_list("side", flat=True))
    return [entry.side, *sorted(confirming - {entry.side})]


def _has_agreed(side: str, agreed: set[str], *, about: Entry, request: Entry) -> bool:
    if side in agreed:
        return True
    if side == "":
        return bool(agreed)
    if side != request.side:
        return False
    # whoever asks agrees to lose what their side confirmed; of their side's own words an
    # administrator can be the second person
    return side != about.side or "" in agreed


def can_agree(rights: Rights, redaction: Redaction) -> bool:
    """Whether the agreement of this account, which is not the one that asked, is missing."""
    if rights.is_author_of(redaction.request):
        return False
    side = redaction.about.side
    if side in redaction.missing and (side == "" or redaction.is_of_own_words):
        is_second = permissions.can_write(rights) and side in ("", rights.side)
        if is_second or rights.is_administrator:
            return True
    return permissions.is_manager(rights) and rights.side in redaction.missing


@transaction.atomic
def ask_for_redaction(
    *,
    entry: Entry,
    what: str,
    by: AbstractBaseUser,
    now: datetime,
    key: str,
    reason: str,
    hide: bool = False,
) -> Entry:
    """Ask that the free text of an entry, its files or `all` of it be removed for good.

    `hide`: an administrator hides it at once, once for each entry. `key` as in `services.report`.
    Raises ValidationError, PermissionDenied.
    """
    plan = entry.plan
    rights = lock_and_read_rights(plan, by)
    if not permissions.can_ask_for_redaction(rights, entry):
        raise PermissionDenied
    repeated = find_entry_of_same_call(plan, rights, key, by)
    if repeated is not None:
        return repeated
    if hide and not permissions.can_hide(rights):
        raise PermissionDenied
    if not reason.strip() or what not in redactable(entry):
        raise ValidationError(
            _("Say what is to be removed, out of what the entry still has, and give a reason.")
        )
    if hide and was_hidden(entry):
        raise ValidationError(_("The entry was hidden before: that can be done once."))
    fields = {"side": rights.side, "to": entry, "words": what, "reason": reason}
    drafts = [draft_now(plan, now, kind=REDACTION_ASKED, code=key, **fields)]
    if hide:
        drafts.append(draft_now(plan, now, kind=HIDDEN, code=f"{key}-hidden", **fields))
    return append(plan, drafts, by=by.pk, now=now)[0]


def was_hidden(entry: Entry) -> bool:
    return Entry.objects.filter(to=entry, kind=HIDDEN).exists()


@transaction.atomic
def agree_to_redaction(*, request: Entry, by: AbstractBaseUser, now: datetime, key: str) -> Entry:
    """Agree to what was asked for; with the last agreement it is carried out.

    `key` as in `services.report`. Raises ValidationError, PermissionDenied.
    """
    plan = request.plan
    rights = lock_and_read_rights(plan, by)
    repeated = find_entry_of_same_call(plan, rights, key, by)
    if repeated is not None:
        return repeated
    entry = request.to
    assert entry is not None
    redaction = find_redaction(entry)
    if redaction is None or redaction.request != request or not can_agree(rights, redaction):
        raise PermissionDenied
    draft = draft_now(plan, now, kind=REDACTION_AGREED, code=key, side=rights.side, to=request)
    (agreement,) = append(plan, [draft], by=by.pk, now=now)
    if not missing_sides(request):
        _carry_out(request, entry, by=by, now=now, key=f"{key}-redacted", side=rights.side)
    return agreement


def _carry_out(
    request: Entry, entry: Entry, *, by: AbstractBaseUser, now: datetime, key: str, side: str
) -> None:
    """Remove what was asked for; the chain keeps the digests of what is gone, so it verifies all
    the same.
    """
    what = request.words
    draft = draft_now(
        entry.plan,
        now,
        kind=REDACTED,
        code=key,
        side=side,
        to=entry,
        words=what,
        reason=request.text.reason,
    )
    append(entry.plan, [draft], by=by.pk, now=now)
    if what != "files":
        EntryText.objects.filter(entry=entry).delete()
    if what != "text":
        files = Evidence.objects.filter(entry=entry)
        keys = list(files.values_list("pk", flat=True))
        files.update(name="", salt="")
        # their bytes go once it is sure that the redaction is recorded
        transaction.on_commit(lambda: storage.remove(keys))
