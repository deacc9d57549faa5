"""The webhook door: who gets in, what is kept, and when the provider hears 2xx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from campaigns.core.calls import Accepted, Answer, DialRequest
from campaigns.core.definition import Retry
from campaigns.engine.record import fold_events
from campaigns.errors import DatabaseAway
from campaigns.web.limits import Limits
from tests.support.engine import World
from tests.support.hooks import Door

NEWER = {
    "event": "call.completed",
    "call_id": "call_1",
    "status": "completed",
    "duration": 42,
    "timestamp": "2026-03-10T15:01:00Z",
}
OLDER = {"call_id": "call_1", "status": "completed", "timestamp": "2026-03-10T15:01:00Z"}


@pytest.fixture
def world() -> World:
    world = World()
    world.submit(1)
    world.run_for(3)
    return world


@pytest.fixture
def door(world: World) -> Iterator[Door]:
    door = Door(world)
    yield door
    door.close()


def attempt_of(world: World) -> str:
    return str(world.attempts()[0]["id"])


def away(*_: object) -> None:
    raise DatabaseAway("the database did not do it (OperationalError)")


@pytest.mark.parametrize("body", [NEWER, OLDER], ids=["newer", "older"])
def test_an_event_in_either_form_is_kept_raw_and_ends_the_call(
    door: Door, body: dict[str, object]
) -> None:
    attempt = attempt_of(door.world)
    answer = door.post(attempt, body)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    (event,) = door.events()
    assert event["attempt_id"] == attempt
    assert (event["source"], event["status"]) == ("webhook", "completed")
    assert json.loads(str(event["body"])) == body
    assert door.bell.heard()
    assert list(door.world.bell.rung) == [("fold", attempt)]
    door.world.settle()
    assert door.world.tasks()[0]["outcome"] == "completed"


def test_the_heartbeat_folds_what_no_ring_told_of(door: Door) -> None:
    door.post(attempt_of(door.world), NEWER)
    assert door.bell.heard()
    door.world.bell.rung.clear()
    door.world.settle()
    assert door.world.tasks()[0]["outcome"] == "completed"


def test_an_event_twice_is_200_twice_and_kept_once(door: Door) -> None:
    attempt = attempt_of(door.world)
    spelled = json.dumps(dict(reversed(NEWER.items())), indent=2).encode()
    assert [door.post(attempt, body).status_code for body in (NEWER, NEWER, spelled)] == [200] * 3
    assert len(door.events()) == 1


def test_an_event_before_the_dial_answer_is_kept_and_binds_the_call() -> None:
    world = World()
    door = Door(world)
    statuses = []

    def answered_late(request: DialRequest) -> Answer:
        for said in ("initiating", "ringing", "completed"):
            body = {"event": f"call.{said}", "call_id": "call_early", "status": said}
            statuses.append(door.post(request.attempt_id, body).status_code)
            fold_events(request.attempt_id, world.parts)
        return Accepted(call_id="call_early")

    world.provider.answers.append(answered_late)
    world.submit(1)
    world.run_for(3)
    door.close()
    assert statuses == [200, 200, 200]
    attempt = world.attempts()[0]
    assert (attempt["state"], attempt["call_id"]) == ("completed", "call_early")
    assert world.tasks()[0]["outcome"] == "completed"
    assert len(world.provider.rung) == 1


def test_an_event_long_after_the_end_moves_the_outcome_up_and_rings_nobody() -> None:
    world = World()
    world.submit(1, retry=Retry(max_attempts=1))
    world.run_for(3)
    door = Door(world)
    attempt = attempt_of(world)
    assert door.post(attempt, {"event": "call.no_answer", "status": "no_answer"}).is_success
    world.run_for(8 * 60, step=20)  # past the grace in which a higher word may follow
    assert world.tasks()[0]["outcome"] == "no_answer"
    world.clock.forward(hours=5)
    assert door.post(attempt, NEWER).status_code == 200
    world.run_for(60)
    door.close()
    assert world.tasks()[0]["outcome"] == "completed"
    assert len(world.provider.rung) == 1


def test_an_unknown_word_is_kept_and_says_nothing(door: Door) -> None:
    attempt = attempt_of(door.world)
    assert door.post(attempt, {"status": "parked", "call_id": "call_1"}).status_code == 200
    (event,) = door.events()
    assert (event["status"], event["word"]) == (None, "parked")
    door.world.settle()
    assert door.world.attempts()[0]["state"] == "accepted"


def test_an_event_that_names_another_call_is_kept_without_a_say(door: Door) -> None:
    attempt = attempt_of(door.world)
    assert door.post(attempt, {**NEWER, "call_id": "call_of_a_stranger"}).status_code == 200
    (event,) = door.events()
    assert event["status"] is None
    assert str(event["word"]).startswith("foreign")
    door.world.settle()
    assert door.world.attempts()[0]["state"] == "accepted"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"completed"',
        b"{",
        b"\xff\xfe\x00\x01",
        b'{"status": "comp\\u0000leted"}',
        b'{"status": "\\ud800", "call_id": "\\ud800"}',
        b'{"status": {"a": 1}, "call_id": [], "duration": "long"}',
        b'{"duration": 1e999, "status": "busy", "call_id": ' + b"9" * 300 + b"}",
        b"[" * 30_000,
        b'{"a":' * 9_000,
        b"status=completed&call_id=call_1",
        b"x" * 65_536,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_whatever_the_provider_says_is_kept(door: Door, body: bytes) -> None:
    assert door.post(attempt_of(door.world), body).status_code == 200
    assert len(door.events()) == 1
    door.world.settle()


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "", "?"]
)
def test_the_content_type_does_not_matter(door: Door, content_type: str) -> None:
    attempt = attempt_of(door.world)
    answer = door.ask(
        "POST",
        door.address(attempt),
        json.dumps(NEWER).encode(),
        {"Content-Type": content_type},
    )
    assert answer.status_code == 200
    assert door.events()[0]["status"] == "completed"


def test_a_tunnel_or_proxy_may_stand_before_the_door(door: Door) -> None:
    answer = door.ask(
        "POST",
        door.address(attempt_of(door.world)),
        b"{}",
        {"X-Forwarded-For": "1.2.3.4", "Via": "1.1 tunnel"},
        host="hooks.example.com",
    )
    assert answer.status_code == 200


def test_the_database_away_is_503_and_nothing_is_claimed(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = attempt_of(door.world)
    with monkeypatch.context() as broken:
        broken.setattr(door.world.store, "write", away)
        answer = door.post(attempt, NEWER)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "5"
    assert not door.events()
    assert not door.world.bell.rung
    assert door.post(attempt, NEWER).status_code == 200
    assert len(door.events()) == 1


def test_a_database_that_hangs_is_503_in_time_for_the_provider(world: World) -> None:
    door = Door(world, Limits(store_seconds=0.02))
    attempt = attempt_of(world)
    with world.store.write():
        answer = door.post(attempt, NEWER)
    assert answer.status_code == 503
    door.close()


def test_more_events_than_one_call_can_have_are_put_off(world: World) -> None:
    door = Door(world, Limits(per_call=3, store_seconds=60))
    attempt = attempt_of(world)
    bodies = [{"status": "ringing", "timestamp": n} for n in range(5)]
    assert [door.post(attempt, body).status_code for body in bodies] == [200] * 3 + [429] * 2
    assert len(door.events()) == 3
    door.close()


def test_a_burst_is_kept_to_the_last_event_and_each_once(door: Door) -> None:
    attempt = attempt_of(door.world)
    bodies = [json.dumps({"status": "ringing", "timestamp": n}).encode() for n in range(50)]
    posts = [(door.address(attempt), body) for body in (*bodies, *bodies[:10])]
    unknown = [(door.address(f"no-such-attempt-{n}"), b"{}") for n in range(10)]
    statuses = asyncio.run(door.together([*posts, *unknown]))
    assert statuses == [200] * 70, "those that nobody knows are kept too: a restore forgot them"
    assert len(door.events()) == 50
