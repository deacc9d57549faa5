"""Delivers webhooks: when due in policy time, with 5 s to answer, repeated at most three times."""

from __future__ import annotations

import asyncio
import logging

import httpx

from campaigns.simulator.clocks import Clock, wait_until
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.outbox import Outbox
from campaigns.simulator.webhooks import RETRY_WAITS, Delivery, DeliveryState, sign

_log = logging.getLogger(__name__)

_PARALLEL = 200
"""Deliveries under way at once: a receiver that hangs holds each for the whole timeout."""
_BREATH = 1.0
"""Real seconds before looking again after something unforeseen."""


class Courier:
    """Sends what the outbox holds, until cancelled."""

    def __init__(self, ledger: Ledger, clock: Clock, *, timeout_s: float) -> None:
        self._outbox, self._clock, self._timeout_s = Outbox(ledger), clock, timeout_s
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    def woken(self) -> None:
        """Something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever."""
        self._outbox.recover()
        limits = httpx.Limits(max_connections=None, keepalive_expiry=2)
        async with httpx.AsyncClient(
            timeout=self._timeout_s, trust_env=False, limits=limits
        ) as client:
            try:
                while True:
                    try:
                        await self._round(client)
                    except Exception:
                        # A clock or disk that fails for a moment must not silence all webhooks.
                        _log.exception("simulator: deliveries stumbled, going on")
                        await asyncio.sleep(_BREATH)
            finally:
                tasks = tuple(self._under_way)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _round(self, client: httpx.AsyncClient) -> None:
        self._wake.clear()
        room = _PARALLEL - len(self._under_way)
        taken = self._outbox.take(self._clock(), room) if room else ()
        for delivery in taken:
            task = asyncio.create_task(self._deliver(client, delivery))
            self._under_way.add(task)
            task.add_done_callback(self._done)
        due = self._outbox.next_due() if room > len(taken) else None
        if due is None:
            await self._wake.wait()
        else:
            await wait_until(self._clock, due, wake=self._wake)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            _log.error("simulator: a delivery broke", exc_info=error)

    async def _deliver(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        status = await self._post(client, delivery)
        at = self._clock()
        if status is not None and 200 <= status < 300:
            state, due_at = DeliveryState.DELIVERED, at
        elif delivery.tries < len(RETRY_WAITS):
            state, due_at = DeliveryState.PENDING, at + RETRY_WAITS[delivery.tries]
        else:
            state, due_at = DeliveryState.GIVEN_UP, at
        self._outbox.settle(delivery.n, state=state, due_at=due_at, status=status)

    async def _post(self, client: httpx.AsyncClient, delivery: Delivery) -> int | None:
        body = delivery.body.encode()
        headers = {"content-type": "application/json", "user-agent": "thinnest-simulator"}
        if delivery.secret is not None:
            timestamp = int(self._clock().timestamp())
            headers |= {
                "x-webhook-signature": sign(delivery.secret, timestamp, body),
                "x-webhook-timestamp": str(timestamp),
                "x-webhook-delivery-id": delivery.delivery_id,
                "x-webhook-event": delivery.event,
            }
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await client.post(delivery.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError):
            return None
        return answer.status_code
