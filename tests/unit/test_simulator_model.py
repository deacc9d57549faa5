"""One call's life: drawn once, replayed from the seed, and read off the clock."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.simulator import bodies
from campaigns.simulator.model import (
    OUTBOUND,
    WEB,
    Call,
    Life,
    draw,
    has_ended,
    hung_up,
    phases,
    status_at,
    talked_s,
)
from campaigns.simulator.script import Becomes, dice_for

PLACED = datetime(2026, 3, 7, 10, 0, tzinfo=UTC)
ENDINGS = ["completed", "no_answer", "busy", "failed", "voicemail", "cancelled", "carrier_error"]


def after(seconds: float) -> datetime:
    return PLACED + timedelta(seconds=seconds)


def life(becomes: Becomes, seed: int = 1, type_: str = OUTBOUND, max_duration_s: int = 600) -> Life:
    return draw(
        becomes,
        type_=type_,
        at=PLACED,
        max_duration_s=max_duration_s,
        dice=Random(seed),
        pace=1.0,
    )


def call(becomes: Becomes, **what: object) -> Call:
    values: dict[str, object] = {
        "n": 7,
        "call_id": "call_1",
        "session_id": "call_1",
        "key": "k",
        "type": OUTBOUND,
        "agent_id": "agent_xyz",
        "to_number": "+14155551234",
        "from_number": "+18005551234",
        "created_at": PLACED,
        "becomes": becomes,
        "life": life(becomes),
    }
    return Call(**(values | what))  # type: ignore[arg-type]


def seconds(instant: datetime | None) -> float:
    assert instant is not None
    return (instant - PLACED).total_seconds()


class TestPhases:
    @given(st.integers(0, 2000))
    def test_completed(self, seed: int) -> None:
        drawn = life(Becomes(), seed)
        assert 1 <= seconds(drawn.ringing_at) <= 3
        assert 5 <= seconds(drawn.answered_at) - seconds(drawn.ringing_at) <= 25
        assert 20 <= seconds(drawn.ended_at) - seconds(drawn.answered_at) <= 110
        assert drawn.ended_reason == "user_hangup"

    @given(st.integers(0, 2000))
    def test_the_unanswered(self, seed: int) -> None:
        quiet = life(Becomes(status="no_answer"), seed)
        assert 30 <= seconds(quiet.ended_at) - seconds(quiet.ringing_at) <= 45
        busy = life(Becomes(status="busy"), seed)
        assert busy.ringing_at is None
        assert 2 <= seconds(busy.ended_at) <= 4
        assert 1 <= seconds(life(Becomes(status="failed"), seed).ended_at) <= 3

    def test_talk_is_cut_at_max_duration(self) -> None:
        drawn = life(Becomes(talk_s=500), max_duration_s=30)
        assert drawn.answered_at is not None
        assert drawn.ended_at == drawn.answered_at + timedelta(seconds=30)
        assert drawn.ended_reason == "max_duration"

    def test_live_never_ends(self) -> None:
        one = call(Becomes(status="live"))
        assert status_at(one, after(10**6)) == "in_progress"
        assert not has_ended(one, after(10**6))

    def test_answered_before_another_ending(self) -> None:
        words = [phase.status for phase in phases(call(Becomes(status="voicemail", answered=True)))]
        assert words == ["initiating", "ringing", "in_progress", "voicemail"]

    def test_a_browser_session_does_not_ring(self) -> None:
        drawn = life(Becomes(), type_=WEB)
        assert drawn.ringing_at is None
        assert drawn.answered_at is not None

    def test_the_same_seed_number_and_count_replay_the_same_life(self) -> None:
        def lived(seed: int, nth: int) -> Life:
            return draw(
                Becomes(),
                type_=OUTBOUND,
                at=PLACED,
                max_duration_s=600,
                dice=dice_for(seed, "+14155551234", nth),
                pace=1.0,
            )

        assert lived(1, 1) == lived(1, 1)
        assert lived(1, 1) != lived(1, 2)
        assert lived(1, 1) != lived(2, 1)

    @given(st.sampled_from(ENDINGS), st.booleans(), st.floats(0, 300))
    def test_the_status_is_the_last_phase_reached(
        self, status: str, answered: bool, later: float
    ) -> None:
        one = call(Becomes(status=status, answered=answered))
        reached = [phase.status for phase in phases(one) if phase.at <= after(later)]
        assert status_at(one, after(later)) == reached[-1]
        assert [phase.at for phase in phases(one)] == sorted(phase.at for phase in phases(one))

    def test_a_pace_of_zero_ends_at_once(self) -> None:
        drawn = draw(
            Becomes(), type_=OUTBOUND, at=PLACED, max_duration_s=600, dice=Random(1), pace=0
        )
        assert status_at(call(Becomes(), life=drawn), PLACED) == "completed"


class TestHangingUp:
    @pytest.mark.parametrize(
        ("later", "status"), [(0.5, "cancelled"), (3.5, "cancelled"), (29, "completed")]
    )
    def test_an_answered_call_completes_any_other_is_cancelled(
        self, later: float, status: str
    ) -> None:
        ended = hung_up(call(Becomes(talk_s=100)), after(later))
        assert status_at(ended, after(later)) == status
        assert ended.life.ended_reason == "ended_by_api"
        assert all(phase.at <= after(later) for phase in phases(ended))

    def test_a_call_that_is_over_stays_as_it_was(self) -> None:
        one = call(Becomes(status="busy"))
        assert hung_up(one, after(60)) == one


class TestBodies:
    def test_status_of_a_finished_call(self) -> None:
        one = call(
            Becomes(),
            life=Life(
                ringing_at=after(2),
                answered_at=after(5),
                ended_at=after(150),
                ended_status="completed",
            ),
        )
        assert bodies.session(one, after(200)) == {
            "session_id": "call_1",
            "status": "completed",
            "duration": 145,
            "agent_id": "agent_xyz",
            "to_number": "+14155551234",
            "from_number": "+18005551234",
            "started_at": "2026-03-07T10:00:05Z",
            "ended_at": "2026-03-07T10:02:30Z",
            "tokens_used": 1247,
        }

    def test_nothing_is_said_of_the_future(self) -> None:
        one = call(Becomes(talk_s=60))
        soon = bodies.session(one, after(1))
        assert (soon["status"], soon["ended_at"], soon["duration"]) == ("initiating", None, 0)
        assert bodies.transcript(one, after(1))["transcript"] == []
        assert bodies.v2(one, after(1), lag_s=5, recording_url=None)["ended_reason"] is None

    def test_a_transcript_grows_while_they_talk(self) -> None:
        one = call(Becomes(talk_s=60), context={"customer_name": "Jane"})
        assert one.life.answered_at is not None
        begun, over = (
            bodies.transcript(one, one.life.answered_at + timedelta(seconds=second))["transcript"]
            for second in (1, 60)
        )
        assert len(begun) == 1
        assert begun[0]["text"] == "Hello, Jane, this is agent_xyz calling."
        assert len(over) > len(begun)
        assert {line["role"] for line in over} == {"agent", "user"}

    def test_the_newer_generation_says_it_in_its_own_words(self) -> None:
        one = call(Becomes(talk_s=60, outcome="reschedule", tags=("callback",)))
        over = bodies.v2(one, after(300), lag_s=5, recording_url=None)
        assert (over["id"], over["status"], over["type"]) == (7, "ended", "outbound")
        assert over["analysis"]["summary"]["outcome"] == "reschedule"
        assert over["analysis"]["tags"] == ["callback"]
        assert over["transcript"][0]["role"] == "assistant"
        assert isinstance(over["transcript"][0]["timestamp"], str)
        assert over["cost"]["total_usd"] == pytest.approx(0.06)
        assert sum(over["cost"]["breakdown"].values()) == pytest.approx(0.06)
        assert (over["caller_phone"], over["phone_number"]) == ("+14155551234", "+18005551234")

    def test_the_analysis_comes_later_and_only_for_talk(self) -> None:
        one = call(Becomes(talk_s=60))
        assert one.life.ended_at is not None
        assert bodies.analysis(one, one.life.ended_at, lag_s=5) is None
        assert bodies.analysis(one, one.life.ended_at + timedelta(seconds=5), lag_s=5)
        assert bodies.analysis(call(Becomes(status="busy")), after(300), lag_s=5) is None

    def test_a_failed_call_is_an_error_there(self) -> None:
        one = call(Becomes(status="failed"))
        assert bodies.v2(one, after(60), lag_s=5, recording_url=None)["status"] == "error"
        assert talked_s(one, after(60)) == 0
