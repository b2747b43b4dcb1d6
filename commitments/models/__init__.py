"""The tables of a plan: what its file says, its register, and what is derived from the register."""

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
from commitments.models.register import Entry, EntryText, Evidence, PlanFile, PublicEntry
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
    "EntryText",
    "Evidence",
    "Flag",
    "FlagKind",
    "Membership",
    "Obligation",
    "Plan",
    "PlanFile",
    "PublicEntry",
    "Role",
    "Standing",
]
