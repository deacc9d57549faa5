"""Webhooks on their way to our door: redelivered as the provider does, forged as strangers do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from campaigns.core.outcomes import Source
from campaigns.engine.record import receive
from campaigns.errors import CampaignsError
from campaigns.provider.webhooks import digest, read_event, verify
from campaigns.simulator.outbox import Outbox
from campaigns.simulator.webhooks import RETRY_WAITS, Delivery, DeliveryState

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

PATIENCE = 5.0
"""Seconds the provider waits for an answer."""


class Courier:
    """Takes from the ledger's outbox what is due, and settles it by what the door answered."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._outbox = Outbox(sim.ledger)
        self._next = float("inf")
        self.taken: list[tuple[str, str]] = []
        """(attempt id, digest) of every event that was answered with a 2xx."""
        self.let_in = 0
        """Forged events that were not refused."""

    def look(self) -> None:
        """Something may be due earlier than we thought."""
        due = self._outbox.next_due()
        if due is None:
            return
        at = max((due - self._sim.plan.start).total_seconds(), self._sim.scheduler.now)
        if at < self._next or self._next < self._sim.scheduler.now:
            self._next = at
            self._sim.scheduler.at(at, self._round)

    def _round(self) -> None:
        sim = self._sim
        self._next = float("inf")
        for delivery in self._outbox.take(sim.truth(), 100):
            self._post(delivery)
        self.look()

    def _post(self, delivery: Delivery) -> None:
        """One try: the door answers within its patience, or it did not answer."""
        sim, settled = self._sim, [False]

        def settle(status: int | None) -> None:
            if not settled[0]:
                settled[0] = True
                self._settle(delivery, status)

        sim.scheduler.after(PATIENCE, lambda: settle(None))
        if sim.strikes("door_down") or sim.serve.process.dead:
            return
        sim.harass(sim.serve)
        way = sim.dice.uniform(0.01, 0.5)
        body = delivery.body.encode()
        sim.scheduler.after(
            way, lambda: sim.serve.do(lambda: settle(self._answer(delivery.url, body)))
        )
        if sim.strikes("hook_forged"):
            self._forge(delivery.url)

    def _answer(self, url: str, body: bytes) -> int:
        """What the webhook door does, without its sockets."""
        sim = self._sim
        key_id, attempt_id, mac = urlsplit(url).path.split("/")[-3:]
        if not verify(key_id, attempt_id, mac, sim.keys) and not sim.planted("no_mac"):
            return 404
        said, mark = read_event(body), digest(body)
        try:
            known = receive(
                attempt_id,
                said,
                digest=mark,
                body=body.decode(),
                source=Source.WEBHOOK,
                parts=sim.serve.parts,
            )
        except CampaignsError:
            if not sim.planted("ack_first"):
                return 503
            known = True
        if known:
            self.taken.append((attempt_id, mark))
        return 200 if known else 404

    def _forge(self, url: str) -> None:
        """Somebody who has seen an address of ours, but of another attempt."""
        sim = self._sim
        key_id, attempt_id, mac = urlsplit(url).path.split("/")[-3:]
        other = sim.dice.choice(sorted({*sim.rung_for.values(), attempt_id}))
        said = sim.dice.choice(("no_answer", "completed", "busy", "voicemail"))
        body = b'{"event":"call.%s","status":"%s","call_id":"x"}' % (said.encode(), said.encode())
        wrong = mac[::-1] if other == attempt_id else mac
        forged = f"http://engine.test/hooks/v1/{key_id}/{other}/{wrong}"

        def knock() -> None:
            if self._answer(forged, body) != 404:
                self.let_in += 1

        sim.serve.do(knock)

    def _settle(self, delivery: Delivery, status: int | None) -> None:
        at = self._sim.truth()
        if status is not None and 200 <= status < 300:
            state = DeliveryState.DELIVERED
        elif delivery.tries < len(RETRY_WAITS):
            state, at = DeliveryState.PENDING, at + RETRY_WAITS[delivery.tries]
        else:
            state = DeliveryState.GIVEN_UP
        self._outbox.settle(delivery.n, state=state, due_at=at + timedelta(0), status=status)
        self.look()
