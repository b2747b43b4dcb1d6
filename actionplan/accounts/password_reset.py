"""A forgotten password: whether the address has an account shows neither in the answer nor in how
long it takes.
"""

import contextlib
import threading

from allauth.account.forms import default_token_generator
from allauth.account.utils import url_str_to_user_pk, user_pk_to_url_str
from django.conf import settings
from django.db import connections
from django.urls import reverse

from actionplan.accounts import emails
from actionplan.accounts.audit_log import log
from actionplan.models import User

THREAD_NAME = "password-reset"


def send_later(email: str, language: str) -> None:
    """Return at once: everything that depends on the account happens after the answer."""
    threading.Thread(target=_send_in_thread, args=(email, language), name=THREAD_NAME).start()


def _send_in_thread(email: str, language: str) -> None:
    try:
        send(email, language)
    except OSError as error:
        log.error("mail_failed", error=type(error).__name__)
    finally:
        connections.close_all()


def lock_account(uidb36: str) -> None:
    """Make those who use a link of this account wait for each other. The second finds that the
    password has changed, so that its link no longer works.
    """
    with contextlib.suppress(ValueError):
        list(User.objects.select_for_update().filter(pk=url_str_to_user_pk(uidb36)))


def send(email: str, language: str) -> None:
    """Send the link, to an active account that has a password."""
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    if user is None:
        log.info("password_forgotten", user=None)
        return
    log.info("password_forgotten", user=user.pk)
    if not user.has_usable_password():
        return
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])
    emails.send("password", user.email, user.language or language, link=settings.SITE_URL + path)
