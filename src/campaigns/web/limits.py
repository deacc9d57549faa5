"""How much a request may ask of us: bytes, seconds, and events about one call.

The provider hangs up after 5 seconds and sends again, so reading and storing together stay below
that; whatever is refused here comes back, or is found out by polling.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The bounds of the webhook door; `api_…` are those of a body that is sent to /v1.

    `waiting` events may be on their way into the database at once; `per_call` events about one
    call are taken per minute: a call has about six, so more means that its address leaked.
    `per_address`: what one address of origin may send in a second without having proved to be the
    provider. It is generous and trusts no header, because behind a proxy all share one address;
    for the same reason a right token is never counted, so that nobody can lock the provider out.
    """

    body_bytes: int = 64 * 1024
    body_seconds: float = 2.0
    store_seconds: float = 2.5
    waiting: int = 2_000
    per_call: int = 60
    per_address: int = 100
    api_bytes: int = 1_000_000
    api_seconds: float = 30.0


class Quota:
    """Counts by name and window, in bounded memory. Used by the event loop alone."""

    def __init__(self, most: int, *, seconds: float = 60.0, remembered: int = 10_000) -> None:
        self._most = most
        self._seconds = seconds
        self._remembered = remembered
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allows(self, name: str, at: float) -> bool:
        """Whether one more of `name` may be taken at the monotonic instant `at`."""
        began, count = self._windows.pop(name, (at, 0))
        if at - began >= self._seconds:
            began, count = at, 0
        self._windows[name] = (began, count + 1)
        if len(self._windows) > self._remembered:
            self._windows.popitem(last=False)
        return count < self._most


def origin(host: str) -> str:
    """What counts as one address: of IPv6 the /64, which is one customer's."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
