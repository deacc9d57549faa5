"""Careful reading of JSON and text that a stranger sent: never an exception, always bounded.

What comes out can be stored anywhere: no NUL, no lone surrogate, no infinity, no endless nesting.
What is shown to a person goes through `scrub` first: no phone number, no secret, no control code.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

_DEPTH = 32
_ID_LENGTH = 200
_DIGITS = re.compile(r"\d")
_PHONE = re.compile(r"\+?\d(?:[\s().\-_/]{0,3}\d){6,}")
_NOT_KEPT = "[not kept]"
_SECRET_KEYS = frozenset({"recording_url", "download_url", "audio_url", "signed_url", "token"})


def parse(body: bytes) -> Any:
    """The JSON value of `body`, tidied; None when there is none."""
    try:
        value = json.loads(body, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return tidy(value)


def tidy(value: Any, depth: int = 0) -> Any:
    """The same value, storable: what lies deeper than 32 levels is dropped."""
    match value:
        case str():
            return _storable_text(value)
        case float():
            return value if math.isfinite(value) else None
        case dict() | list() if depth >= _DEPTH:
            return None
        case dict():
            return {_storable_text(str(k)): tidy(v, depth + 1) for k, v in value.items()}
        case list():
            return [tidy(item, depth + 1) for item in value]
        case _:
            return value


def _storable_text(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def without_secrets(value: Any) -> Any:
    """A copy that may be stored: links that open a recording and tokens are taken out."""
    match value:
        case dict():
            return {
                key: _NOT_KEPT if key.lower() in _SECRET_KEYS and item else without_secrets(item)
                for key, item in value.items()
            }
        case list():
            return [without_secrets(item) for item in value]
        case str() if "ignature=" in value:
            return value.partition("?")[0]
        case _:
            return value


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def first(source: Mapping[str, Any], *names: str) -> Any:
    """The first of `names` that holds something."""
    return next((source[name] for name in names if source.get(name) is not None), None)


def text(value: Any) -> str | None:
    """A string that says something."""
    return value.strip() or None if isinstance(value, str) else None


def identifier(value: Any) -> str | None:
    """An opaque id: a string, or an integer as the provider's second generation has them."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40:
        return str(value)
    said = text(value)
    return said if said is not None and len(said) <= _ID_LENGTH and said.isprintable() else None


def number(value: Any) -> float | None:
    """A finite number; also one that was sent as a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def seconds(value: Any) -> float | None:
    """A duration: a number that is not negative."""
    read = number(value)
    return read if read is not None and read >= 0 else None


def when(value: Any) -> datetime | None:
    """An instant: ISO 8601 (without a zone: UTC) or Unix time in seconds or milliseconds."""
    try:
        if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
            read = datetime.fromisoformat(value.strip())
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
        unix = number(value)
        if unix is None:
            return None
        return datetime.fromtimestamp(unix / 1000 if abs(unix) > 1e11 else unix, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def digits(value: Any) -> str:
    """The ASCII digits of a phone number, without an international prefix of zeros."""
    return "".join(c for c in str(value) if c in "0123456789").removeprefix("00")


def same_number(ours: str, theirs: Any) -> bool:
    """Whether two spellings name one phone. `ours` is E.164; theirs may be national."""
    mine, said = digits(ours), digits(theirs)
    national = said.lstrip("0")
    return said == mine or (len(national) >= 8 and mine.endswith(national))


def scrub(said: str, hide: Iterable[str] = (), limit: int = 200) -> str:
    """One printable line without phone numbers and without any text of `hide`, cut to `limit`."""
    for secret in sorted((s for s in hide if len(s) >= 4), key=len, reverse=True):
        said = said.replace(secret, "…")
    said = _PHONE.sub(_last_four, said)
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _last_four(found: re.Match[str]) -> str:
    return "••••" + "".join(_DIGITS.findall(found[0])[-4:])
