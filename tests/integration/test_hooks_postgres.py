"""Two doors on one PostgreSQL: what both are told at once is kept once, and nobody waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import select, update

from campaigns.engine.record import fold_events
from campaigns.store.database import Database
from campaigns.store.tables import dial_task
from tests.support.engine import World
from tests.support.hooks import Door, under_way

CALLS = [f"00000000-0000-4000-8000-{n:012d}" for n in range(8)]


@pytest.fixture
def doors(postgres_url: str) -> Iterator[Sequence[Door]]:
    first = World(database=Database(postgres_url))
    first.submit(len(CALLS))
    with first.store.write() as tx:
        tx.connection.execute(update(dial_task).values(state="calling", attempts=1))
        tasks = tx.connection.execute(select(dial_task.c.id)).scalars().all()
        for call, task in zip(CALLS, tasks, strict=True):
            under_way(tx, call, task)
    second = World(database=Database(postgres_url))
    doors = [Door(first), Door(second)]
    yield doors
    for door in doors:
        door.close()
        door.world.store.close()


async def both(doors: Sequence[Door], posts: Sequence[tuple[str, bytes]]) -> list[int]:
    """One door is told forwards, the other backwards, at the same time."""
    told = await asyncio.gather(doors[0].together(posts), doors[1].together(posts[::-1]))
    return [status for statuses in told for status in statuses]


def test_the_same_events_at_two_doors_in_opposite_order(doors: Sequence[Door]) -> None:
    posts = [
        (
            doors[0].address(call),
            json.dumps({"event": f"call.{word}", "status": word, "timestamp": n}).encode(),
        )
        for n in range(4)
        for call in CALLS
        for word in ("ringing", "in_progress", "completed")
    ]
    assert set(asyncio.run(both(doors, posts))) == {200}
    assert len(doors[0].events()) == len(posts)
    for call in CALLS:
        fold_events(call, doors[0].world.parts)
    assert {row["outcome"] for row in doors[0].world.tasks()} == {"completed"}


def test_a_body_that_postgresql_could_refuse_is_kept(doors: Sequence[Door]) -> None:
    bodies = [
        b"\0",
        b"\xff\xfe",
        b'{"status": "a\\u0000b", "call_id": "a\\u0000b", "x": "\\ud800"}',
        b'{"status": "' + "ü".encode() * 30_000 + b'"}',
        b'{"call_id": "' + b"9" * 5_000 + b'", "duration": 1e308}',
    ]
    assert [doors[0].post(CALLS[0], body).status_code for body in bodies] == [200] * len(bodies)
    assert len(doors[0].events()) == len(bodies)
