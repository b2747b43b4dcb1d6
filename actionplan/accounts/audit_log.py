"""The log of sign-ins, refusals and the acts of administrators.

It names accounts by their numbers, and never holds an address or a token.
"""

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger("actionplan.accounts")
