"""What the simulated provider says of the calls that were placed."""

from datetime import timedelta

import pytest

from tests.support.simulated import HOOK, Simulated, said


class TestLookUps:
    def test_status_binds_a_call_by_its_numbers_and_agent(self) -> None:
        sim = Simulated()
        body = sim.get(f"/voice/status/{sim.placed()}")
        assert (body["to_number"], body["from_number"], body["agent_id"]) == (
            "+14155551200",
            "+18005551234",
            "agent_xyz",
        )

    def test_ids_may_differ_between_the_generations(self) -> None:
        sim = Simulated(same_ids=False)
        call_id = sim.placed()
        assert sim.get(f"/voice/status/{call_id}")["status"] == 404
        (listed,) = sim.get("/voice/sessions")["sessions"]
        assert listed["session_id"].startswith("session_")
        assert sim.get(f"/voice/status/{listed['session_id']}")["status"] == "initiating"
        assert sim.get(f"/v2/calls/{call_id}")["id"] == 1

    def test_v2_may_know_only_its_own_integers(self) -> None:
        sim = Simulated(v2_takes_call_id=False)
        assert sim.get(f"/v2/calls/{sim.placed()}") == {"detail": "Call not found", "status": 404}
        assert sim.get("/v2/calls/1")["id"] == 1

    def test_another_keys_call(self) -> None:
        sim = Simulated()
        call_id = sim.placed()
        assert sim.get(f"/voice/status/{call_id}", key="sim_two")["status"] == 404
        assert sim.get(f"/v2/calls/{call_id}", key="sim_two")["status"] == 403
        assert sim.get("/voice/sessions", key="sim_two")["sessions"] == []

    def test_lists_are_filtered_paged_and_newest_first(self) -> None:
        sim = Simulated()
        for n in range(5):
            sim.placed(f"+141555512{n:02d}", agent_id="even" if n % 2 == 0 else "odd")
            sim.later(60)
        sim.later(600)
        numbers = [one["to_number"][-1] for one in sim.get("/voice/sessions")["sessions"]]
        assert numbers == ["4", "3", "2", "1", "0"]
        page = sim.get("/voice/sessions?limit=2&offset=1&agent_id=even")
        assert [one["to_number"][-1] for one in page["sessions"]] == ["2", "0"]
        assert page["total"] == 3
        spell = "/voice/sessions?start_date=2026-03-07T10:01:00Z&end_date=2026-03-07T10:02:00Z"
        assert len(sim.get(spell)["sessions"]) == 2
        assert len(sim.get("/voice/sessions?status=completed")["sessions"]) == 5
        assert sim.get("/voice/sessions?status=failed")["sessions"] == []

    @pytest.mark.parametrize("query", ["limit=101", "limit=0", "offset=-1", "start_date=monday"])
    def test_a_wrong_filter_is_refused(self, query: str) -> None:
        assert Simulated().get(f"/voice/sessions?{query}")["status"] == 422

    def test_unanswered_and_young_calls_may_be_missing_from_the_list(self) -> None:
        sim = Simulated(list_unanswered=False, list_lag=timedelta(seconds=120))
        sim.placed("+14155551281")
        sim.placed("+14155551201")
        sim.later(119)
        assert sim.get("/voice/sessions")["sessions"] == []
        sim.later(1)
        assert [one["to_number"] for one in sim.get("/voice/sessions")["sessions"]] == [
            "+14155551201"
        ]

    def test_a_recording_lives_an_hour_at_its_signed_address(self) -> None:
        sim = Simulated()
        call_id = sim.placed(recording=True)
        assert sim.get(f"/voice/sessions/{call_id}")["recording_id"] is None
        sim.later(300)
        recording_id = sim.get(f"/voice/sessions/{call_id}")["recording_id"]
        body = sim.get(f"/voice/recording/{recording_id}")
        assert body["recording_id"] == recording_id
        target = body["url"].removeprefix("http://localhost:1")
        assert sim.ask("GET", target).body.startswith(b"RIFF")
        assert sim.ask("GET", target[:-1] + "0").status == 403
        sim.later(3600)
        assert sim.ask("GET", target).status == 403

    @pytest.mark.parametrize("id_", ["rec_nothing", "call_1", "x"])
    def test_no_recording(self, id_: str) -> None:
        assert Simulated().get(f"/voice/recording/{id_}")["status"] == 404

    def test_transcript_analysis_and_cost_of_a_finished_call(self) -> None:
        sim = Simulated()
        call_id = sim.placed("+14155551251")
        sim.later(300)
        spoken = sim.get(f"/v1/widget/transcript/{call_id}")
        assert spoken["call_id"] == call_id
        assert spoken["transcript"][0]["role"] == "agent"
        newer = sim.get(f"/v2/calls/{call_id}")
        assert newer["analysis"]["summary"]["outcome"] == "reschedule"
        assert newer["cost"]["total_usd"] > 0

    def test_a_browser_session(self) -> None:
        sim = Simulated()
        body = said(sim.ask("POST", "/voice/start", {"agent_id": "agent_xyz"}))
        assert set(body) == {"session_id", "token", "websocket_url", "livekit_url"}
        assert body["websocket_url"].endswith(body["session_id"])
        sim.later(3)
        assert sim.get(f"/voice/status/{body['session_id']}")["status"] == "in_progress"
        assert not sim.ledger.rings()

    def test_answers_may_be_wrapped(self) -> None:
        sim = Simulated(wrapped=True)
        body = said(sim.dial())
        assert (body["message"], body["status"]) == ("Success", 200)
        assert body["data"]["status"] == "initiating"
        assert sim.get("/voice/status/nobody") == {"detail": "Session not found", "status": 404}

    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_an_address_that_is_not_on_the_pages(self, method: str) -> None:
        assert Simulated().ask(method, "/voice/nothing").status == 404


class TestHangingUp:
    def test_a_ringing_call_is_cancelled_and_its_later_events_withdrawn(self) -> None:
        sim = Simulated()
        call_id = sim.placed(webhook_url=HOOK)
        sim.later(4)
        assert said(sim.ask("POST", f"/voice/end/{call_id}"))["status"] == "cancelled"
        states = {one.event: one.state for one in sim.ledger.deliveries()}
        assert states["call.completed"] == states["call.in_progress"] == "withdrawn"
        assert states["call.cancelled"] == "pending"
        (ring,) = sim.ledger.rings()
        assert (ring.ended_at, ring.stopped_at) == (sim.now, None)

    def test_a_call_stopped_before_it_rang_says_so(self) -> None:
        sim = Simulated()
        call_id = sim.placed(scheduled_at="2026-03-07T12:00:00Z")
        sim.ask("POST", f"/voice/end/{call_id}")
        assert sim.ledger.rings()[0].stopped_at == sim.now

    def test_a_call_that_is_over_stays_as_it_is(self) -> None:
        sim = Simulated()
        call_id = sim.placed("+14155551281")
        sim.later(300)
        assert said(sim.ask("POST", f"/voice/end/{call_id}"))["status"] == "no_answer"
