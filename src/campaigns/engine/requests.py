"""A request that may be sent twice is done once: the same key and body have the same answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from campaigns.engine.parts import Parts
from campaigns.errors import Conflict, InputError

KEPT = timedelta(days=1)
"""For how long a request sent again has the old answer."""
LAPSED = timedelta(minutes=2)
"""After this a request without an answer died with its process; doing it again repeats nothing."""


class KeyReused(InputError):
    """The key was used for another request."""


def once(key: str, digest: str, do: Callable[[], tuple[int, Any]], parts: Parts) -> tuple[int, Any]:
    """The answer of `do`, or the one it had before. What it raises is not kept.

    Raises KeyReused, and Conflict while the same request is under way.
    """
    with parts.store.write() as tx:
        at = tx.now().real
        tx.forget_requests(at - KEPT)
        mine = tx.take_request(key, digest, at, at - LAPSED)
        known = None if mine else tx.request(key)
    if known is not None:
        if known.digest != digest:
            raise KeyReused("this Idempotency-Key came with another request: use a new one")
        if known.status is None:
            raise Conflict("the same request is under way: wait for its answer")
        return known.status, known.body
    try:
        status, body = do()
    except BaseException:
        _drop(key, at, parts)
        raise
    with parts.store.write() as tx:
        tx.answer_request(key, status, body)
    return status, body


def _drop(key: str, at: datetime, parts: Parts) -> None:
    with parts.store.write() as tx:
        tx.drop_request(key, at)
