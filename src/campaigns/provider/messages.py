"""A dial as the provider's JSON, and its answer as one of ours.

Each answer says one thing only: what we now know about the phone. Whatever cannot be read for
certain is `Unknown`; nothing a stranger may send makes this module raise.
"""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from campaigns.core.calls import (
    Accepted,
    Answer,
    Blame,
    DialRequest,
    Rejected,
    SlowDown,
    Unknown,
)
from campaigns.provider import reading

LONGEST_WAIT = 86_400.0
"""Seconds: a wait longer than a day is not believed."""

# Whom a refusal names. A called number costs its contact the call, so it is named for certain
# or not at all: a generic word counts only where nothing points at our own side.
_CALLED = re.compile(
    r"(?<![a-z0-9])to[ _-]?(?:phone[ _-]?)?number(?![a-z0-9])"
    r"|destination|callee|recipient"
    r"|(?:called|dialed|dialled|target|customer)(?:'s|’s)?[ _-](?:phone[ _-])?(?:number|party)"
    r"|number (?:to (?:call|dial)|being (?:called|dialed|dialled)|(?:called|dialed|dialled))"
    r"|(?:body|query|json)\.(?:to|phone|phone_number|number)(?![a-z0-9_])",
    re.IGNORECASE,
)
_CALLER = re.compile(
    r"(?<![a-z0-9])from[ _-]?(?:phone[ _-]?)?number|caller|calling[ _-](?:number|party)"
    r"|(?:source|outbound|originating|sender)[ _-](?:phone[ _-])?number"
    r"|(?:body|query|json)\.from(?![a-z0-9_])",
    re.IGNORECASE,
)
_ANY_NUMBER = re.compile(
    r"phone[ _-]?number|mobile[ _-]number|invalid number|e\.?164", re.IGNORECASE
)
_OURS = re.compile(
    r"verif|owned|belong|assign|purchas|provision|regist|account|your |not found", re.IGNORECASE
)
_OTHER_FIELD = re.compile(
    r"agent[ _-]?id|webhook|max[ _-]?duration|recording|scheduled[ _-]at|body\.context",
    re.IGNORECASE,
)
_SENTENCES = (
    "detail", "details", "message", "msg", "error", "errors", "error_message", "reason",
    "description", "title", "code",
)  # fmt: skip
_PLACES = ("loc", "field", "param", "parameter", "path")


def dial_body(request: DialRequest) -> dict[str, Any]:
    """The JSON of POST /voice/outbound/dial. `max_duration` always: it bounds a ghost call."""
    body: dict[str, Any] = {
        "agent_id": request.agent_id,
        "to_number": request.to_number,
        "from_number": request.from_number,
        "context": dict(request.context),
        "max_duration": request.max_duration_s,
        "recording": request.recording,
    }
    if request.webhook_url is not None:
        body["webhook_url"] = request.webhook_url
    if request.scheduled_at is not None:
        body["scheduled_at"] = iso(request.scheduled_at)
    return body


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC, as the provider's pages write it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_dial(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    request: DialRequest,
    *,
    now: datetime,
    hide: Iterable[str] = (),
) -> Answer:
    """What an answer to a dial says. `now` dates waits; no text of `hide` is repeated."""
    if 200 <= status < 300:
        return _accepted(status, body, request)
    if status == 429:
        return SlowDown(retry_after=read_wait(headers, now))
    if status in (408, 409) or not 300 <= status < 500:
        return Unknown(why=f"the provider answered {status}", status=status)
    said = tuple(_complaints(reading.parse(body)))
    detail = read_detail(status, headers, said, hide=(*hide, *_strings(request.context)))
    if status in (401, 402):
        blame = Blame.ACCOUNT
    elif status in (400, 422) and names_called_number(said, request):
        blame = Blame.CONTACT
    else:
        blame = Blame.CAMPAIGN
    return Rejected(blame=blame, status=status, detail=detail)


def _accepted(status: int, body: bytes, request: DialRequest) -> Answer:
    payload = reading.mapping(reading.parse(body))
    if not payload:
        return Unknown(why=f"the provider answered {status} without readable JSON", status=status)
    inner = reading.mapping(payload.get("data"))
    for source in (payload, inner):
        call_id = reading.identifier(reading.first(source, "call_id", "session_id"))
        if call_id is None:
            continue
        echo = reading.first(source, "to_number")
        if echo is not None and not reading.same_number(request.to_number, echo):
            return Unknown(why="the answer names another number than was called", status=status)
        return Accepted(call_id=call_id)
    return Unknown(why=f"the provider answered {status} without a call id", status=status)


