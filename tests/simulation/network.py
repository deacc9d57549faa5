"""What lies between the processes: the way to the provider and back, and the broker.

Requests are the simulator's own (`Provider.answer`), so what a fault does to a phone is what the
simulator says it does; here are only the ways, and what a client sees of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from campaigns.core.calls import Answer, DialRequest
from campaigns.core.records import Claim
from campaigns.provider.client import ThinnestDialer
from campaigns.provider.guard import Cutoff
from campaigns.provider.wire import Call, Failure, Reply
from campaigns.simulator.faults import Fault, FaultKind
from campaigns.simulator.messages import Incoming, Wire

if TYPE_CHECKING:
    from tests.simulation.processes import Worker
    from tests.simulation.simulation import Simulation

DEADLINE = 15.0
STRIKES = {
    "lost_before": FaultKind.LOST_BEFORE_PLACING,
    "lost_after": FaultKind.LOST_AFTER_RINGING,
    "error_placed": FaultKind.ERROR_PLACED,
    "error_not_placed": FaultKind.ERROR_NOT_PLACED,
    "html": FaultKind.HTML,
    "html_placed": FaultKind.HTML_PLACED,
    "no_call_id": FaultKind.NO_CALL_ID,
    "cut_off": FaultKind.CUT_OFF,
    "too_many": FaultKind.TOO_MANY,
}
"""Faults of the plan that are faults of a dial at the provider."""


class Dialer(ThinnestDialer):
    """The product's own client; it tells the wire which attempt it dials for."""

    def __init__(self, worker: Worker) -> None:
        self.line = Line(worker)
        super().__init__(
            api_key="sim_key_of_a_simulation",
            base_url="http://127.0.0.1:1",
            world="rehearsal",
            wire=self.line,  # type: ignore[arg-type]  # a stand-in with the same two methods
            now=worker.simulation.truth,
        )

    def dial(self, request: DialRequest, *, send_by: float) -> Answer:
        self.line.attempt_id, self.line.send_by = request.attempt_id, send_by
        return super().dial(request, send_by=send_by)


class Line:
    """The way to the provider and back. Stands in for provider/wire.py's `Wire`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._sim = worker.simulation
        self.attempt_id = ""
        self.send_by = 0.0

    def send_once(self, call: Call, cutoff: Cutoff) -> Reply | Failure:
        """One dial: nothing leaves past `send_by`, and it is over after 15 s."""
        sim, attempt_id, send_by = self._sim, self.attempt_id, self.send_by
        began = sim.scheduler.now
        if sim.strikes("refused"):
            sim.scheduler.pause(sim.dice.uniform(0.01, 1))
            return Failure(why="refused", sent=False, connecting=True)
        if sim.strikes("stop_before_post"):
            sim.stop(self._worker.process, sim.dice.choice((2.0, 5.0, 20.0)))
        sim.scheduler.pause(sim.dice.uniform(0.01, 0.2))  # connecting
        if sim.strikes("crash_before_post"):
            sim.kill(self._worker)
        if sim.scheduler.now >= send_by and not sim.planted("send_by"):
            return Failure(why="too late: the intent to call had expired", sent=False)
        there, back = self._ways()
        fault = self._fault()
        if fault is not None and fault.fault is FaultKind.SLOW:
            back += fault.seconds
        box = self._leave(call, there, fault, attempt_id)
        if sim.strikes("crash_under_way"):
            sim.kill(self._worker)
        return self._wait(box, there + back, DEADLINE - (sim.scheduler.now - began))

    def ask(self, call: Call) -> Reply | Failure:
        """A look-up."""
        sim = self._sim
        there, back = self._ways()
        if sim.strikes("lookup_fails"):
            sim.scheduler.pause(there)
            return Failure(why="connection reset", sent=True)
        return self._wait(self._leave(call, there, None, None), there + back, call.seconds)

    def close(self) -> None:
        """Nothing to close."""

    def _ways(self) -> tuple[float, float]:
        """Seconds there and back; nothing sits in the provider's door for 5 s (design.md)."""
        dice, sim = self._sim.dice, self._sim
        there, back = dice.uniform(0.01, 0.3), dice.uniform(0.01, 0.3)
        if sim.strikes("stall"):
            there += dice.uniform(0, 4)
        if sim.strikes("stall"):
            back += dice.uniform(0, 9)
        return there, back

    def _fault(self) -> Fault | None:
        sim = self._sim
        if sim.storm():
            return Fault(fault=FaultKind.ERROR_NOT_PLACED, status=503)
        if sim.strikes("no_balance"):
            return Fault(fault=FaultKind.NO_BALANCE)
        if sim.strikes("slow"):
            return Fault(fault=FaultKind.SLOW, seconds=sim.dice.uniform(5, 30))
        for name, kind in STRIKES.items():
            if sim.strikes(name):
                return Fault(fault=kind)
        return None

    def _leave(
        self, call: Call, there: float, fault: Fault | None, attempt_id: str | None
    ) -> dict[str, Any]:
        """Bytes are on their way: what becomes of their sender no longer matters to them."""
        sim, box = self._sim, dict[str, Any]()
        request = _incoming(call)

        def arrive() -> None:
            with sim.misled(attempt_id is not None):
                reply = box["reply"] = sim.provider.answer(request, fault)
            if attempt_id is not None:
                sim.arrived(attempt_id, reply)

        sim.scheduler.after(there, arrive)
        return box

    def _wait(self, box: dict[str, Any], seconds: float, at_most: float) -> Reply | Failure:
        sim = self._sim
        if seconds >= at_most:
            sim.scheduler.pause(max(0.0, at_most))
            return Failure(why="no whole answer in time", sent=True, closed_by_us=True)
        sim.scheduler.pause(seconds)
        reply = box["reply"]
        if reply.wire is not Wire.WHOLE:
            status = reply.status if reply.wire is Wire.CUT else None
            return Failure(why="the connection broke", sent=True, status=status)
        return Reply(status=reply.status, headers=reply.all_headers, body=reply.body)


