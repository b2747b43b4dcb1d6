"""The tables of a plan: what its file says, its register, and what is derived from the register."""

from commitments.models.clearance import HeldFile, HeldReport
from commitments.models.plan import (
    Action,
    Aim,
    Body,
    Commitment,
    Membership,
    Obligation,
    Plan,
    Role,
)
from commitments.models.register import (
    Entry,
    EntryStems,
    EntryText,
    Evidence,
    PlanFile,
    PublicEntry,
    SignedText,
)
from commitments.models.standings import (
    ClearReason,
    Flag,
    FlagKind,
    Standing,
)

__all__ = [
    "Action",
    "Aim",
    "Body",
    "ClearReason",
    "Commitment",
    "Entry",
    "EntryStems",
    "EntryText",
    "Evidence",
    "Flag",
    "FlagKind",
    "HeldFile",
    "HeldReport",
    "Membership",
    "Obligation",
    "Plan",
    "PlanFile",
    "PublicEntry",
    "Role",
    "SignedText",
    "Standing",
]
