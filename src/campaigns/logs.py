"""One way to log, for our code and for every library's: to stderr, scrubbed.

The last processor before the renderer masks telephone numbers in every text and drops the keys
that hold secrets or a contact's data, so a careless log line cannot leak what it was handed.
Results belong to stdout and never pass here.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from structlog.typing import Processor, WrappedLogger

from campaigns.errors import CampaignsError

DROPPED = ("authorization", "token", "mac", "secret", "api_key", "context", "password")
"""Keys whose value never reaches a log, at any depth; `webhook_secret` counts as `secret`."""

_NUMBER = re.compile(r"(\+|%2[Bb])(\d)((?:[ ().-]{0,2}\d){3,10})((?:[ ().-]?\d){4})(?!\d)")
_BEARER = re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]+")
_HOOK = re.compile(r"(/hooks/v1/[^/\s]+/[^/\s]+/)[\w-]+")
_PASSWORD = re.compile(r"(://[^:/@\s]*):[^/@\s]*@")
_NOISY = ("httpx", "httpcore", "uvicorn.access", "kombu", "amqp", "asyncio")
_DEEPEST = 6


def configure(level: str = "info", format: str = "console") -> None:
    """Send everything that is logged to stderr: lines for a person, or `json`."""
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if format == "json"
        # The plain traceback: the pretty one prints local variables, which hold contacts.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(lambda info: told(info[1])),
                scrub,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")


def told(error: BaseException) -> str:
    """A traceback with kinds and places; the text of our own errors alone.

    A driver's text quotes rows, a reader's the line of a list: a person's name has no pattern that
    could be masked.
    """
    said: list[str] = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        kind = type(at).__name__
        text = f"{kind}: {masked(str(at))}" if isinstance(at, CampaignsError) else kind
        frames = "".join(traceback.format_tb(at.__traceback__))
        said.insert(0, f"Traceback (most recent call last):\n{frames}{text}")
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\n\nwhich led to\n\n".join(said)


class _Stderr(logging.Handler):
    """Writes to stderr as it is at that moment, because a test or a daemon may replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def scrub(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The processor: what leaves it may be printed."""
    return {masked(key): _clean(value, 1) for key, value in event.items() if not _secret(key)}


def masked(text: str) -> str:
    """The text without telephone numbers, bearer keys, hook tokens and URL passwords."""
    text = _NUMBER.sub(_last_four, text)
    text = _BEARER.sub(r"\1 ••••", text)
    text = _HOOK.sub(r"\1••••", text)
    return _PASSWORD.sub(r"\1:••••@", text)


def _last_four(match: re.Match[str]) -> str:
    hidden = "•" * sum(character.isdigit() for character in match[3])
    return f"+{match[2]}{hidden}{re.sub(r'[^0-9]', '', match[4])}"


def _secret(key: object) -> bool:
    name = str(key).lower()
    return any(name == word or name.endswith(f"_{word}") for word in DROPPED)


def _clean(value: object, depth: int) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case datetime() | date():
            return value.isoformat()
        case str() | Path() | UUID() | timedelta():
            return masked(str(value))
        case Mapping() if depth < _DEEPEST:
            return {
                masked(str(key)): _clean(inner, depth + 1)
                for key, inner in value.items()
                if not _secret(key)
            }
        case list() | tuple() | set() | frozenset() if depth < _DEEPEST:
            return [_clean(inner, depth + 1) for inner in value]
        case _:
            return masked(repr(value))
