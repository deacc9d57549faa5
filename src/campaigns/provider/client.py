"""thinnest.ai as the engine's Dialer: the one POST that makes a phone ring, and its answer.

Intent comes before it and evidence after it; here it is sent at most once, over a connection of
its own, and whatever is not provably unsent comes back as `Unknown`. Nothing is raised for the
world's faults. Look-ups are inherited (lookups.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from campaigns.core.calls import Accepted, Answer, Blame, DialRequest, NotSent, Rejected, Unknown
from campaigns.provider import messages
from campaigns.provider.guard import Cutoff
from campaigns.provider.lookups import SIMULATED, Lookups, utc_now
from campaigns.provider.wire import Failure, Reply, Wire
from campaigns.provider.world import DEFAULT_URL, Kind


class ThinnestDialer(Lookups):
    """One account at the provider. Safe to share between threads; arguments as for Lookups.

    `deadline` is the total time in seconds for one dial, from the first look at the address to
    the last byte of the answer.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = DEFAULT_URL,
        world: Kind = "real",
        wire: Wire | None = None,
        deadline: float = 15.0,
        lookup_deadline: float = 10.0,
        lookup_tries: int = 1,
        now: Callable[[], datetime] = utc_now,
        around_post: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`around_post`: entered for as long as a POST that may ring somebody is under way."""
        super().__init__(
            api_key=api_key,
            base_url=base_url,
            world=world,
            wire=wire,
            lookup_deadline=lookup_deadline,
            lookup_tries=lookup_tries,
            now=now,
        )
        self._deadline = deadline
        self._around_post = around_post

    def dial(self, request: DialRequest, *, send_by: float) -> Answer:
        """POST /voice/outbound/dial (limit: start), once. `send_by`: a time.monotonic() instant.

        `send_by` bounds each attempt to connect; a host with several silent addresses may take
        that long for each, and it is `NotSent` all the same.
        """
        cutoff = Cutoff(send_by)
        try:
            content = json.dumps(messages.dial_body(request), allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError):
            detail = "the context is not JSON: nothing was sent"
            return Rejected(blame=Blame.CAMPAIGN, status=0, detail=detail)
        call = self._request(
            "POST",
            "/voice/outbound/dial",
            seconds=self._deadline,
            connect_s=max(0.001, min(self._deadline, cutoff.left())),
            content=content,
            # No later request may ride on this connection, whatever the pool thinks.
            headers={"Connection": "close"},
        )
        with self._around_post():
            got = self._wire.send_once(call, cutoff)
        if isinstance(got, Failure):
            if not got.sent:
                return NotSent(why=got.why)
            return Unknown(why=got.why, status=got.status, closed_by_us=got.closed_by_us)
        try:
            return self._understand(got, request)
        except Exception as fault:
            # It was sent: whatever we do wrong from here on, a phone may ring.
            why = f"the answer could not be understood ({type(fault).__name__})"
            return Unknown(why=why, status=got.status, closed_by_us=got.cut)

    def _understand(self, reply: Reply, request: DialRequest) -> Answer:
        if self._simulated(reply):
            return Rejected(blame=Blame.ACCOUNT, status=reply.status, detail=SIMULATED)
        answer = messages.read_dial(
            reply.status, reply.headers, reply.body, request, now=self._now(), hide=(self._key,)
        )
        if reply.cut and not isinstance(answer, Accepted):
            # A body that ends with its connection looks whole when it was we who cut it.
            why = "no whole answer within the deadline"
            return Unknown(why=why, status=reply.status, closed_by_us=True)
        return answer
