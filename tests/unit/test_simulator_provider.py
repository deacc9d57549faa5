"""Placing calls with the simulated provider, and going on after a restart."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.errors import InputError
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.oracle import Oracle
from tests.support.simulated import HOOK, START, Simulated, body, said


class TestDial:
    def test_the_answer_of_the_pages(self) -> None:
        sim = Simulated()
        reply = sim.dial("+14155551234", context={"order_id": "ORD-123"}, webhook_url=HOOK)
        body = said(reply)
        assert body == {
            "call_id": body["call_id"],
            "status": "initiating",
            "agent_id": "agent_xyz",
            "to_number": "+14155551234",
            "created_at": "2026-03-07T10:00:00Z",
        }
        assert reply.all_headers["x-simulator"] == "1"

    def test_the_ring_is_in_the_ledger_with_its_attempt(self) -> None:
        sim = Simulated()
        call_id = sim.placed(webhook_url=HOOK, context={"a": 1})
        (ring,) = sim.ledger.rings()
        assert (ring.call_id, ring.to_number) == (call_id, "+14155551200")
        assert ring.attempt_hint == "0f8f-attempt"
        assert ring.context == {"a": 1}
        assert ring.placed_at == START
        assert timedelta(seconds=1) <= ring.rang_at - START <= timedelta(seconds=3)
        assert "+14155551200" not in repr(ring)

    def test_no_attempt_is_guessed(self) -> None:
        sim = Simulated()
        sim.placed("+14155551201")
        sim.placed("+14155551202", webhook_url="https://example.com/call-events")
        assert [ring.attempt_hint for ring in sim.ledger.rings()] == [None, None]

    @pytest.mark.parametrize(
        ("change", "status", "names"),
        [
            ({"to_number": "4155551234"}, 422, "to_number"),
            ({"to_number": None}, 422, "to_number"),
            ({"to_number": "+14155551295"}, 422, "to_number"),
            ({"from_number": "+18005550000"}, 400, "from_number"),
            ({"agent_id": "nobody"}, 400, "agent_id"),
            ({"agent_id": ""}, 422, "agent_id"),
            ({"max_duration": 0}, 422, "max_duration"),
            ({"max_duration": "9"}, 422, "max_duration"),
            ({"context": []}, 422, "context"),
            ({"recording": "yes"}, 422, "recording"),
            ({"scheduled_at": "tomorrow"}, 422, "scheduled_at"),
            ({"webhook_url": "ftp://x"}, 422, "webhook_url"),
        ],
    )
    def test_what_is_wrong_is_named_and_rings_nobody(
        self, change: dict[str, object], status: int, names: str
    ) -> None:
        sim = Simulated(agents=frozenset({"agent_xyz"}), from_numbers=frozenset({"+18005551234"}))
        reply = sim.ask("POST", "/voice/outbound/dial", body() | change)
        answer = said(reply)
        assert (reply.status, answer["status"]) == (status, status)
        assert names in answer["detail"]
        assert not sim.ledger.rings()

    def test_a_body_that_is_no_object(self) -> None:
        assert Simulated().ask("POST", "/voice/outbound/dial", [1]).status == 422

    def test_an_empty_balance(self) -> None:
        sim = Simulated(balance=1)
        sim.placed("+14155551201")
        assert sim.dial("+14155551202").status == 402
        assert sim.dial("+14155551202", key="sim_other").status == 200

    def test_the_script_follows_a_number_over_its_calls(self) -> None:
        sim = Simulated()
        words = []
        for _ in range(3):
            call_id = sim.placed("+14155551275")
            sim.later(200)
            words.append(sim.get(f"/voice/status/{call_id}")["status"])
        assert words == ["no_answer", "no_answer", "completed"]

    def test_a_scheduled_call_rings_then(self) -> None:
        sim = Simulated()
        call_id = sim.placed(scheduled_at="2026-03-07T12:00:00Z")
        sim.later(3600)
        assert sim.get(f"/voice/status/{call_id}")["status"] == "initiating"
        (ring,) = sim.ledger.rings()
        assert ring.rang_at > START + timedelta(hours=2)

    def test_the_same_seed_replays_a_run(self) -> None:
        def run(seed: int) -> list[tuple[object, ...]]:
            sim = Simulated(seed=seed)
            calls = [sim.placed(f"+141555512{n:02d}") for n in (1, 62, 81, 91)]
            sim.later(7)
            return [tuple(sim.get(f"/voice/status/{one}").items())[1:] for one in calls]

        assert run(1) == run(1)
        assert [ring.rang_at for ring in _rings(1)] != [ring.rang_at for ring in _rings(2)]


def _rings(seed: int) -> tuple[Any, ...]:
    sim = Simulated(seed=seed)
    sim.placed()
    return sim.ledger.rings()


class TestRestart:
    def test_calls_counts_and_limits_go_on_where_they_were(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.db"
        before = Simulated(Ledger(path), limits={"start": 2})
        call_id = before.placed("+14155551261", webhook_url=HOOK)
        before.ledger.close()
        after = Simulated(Ledger(path), limits={"start": 2})
        after.later(50)
        assert after.get(f"/voice/status/{call_id}")["status"] == "no_answer"
        again = after.placed("+14155551261")
        assert after.dial("+14155551262").status == 429
        after.later(120)
        assert after.get(f"/voice/status/{again}")["status"] == "completed"
        assert len(Oracle.read(path).rings("+14155551261")) == 2

    def test_a_file_that_is_no_ledger(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("not a database, really not one at all")
        with pytest.raises(InputError, match="cannot be opened"):
            Ledger(tmp_path / "x")
        with pytest.raises(InputError, match="name another file"):
            Ledger(tmp_path / "nowhere" / "x")

    def test_a_transaction_is_whole_or_not_at_all(self) -> None:
        sim = Simulated()

        def half_done() -> None:
            with sim.ledger.transaction():
                sim.placed()
                raise KeyError

        with pytest.raises(KeyError):
            half_done()
        assert not sim.ledger.rings()
        assert not sim.ledger.requests()
