"""Slows guesses at passwords down, without locking out who has the right one.

An address has few tries at one account. Where an account is guessed at from many addresses, each of
them has one; so whoever comes from elsewhere with the right password is let in, however many others
try.
"""

from django.http import HttpRequest

from actionplan.accounts.allauth_internals import RateLimitUsage, consume

RATES = {
    "pair": "6/15m/key",
    "attacked": "1/15m/key",
    "account": "20/h/key",
    "address": "50/15m/key",
}


class SignInAttempt:
    """One attempt; it counts at once, and no longer if the password was right."""

    def __init__(self, request: HttpRequest, email: str, address: str) -> None:
        self.request = request
        self.usages: list[RateLimitUsage] = []
        self.is_allowed = self._count(email, address)

    def _count(self, email: str, address: str) -> bool:
        pair = f"{email} {address}"
        if not self._count_once("address", address) or not self._count_once("pair", pair):
            return False
        if self._count_once("account", email):
            return True
        # Many addresses guess at this account: each has one try.
        return self._count_once("attacked", pair)

    def _count_once(self, action: str, key: str) -> bool:
        usage = consume(
            self.request, app="actionplan", action=action, config=RATES, key=key, limit_get=True
        )
        if usage is None:
            return False
        self.usages.append(usage)
        return True

    def take_back(self) -> None:
        for usage in self.usages:
            usage.rollback()
