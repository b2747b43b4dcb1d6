"""Checkpoints: what this site signs of each register, and up to where witnesses have seen it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from django.db.models import Exists, OuterRef, QuerySet

from actionplan.accounts.audit_log import log
from actionplan.models import Checkpoint, SigningKey, User, WitnessKey, WitnessSignature
from actionplan.schemas.json_types import Moment
from actionplan.witnesses import notes, site_key
from commitments.models import Entry, Plan
from commitments.register.entries import head_of

# a witness that has not seen the head for longer is late
LATE_AFTER = timedelta(days=2)


class SignatureRefused(ValueError):
    """Why a signature is not taken, in a sentence."""


@dataclass(frozen=True)
class Sighting:
    """Up to which entry the witnesses of a side have seen a register; 0 where never."""

    side: str
    has_witness: bool
    number: int = 0
    received: datetime | None = None
    is_late: bool = False


def origin_of(plan: Plan) -> str:
    return f"{site_key.site_name()}/{plan.slug}"


def sign_head(plan: Plan, now: datetime) -> Checkpoint | None:
    """The checkpoint of the head, signed where it was not yet; None for an empty register, and where
    the key is not to be had.
    """
    head = head_of(plan)
    if head is None:
        return None
    known = Checkpoint.objects.filter(plan=plan, number=head.number, hash=head.hash).first()
    if known:
        return known
    try:
        key = site_key.load(now)
    except site_key.KeyUnusable as error:
        log.error("checkpoint_not_signed", plan=plan.pk, why=str(error))
        return None
    moment = now.isoformat(timespec="seconds")
    text = f"{origin_of(plan)}\n{head.number}\n{head.hash}\n{moment}\n"
    note = notes.write_note(text, notes.sign(text, site_key.site_name(), key))
    checkpoint, _created = Checkpoint.objects.get_or_create(
        plan=plan, number=head.number, hash=head.hash, defaults={"note": note}
    )
    return checkpoint


def find_contradictions(plan: Plan) -> QuerySet[Checkpoint]:
    """Checkpoints that this site signed, and that its register contradicts."""
    same = Entry.objects.filter(plan=plan, number=OuterRef("number"), hash=OuterRef("hash"))
    return Checkpoint.objects.filter(~Exists(same), plan=plan)


def find_false_checkpoints(plan: Plan) -> Iterator[Checkpoint]:
    """Checkpoints whose note says something else than their row, or is signed by no key of this site."""
    keys = [key.verifier for key in SigningKey.objects.all()]
    for checkpoint in Checkpoint.objects.filter(plan=plan).select_related("plan").iterator():
        if not _is_signed_by(checkpoint, keys):
            yield checkpoint


def _is_signed_by(checkpoint: Checkpoint, keys: Sequence[str]) -> bool:
    try:
        text, lines = _read_note(checkpoint)
        public_keys = [notes.parse_verifier(key).public_key for key in keys]
    except notes.NoNote:
        return False
    for line in lines:
        # a site that moved signs with the same key under another name
        name = line.split(" ")[1]
        if any(notes.Verifier(name, key).has_signed(text, line) for key in public_keys):
            return True
    return False


def find_false_signatures(plan: Plan) -> Iterator[WitnessSignature]:
    """Signatures of witnesses that are kept under what their key did not sign."""
    signatures = WitnessSignature.objects.filter(key__plan=plan)
    for signature in signatures.select_related("checkpoint__plan", "key").iterator():
        if not _is_genuine(signature):
            yield signature


def _is_genuine(signature: WitnessSignature) -> bool:
    """Whether its key signed what the rows say: this plan up to this entry, with this hash."""
    try:
        text, _lines = _read_note(signature.checkpoint)
        verifier = notes.parse_verifier(signature.key.verifier)
    except notes.NoNote:
        return False
    is_of_key = signature.checkpoint.plan_id == signature.key.plan_id
    return is_of_key and verifier.has_signed(text, signature.line)


def _read_note(checkpoint: Checkpoint) -> tuple[str, list[str]]:
    """Its text and the lines with signatures; raises NoNote where it is about something else."""
    text, lines = notes.split_note(checkpoint.note)
    origin, *signed = text.splitlines()[:3]
    # the host is left out: a site that moved keeps what was signed before
    is_of_plan = origin.rpartition("/")[2] == checkpoint.plan.slug
    if not is_of_plan or signed != [str(checkpoint.number), checkpoint.hash]:
        raise notes.NoNote
    return text, lines


def register_key(plan: Plan, *, side: str, text: str, by: User, now: datetime) -> WitnessKey:
    """A manager says by which key the witness of their side signs; raises NoNote."""
    verifier = str(notes.parse_verifier(text))
    if SigningKey.objects.filter(verifier=verifier).exists():
        raise notes.NoNote
    key, _created = WitnessKey.objects.get_or_create(
        plan=plan,
        verifier=verifier,
        defaults={"side": side, "by": by, "registered": now},
    )
    Plan.objects.filter(pk=plan.pk).raise_version()
    log.info("witness_registered", by=by.pk, plan=plan.pk, side=side, key=key.pk)
    return key


def end_key(key: WitnessKey, *, by: User, now: datetime) -> None:
    """Its signatures of until now stay; later ones are refused."""
    WitnessKey.objects.filter(pk=key.pk, ended=None).update(ended=now)
    Plan.objects.filter(pk=key.plan_id).raise_version()
    log.info("witness_ended", by=by.pk, plan=key.plan_id, key=key.pk)


def record_signature(plan: Plan, note: str, now: datetime) -> Checkpoint:
    """Keep what a witness has signed; raises SignatureRefused."""
    try:
        text, lines = notes.split_note(note)
    except notes.NoNote:
        raise SignatureRefused("this is no signed note") from None
    checkpoint = Checkpoint.objects.filter(plan=plan, note__startswith=text + "\n").first()
    if checkpoint is None:
        raise SignatureRefused("this site signed no such checkpoint of this plan")
    is_known = False
    for key in WitnessKey.objects.filter(plan=plan, ended=None):
        verifier = notes.parse_verifier(key.verifier)
        line = next((line for line in lines if verifier.has_signed(text, line)), None)
        if line:
            is_known = True
            # beside what somebody else may have put there
            WitnessSignature.objects.get_or_create(
                checkpoint=checkpoint, key=key, line=line, defaults={"received": now}
            )
    if not is_known:
        raise SignatureRefused(
            "no signature in it is of a witness of this plan: a manager registers its key"
        )
    Plan.objects.filter(pk=plan.pk).raise_version()
    return checkpoint


class SiteKey(TypedDict):
    key: str
    since: Moment
    statement: str


def describe_site_keys() -> list[SiteKey]:
    return [
        {"key": key.verifier, "since": key.since.isoformat(), "statement": key.statement}
        for key in SigningKey.objects.all()
    ]


def describe_witnesses(plan: Plan) -> list[dict[str, str | None]]:
    return [
        {
            "side": key.side,
            "key": key.verifier,
            "registered": key.registered.isoformat(),
            "ended": key.ended.isoformat() if key.ended else None,
        }
        for key in WitnessKey.objects.filter(plan=plan)
    ]


def signed_notes(plan: Plan, *, until: int) -> list[str]:
    """Each checkpoint up to this entry, with the signatures of witnesses behind the site's."""
    checkpoints = Checkpoint.objects.filter(plan=plan, number__lte=until)
    return [
        checkpoint.note
        + "".join(f"{signature.line}\n" for signature in checkpoint.signatures.all())
        for checkpoint in checkpoints.prefetch_related("signatures")
    ]


