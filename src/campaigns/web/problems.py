"""Refusals as RFC 9457 problems: one shape for people's programs, and nothing of ours in it.

All 404s are the same bytes, so that nobody learns which part of a webhook address was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

CLOSE = {"Connection": "close"}
"""For a refusal that leaves the request's body unread: the rest of it is not worth a connection."""


class Problem(JSONResponse):
    """A refusal. `detail` says what to do about it."""

    media_type = "application/problem+json"

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
        if detail is not None:
            said["detail"] = detail
        super().__init__({**said, **more}, status_code=status, headers=headers)


async def of_framework(_request: Request, error: Exception) -> Problem:
    """What the framework itself refuses: no such route, wrong method."""
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, headers=error.headers)


def because(request: Request, why: str) -> None:
    """Tell our log, not the sender, why a request was refused."""
    request.state.why = why
