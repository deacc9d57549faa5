"""Whatever order the provider's events come in, however often, in whichever form: one ending."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from campaigns.engine.record import fold_events
from campaigns.store.tables import dial_task
from tests.support.engine import World
from tests.support.hooks import Door, under_way

WORDS = (
    "initiating",
    "ringing",
    "in_progress",
    "cancelled",
    "failed",
    "no_answer",
    "busy",
    "completed",
    "voicemail",
    "parked",
)
REACHED = {"in_progress", "completed"}
STORIES = (
    ("initiating", "ringing", "in_progress", "completed"),
    ("ringing", "in_progress", "no_answer", "failed"),
    ("ringing", "no_answer", "busy", "failed"),
    ("ringing", "no_answer", "completed", "voicemail"),
    ("cancelled", "failed", "no_answer", "parked"),
)


Call = tuple[object, ...]
Task = tuple[object, ...]


class Calls:
    """Many calls under way at once; each story is told about a fresh one."""

    def __init__(self) -> None:
        self.door: Door | None = None
        self._fresh: list[str] = []

    def renew(self) -> None:
        """Another world with as many fresh calls as one campaign has here."""
        self.close()
        self.world = World()
        self.world.submit(250)
        with self.world.store.write() as tx:
            tx.connection.execute(update(dial_task).values(state="calling", attempts=1))
            tasks = tx.connection.execute(select(dial_task.c.id)).scalars().all()
            self._fresh = [
                under_way(tx, self.world.parts.dice.uuid(), task_id) for task_id in tasks
            ]
        self.door = Door(self.world)

    def close(self) -> None:
        if self.door is not None:
            self.door.close()

    def tell(self, bodies: Iterable[bytes], *, fold_each: bool) -> tuple[Call, Task]:
        """Post these about a fresh call, fold, and say how call and task stand."""
        if not self._fresh:
            self.renew()
        attempt = self._fresh.pop()
        assert self.door is not None
        for body in bodies:
            assert asyncio.run(self.door.together([(self.door.address(attempt), body)])) == [200]
            if fold_each:
                fold_events(attempt, self.world.parts)
        fold_events(attempt, self.world.parts)
        (row,) = self.world.rows(
            "SELECT a.state, a.open, a.ringing_at, a.in_progress_at, a.terminal_at, a.duration_s,"
            " a.confirmed, t.state AS task, t.outcome, t.reason, t.retry_at, t.attempts"
            " FROM attempt a JOIN dial_task t ON t.id = a.task_id"
            f" WHERE a.id = '{attempt}'"
        )
        values = tuple(row.values())
        return values[:7], values[7:]


def newer(word: str) -> bytes:
    return json.dumps({"event": f"call.{word}", "status": word, "duration": 0}).encode()


def older(word: str) -> bytes:
    return json.dumps({"status": word}).encode()


@pytest.fixture(scope="module")
def calls() -> Iterator[Calls]:
    calls = Calls()
    yield calls
    calls.close()


@pytest.mark.parametrize("fold_each", [False, True], ids=["folded-once", "folded-each-time"])
@pytest.mark.parametrize("story", STORIES, ids="-".join)
def test_every_order_of_a_story_has_one_ending(
    calls: Calls, story: Sequence[str], fold_each: bool
) -> None:
    told = [calls.tell(map(newer, order), fold_each=fold_each) for order in permutations(story)]
    assert len({call for call, _ in told}) == 1
    # A task that has ended never waits again, so only a call's own ending is free of WHEN.
    assert fold_each or len({task for _, task in told}) == 1
    if REACHED & set(story):
        assert {task[0] for _, task in told} == {"done"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    said=st.sets(st.sampled_from(WORDS), min_size=1, max_size=4),
    telling=st.data(),
)
def test_order_repetition_form_and_the_moments_of_folding_do_not_matter(
    calls: Calls, said: set[str], telling: st.DataObject
) -> None:
    again = telling.draw(st.lists(st.sampled_from(sorted(said)), max_size=3))
    order = telling.draw(st.permutations([*sorted(said), *again]))
    forms = telling.draw(st.lists(st.sampled_from([newer, older]), min_size=7, max_size=7))
    told = [form(word) for form, word in zip(forms, order, strict=False)]
    fold_each = telling.draw(st.booleans())
    call, task = calls.tell(told, fold_each=fold_each)
    plain_call, plain_task = calls.tell(map(newer, sorted(said)), fold_each=False)
    assert call == plain_call
    assert fold_each or task == plain_task
    if REACHED & said:
        assert task[0] != "waiting", "a person who was reached is never called again"
