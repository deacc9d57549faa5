"""All operations at once on PostgreSQL: nobody deadlocks, and every promise holds afterwards."""

from __future__ import annotations

from tests.support.hammer import hammer


def test_no_deadlock_and_no_broken_promise(postgres_url: str) -> None:
    blows = hammer(postgres_url, seconds=8)
    swung = ("ring", "hear", "look", "tick", "pause", "suppress", "submit", "start up")
    assert not blows.errors
    assert not blows.broken
    assert all(blows.done[name] for name in swung)
    assert blows.pauses
    assert blows.intents > 3
