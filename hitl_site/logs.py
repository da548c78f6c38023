"""Logs to stderr: lines for people, or one JSON object a record."""

import logging
import logging.config
from collections.abc import MutableMapping
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.format_exc_info,
]


def _one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Nobody's words start a new record or move the cursor of a terminal."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception" and not value.isprintable():
            event[key] = "".join(
                char if char.isprintable() else char.encode("unicode_escape").decode()
                for char in value
            )
    return event


def configure(wanted: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: `wanted` is `{"format": "console" | "json", "level"}`."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if wanted["format"] == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "placet": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [*_SHARED, _one_line],
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "placet"}},
            "root": {"handlers": ["stderr"], "level": wanted["level"]},
            "loggers": {
                # Every refusal would be a line: a 4xx is an answer, not a fault.
                "django.request": {"level": "ERROR"},
                "httpx2": {"level": "WARNING"},
                # Two sweeps every few seconds: said when something happens, not that it ran.
                "celery.beat": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*_SHARED, _one_line, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
