"""The simulator's webhooks, its clock, and what outlives a kill -9: over real sockets."""

import asyncio
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from campaigns.simulator.clocks import wait_until
from campaigns.simulator.faults import Fault, FaultKind
from campaigns.simulator.main import SimulatorServer
from campaigns.simulator.oracle import Oracle
from campaigns.simulator.webhooks import DeliveryState
from tests.support.simulated import KEY, Hand, Receiver, body, dial, until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class TestWebhooks:
    def test_events_arrive_when_the_clock_reaches_them(self, receiver: Receiver) -> None:
        clock = Hand()
        with SimulatorServer(clock=clock) as sim:
            dial(sim.url, "+14155551281", webhook_url=receiver.url)
            until(lambda: len(receiver.got) == 1)
            assert receiver.bodies[0]["event"] == "call.initiating"
            assert "x-webhook-signature" not in receiver.got[0][0]
            clock.later(4)
            until(lambda: len(receiver.got) == 2)
            clock.later(3600)
            until(lambda: len(receiver.got) == 3)
            assert [one["status"] for one in receiver.bodies] == [
                "initiating",
                "ringing",
                "no_answer",
            ]
            until(lambda: httpx.get(f"{sim.url}/_sim/next").json()["at"] is None)

    def test_a_first_event_comes_before_the_answer_is_read(self, receiver: Receiver) -> None:
        with SimulatorServer(faults=(Fault(fault=FaultKind.SLOW, seconds=30),)) as sim:
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(
                    f"{sim.url}/voice/outbound/dial",
                    json=body(webhook_url=receiver.url),
                    headers=KEY,
                    timeout=1,
                )
            until(lambda: receiver.got)

    def test_a_failed_delivery_is_repeated_three_times(self, receiver: Receiver) -> None:
        receiver.answers = [500]
        clock = Hand()
        with SimulatorServer(clock=clock) as sim:
            dial(sim.url, webhook_url=receiver.url)
            for tries, wait in enumerate((10, 60, 300), start=1):
                until(lambda tries=tries: sim.ledger.deliveries()[0].tries == tries)  # type: ignore[misc]
                first = sim.ledger.deliveries()[0]
                assert first.due_at == clock.now + timedelta(seconds=wait)
                assert first.last_status == 500
                clock.later(wait)
            until(lambda: sim.ledger.deliveries()[0].state is DeliveryState.GIVEN_UP)
            assert sum(one["status"] == "initiating" for one in receiver.bodies) == 4

    def test_nobody_listening(self) -> None:
        clock = Hand()
        with SimulatorServer(clock=clock) as sim:
            dial(sim.url, webhook_url="http://127.0.0.1:1/x")
            until(lambda: sim.ledger.deliveries()[0].tries == 1)
            assert sim.ledger.deliveries()[0].last_status is None

    def test_account_webhooks_are_signed(self, receiver: Receiver) -> None:
        with SimulatorServer(pace=0.0) as sim:
            httpx.post(
                f"{sim.url}/webhooks/endpoints",
                json={"url": receiver.url, "secret": "s3cret"},
                headers=KEY,
            )
            dial(sim.url)
            until(lambda: len(receiver.got) == 2)
            for headers, raw in receiver.got:
                signed = headers["x-webhook-timestamp"].encode() + b"." + raw
                mac = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
                assert headers["x-webhook-signature"] == f"sha256={mac}"
                assert headers["x-webhook-event"] == json.loads(raw)["event"]
            assert len({headers["x-webhook-delivery-id"] for headers, _ in receiver.got}) == 2


class TestClock:
    def test_waiting_follows_a_clock_that_jumps(self) -> None:
        clock = Hand()

        async def jump() -> None:
            waiting = asyncio.create_task(wait_until(clock, clock.now + timedelta(days=3)))
            await asyncio.sleep(0.06)
            assert not waiting.done()
            clock.later(3 * 86400)
            await asyncio.wait_for(waiting, 5)

        asyncio.run(jump())


RUN = """
import sys
from pathlib import Path
from campaigns.simulator.main import run_simulator
run_simulator(port=0, ledger_path=Path(sys.argv[1]), limits={"start": 1000},
              ready=lambda url: print(url, flush=True))
"""


@contextmanager
def process(path: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    child = subprocess.Popen(
        [sys.executable, "-c", RUN, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        yield child.stdout.readline().strip(), child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


class TestKilled:
    def test_every_answered_dial_is_in_the_ledger_and_deliveries_go_on(
        self, tmp_path: Path, receiver: Receiver
    ) -> None:
        path = tmp_path / "ledger.db"
        answered: list[str] = []
        with process(path) as (url, child):
            killer = threading.Timer(0.02, os.kill, (child.pid, signal.SIGKILL))
            with httpx.Client(headers=KEY, trust_env=False) as client:
                for n in range(100_000):
                    number = f"+1415{n:05d}01"
                    try:
                        answer = client.post(
                            f"{url}/voice/outbound/dial",
                            json=body(number, webhook_url=receiver.url if n == 0 else None),
                        )
                    except httpx.TransportError:
                        break
                    if answer.status_code == 429:
                        continue
                    answered.append(answer.json()["call_id"])
                    if n == 50:
                        killer.start()
        assert answered
        oracle = Oracle.read(path)
        rung = [ring.call_id for ring in oracle.rings()]
        # The last one may have rung without its answer being read.
        assert rung[: len(answered)] == answered
        assert len(rung) <= len(answered) + 1
        assert oracle.rings()[0].attempt_hint == "attempt-1"
        oracle.close()
        with process(path) as (url, _), httpx.Client(headers=KEY, trust_env=False) as client:
            assert client.get(f"{url}/voice/status/{answered[0]}").status_code == 200
            until(lambda: {one["status"] for one in receiver.bodies} >= {"initiating", "ringing"})
