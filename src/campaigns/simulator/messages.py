"""A request as it arrived and the reply to it, apart from any web framework.

The reply also says how it goes onto the wire, since the worst faults of a provider are not
statuses but sockets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One request. Header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def parts(self) -> list[str]:
        """The path's segments."""
        return self.path.strip("/").split("/")

    @property
    def bearer(self) -> str:
        """The bearer token, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def to_number(self) -> str | None:
        """The number a dial wants to ring, as it was written."""
        value = self.json.get("to_number") if isinstance(self.json, dict) else None
        return value if isinstance(value, str) else None

    @property
    def base_url(self) -> str:
        """Where the client found us."""
        return f"http://{self.headers.get('host', '127.0.0.1')}"


class Wire(StrEnum):
    """How a reply goes out."""

    WHOLE = "whole"
    CLOSE = "close"  # nothing; the socket is ended
    RESET = "reset"  # nothing; the socket is reset
    CUT = "cut"  # half of it, then the socket is ended
    DRIP = "drip"  # byte by byte over `seconds`


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered. `seconds` is real time: a delay, or how long a drip takes."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: Wire = Wire.WHOLE
    seconds: float = 0.0
    request: int = 0  # its row in the ledger
    call_id: str | None = None

    @property
    def all_headers(self) -> dict[str, str]:
        """Every header; each reply says that it is a simulator's."""
        return {
            "content-type": self.type,
            "content-length": str(len(self.body)),
            "x-simulator": "1",
            **self.headers,
        }


def reply(body: Any, status: int = 200, **more: Any) -> Reply:
    """A JSON reply."""
    return Reply(status=status, body=json.dumps(body, ensure_ascii=False).encode(), **more)


def refusal(status: int, detail: str, **more: Any) -> Reply:
    """The provider's error body."""
    return reply({"detail": detail, "status": status}, status, **more)
