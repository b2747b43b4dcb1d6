"""What is logged of sign-ins, refusals and the acts of administrators: ids of accounts, never an
address or a token.
"""

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger("actionplan.accounts")
