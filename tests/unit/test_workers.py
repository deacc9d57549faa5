"""The Celery side: it must not drown in what was queued while it was away."""

from __future__ import annotations

import threading

import pytest

from campaigns.errors import DatabaseAway
from workers import process, tasks

PATIENCE = 20


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every heartbeat that was begun, without an engine behind it."""
    begun: list[str] = []
    monkeypatch.setattr(process, "parts", lambda: None)
    monkeypatch.setattr(tasks, "beat", lambda _: begun.append("tick"))
    return begun


def test_of_a_thousand_ticks_that_waited_a_worker_does_one_at_a_time(
    beats: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        beats.append("tick")
        under_way.set()
        assert go_on.wait(PATIENCE)

    monkeypatch.setattr(tasks, "beat", slow)
    first = threading.Thread(target=tasks.tick)
    first.start()
    assert under_way.wait(PATIENCE)
    for _ in range(1000):
        tasks.tick()
    assert beats == ["tick"]

    go_on.set()
    first.join(PATIENCE)
    tasks.tick()
    assert beats == ["tick", "tick"]


def test_a_tick_that_failed_is_followed_by_the_next(
    beats: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> None:
        beats.append("tick")
        raise DatabaseAway("the database is away")

    monkeypatch.setattr(tasks, "beat", away)
    tasks.tick()
    tasks.tick()
    assert beats == ["tick", "tick"]