def _incoming(call: Call) -> Incoming:
    parts = urlsplit(call.url)
    query = dict(call.params or {})
    return Incoming(
        method=call.method,
        path=parts.path,
        query=query,
        headers={name.lower(): value for name, value in call.headers.items()},
        body=call.content or b"",
    )


Ring = Callable[["Worker"], object]


class Broker:
    """Carries rings to some worker: may lose, repeat and delay them."""

    def __init__(self, sim: Simulation) -> None:
        self.simulation = sim
        self._era = 0  # a flush begins another

    def send(self, ring: Ring) -> None:
        """One ring on its way."""
        sim = self.simulation
        if sim.strikes("ring_lost"):
            return
        for _ in range(2 if sim.strikes("ring_doubled") else 1):
            seconds = sim.dice.uniform(0.001, 0.02)
            if sim.strikes("ring_late"):
                seconds += sim.dice.uniform(0, 60)
            era = self._era
            sim.scheduler.after(seconds, lambda era=era: self._deliver(era, ring))

    def flush(self) -> None:
        """FLUSHALL."""
        self._era += 1

    def _deliver(self, era: int, ring: Ring) -> None:
        workers = [worker for worker in self.simulation.workers if not worker.process.dead]
        if era == self._era and workers:
            worker = self.simulation.dice.choice(workers)
            self.simulation.harass(worker)
            worker.do(lambda: ring(worker))


class Bell:
    """The doorbell of one worker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def dial(self, claim: Claim) -> None:
        self._broker.simulation.ringing()
        self._broker.send(lambda worker: worker.dial(claim))

    def fold(self, attempt_id: str) -> None:
        self._broker.send(lambda worker: worker.fold(attempt_id))

    def check(self, attempt_id: str) -> None:
        self._broker.send(lambda worker: worker.check(attempt_id))

    def dispatch(self, account_id: int) -> None:
        self._broker.send(lambda worker: worker.dispatch(account_id))

    def look(self, account_id: int) -> None:
        self._broker.send(lambda worker: worker.look(account_id))

    def refresh(self, campaign_id: int) -> None:
        self._broker.send(lambda worker: worker.refresh(campaign_id))
