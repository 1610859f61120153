"""Logs: text on a terminal, JSON elsewhere, always on stderr; only known fields get through."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

_NAMES = (
    "event level timestamp table rows reason subject code action outcome "
    "status request_id correlation_id said operations change rule error subjects service "
    "state pid poll_seconds mode path seconds attempt method retry_after signal "
    "version contract invoice total currency left parked changes worked ending listen mapping "
    "bytes began suspects since holder "
)
ALLOWED = frozenset(_NAMES.split())
"""The field names that may be logged; anything else is left out by name (rule: log no secret)."""


def only_allowed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop every field that is not on the list, and say which."""
    dropped = sorted(set(event) - ALLOWED)
    kept = {name: value for name, value in event.items() if name in ALLOWED}
    return (
        {**kept, "reason": f"{kept.get('reason', '')} [left out: {', '.join(dropped)}]"}
        if dropped
        else kept
    )


def configure(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Set up structlog for a command or the daemon."""
    out = stream or sys.stderr
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if out.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
