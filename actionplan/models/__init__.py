"""Accounts, the job ledger, the outbox and tokens: what spans both apps."""

from actionplan.models.accounts import Invitation, User, UserManager
from actionplan.models.digests import Digest, Subscription
from actionplan.models.jobs import JobRun, Mark
from actionplan.models.tokens import Token

__all__ = [
    "Digest",
    "Invitation",
    "JobRun",
    "Mark",
    "Subscription",
    "Token",
    "User",
    "UserManager",
]
