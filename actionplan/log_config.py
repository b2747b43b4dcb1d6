"""Logs as JSON lines on standard error: a request id and a user id, never an address, a token or a
body.
"""

import logging.config
import re

import structlog

# what acts for somebody stands in the path of a link, even of one that was mistyped, or in a token;
# a question may name anybody
SECRET = re.compile(
    r"(?i)(\b(?:unsubscribe|invitation|forgotten)/|\bactp_|\btoken=|\?)[^\s\"']+|[\w-]+(?::[\w-]+)?:[\w-]{43}(?![\w-])"
)


def scrub(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Without tokens and questions in any text of the event."""
    return {
        name: SECRET.sub(r"\1…", value) if isinstance(value, str) else value
        for name, value in event.items()
    }


def configure(*, debug: bool) -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        scrub,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processor": structlog.processors.JSONRenderer(),
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": "INFO" if debug else "WARNING"},
            "loggers": {
                # sign-ins, refusals and what administrators did
                "actionplan.accounts": {"level": "INFO"},
                "celery": {"level": "WARNING"},
                "django_structlog": {"level": "WARNING"},
            },
        }
    )
