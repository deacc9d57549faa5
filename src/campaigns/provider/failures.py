"""What an exception of an exchange proves: the one table, held complete by a test.

`not_sent` lets a contact be dialled again at once, so a class is on that list only where nothing
can have left; wire.py asks its trace as well. Everything else is unknown, also what nobody foresaw.
"""

from __future__ import annotations

import httpx

from campaigns.provider import reading


class Aborted(Exception):
    """We stopped it ourselves before the first byte."""


NOT_SENT: tuple[type[Exception], ...] = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    Aborted,
)
"""After these nothing has left."""

PEER_ENDED: tuple[type[Exception], ...] = (httpx.ReadError, httpx.RemoteProtocolError)
"""After these the connection was ended from the other side, not by us."""

_WHY: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.ConnectError, "could not connect"),
    (httpx.PoolTimeout, "no free connection"),
    (httpx.UnsupportedProtocol, "the provider URL is neither http nor https"),
    (httpx.LocalProtocolError, "the request cannot be written as HTTP"),
    (httpx.TimeoutException, "no answer in time"),
    (httpx.RemoteProtocolError, "the connection ended before a whole answer"),
    (httpx.NetworkError, "the connection broke"),
    (httpx.DecodingError, "the answer cannot be decoded"),
)


def nothing_left(fault: Exception) -> bool:
    """Whether an exception of this class means that nothing can have left."""
    return isinstance(fault, NOT_SENT)


def peer_ended(fault: Exception) -> bool:
    """Whether it was the other side that ended the connection."""
    return isinstance(fault, PEER_ENDED)


def why(fault: Exception, *, cut: bool, sent: bool) -> str:
    """A sentence for the record. Most exceptions' texts may quote a header: those stay out."""
    if isinstance(fault, Aborted):
        return str(fault)
    if cut:
        return "no whole answer within the deadline" if sent else "no connection in the deadline"
    known = next((said for kind, said in _WHY if isinstance(fault, kind)), type(fault).__name__)
    if isinstance(fault, httpx.ConnectError) and str(fault):
        return reading.scrub(f"{known}: {fault}", limit=160)
    return known
