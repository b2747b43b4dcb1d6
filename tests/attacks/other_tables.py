"""A row in each table beside the register, so that an attack finds something there to alter."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore

from actionplan.models import (
    Digest,
    Follow,
    Invitation,
    Mark,
    NoticeMark,
    PaperOrder,
    Subscription,
    User,
    Webhook,
    WebhookDelivery,
)
from commitments.evidence import storage
from commitments.models import Plan
from commitments.register import held
from commitments.register.entries import Draft
from tests import factories
from tests.factories import NOW, TODAY


def fill(plan: Plan, user: User) -> None:
    _fill_account(user)
    _fill_messages(plan, user)
    PaperOrder.objects.create(plan=plan, by=user, choice={}, asked=NOW, head=1)
    draft = Draft(
        kind="note",
        code="waits",
        ref="4.4",
        side="GB",
        note="Not yet.",
        effective="2014-12-01",
        recorded_at=NOW,
        recorded_day=TODAY,
        evidence=[storage.store(factories.uploaded_file())],
    )
    held.hold(plan, [draft], by=user.pk, side="GB", now=NOW)
    invitation = Invitation.objects.create(
        email="new@example.org",
        post="New",
        language="en",
        plan=plan,
        role="viewer",
        by=user,
        sent=NOW,
        expires=NOW + timedelta(days=7),
    )
    invitation.bodies.set(plan.bodies.all()[:1])


def _fill_account(user: User) -> None:
    session = SessionStore()
    session.create()
    UserSession.objects.create(
        user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="Browser"
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    SocialAccount.objects.create(user=user, provider="gb", uid="1")


def _fill_messages(plan: Plan, user: User) -> None:
    Subscription.objects.create(user=user, plan=plan)
    Follow.objects.create(user=user, plan=plan, ref="4.4")
    NoticeMark.objects.create(plan=plan, is_daily=True, number=1, flag=1, day=TODAY)
    webhook = Webhook.objects.create(
        plan=plan, side="GB", url="https://example.org/", secret="sealed", number=1, added=TODAY
    )
    WebhookDelivery.objects.create(webhook=webhook, number=1, queued=NOW, next_try=NOW)
    Mark.objects.create(name=Mark.MAIL_HELD, at=NOW)
    Digest.objects.create(
        plan=plan,
        recipient=user,
        kind=Digest.Kind.MANAGER,
        week=TODAY,
        language="en",
        message_id="<1@example.org>",
        next_try=NOW,
    )
