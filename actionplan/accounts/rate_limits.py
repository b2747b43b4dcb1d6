"""Slows guesses at passwords down, without locking out who has the right one.

An address has few tries at one account. Where an account is guessed at from many addresses, each of
them has one; so whoever comes from elsewhere with the right password is let in, however many others
try.
"""

from allauth.core.internal import ratelimit
from django.http import HttpRequest

RATES = {
    "pair": "6/15m/key",
    "attacked": "1/15m/key",
    "account": "20/h/key",
    "address": "50/15m/key",
}


class Try:
    """One attempt; it counts at once, and no longer if the password was right."""

    def __init__(self, request: HttpRequest, email: str, address: str) -> None:
        self.request = request
        self.used: list[ratelimit.RateLimitUsage] = []
        pair = f"{email} {address}"
        self.allowed = self._use("address", address) and self._use("pair", pair)
        if self.allowed and not self._use("account", email):
            self.allowed = self._use("attacked", pair)

    def _use(self, action: str, key: str) -> bool:
        usage = ratelimit.consume(
            self.request, app="actionplan", action=action, config=RATES, key=key, limit_get=True
        )
        if usage:
            self.used.append(usage)
        return usage is not None

    def forgive(self) -> None:
        for usage in self.used:
            usage.rollback()
