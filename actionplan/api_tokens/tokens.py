"""Personal tokens, which programs show in place of a sign-in.

Each opens one thing of one plan; of its secret only a digest is stored.
"""

import hashlib
import secrets
from datetime import date, timedelta

from actionplan.models import Token, User
from commitments import clock
from commitments.models import Plan

PREFIX = "actp_"
# what a token must be made for to open an address, by the name of the address
PURPOSES = {
    "calendar": Token.Purpose.CALENDAR,
    "register-feed": Token.Purpose.REGISTER,
    "status": Token.Purpose.READ,
    "witness": Token.Purpose.READ,
}
# days to choose from
LIFETIMES = (30, 90, 365)
# for each account and plan: more than anybody uses, and few enough for one page
MAX_TOKENS = 20


class TooManyTokens(Exception):
    """The account has as many tokens of the plan as it may have."""


def digest(secret: str) -> str:
    # a secret that somebody made up may hold halves of characters
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def create(*, by: User, plan: Plan, purpose: str, label: str, days: int, today: date) -> str:
    """The secret of a new token, which nothing can show again. Raises TooManyTokens."""
    if Token.objects.filter(user=by, plan=plan).count() >= MAX_TOKENS:
        raise TooManyTokens
    secret = PREFIX + secrets.token_urlsafe(32)
    Token.objects.create(
        user=by,
        plan=plan,
        purpose=purpose,
        label=label,
        digest=digest(secret),
        made=today,
        expires=today + timedelta(days=days),
    )
    return secret


def find(secret: str, purpose: str) -> Token | None:
    """The token while it lasts, and while its account may still sign in and has a role in the plan."""
    tokens = Token.objects.select_related("user", "plan")
    token = tokens.filter(digest=digest(secret), purpose=purpose).first()
    if token is None or token.expires < clock.today(token.plan.timezone):
        return None
    if not Plan.objects.accessible_to(token.user).filter(pk=token.plan_id).exists():
        return None
    return token


def record_use(token: Token) -> None:
    """Written once a day and not with every request."""
    today = clock.today(token.plan.timezone)
    if token.last_used != today:
        Token.objects.filter(pk=token.pk).update(last_used=today)
