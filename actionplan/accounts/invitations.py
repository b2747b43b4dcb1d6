"""Invitations: the only way to an account.

The link in the mail works once, for a week, and for this purpose alone.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from actionplan.accounts import emails
from actionplan.accounts.audit_log import log
from actionplan.models import Invitation, User
from commitments import clock
from commitments.models import Body
from commitments.register import memberships

SALT = "actionplan.invitation"
LIFETIME = timedelta(days=7)


@transaction.atomic
def invite(*, by: User, bodies: Iterable[Body] = (), **fields: Any) -> Invitation:
    now = timezone.now()
    invitation = Invitation.objects.create(by=by, sent=now, expires=now + LIFETIME, **fields)
    invitation.bodies.set(bodies)
    log.info("invited", by=by.pk, invitation=invitation.pk, role=invitation.role)
    return invitation


def send(invitation: Invitation, *, by: User) -> bool:
    """Mail a fresh link, which ends those before. False where the mail could not be handed over."""
    invitation.renew()
    invitation.sent = timezone.now()
    invitation.expires = invitation.sent + LIFETIME
    invitation.save()
    link = settings.SITE_URL + reverse("invitation", args=[make_token(invitation)])
    try:
        emails.send(
            "invitation",
            invitation.email,
            invitation.language,
            invitation=invitation,
            link=link,
        )
    except OSError as error:
        log.error("mail_failed", error=type(error).__name__, invitation=invitation.pk)
        return False
    log.info("invitation_sent", by=by.pk, invitation=invitation.pk)
    return True


def revoke(invitation: Invitation, *, by: User) -> None:
    log.info("invitation_revoked", by=by.pk, invitation=invitation.pk)
    invitation.delete()


def make_token(invitation: Invitation) -> str:
    return signing.dumps([invitation.pk, invitation.nonce], salt=SALT)


def find(token: str) -> Invitation | None:
    """The invitation of a link that works."""
    return _valid_invitations(token).select_related("plan").first()


@transaction.atomic
def accept(token: str, *, password: str = "", link: SocialAccount | None = None) -> User | None:
    """Make the account, with a password or linked to an organisation; None where the link no longer
    works.
    """
    # Locked, so that of two who accept at once one finds nothing.
    invitation = _valid_invitations(token).select_for_update().first()
    if invitation is None or User.objects.filter(email=invitation.email).exists():
        return None
    user = _create_account(invitation, password)
    if link:
        link.user = user
        link.save()
    invitation.delete()
    log.info("invitation_accepted", user=user.pk)
    return user


def _valid_invitations(token: str) -> QuerySet[Invitation]:
    """The invitation of a link, or none."""
    try:
        pk, nonce = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return Invitation.objects.none()
    return Invitation.objects.filter(pk=pk, nonce=nonce, expires__gt=timezone.now())


def _create_account(invitation: Invitation, password: str) -> User:
    is_administrator = invitation.role == Invitation.ADMINISTRATOR
    user = User.objects.create_user(
        invitation.email,
        password or None,
        post=invitation.post,
        language=invitation.language,
        is_superuser=is_administrator,
    )
    if invitation.plan and not is_administrator:
        memberships.set_rights(
            invitation.plan,
            user.pk,
            role=invitation.role,
            side=invitation.side,
            bodies=invitation.bodies.all(),
            by=invitation.by_id,
            now=clock.now(invitation.plan.timezone),
        )
    return user
