"""The simulated provider at its door: keys, limits, faults, and the control beside it."""

from datetime import datetime

import pytest

from campaigns.errors import ConfigurationError
from campaigns.simulator.faults import PLACED, Fault, FaultKind
from campaigns.simulator.limits import Counting, Kind
from campaigns.simulator.messages import Wire
from campaigns.simulator.rows import Verdict
from campaigns.simulator.settings import SimulatorSettings
from tests.support.simulated import HOOK, START, Simulated, said


class TestDoor:
    @pytest.mark.parametrize("key", ["", "tk_live", "Sim_one"])
    def test_any_key_but_a_simulators_is_refused(self, key: str) -> None:
        sim = Simulated()
        reply = sim.dial(key=key)
        assert (reply.status, reply.all_headers["x-simulator"]) == (401, "1")
        assert sim.ledger.requests()[0].verdict is Verdict.UNAUTHORIZED
        assert not sim.ledger.rings()

    @pytest.mark.parametrize(
        ("limit", "target"),
        [
            (10, "/voice/outbound/dial"),
            (30, "/voice/start"),
            (60, "/voice/status/x"),
            (30, "/voice/sessions"),
            (30, "/voice/sessions/x"),
            (120, "/v2/calls/x"),
        ],
    )
    def test_the_limits_of_the_pages(self, limit: int, target: str) -> None:
        sim = Simulated()
        method = "POST" if target.endswith(("dial", "start")) else "GET"
        statuses = [sim.ask(method, target, {}).status for _ in range(limit + 1)]
        assert 429 not in statuses[:limit]
        assert statuses[limit] == 429

    def test_list_and_details_share_a_limit(self) -> None:
        sim = Simulated(limits={"sessions": 1})
        sim.get("/voice/sessions")
        assert sim.get("/voice/sessions/x")["status"] == 429

    def test_a_refusal_tells_when_to_come_back_and_does_not_count(self) -> None:
        sim = Simulated(limits={"start": 1})
        first = sim.dial().all_headers
        assert (first["x-ratelimit-limit"], first["x-ratelimit-remaining"]) == ("1", "0")
        sim.later(20)
        refused = sim.dial()
        assert (refused.status, refused.all_headers["retry-after"]) == (429, "41")
        assert refused.all_headers["x-ratelimit-reset"] == str(int(START.timestamp()) + 61)
        sim.later(41)
        assert sim.dial().status == 200
        assert len(sim.ledger.rings()) == 2

    def test_headers_may_be_missing(self) -> None:
        sim = Simulated(limits={"start": 0}, retry_after=False, rate_headers=False)
        assert set(sim.dial().all_headers) == {"content-type", "content-length", "x-simulator"}

    def test_a_bucket_of_one(self) -> None:
        sim = Simulated(counting=Counting.BUCKET1)
        assert [sim.dial().status, sim.dial().status] == [200, 429]
        sim.later(6)
        assert sim.dial().status == 200

    def test_an_unknown_limit_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="starts: expected one of start"):
            SimulatorSettings(limits={"starts": 3})


class TestFaults:
    @pytest.mark.parametrize("kind", FaultKind)
    def test_the_name_says_whether_the_phone_rings(self, kind: FaultKind) -> None:
        sim = Simulated()
        reply = sim.dial(fault=Fault(fault=kind))
        assert bool(sim.ledger.rings()) == (kind in PLACED)
        (row,) = sim.ledger.requests()
        assert (row.fault, row.n) == (kind, reply.request)
        assert row.status == (None if reply.wire is Wire.CLOSE else reply.status)

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            ("error_placed", 500),
            ("error_not_placed", 500),
            ("html", 200),
            ("html_placed", 200),
            ("no_call_id", 200),
            ("unauthorized", 401),
            ("no_balance", 402),
            ("too_many", 429),
        ],
    )
    def test_what_is_answered(self, kind: FaultKind, status: int) -> None:
        reply = Simulated().dial(fault=Fault(fault=kind, retry_after=7))
        assert reply.status == status
        assert b"call_id" not in reply.body
        assert ("html" in reply.type) == kind.startswith("html")
        assert reply.all_headers.get("retry-after") == ("7" if kind == "too_many" else None)

    def test_how_a_socket_is_lost(self) -> None:
        lost = Fault(fault=FaultKind.LOST_AFTER_RINGING)
        assert Simulated().dial(fault=lost).wire is Wire.CLOSE
        reset = Fault(fault=FaultKind.LOST_BEFORE_PLACING, reset=True)
        assert Simulated().dial(fault=reset).wire is Wire.RESET

    def test_a_fault_does_not_hide_a_refusal(self) -> None:
        reply = Simulated().dial("+14155551295", fault=Fault(fault=FaultKind.HTML_PLACED))
        assert reply.status == 422

    def test_a_storm_of_429_leaves_the_count_alone(self) -> None:
        sim = Simulated(limits={"start": 1})
        sim.dial(fault=Fault(fault=FaultKind.TOO_MANY))
        assert sim.dial().status == 200


