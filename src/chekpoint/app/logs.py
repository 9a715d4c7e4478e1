"""Logs: one line an event, JSON for machines or text for people; secrets and buyers are never logged."""

import logging

import structlog


def configure(*, as_json: bool, level: int = logging.INFO) -> None:
    """Set up structlog for a process."""
    last = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
