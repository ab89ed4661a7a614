"""The program's own log: one line an event on standard error, for the journal of a service."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up_log(*, chatty: bool) -> None:
    """Send events to standard error as `key=value` lines; `chatty` shows what happens, else only what is lost."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if chatty else logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