def read_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait: Retry-After (seconds or a date), else X-RateLimit-Reset (epoch seconds)."""
    lower = {name.lower(): value for name, value in headers.items()}
    told = lower.get("retry-after", "")
    wait = reading.seconds(told)
    if wait is None and told:
        try:
            at = email.utils.parsedate_to_datetime(told)
            wait = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            wait = None
    if wait is None:
        wait = reading.seconds(lower.get("x-ratelimit-reset"))
        # A figure too small for an epoch is a number of seconds.
        if wait is not None and wait > 1e9:
            reset = reading.when(wait)
            wait = None if reset is None else reset.timestamp() - now.timestamp()
    if wait is None or not math.isfinite(wait):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)


def read_detail(
    status: int, headers: Mapping[str, str], said: Iterable[str], *, hide: Iterable[str] = ()
) -> str:
    """One line for a person: why the provider refused, without a number, a key or a name."""
    spoken = "; ".join(dict.fromkeys(said))[:4000]
    if spoken:
        return reading.scrub(spoken, hide)
    kind = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    if status < 400:
        return f"the provider redirects ({status}): is the provider URL right?"
    if "json" not in kind.lower():
        return f"answered {status} without JSON: is a proxy between us and the provider?"
    return f"answered {status} without a reason"


def complaints(body: bytes) -> tuple[str, ...]:
    """The sentences of an error body."""
    return tuple(_complaints(reading.parse(body)))


def names_called_number(said: Iterable[str], request: DialRequest) -> bool:
    """Whether a refusal is about the called number and about nothing else."""
    verdicts = {_verdict(_spelled(sentence, request)) for sentence in said}
    return True in verdicts and False not in verdicts


def _verdict(sentence: str) -> bool | None:
    """True: the called number. False: something of ours. None: neither."""
    if _CALLED.search(sentence):
        return True
    if _CALLER.search(sentence) or _OTHER_FIELD.search(sentence):
        return False
    if _ANY_NUMBER.search(sentence):
        return not _OURS.search(sentence)
    return None


def _spelled(sentence: str, request: DialRequest) -> str:
    """The sentence with the two numbers themselves replaced by the names of their fields."""
    for number, name in ((request.to_number, "to_number"), (request.from_number, "from_number")):
        if len(reading.digits(number)) >= 7:
            literal = r"\+?" + r"[\s().-]{0,2}".join(reading.digits(number))
            sentence = re.sub(literal, f" {name} ", sentence[:4000])
    return sentence


def _complaints(payload: Any, depth: int = 0) -> Iterator[str]:
    """Sentences of an error body. `input` and `ctx` echo our own request: they are not read."""
    match payload:
        case _ if depth > 4:
            return
        case str() if payload.strip():
            yield payload.strip()
        case list():
            for item in payload[:20]:
                yield from _complaints(item, depth + 1)
        case dict():
            place = _place(payload)
            known = [s for key in _SENTENCES for s in _complaints(payload.get(key), depth + 1)]
            if place:
                yield from (f"{place}: {sentence}" for sentence in known or ("refused",))
            else:
                yield from known or _by_field(payload, depth)
        case _:
            return


def _by_field(payload: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Errors keyed by field: {"to_number": ["is not a number"]}."""
    for key, value in list(payload.items())[:20]:
        if key in ("input", "ctx", "url", "status"):
            continue
        for sentence in _complaints(value, depth + 1):
            yield sentence if key == "data" else f"body.{key}: {sentence}"


def _place(entry: Mapping[str, Any]) -> str:
    """The field an entry is about, as `body.field`."""
    for key in _PLACES:
        match entry.get(key):
            case str() as name if name.strip():
                return f"body.{name.strip()}"
            case list() as names if names:
                return ".".join(str(name) for name in names[:6])
            case _:
                continue
    return ""


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _strings(item)
        case list() | tuple():
            for item in value:
                yield from _strings(item)
        case _:
            return
