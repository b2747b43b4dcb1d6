"""What is done with accounts, most of it by administrators: each act one call, logged with who did it
to whom.
"""

from collections.abc import Iterable

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from actionplan.accounts import emails, sessions
from actionplan.accounts.audit_log import log
from actionplan.models import Digest, Invitation, User
from commitments import clock
from commitments.models import Body, Plan
from commitments.register import memberships


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
def change_post(user: User, *, post: str, by: User) -> None:
    """Pages show the new post also with the entries that the account recorded before, so that each
    plan with such entries gets one that says so.
    """
    if post == user.post:
        return
    # in one order, since each waits for the plan
    plans = list(user.plans_that_show_the_post().order_by("pk"))
    for plan in plans:
        Plan.objects.lock(plan)
    user.post = post
    user.post_salt = ""
    user.save(update_fields=["post", "post_salt"])
    for plan in plans:
        memberships.record_post(plan, user.pk, by=by.pk, now=clock.now(plan.timezone))
    log.info("post_changed", by=by.pk, user=user.pk)


def change_address(user: User, *, email: str, by: User) -> bool:
    """The account signs in with the new address and gets its mail there; links that were sent to the
    one before end. Both addresses are told: False where a mail could not be handed over.
    """
    before = user.email
    with transaction.atomic():
        user.email = email
        user.save(update_fields=["email"])
        EmailAddress.objects.filter(user=user).delete()
    log.info("address_changed", by=by.pk, user=user.pk)
    try:
        for address in (before, email):
            emails.send("address_changed", address, user.language, before=before, now=email)
    except OSError as error:
        log.error("mail_failed", error=type(error).__name__, user=user.pk)
        return False
    return True


@transaction.atomic
def set_membership(
    user: User, plan: Plan, *, role: str, side: str, bodies: Iterable[Body], by: User
) -> None:
    """Without a role the account leaves the plan, and its tokens there end for good."""
    now = clock.now(plan.timezone)
    memberships.set_rights(
        plan, user.pk, role=role, side=side, bodies=list(bodies), by=by.pk, now=now
    )
    if not role:
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
    # in one order, since each waits for the plan
    for plan in Plan.objects.filter(memberships__user=user).order_by("pk"):
        set_membership(user, plan, role="", side="", bodies=[], by=by)
    _delete_rows_of(user)
    user.erase()
    log.info("account_erased", by=by.pk, user=user.pk)


def _delete_rows_of(user: User) -> None:
    user.subscriptions.all().delete()
    user.follows.all().delete()
    user.tokens.all().delete()
    Digest.objects.filter(recipient=user).delete()
    for model in (EmailAddress, SocialAccount, Authenticator):
        model.objects.filter(user=user).delete()
    # rows that hold the address alone
    EmailAddress.objects.filter(email__iexact=user.email).delete()
    Invitation.objects.filter(email=user.email).delete()
