"""What the HTTP API answers: values as JSON with numbers in full, errors as problems.

Whoever is answered here has shown a key, or sits at this machine; logs never see a body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from campaigns.core.figures import Page
from campaigns.engine.people import Unreadable
from campaigns.engine.requests import KeyReused
from campaigns.engine.submit import Refused
from campaigns.errors import (
    CampaignsError,
    Conflict,
    DefinitionError,
    Fault,
    InputError,
    UnknownName,
    WorldError,
)
from campaigns.web.body import BadBody
from campaigns.web.hands import Busy
from campaigns.web.problems import CLOSE, Problem, because

MOST_ERRORS = 200


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case datetime():
            precise = "milliseconds" if value.microsecond else "seconds"
            return value.astimezone(UTC).isoformat(timespec=precise).replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(plain(name)): plain(inner) for name, inner in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
        case Iterable():
            return [plain(inner) for inner in value]
        case _:
            return str(value)


def listed(name: str, page: Page[Any]) -> Mapping[str, Any]:
    """A page of a long list."""
    return {name: plain(page.items), "next": page.next}


_TOLD = ("at", "key", "expected", "got", "hint")


def told(faults: Sequence[Fault]) -> list[dict[str, str]]:
    """Faults of an input, each with its place."""
    return [{part: getattr(fault, part) for part in _TOLD} for fault in faults[:MOST_ERRORS]]


def refusal(request: Request, error: Exception) -> Problem:
    """The problem that an error of ours is. Raises what is none of ours."""
    match error:
        case BadBody(status=status, why=why):
            because(request, why)
            return Problem(status, headers=CLOSE)
        case DefinitionError(faults=faults):
            because(request, "faulty")
            return Problem(422, "the input has faults", errors=told(faults))
        case Unreadable(column=column, reason=reason, held=held):
            because(request, "unreadable")
            fault = Fault(at="/row", key=column, expected="a row that can be called", hint=reason)
            return Problem(422, str(error), errors=told([fault]), held=held)
        case UnknownName():
            because(request, "unknown")
            return Problem(404, str(error))
        case Refused(difference=difference):
            because(request, "guard")
            return Problem(409, str(error), difference=plain(difference))
        case Conflict():
            because(request, "conflict")
            return Problem(409, str(error))
        case KeyReused() | InputError():
            because(request, "refused")
            return Problem(422, str(error))
        case WorldError():
            because(request, "away")
            return Problem(503, str(error), headers={"Retry-After": "5"})
        case Busy():
            because(request, "busy")
            return Problem(503, "too many requests wait already", headers={"Retry-After": "1"})
        case CampaignsError():
            because(request, "engine")
            return Problem(500, str(error))
    raise error


async def of_validation(request: Request, error: Exception) -> Problem:
    """What the framework refuses of a query or a path."""
    because(request, "query")
    assert isinstance(error, RequestValidationError)
    faults = [
        Fault(
            at="/".join(map(str, one.get("loc", ())))[:100],
            key=str(one.get("loc", ("",))[-1])[:60],
            expected=str(one.get("msg", "another value"))[:200],
        )
        for one in error.errors()
    ]
    return Problem(422, "the request has faults", errors=told(faults))
