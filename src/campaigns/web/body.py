"""Read a stranger's body without letting it fill the memory or hold the connection."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

_KEPT = 64 * 1024


class BadBody(Exception):
    """A body that was not read to its end; `status` is the answer to it, `why` is for our log."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


async def read_body(request: Request, *, at_most: int, within: float) -> bytes:
    """The whole body. Raises BadBody when it is too large, too slow, or ends early.

    The size is counted while it arrives: a Content-Length may be absent or a lie.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:12]) > at_most:
        raise BadBody(413, "too_large")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within):
            async for part in request.stream():
                size += len(part)
                if size > at_most:
                    raise BadBody(413, "too_large")
                parts.append(part)
    except TimeoutError:
        raise BadBody(408, "too_slow") from None
    except ClientDisconnect:
        raise BadBody(400, "cut_off") from None
    return b"".join(parts)


def as_text(body: bytes) -> str:
    """The raw body as a database can keep it: bytes that are no UTF-8, and NUL, are escaped."""
    return body.decode("utf-8", "backslashreplace").replace("\0", "\\x00")[:_KEPT]
