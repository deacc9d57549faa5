"""Account-level events: signed by the provider, a second source about calls that are ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.errors import DatabaseAway
from tests.support.engine import World
from tests.support.hooks import SIGNING, Door, signed

PATH = "/hooks/v1/account"
NOT_FOUND = {"type": "about:blank", "title": "Not Found", "status": 404}


def body(call_id: str = "call_1", status: str = "completed") -> bytes:
    event = {
        "event": "voice.call.ended",
        "timestamp": "2026-03-10T15:01:00Z",
        "agent_id": "agent_reminder",
        "data": {"call_id": call_id, "status": status, "duration": 12},
    }
    return json.dumps(event).encode()


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def world() -> World:
    world = World()
    world.submit(1)
    world.run_for(3)
    return world


@pytest.fixture
def door(world: World) -> Iterator[Door]:
    door = Door(world, CAMPAIGNS_WEBHOOK_SIGNING_SECRET=SIGNING)
    yield door
    door.close()


def test_a_signed_event_about_our_call_ends_it(door: Door) -> None:
    answer = door.ask("POST", PATH, body(), signed(body(), now()))
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    (event,) = door.events()
    assert (event["source"], event["status"]) == ("account", "completed")
    assert str(event["body"]).encode() == body()
    door.world.settle()
    assert door.world.tasks()[0]["outcome"] == "completed"


def test_a_delivery_is_known_by_its_id(door: Door) -> None:
    other = body(status="ringing")
    for content, delivery in ((body(), "dlv_1"), (body(), "dlv_1"), (other, "dlv_1")):
        answer = door.ask("POST", PATH, content, signed(content, now(), delivery=delivery))
        assert answer.status_code == 200
    assert len(door.events()) == 1
    assert door.ask("POST", PATH, other, signed(other, now(), delivery="dlv_2")).is_success
    assert len(door.events()) == 2


def test_an_event_about_another_call_of_the_account_is_200_and_not_kept(door: Door) -> None:
    for content in (body("call_of_someone_else"), b"{}", b"not json"):
        assert door.ask("POST", PATH, content, signed(content, now())).status_code == 200
    assert not door.events()
    assert not door.world.bell.rung


@pytest.mark.parametrize(
    "change",
    [
        {"X-Webhook-Signature": "sha256=" + "0" * 64},
        {"X-Webhook-Signature": ""},
        {"X-Webhook-Signature": "sha1=abc"},
        {"X-Webhook-Timestamp": ""},
        {"X-Webhook-Timestamp": "0"},
        {"X-Webhook-Timestamp": "yesterday"},
        {"X-Webhook-Timestamp": "9" * 40},
    ],
    ids=str,
)
def test_what_is_not_signed_by_the_provider_is_a_404(door: Door, change: dict[str, str]) -> None:
    answer = door.ask("POST", PATH, body(), {**signed(body(), now()), **change})
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert not door.events()


def test_another_secret_another_body_and_a_replay_are_404s(door: Door) -> None:
    wrong = [
        signed(body(), now(), secret="signs-something-else"),
        signed(body(status="busy"), now()),
        signed(body(), now() - timedelta(minutes=6)),
        signed(body(), now() + timedelta(minutes=6)),
    ]
    for headers in wrong:
        answer = door.ask("POST", PATH, body(), headers)
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert not door.events()


def test_without_a_signature_or_a_secret_nothing_is_read(world: World) -> None:
    async def unread() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    with_secret = Door(world, CAMPAIGNS_WEBHOOK_SIGNING_SECRET=SIGNING)
    without = Door(world)
    unsigned = with_secret.ask("POST", PATH, unread())
    unset = without.ask("POST", PATH, unread(), signed(body(), now()))
    assert unsigned.status_code == unset.status_code == 404
    assert unsigned.json() == unset.json() == NOT_FOUND
    assert unsigned.headers == unset.headers


def test_too_large_is_the_same_404_because_nobody_has_proved_anything_yet(door: Door) -> None:
    content = b"x" * 65_537
    answer = door.ask("POST", PATH, content, signed(content, now()))
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_the_database_away_is_503(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseAway("the database did not do it (OperationalError)")

    monkeypatch.setattr(door.world.store, "write", away)
    assert door.ask("POST", PATH, body(), signed(body(), now())).status_code == 503
