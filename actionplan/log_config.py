"""Logs as JSON lines on standard error, with the id of the request and of the account, and never
with an address, a token or a body.
"""

import logging.config
import re

import structlog
from structlog.typing import EventDict, Processor

# What acts for somebody: it stands in the path of a link, even of one that was mistyped, or is a
# token or a signature. A query may name anybody.
SECRET = re.compile(
    r"(?i)(\b(?:unsubscribe|invitation|forgotten)/|\bactp_|\btoken=|\?)[^\s\"']+"
    r"|[\w-]+(?::[\w-]+)?:[\w-]{43}(?![\w-])"
)


def remove_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Cut tokens and queries out of every text of the event."""
    return {
        name: SECRET.sub(r"\1…", value) if isinstance(value, str) else value
        for name, value in event.items()
    }


class RefusalInOneLine(logging.Filter):
    """A request that was refused is no fault of the program: its traceback says nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR:
            record.exc_info = None
        return True


PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.processors.format_exc_info,
    remove_secrets,
]


def configure(*, debug: bool) -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    json_lines = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processor": structlog.processors.JSONRenderer(),
        "foreign_pre_chain": PROCESSORS,
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"refusals": {"()": RefusalInOneLine}},
            "formatters": {"json": json_lines},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": "INFO" if debug else "WARNING"},
            "loggers": {
                # sign-ins, refusals and what administrators did
                "actionplan.accounts": {"level": "INFO"},
                "django.request": {"filters": ["refusals"]},
                "celery": {"level": "WARNING"},
                "django_structlog": {"level": "WARNING"},
            },
        }
    )