def sightings(plan: Plan, now: datetime) -> list[Sighting]:
    """How far the witnesses of each side have seen the register, by signatures that are genuine."""
    keys = list(WitnessKey.objects.filter(plan=plan))
    return [
        _sighting(plan, side, [key for key in keys if key.side == side], now) for side in plan.sides
    ]


def _sighting(plan: Plan, side: str, keys: Sequence[WitnessKey], now: datetime) -> Sighting:
    newest = [_newest_genuine_signature(key) for key in keys]
    signatures = [signature for signature in newest if signature]
    number = max((signature.checkpoint.number for signature in signatures), default=0)
    has_witness = any(key.ended is None for key in keys)
    unseen = plan.entries.filter(number=number + 1).first() if has_witness else None
    return Sighting(
        side=side,
        has_witness=has_witness,
        number=number,
        received=max((signature.received for signature in signatures), default=None),
        is_late=unseen is not None and now - unseen.loaded_at > LATE_AFTER,
    )


def _newest_genuine_signature(key: WitnessKey) -> WitnessSignature | None:
    """The newest one nearly always is, so that a page verifies one signature a key."""
    signatures = key.signatures.select_related("checkpoint__plan", "key")
    newest_first = signatures.order_by("-checkpoint__number", "-pk")
    newest = newest_first.first()
    if newest is None or _is_genuine(newest):
        return newest
    return next(filter(_is_genuine, newest_first.iterator()), None)