class TestEndpoints:
    def test_registering_an_account_webhook(self) -> None:
        sim = Simulated()
        body = said(sim.ask("POST", "/webhooks/endpoints", {"url": "https://e.example/h"}))
        assert body["secret"].startswith("whsec_")
        sim.placed()
        assert [one.event for one in sim.ledger.deliveries()] == [
            "voice.call.started",
            "voice.call.ended",
        ]

    @pytest.mark.parametrize("body", [None, {"url": "x"}, {"url": "http://x", "events": ["y"]}])
    def test_a_wrong_registration(self, body: object) -> None:
        assert Simulated().ask("POST", "/webhooks/endpoints", body).status == 422


class TestControl:
    def test_next_walks_through_every_phase_and_delivery(self) -> None:
        sim = Simulated()
        assert sim.get("/_sim/next")["at"] is None
        sim.placed("+14155551281", webhook_url=HOOK)
        assert sim.get("/_sim/next")["at"] == "2026-03-07T10:00:00.000000Z"
        sim.ledger.run("UPDATE delivery SET state = 'delivered'")
        seen = []
        while at := sim.get("/_sim/next")["at"]:
            sim.now = datetime.fromisoformat(at)
            seen.append(at)
        ring = sim.ledger.rings()[0]
        assert [datetime.fromisoformat(at) for at in seen] == [ring.rang_at, ring.ended_at]

    def test_stats_judge_the_starts(self) -> None:
        sim = Simulated(limits={"start": 2})
        for _ in range(3):
            sim.dial("+14155551201")
        stats = sim.get("/_sim/stats")
        assert stats["starts"] | {"first": "", "last": ""} == {
            "arrived": 3,
            "granted": 2,
            "refused": 1,
            "first": "",
            "last": "",
            "max_in_sliding": 3,
            "max_per_calendar_minute": 3,
            "max_by_bucket": 3.0,
            "utilisation": None,
        }
        assert stats["requests"] == {"start": {"200": 2, "429": 1}}
        assert stats["rings"]["rung_while_live"] == 1
        assert stats["rings_per_number"] == {"+14155551201": 2}
        assert sim.get("/_sim/stats?since=2026-03-07T10:00:01Z")["starts"]["arrived"] == 0

    def test_two_rings_for_one_attempt_are_counted(self) -> None:
        sim = Simulated()
        sim.placed("+14155551201", webhook_url=HOOK)
        sim.placed("+14155551202", webhook_url=HOOK)
        assert sim.get("/_sim/stats")["rings"]["attempts_rung_twice"] == 1

    def test_the_ledger_is_paged(self) -> None:
        sim = Simulated()
        for n in range(3):
            sim.placed(f"+1415555120{n}")
        page = sim.get("/_sim/ledger?limit=2")
        assert [ring["to_number"][-1] for ring in page["rings"]] == ["0", "1"]
        rest = sim.get("/_sim/ledger?limit=2&rings_after=2&kind=start&requests_after=1")
        assert [ring["n"] for ring in rest["rings"]] == [3]
        assert [request["n"] for request in rest["requests"]] == [2, 3]
        assert sim.get("/_sim/ledger?limit=x")["status"] == 422
        assert sim.get("/_sim/ledger?kind=x")["status"] == 422

    def test_script_and_faults_change_while_it_runs(self) -> None:
        sim = Simulated()
        assert said(sim.ask("POST", "/_sim/script", [{"calls": "busy"}])) == {"rules": 1}
        call_id = sim.placed()
        sim.later(10)
        assert sim.get(f"/voice/status/{call_id}")["status"] == "busy"
        assert said(sim.ask("POST", "/_sim/faults", [{"fault": "html"}])) == {"faults": 1}
        assert sim.provider.faults.next(Kind.START, None) is not None
        assert sim.ask("POST", "/_sim/faults", [{"fault": "gremlins"}]).status == 422

    def test_reset_forgets_everything(self) -> None:
        sim = Simulated(limits={"start": 1})
        sim.placed("+14155551261")
        sim.ask("POST", "/_sim/reset")
        assert not sim.ledger.rings()
        assert not sim.ledger.requests()
        call_id = sim.placed("+14155551261")
        sim.later(300)
        assert sim.get(f"/voice/status/{call_id}")["status"] == "no_answer"

    def test_nothing_else_is_there(self) -> None:
        assert Simulated().get("/_sim/secrets")["status"] == 404
