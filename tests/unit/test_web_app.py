"""What the web application shows of itself: nothing but its routes, and never a path in a log."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.requests import Request
from structlog.testing import capture_logs

from campaigns.errors import BrokerAway, DatabaseAway
from campaigns.web.health import Found, Health
from tests.support.engine import QueueingDoorbell, World
from tests.support.hooks import Door

KEY = "an-api-key-of-ours"


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture
def door(world: World) -> Iterator[Door]:
    door = Door(world)
    yield door
    door.close()


def ready(door: Door) -> tuple[int, list[str]]:
    answer = door.ask("GET", "/readyz")
    return answer.status_code, answer.json().get("reasons", [answer.json().get("detail")])


def beat(world: World) -> None:
    with world.store.write() as tx:
        tx.alive("tick", "tick", tx.now().real)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_process_that_answers_is_alive(door: Door, method: str) -> None:
    answer = door.ask(method, "/livez")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


def test_alive_is_told_to_anyone_and_asks_nobody(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise DatabaseAway("away")

    monkeypatch.setattr(door.world.store, "read", away)
    answer = door.ask("GET", "/livez", headers={"X-Forwarded-For": "1.2.3.4"}, host="example.com")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/docs/", "/redoc", "/openapi.json", "/v1/", "/v2/campaigns", "/livez/", "/readyz/"],
)
def test_nothing_else_is_there(door: Door, path: str) -> None:
    answer = door.ask("GET", path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "title": "Not Found", "status": 404}


def test_a_wrong_method_is_a_problem_too(door: Door) -> None:
    answer = door.ask("POST", "/livez")
    assert answer.status_code == 405
    assert answer.json()["title"] == "Method Not Allowed"
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_every_answer_says_little_about_us(door: Door) -> None:
    for path in ("/livez", "/nowhere"):
        headers = door.ask("GET", path).headers
        assert "server" not in headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"


def test_without_keys_only_this_machine_is_answered(door: Door) -> None:
    assert door.ask("GET", "/readyz", host="localhost:8080").status_code == 200
    for host, headers in (("example.com", {}), ("localhost", {"X-Forwarded-For": "1.2.3.4"})):
        answer = door.ask("GET", "/readyz", headers=headers, host=host)
        assert answer.status_code == 401
        assert "CAMPAIGNS_API_KEYS" in answer.json()["detail"]


def test_what_does_not_exist_is_refused_to_strangers_the_same_way(door: Door) -> None:
    assert door.ask("GET", "/v1/campaigns", host="example.com").status_code == 401


def test_with_keys_whoever_shows_one_is_answered_from_anywhere(world: World) -> None:
    door = Door(world, CAMPAIGNS_API_KEYS=f"another-key-of-ours,{KEY}")
    right = {"Authorization": f"Bearer {KEY}", "X-Forwarded-For": "1.2.3.4"}
    assert door.ask("GET", "/readyz", headers=right, host="example.com").status_code == 200
    for headers in ({}, {"Authorization": f"Bearer {KEY}x"}):
        answer = door.ask("GET", "/readyz", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert KEY not in answer.text


def test_ready_means_that_events_can_be_stored(door: Door) -> None:
    beat(door.world)
    assert ready(door) == (200, [])
    assert door.ask("GET", "/readyz").json()["status"] == "ok"


@pytest.mark.parametrize("what", ["read", "schema"])
def test_without_the_database_or_with_another_schema_it_is_not(
    door: Door, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def away(*_: object) -> None:
        raise DatabaseAway("the database is at revision 0000, this program needs 0001")

    if what == "read":
        monkeypatch.setattr(door.world.store, "read", away)
    else:
        monkeypatch.setattr("campaigns.bootstrap.schema.require_current", away)
    answer = door.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "0001" in answer.json()["detail"]


def test_a_driver_that_raises_anything_is_not_ready_and_not_quoted(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("postgresql://user:hunter2@db")

    monkeypatch.setattr(door.world.store, "read", broken)
    answer = door.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert "RuntimeError" in answer.text
    assert "hunter2" not in answer.text


def test_a_silent_heartbeat_degrades(door: Door) -> None:
    beat(door.world)
    door.world.clock.forward(seconds=31)
    status, reasons = ready(door)
    assert status == 200
    assert len(reasons) == 1
    assert "no heartbeat since" in reasons[0]
    assert door.ask("GET", "/readyz").json()["status"] == "degraded"


def test_a_held_or_paused_account_degrades_without_a_number(door: Door) -> None:
    beat(door.world)
    with door.world.store.write() as tx:
        tx.change_account(
            door.world.account_id,
            not_before=tx.now().policy + timedelta(seconds=60),
            held_why="three answers in a row said nothing",
            paused_why="402: no balance for +16175550100",
        )
    status, reasons = ready(door)
    assert status == 200
    assert "account default is held for 60 s: three answers in a row said nothing" in reasons
    assert any("paused: 402" in reason for reason in reasons)
    assert "6175550" not in " ".join(reasons)
    with door.world.store.write() as tx:
        tx.change_account(door.world.account_id, not_before=None, held_why=None, paused_why=None)
    assert ready(door) == (200, [])


class Broker(QueueingDoorbell):
    """A doorbell that says whether its broker answers."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self._error = error

    def ping(self) -> None:
        if self._error is not None:
            raise self._error


def test_a_broker_that_is_away_degrades(world: World) -> None:
    beat(world)
    assert ready(Door(world, bell=Broker(None))) == (200, [])
    away = BrokerAway("the broker does not answer (ConnectionError): see CAMPAIGNS_REDIS_URL")
    assert ready(Door(world, bell=Broker(away))) == (200, [str(away)])


def test_a_look_that_hangs_is_asked_once_and_costs_one_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung, looks = threading.Event(), []

    def hang(_: object) -> Found:
        looks.append(1)
        hung.wait(10)
        return Found(usable=True)

    monkeypatch.setattr("campaigns.web.health.look_at_database", hang)
    health = Health(Door(world).installation, patience=0.01)

    async def twice() -> list[int]:
        asked = Request({"type": "http", "headers": []})
        return [(await health.ready(asked)).status_code for _ in range(2)]

    assert asyncio.run(twice()) == [503, 503]
    assert looks == [1]
    hung.set()


def test_a_fault_of_ours_is_told_by_kind_and_place_only(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> bool:
        raise ValueError("row with +16175550100")

    monkeypatch.setattr("campaigns.web.hooks.receive", broken)
    with capture_logs() as lines:
        answer = door.post("an-attempt", b"{}")
    assert answer.status_code == 500
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
    }
    fault = next(line for line in lines if line["event"] == "web_fault")
    assert fault["error"] == "ValueError"
    assert fault["at"].startswith("test_web_app.py:")
    assert "6175550100" not in json.dumps(lines)


def test_each_request_is_one_line_with_its_route_and_no_path(door: Door) -> None:
    address = door.address("an-attempt")
    with capture_logs() as lines:
        door.ask("POST", address)
        door.ask("POST", address[:-1] + "!")
        door.ask("GET", "/secret-of-a-stranger")
    template = "/hooks/v1/{key_id}/{attempt_id}/{mac}"
    shown = [(line["route"], line["status"], line.get("why")) for line in lines]
    assert shown == [
        (template, 200, None),
        (template, 404, "mac"),
        ("(none)", 404, None),
    ]
    told = json.dumps(lines)
    assert address.rpartition("/")[2][:-1] not in told
    assert "secret-of-a-stranger" not in told
    assert all(line["ms"] >= 0 for line in lines)
