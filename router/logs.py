# SPDX-License-Identifier: Apache-2.0
"""Logging: structlog, to standard error, as text for people or JSON for machines. Ids and lengths, never words."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog

from router.errors import ComplaintRouterError

__all__ = ["configure"]


def configure(*, form: str = "console", level: str = "info") -> None:
    """Set up logging of this process; other libraries' records at warning and above go the same way."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if form == "json":
        processors += [structlog.processors.ExceptionRenderer(_frames), structlog.processors.JSONRenderer()]
    else:
        colors = sys.stderr.isatty()
        processors.append(structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_print_frames))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=max(threshold, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )


def _frames(exc_info: Any) -> str:
    """An exception without the values that it met: other people's messages may quote a customer or a password."""
    error = exc_info[1]
    lines = []
    while error is not None:
        said = f": {error}" if isinstance(error, ComplaintRouterError) else ""
        lines.append(f"{type(error).__name__}{said}")
        lines += [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


def _print_frames(sio: TextIO, exc_info: Any) -> None:
    sio.write("\n" + _frames(exc_info))
