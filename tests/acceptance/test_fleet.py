"""The fleet form, with real processes: everyone gets one outcome, and calls as scripted.

Judged by the simulator's ledger: which phone rang, when, how often, under which limit.
"""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest
import redis

from campaigns.simulator.limits import Kind
from campaigns.simulator.stats import max_in_sliding
from tests.support.processes import wait_until
from tests.support.rehearsed import FAST, Rehearsed, promised, rehearsed

pytestmark = pytest.mark.timeout(900)


def test_a_campaign_through_workers_webhooks_and_retries() -> None:
    with rehearsed() as world:
        world.fleet.start(workers=2, beats=2)
        world.submit(30)
        world.fleet.wait_done(within=180)
        assert world.outcomes() == promised(30)
        ledger = world.simulator.ledger
        assert ledger.rung_while_live() == 0
        assert set(ledger.rings_per_attempt().values()) == {1}
        answers = [request.status for request in ledger.requests()]
        assert 429 not in answers
        assert len(world.fleet.rows("SELECT 1 FROM dial_task WHERE outcome IS NULL")) == 0
        starts = ledger.arrivals(Kind.START)
        assert max_in_sliding(starts, timedelta(seconds=60)) <= FAST["start"]


def test_without_a_beat_workers_tick_themselves_and_drain_on_sigterm() -> None:
    with rehearsed() as world:
        world.fleet.start(workers=1, beats=0)
        world.submit(3)
        world.fleet.wait_done(within=120)
        assert world.outcomes() == promised(3)
        worker = world.fleet.processes["worker0"]
        worker.terminate()
        assert worker.wait(20) == 0
        assert "drained: 0 calls finished their POST, 0 unknown" in world.fleet.log("worker0")


def test_a_post_under_way_is_finished_before_a_worker_ends() -> None:
    """The provider takes eight seconds to answer; the worker is told to end in between."""
    with rehearsed(latency=timedelta(milliseconds=8_000), speed=1.0) as world:
        world.fleet.start(workers=1, beats=1)
        world.submit(1)
        under_way = "SELECT 1 FROM attempt WHERE state = 'dialing'"
        wait_until(lambda: bool(world.fleet.rows(under_way)), within=60, what="a POST")
        worker = world.fleet.processes["worker0"]
        worker.terminate()
        assert worker.wait(20) == 0
        # Told between intent and first byte it counts none; what matters is that none is unknown.
        assert re.search(r"drained: [01] calls finished their POST, 0 unknown", _log(world))
        (attempt,) = world.fleet.rows("SELECT state, answer FROM attempt")
        assert attempt["answer"] == "accepted"


def _log(world: Rehearsed) -> str:
    return world.fleet.log("worker0")


def test_messages_and_logs_hold_no_number_and_no_context() -> None:
    """Ids only in messages; what processes write never names a person."""
    with rehearsed() as world:
        world.fleet.start(workers=1, beats=1)
        broker = redis.Redis.from_url(world.redis.url)
        seen: list[bytes] = []
        with broker.monitor() as monitor:
            world.submit(5)
            world.fleet.wait_done(within=120)
            broker.set("over", 1)
            for command in monitor.listen():
                seen.append(str(command["command"]).encode())
                if "SET over" in str(command["command"]):
                    break
        said = (
            b" ".join(seen)
            + "".join(world.fleet.log(name) for name in world.fleet.processes).encode()
        )
        assert b"workers.tasks.dial" in said
        assert not re.findall(rb"1617555\d{4}|Person \d", said)
        # Celery base64-encodes message bodies: look inside as well.
        bodies = re.findall(rb'"body": ?\\?"([A-Za-z0-9+/=]{16,})', said)
        assert bodies
        inside = b" ".join(base64.b64decode(body + b"==") for body in bodies)
        assert not re.findall(rb"1617555\d{4}|Person \d", inside)


def test_a_worker_listens_to_nothing_but_its_queues() -> None:
    """A subscription that breaks and comes back is read for ever: its worker would be deaf."""
    with rehearsed() as world:
        world.fleet.start(workers=1, beats=1)
        with redis.Redis(port=world.redis.port) as broker:
            alive = world.fleet.root / "worker0.alive"
            wait_until(alive.exists, within=60, what="a worker")
            broker.client_kill_filter(_type="pubsub")
            world.submit(1)
            world.fleet.wait_done(within=24)
            assert broker.client_list(_type="pubsub") == []
