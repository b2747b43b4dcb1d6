"""What an administrator does with accounts: each act one call, logged with who did it to whom."""

from collections.abc import Iterable

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from actionplan.accounts import sessions
from actionplan.accounts.audit_log import log
from actionplan.models import Digest, Invitation, User
from commitments.models import Body, Membership, Plan


class NotYourself(Exception):
    """An administrator neither disables nor erases the account they use: somebody must be left who
    can undo it.
    """


def disable(user: User, *, by: User) -> None:
    """Ends its sessions at once, and its tokens for good."""
    if user == by:
        raise NotYourself
    User.objects.filter(pk=user.pk).update(is_active=False)
    sessions.end_all(user)
    user.tokens.all().delete()
    log.info("account_disabled", by=by.pk, user=user.pk)


def enable(user: User, *, by: User) -> None:
    User.objects.not_erased().filter(pk=user.pk).update(is_active=True)
    log.info("account_enabled", by=by.pk, user=user.pk)


def end_sessions(user: User, *, by: User) -> None:
    sessions.end_all(user)
    log.info("sessions_ended", by=by.pk, user=user.pk)


def reset_factors(user: User, *, by: User) -> None:
    """For somebody who lost all of them: the next sign-in asks for the password alone."""
    Authenticator.objects.filter(user=user).delete()
    sessions.end_all(user)
    log.info("factors_reset", by=by.pk, user=user.pk)


@transaction.atomic
def set_membership(
    user: User, plan: Plan, *, role: str, side: str, bodies: Iterable[Body], by: User
) -> None:
    """Without a role the account leaves the plan, and its tokens there end for good."""
    if role:
        membership, _created = Membership.objects.update_or_create(
            user=user, plan=plan, defaults={"role": role, "side": side}
        )
        membership.bodies.set(bodies)
    else:
        Membership.objects.filter(user=user, plan=plan).delete()
        user.tokens.filter(plan=plan).delete()
    log.info("membership_changed", by=by.pk, user=user.pk, plan=plan.pk, role=role, side=side)


@transaction.atomic
def erase(user: User, *, by: User) -> None:
    """Name and address leave every table. The row stays as a number, since entries of the register
    name it.
    """
    if user == by:
        raise NotYourself
    sessions.erase(user)
    _delete_rows_of(user)
    user.erase()
    log.info("account_erased", by=by.pk, user=user.pk)


def _delete_rows_of(user: User) -> None:
    user.memberships.all().delete()
    user.subscriptions.all().delete()
    user.tokens.all().delete()
    Digest.objects.filter(recipient=user).delete()
    for model in (EmailAddress, SocialAccount, Authenticator):
        model.objects.filter(user=user).delete()
    # rows that hold the address alone
    EmailAddress.objects.filter(email__iexact=user.email).delete()
    Invitation.objects.filter(email=user.email).delete()
