"""What this site uses of allauth's inner modules, since allauth has no public way for it.

pyproject.toml keeps allauth within one minor release because of these names. Each has a test in
tests/actionplan/accounts/test_allauth_internals.py: run them before that bound is raised.
"""

# Whoever sets a password by an invitation has just shown who they are; allauth must know, or it
# asks for the password again when they set up a second factor a minute later.
from allauth.account.internal.flows.login import record_authentication

# The public `allauth.core.ratelimit` knows only allauth's own limits, and cannot take one use back.
from allauth.core.internal.ratelimit import RateLimitUsage, consume

__all__ = [
    "RateLimitUsage",
    "consume",
    "record_authentication",
]
