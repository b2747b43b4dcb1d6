"""Invitations: the only way to an account. The link in the mail holds once, for a week, for this
purpose alone.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from actionplan.accounts import emails
from actionplan.accounts.audit_log import log
from actionplan.models import Invitation, User
from commitments.models import Body, Membership

SALT = "actionplan.invitation"
LASTS = timedelta(days=7)


@transaction.atomic
def invite(*, by: User, bodies: Iterable[Body] = (), **fields: Any) -> Invitation:
    now = timezone.now()
    invitation = Invitation.objects.create(by=by, sent=now, expires=now + LASTS, **fields)
    invitation.bodies.set(bodies)
    log.info("invited", by=by.pk, invitation=invitation.pk, role=invitation.role)
    return invitation


def send(invitation: Invitation, *, by: User) -> bool:
    """A fresh link by mail; those sent before no longer hold. False where the mail could not be
    handed over.
    """
    invitation.renew()
    invitation.sent = timezone.now()
    invitation.expires = invitation.sent + LASTS
    invitation.save()
    context = {
        "invitation": invitation,
        "link": settings.SITE_URL + reverse("invitation", args=[token(invitation)]),
    }
    try:
        emails.send("invitation", invitation.email, invitation.language, **context)
    except OSError as error:
        log.error("mail_failed", error=type(error).__name__, invitation=invitation.pk)
        return False
    log.info("invitation_sent", by=by.pk, invitation=invitation.pk)
    return True


def revoke(invitation: Invitation, *, by: User) -> None:
    log.info("invitation_revoked", by=by.pk, invitation=invitation.pk)
    invitation.delete()


def token(invitation: Invitation) -> str:
    return signing.dumps([invitation.pk, invitation.nonce], salt=SALT)


def find(text: str) -> Invitation | None:
    """The invitation of a link that still holds."""
    try:
        pk, nonce = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    found = Invitation.objects.filter(pk=pk, nonce=nonce, expires__gt=timezone.now())
    return found.select_related("plan").first()


def accept(text: str, *, password: str = "", link: SocialAccount | None = None) -> User | None:
    """The account, with a password or with a link to the organisation's; None where the invitation
    no longer holds.
    """
    with transaction.atomic():
        found = find(text)
        if (
            found is None
            or not Invitation.objects.select_for_update()
            .filter(pk=found.pk, nonce=found.nonce)
            .exists()
        ):
            return None
        if User.objects.filter(email=found.email).exists():
            return None
        user = _account(found, password)
        if link:
            link.user = user
            link.save()
        found.delete()
    log.info("invitation_accepted", user=user.pk)
    return user


def _account(invitation: Invitation, password: str) -> User:
    administrator = invitation.role == Invitation.ADMINISTRATOR
    user = User.objects.create_user(
        invitation.email, password or None, post=invitation.post, language=invitation.language,
        is_superuser=administrator, is_staff=administrator,
    )  # fmt: skip
    if invitation.plan and not administrator:
        membership = Membership.objects.create(
            user=user, plan=invitation.plan, role=invitation.role, side=invitation.side
        )
        membership.bodies.set(invitation.bodies.all())
    return user
