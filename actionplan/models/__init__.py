"""Accounts, the job ledger, the outbox and tokens: what spans both apps."""

from actionplan.models.accounts import Invitation, User, UserManager
from actionplan.models.digests import Digest, Follow, NoticeMark, Subscription
from actionplan.models.jobs import JobRun, Mark, Verification
from actionplan.models.papers import PaperOrder
from actionplan.models.tokens import Token
from actionplan.models.webhooks import Webhook, WebhookDelivery
from actionplan.models.witnesses import Checkpoint, SigningKey, WitnessKey, WitnessSignature

__all__ = [
    "Checkpoint",
    "Digest",
    "Follow",
    "Invitation",
    "JobRun",
    "Mark",
    "NoticeMark",
    "PaperOrder",
    "SigningKey",
    "Subscription",
    "Token",
    "User",
    "UserManager",
    "Verification",
    "Webhook",
    "WebhookDelivery",
    "WitnessKey",
    "WitnessSignature",
]
