"""Who is refused at the webhook door, how early, and that no refusal tells what was wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

import pytest

from campaigns.provider import webhooks
from campaigns.web.limits import Limits
from tests.support.engine import World
from tests.support.hooks import Door

NOT_FOUND = {"type": "about:blank", "title": "Not Found", "status": 404}


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


def untouchable(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, reaching for the database fails the test."""

    def touched(*_: object) -> None:
        pytest.fail("the database was asked")

    monkeypatch.setattr(door.world.store, "write", touched)
    monkeypatch.setattr(door.world.store, "read", touched)


async def unread() -> AsyncIterator[bytes]:
    """A body that must not be asked for."""
    pytest.fail("the body was read")
    yield b""


def test_every_flipped_bit_of_the_mac_is_refused_before_body_and_database(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _, mac = door.address(attempt_of(door.world)).rpartition("/")
    untouchable(door, monkeypatch)
    whole = int.from_bytes(mac.encode(), "big")
    forged = [
        f"{before}/{quote((whole ^ 1 << bit).to_bytes(len(mac), 'big'), safe='')}"
        for bit in range(8 * len(mac))
    ]
    answers = {(a.status_code, a.text) for a in (door.ask("POST", p, unread()) for p in forged)}
    assert answers == {(404, door.ask("GET", "/nowhere").text)}


def test_every_part_of_the_address_counts_and_all_refusals_are_alike(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = attempt_of(door.world)
    untouchable(door, monkeypatch)
    _, _, _, key_id, _, mac = door.address(attempt).split("/")
    other = door.address("00000000-0000-4000-8000-000000000099").rpartition("/")[2]
    paths = [
        f"/hooks/v1/{key_id}/{attempt}/{other}",
        f"/hooks/v1/{key_id}/{attempt}/{mac[:-1]}",
        f"/hooks/v1/{key_id}/{attempt}/{mac}A",
        f"/hooks/v1/{key_id}/{attempt}/{mac.swapcase()}",
        f"/hooks/v1/{key_id}/{attempt}/{quote('ü' * 32)}",
        f"/hooks/v1/{key_id}/{attempt.upper()}x/{mac}",
        f"/hooks/v1/{key_id}/{quote(attempt + chr(0))}/{mac}",
        f"/hooks/v1/{key_id}/%F0%28%8C%28/{mac}",
        f"/hooks/v1/deadbeef/{attempt}/{mac}",
        f"/hooks/v1/{key_id.upper()}x/{attempt}/{mac}",
    ]
    answers = [door.ask("POST", path, unread()) for path in paths]
    assert [answer.status_code for answer in answers] == [404] * len(paths)
    assert all(answer.json() == NOT_FOUND for answer in answers)
    assert len({json.dumps(sorted(answer.headers.items())) for answer in answers}) == 1


def test_without_a_secret_no_address_is_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(world, CAMPAIGNS_SECRET="")
    address = door.address(attempt_of(world))
    untouchable(door, monkeypatch)
    answer = door.ask("POST", address, unread())
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_heard(door: Door, method: str) -> None:
    answer = door.ask(method, door.address(attempt_of(door.world)))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("declared", [True, False], ids=["content-length", "chunked"])
def test_a_body_over_64_kb_is_refused_while_it_arrives(door: Door, declared: bool) -> None:
    sent = []

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 4096

    address = door.address(attempt_of(door.world))
    answer = (
        door.ask("POST", address, endless(), {"Content-Length": str(4096 * 1000)})
        if declared
        else door.ask("POST", address, endless())
    )
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert len(sent) == (0 if declared else 17)
    assert not door.events()


def test_a_body_that_does_not_come_is_given_up(world: World) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b'{"status":'
        await asyncio.Event().wait()

    door = Door(world, Limits(body_seconds=0.02, store_seconds=60))
    answer = door.ask("POST", door.address(attempt_of(world)), stalled())
    assert answer.status_code == 408
    assert not door.events()


def test_who_guesses_too_often_is_told_to_wait_and_cannot_lock_the_provider_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(world, Limits(body_seconds=60, store_seconds=60, per_address=3))
    # One second for all of it, however slow the machine.
    monkeypatch.setattr("campaigns.web.hooks.time.monotonic", lambda: 1.0)
    attempt = attempt_of(world)
    forged = f"{door.address(attempt)[:-1]}!"
    answers = [door.ask("POST", forged, unread()) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert door.post(attempt, {"status": "ringing"}).status_code == 200


def test_nobody_is_made_to_read_signed_bodies_without_end(world: World) -> None:
    door = Door(world, Limits(per_address=0), CAMPAIGNS_WEBHOOK_SIGNING_SECRET="s" * 32)
    answer = door.ask("POST", "/hooks/v1/account", unread(), {"X-Webhook-Signature": "sha256=x"})
    assert answer.status_code == 429


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_the_content_type_is_not_believed(door: Door, kind: str) -> None:
    address = door.address(attempt_of(door.world))
    answer = door.ask("POST", address, b'{"status": "ringing"}', {"Content-Type": kind})
    assert answer.status_code == 200
    assert [event["status"] for event in door.events()] == ["ringing"]


def test_a_mac_is_made_for_every_refusal(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever part is wrong, the same work is done: time tells nothing either."""
    made: list[str] = []
    real = webhooks._hook_mac

    def counted(key: bytes, attempt_id: str) -> str:
        made.append(attempt_id)
        return real(key, attempt_id)

    monkeypatch.setattr(webhooks, "_hook_mac", counted)
    attempt = attempt_of(door.world)
    _, _, _, key_id, _, mac = door.address(attempt).split("/")
    made.clear()
    for path in (f"deadbeef/{attempt}/{mac}", f"{key_id}/x/{mac}", f"{key_id}/{attempt}/x"):
        assert door.ask("POST", f"/hooks/v1/{path}", unread()).status_code == 404
    assert made == [attempt, "x", attempt]
