"""Which request a fault strikes, and what is sent to webhook addresses."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from campaigns.simulator.clocks import MappedClock
from campaigns.simulator.faults import PLACED, Fault, FaultBook, FaultKind
from campaigns.simulator.limits import Kind
from campaigns.simulator.model import OUTBOUND, Call, Life, Phase
from campaigns.simulator.script import Becomes
from campaigns.simulator.webhooks import (
    DeliveryState,
    Endpoint,
    Form,
    WebhookOptions,
    deliveries,
    own_body,
    sign,
)

PLACED_AT = datetime(2026, 3, 7, 10, 0, tzinfo=UTC)


def struck(book: FaultBook, requests: int, number: str = "+14155550100") -> list[int]:
    return [n for n in range(1, requests + 1) if book.next(Kind.START, number)]


class TestChoosing:
    @pytest.mark.parametrize(
        ("requests", "hit"), [("3", [3]), ("2-4", [2, 3, 4]), ("5-", [5, 6]), (1, [1])]
    )
    def test_by_count_of_requests(self, requests: object, hit: list[int]) -> None:
        fault = Fault.model_validate({"fault": "slow", "requests": requests})
        assert struck(FaultBook((fault,), 1), 6) == hit

    def test_by_number(self) -> None:
        book = FaultBook(
            (Fault(fault=FaultKind.HTML, number="+14155550101"), Fault.model_validate(
                {"fault": "slow", "last_two": "70-79"})), 1
        )  # fmt: skip
        assert struck(book, 1, "+14155550101")
        assert struck(book, 1, "+14155550175")
        assert not struck(book, 1, "+14155550102")
        assert not struck(book, 1, "not a number")

    def test_by_chance_that_the_seed_decides(self) -> None:
        fault = Fault(fault=FaultKind.SLOW, chance=0.1)
        first = struck(FaultBook((fault,), 1), 1000)
        assert first == struck(FaultBook((fault,), 1), 1000)
        assert 60 < len(first) < 140
        assert first != struck(FaultBook((fault,), 2), 1000)

    def test_at_most_so_many_times(self) -> None:
        assert struck(FaultBook((Fault(fault=FaultKind.SLOW, times=2),), 1), 9) == [1, 2]

    def test_the_first_that_fits_and_only_its_endpoint(self) -> None:
        book = FaultBook(
            (
                Fault(fault=FaultKind.SLOW, endpoint=Kind.STATUS),
                Fault(fault=FaultKind.CUT_OFF, endpoint=None),
            ),
            1,
        )
        found = [book.next(kind, None) for kind in (Kind.STATUS, Kind.START)]
        assert [fault.fault for fault in found if fault] == [FaultKind.SLOW, FaultKind.CUT_OFF]

    def test_the_names_say_whether_the_phone_rings(self) -> None:
        for kind in FaultKind:
            if "placed" in kind or "placing" in kind:
                assert (kind in PLACED) == (
                    kind not in (FaultKind.ERROR_NOT_PLACED, FaultKind.LOST_BEFORE_PLACING)
                )


def call(**what: object) -> Call:
    values: dict[str, object] = {
        "call_id": "call_1",
        "session_id": "call_1",
        "key": "mine",
        "type": OUTBOUND,
        "agent_id": "agent_xyz",
        "to_number": "+14155551234",
        "from_number": "+18005551234",
        "webhook_url": "http://engine/hooks/v1/k/a/m",
        "created_at": PLACED_AT,
        "life": Life(
            ringing_at=PLACED_AT + timedelta(seconds=2),
            answered_at=PLACED_AT + timedelta(seconds=5),
            ended_at=PLACED_AT + timedelta(seconds=150),
            ended_status="completed",
        ),
    }
    return Call(**(values | what))  # type: ignore[arg-type]


def sent(one: Call, options: WebhookOptions | None = None, *endpoints: Endpoint) -> list[object]:
    found = deliveries(one, endpoints, options or WebhookOptions(), Random(1))
    return [json.loads(delivery.body) for delivery in found]


class TestOwnWebhooks:
    def test_one_event_for_each_phase_when_it_is_reached(self) -> None:
        found = deliveries(call(), (), WebhookOptions(), Random(1))
        assert [delivery.event for delivery in found] == [
            "call.initiating",
            "call.ringing",
            "call.in_progress",
            "call.completed",
        ]
        assert [(one.due_at - PLACED_AT).total_seconds() for one in found] == [0, 2, 5, 150]
        assert json.loads(found[-1].body) == {
            "event": "call.completed",
            "call_id": "call_1",
            "status": "completed",
            "duration": 145,
            "timestamp": "2026-03-07T10:02:30Z",
        }
        assert found[-1].secret is None

    def test_the_older_form_names_no_event(self) -> None:
        body = own_body(call(), Phase(at=PLACED_AT, status="ringing"), Form.OLDER, Random(1))
        assert body == {
            "call_id": "call_1",
            "status": "ringing",
            "timestamp": "2026-03-07T10:00:00Z",
        }

    def test_none_without_an_address_or_when_the_script_says_so(self) -> None:
        assert sent(call(webhook_url=None)) == []
        assert sent(call(becomes=Becomes(events=False))) == []

    def test_what_may_go_wrong_on_the_way(self) -> None:
        def states(**options: float) -> list[object]:
            found = deliveries(call(), (), WebhookOptions(**options), Random(1))  # type: ignore[arg-type]
            return [delivery.state for delivery in found]

        assert states(drop=1) == [DeliveryState.DROPPED] * 4
        assert len(states(duplicate=1)) == 8
        reordered = deliveries(call(), (), WebhookOptions(reorder=1), Random(1))
        order = [one.event for one in sorted(reordered, key=lambda one: one.due_at)]
        assert order[-2:] == ["call.completed", "call.in_progress"]
        late = deliveries(call(), (), WebhookOptions(delay=1, delay_s=(30, 300)), Random(1))
        assert all(30 <= (one.due_at - one.phase_at).total_seconds() <= 300 for one in late)

    def test_a_duplicate_keeps_its_delivery_id(self) -> None:
        found = deliveries(call(), (), WebhookOptions(duplicate=1), Random(1))
        assert len({delivery.delivery_id for delivery in found}) == 4


class TestAccountWebhooks:
    ENDPOINT = Endpoint(id="we_1", url="http://engine/hooks/v1/account", secret="s")

    def test_started_when_answered_and_ended_at_the_end(self) -> None:
        bodies = sent(call(webhook_url=None), None, self.ENDPOINT)
        assert [body["event"] for body in bodies] == ["voice.call.started", "voice.call.ended"]  # type: ignore[index]
        ended = bodies[1]
        assert isinstance(ended, dict)
        assert set(ended) == {"event", "timestamp", "agent_id", "data"}
        assert ended["data"]["status"] == "completed"
        assert ended["data"]["duration"] == 145

    def test_an_unanswered_call_only_ends(self) -> None:
        quiet = Life(ended_at=PLACED_AT + timedelta(seconds=3), ended_status="busy")
        bodies = sent(call(webhook_url=None, life=quiet), None, self.ENDPOINT)
        assert [body["event"] for body in bodies] == ["voice.call.ended"]  # type: ignore[index]

    def test_another_keys_address_hears_nothing(self) -> None:
        theirs = Endpoint(id="we_2", url="http://x", secret="s", key="theirs")
        assert sent(call(webhook_url=None), None, theirs) == []

    def test_the_signature_is_over_timestamp_and_raw_body(self) -> None:
        mac = hmac.new(b"s", b'1772877600.{"a":1}', hashlib.sha256).hexdigest()
        assert sign("s", 1772877600, b'{"a":1}') == f"sha256={mac}"


class TestMappedClock:
    def test_it_maps_real_time_and_follows_a_jump(self) -> None:
        real = [PLACED_AT]
        anchors = [(PLACED_AT, PLACED_AT + timedelta(days=3), 60.0)]
        clock = MappedClock(read=lambda: anchors[0], real=lambda: real[0])
        assert clock() == PLACED_AT + timedelta(days=3)
        real[0] += timedelta(seconds=2)
        assert clock() == PLACED_AT + timedelta(days=3, minutes=2)
        anchors[0] = (real[0], PLACED_AT + timedelta(days=9), 1.0)
        assert clock() == PLACED_AT + timedelta(days=9)

    def test_it_goes_on_while_its_source_is_away(self) -> None:
        answers = [(PLACED_AT, PLACED_AT, 1.0)]
        clock = MappedClock(read=answers.pop, real=lambda: PLACED_AT)
        assert clock() == PLACED_AT
        assert clock() == PLACED_AT

    def test_it_cannot_begin_without_its_source(self) -> None:
        def away() -> tuple[datetime, datetime, float]:
            raise ConnectionError("away")

        with pytest.raises(ConnectionError, match="away"):
            MappedClock(read=away)()
