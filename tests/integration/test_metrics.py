"""/metrics: the figures of docs/metrics.md, on both databases, behind the guard of the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from campaigns.core.calls import Accepted, Blame, CallStatus, Rejected, SlowDown, Unknown
from campaigns.engine import control
from campaigns.store.database import Database
from tests.support.engine import RunningClock, World
from tests.support.hooks import Door

NAMES = {
    "campaigns_due_oldest_seconds": {"account"},
    "campaigns_last_start_seconds": {"account"},
    "campaigns_starts_total": {"account", "result"},
    "campaigns_slots_busy": {"account"},
    "campaigns_waiting": {"account", "reason"},
    "campaigns_attempts_open": {"state"},
    "campaigns_unresolved": set(),
    "campaigns_webhook_lag_seconds": set(),
    "campaigns_webhook_rejected_total": {"reason"},
    "campaigns_invariant_violations": {"id"},
    "campaigns_paused": {"scope"},
    "campaigns_provider_responses_total": {"class"},
}


@pytest.fixture(params=["sqlite_store_url", "postgres_store_url"])
def door(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """Two calls under way, one unknown, one refused; each scrape looks again."""
    monkeypatch.setattr("campaigns.web.metrics.KEPT", 0.0)
    monkeypatch.setattr("campaigns.web.metrics._SHARE", 0)
    clock = RunningClock()
    database = Database(request.getfixturevalue(request.param), clock=clock.wall)
    world = World(database=database, clock=clock, spacing=0.0)
    world.provider.took = 0.0
    world.provider.answers.extend(
        [
            Accepted(call_id="call_1"),
            Accepted(call_id="call_2"),
            Unknown(why="reset"),
            Rejected(blame=Blame.CONTACT, status=422, detail="to_number"),
            SlowDown(retry_after=0),
        ]
    )
    world.submit(7)
    world.settle()
    door = Door(world)
    yield door
    door.close()
    database.close()


def scrape(door: Door) -> dict[tuple[str, ...], float]:
    """(name, label values …) → value."""
    answer = door.ask("GET", "/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def promises(door: Door) -> dict[tuple[str, ...], float]:
    """As `scrape`, once the promises have been checked; that happens beside a scrape."""
    while True:
        found = scrape(door)
        if ("campaigns_invariant_violations", "I1") in found:
            return found


def answered_long_ago(world: World) -> None:
    with world.store.write() as tx:
        earlier = "- interval '1 hour'" if tx.postgres else "- 3600000000"
        tx.connection.exec_driver_sql(
            f"UPDATE attempt SET answered_at = answered_at {earlier} WHERE answered_at IS NOT NULL"
        )


def test_every_figure_and_nothing_else(door: Door) -> None:
    forged = door.address("x")[:-1] + "!"
    assert door.ask("POST", forged).status_code == 404
    answered_long_ago(door.world)
    promises(door)
    page = door.ask("GET", "/metrics").text
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    assert labels == NAMES
    assert not re.search(r"\+?1?617555|Person|\bk\d\b|reminders|call_\d|_created", page)


def test_the_figures_are_those_of_the_world(door: Door) -> None:
    answered_long_ago(door.world)
    found = promises(door)
    assert found["campaigns_attempts_open", "accepted"] == 2
    assert found["campaigns_attempts_open", "unknown"] == 1
    assert found["campaigns_attempts_open", "ringing"] == 0
    assert found["campaigns_slots_busy", "default"] >= 3
    assert 0 <= found["campaigns_last_start_seconds", "default"] < 3600
    starts = {key[2]: n for key, n in found.items() if key[0] == "campaigns_starts_total"}
    assert starts == {
        "accepted": 2, "unknown": 1, "rejected": 1, "not_sent": 0, "slow_down": 1
    }  # fmt: skip
    assert found["campaigns_provider_responses_total", "rejected_contact"] == 1
    waiting = [n for key, n in found.items() if key[0] == "campaigns_waiting"]
    assert sum(waiting) == 3  # the one that was slowed down, and two that follow
    assert found["campaigns_unresolved",] == 0
    assert found["campaigns_webhook_lag_seconds",] == 0
    assert {n for key, n in found.items() if key[0] == "campaigns_invariant_violations"} == {0}
    assert found["campaigns_paused", "campaign"] == found["campaigns_paused", "account"] == 0


def test_starts_are_counted_once_however_often_it_is_asked(door: Door) -> None:
    answered_long_ago(door.world)
    first = scrape(door)
    assert scrape(door)["campaigns_starts_total", "default", "accepted"] == 2
    assert first["campaigns_starts_total", "default", "accepted"] == 2


def test_an_answer_that_may_not_be_committed_yet_is_counted_later(door: Door) -> None:
    assert scrape(door)["campaigns_starts_total", "default", "accepted"] == 0


def test_what_is_unread_and_paused(door: Door) -> None:
    world = door.world
    world.say(str(world.attempts()[0]["id"]), CallStatus.RINGING, settle=False)
    control.pause("reminders", world.parts, who="test", reason="x")
    control.pause_account([world.account_id], world.parts, who="test", reason="x")
    found = scrape(door)
    assert found["campaigns_webhook_lag_seconds",] > 0
    assert found["campaigns_paused", "campaign"] == found["campaigns_paused", "account"] == 1
    assert found["campaigns_waiting", "default", "paused"] >= 1
    assert found["campaigns_due_oldest_seconds", "default"] == 0  # stopped is not late


def test_a_broken_promise_is_counted_by_its_id(door: Door) -> None:
    with door.world.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE attempt SET attempt_no = 99 WHERE open")
    assert promises(door)["campaigns_invariant_violations", "I2"] == 3


def test_what_the_door_refused_is_counted_by_why(door: Door) -> None:
    door.ask("POST", door.address("x")[:-1] + "!")
    door.ask("POST", "/hooks/v1/account")
    found = scrape(door)
    reasons = {k[1]: n for k, n in found.items() if k[0] == "campaigns_webhook_rejected_total"}
    assert reasons == {"mac": 1, "unsigned": 1}


def test_only_who_may_see_readyz_may_see_metrics(door: Door) -> None:
    assert door.ask("GET", "/metrics", host="example.com").status_code == 401
    assert door.ask("GET", "/metrics", headers={"Via": "1.1 proxy"}).status_code == 401


def test_without_the_database_there_are_no_figures(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise RuntimeError("postgresql://user:hunter2@db")

    monkeypatch.setattr(door.world.store, "read", away)
    answer = door.ask("GET", "/metrics")
    assert answer.status_code == 503
    assert "hunter2" not in answer.text


def test_one_look_serves_every_scrape_of_five_seconds(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.web.metrics.KEPT", 60.0)
    scrape(door)
    with door.world.store.write() as tx:
        tx.change_account(door.world.account_id, paused_why="x")
    assert scrape(door)["campaigns_paused", "account"] == 0
