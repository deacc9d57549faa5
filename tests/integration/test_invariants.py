"""The promises as queries: a world that works breaks none, and each finds what it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from campaigns.core.calls import Accepted, Blame, CallStatus, NotSent, Rejected, Unknown
from campaigns.engine import control
from campaigns.store import invariants
from campaigns.store.database import Database
from tests.support.engine import RunningClock, World, contact
from tests.support.postgres import Databases

LATER = {"sqlite": "+ 3600000000", "postgresql": "+ interval '1 hour'"}
FIRST = "(SELECT min(intent_at) FROM attempt)"
DAYS = {"sqlite": "- 86400000000 * 30", "postgresql": "- interval '30 days'"}

LISTED = (
    "INSERT INTO campaign_suppression (campaign_id, phone_id, reason, source, added_at)"
    " SELECT 1, id, 'x', 'x', {first} {days} FROM phone"
)
BOTH_CAPS = (
    """UPDATE attempt SET admitted = '{{"caps": [{{"calls": 9, "per_s": 86400}},"""
    """ {{"calls": 1, "per_s": 3600}}]}}'"""
)
TWO_TO_ONE = (
    "UPDATE attempt SET phone_id = (SELECT min(phone_id) FROM attempt), open = false"
    " WHERE id IN (SELECT id FROM attempt WHERE state IN ('completed', 'no_answer'))"
)

SABOTAGE: list[tuple[str, str, list[str]]] = [
    (
        "I1",
        "two live calls to one number",
        [
            "DROP INDEX uq_attempt_open_phone",
            "DROP INDEX uq_attempt_open_task",
            "UPDATE attempt SET open = true, phone_id = (SELECT min(phone_id) FROM attempt)",
        ],
    ),
    (
        "I1",
        "a dial task with two live calls",
        [
            "DROP INDEX uq_attempt_open_phone",
            "DROP INDEX uq_attempt_open_task",
            "UPDATE attempt SET open = true, task_id = (SELECT min(task_id) FROM attempt)",
        ],
    ),
    ("I2", "an attempt beyond those its campaign allows", ["UPDATE attempt SET attempt_no = 4"]),
    (
        "I2",
        "more attempts counted than made, or less than none",
        ["UPDATE dial_task SET attempts = 2"],
    ),
    (
        "I2",
        "a call after one that was answered",
        [
            "UPDATE attempt SET open = false, task_id = (SELECT min(task_id) FROM attempt)",
            "UPDATE attempt SET intent_at = intent_at {later} WHERE state = 'no_answer'",
        ],
    ),
    (
        "I2",
        invariants.CAP,
        ["UPDATE attempt SET phone_id = (SELECT min(phone_id) FROM attempt), open = false"],
    ),
    (
        "I2",
        invariants.CAP,
        [
            # Two calls, within the house's cap and beyond that of the file which let them go.
            BOTH_CAPS,
            TWO_TO_ONE,
        ],
    ),
    (
        "I5",
        "an intent to a number that was on the do-not-call list",
        [
            "DELETE FROM suppression",
            "INSERT INTO suppression SELECT id, 'x', 'x', {first} {days} FROM phone",
        ],
    ),
    (
        "I5",
        "an intent to a number that was on the do-not-call list",
        [
            LISTED,
        ],
    ),
    (
        "I6",
        "a slot that is free before its window has passed",
        ["UPDATE slot SET free_at = free_at {days} WHERE attempt_id IS NOT NULL"],
    ),
    (
        "I7",
        "a claimed dial task without a lease",
        ["UPDATE dial_task SET state = 'claimed' WHERE state = 'waiting'"],
    ),
    (
        "I7",
        "a dial task that waits while it is being called",
        ["UPDATE dial_task SET state = 'waiting' WHERE state = 'calling'"],
    ),
    (
        "I7",
        "a dial task that is calling without an attempt that may have rung",
        ["UPDATE attempt SET state = 'not_sent' WHERE open"],
    ),
    (
        "I7",
        "a call for several rows that is not of one campaign and touch, or counts one twice",
        ["INSERT INTO attempt_member SELECT id, task_id, attempt_no FROM attempt"],
    ),
    (
        "I8",
        "a contact without a dial task",
        [
            "DELETE FROM dial_task WHERE campaign_id = 2",
        ],
    ),
    (
        "I8",
        "a dial task in another campaign than its contact",
        ["UPDATE dial_task SET campaign_id = 2 WHERE campaign_id = 1"],
    ),
    (
        "I10",
        "a call that says less than what was said about it",
        ["UPDATE attempt SET state = 'ringing' WHERE state = 'completed'"],
    ),
    (
        "I12",
        "an intent while its campaign was paused",
        [
            "UPDATE audit SET campaign_id = 1 WHERE what = 'pause'",
            "UPDATE attempt SET intent_at = (SELECT at FROM audit WHERE what = 'pause') {later}",
        ],
    ),
    (
        "I12",
        "an intent while its account was paused",
        [
            "UPDATE audit SET account_id = 1, campaign_id = NULL WHERE what = 'pause'",
            "UPDATE attempt SET intent_at = (SELECT at FROM audit WHERE what = 'pause') {later}",
        ],
    ),
    (
        "I12",
        "an intent after its campaign was cancelled",
        ["UPDATE audit SET what = 'cancel', campaign_id = 1, at = at {days} WHERE what = 'pause'"],
    ),
    (
        "I13",
        "an attempt of a version that was never accepted, or not yet",
        ["UPDATE attempt SET version = 7"],
    ),
    (
        "I13",
        "an attempt in another campaign or account than its dial task",
        ["UPDATE attempt SET campaign_id = 2 WHERE campaign_id = 1"],
    ),
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, postgres: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Every kind of answer and ending, a call under way, one that waits, a paused campaign."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('promises')}/campaigns.db"
        if request.param == "postgresql":
            url = stack.enter_context(postgres.fresh())
        clock = RunningClock()
        database = Database(url, clock=clock.wall)
        stack.callback(database.close)
        world = World(database=database, clock=clock, spacing=0.0, limit=20)
        world.provider.took = 0.0
        _live_through(world)
        yield world


def _live_through(world: World) -> None:
    world.provider.answers.extend(
        [
            *(Accepted(call_id=f"call_{n}") for n in range(5)),
            Unknown(why="reset"),
            Rejected(blame=Blame.CONTACT, status=422, detail="to_number"),
            NotSent(why="refused"),
        ]
    )
    world.submit(9)
    world.settle()
    accepted = [str(one["id"]) for one in world.attempts() if one["state"] == "accepted"]
    reached, missed = accepted[:2]
    world.say(reached, CallStatus.IN_PROGRESS, settle=False)
    world.say(reached, CallStatus.COMPLETED, duration=3.0)
    world.say(missed, CallStatus.NO_ANSWER)
    world.submit([contact(100)], name="paused", digest="d2")
    control.pause("paused", world.parts, who="test", reason="x")
    control.suppress(["+16175559999"], world.parts, who="test", reason="x")


class Undone(Exception):
    """Takes a sabotage back."""


def test_a_world_that_works_breaks_no_promise(world: World) -> None:
    with world.store.read() as tx:
        assert invariants.broken(tx) == []


@pytest.mark.parametrize(
    ("id", "promise", "sabotage"),
    SABOTAGE,
    ids=[f"{n} {promise}" for n, (_, promise, _) in enumerate(SABOTAGE)],
)
def test_each_promise_finds_what_breaks_it(
    world: World, id: str, promise: str, sabotage: list[str]
) -> None:
    with suppress(Undone), world.store.write() as tx:
        spelled = tx.connection.dialect.name
        for statement in sabotage:
            tx.connection.exec_driver_sql(
                statement.format(later=LATER[spelled], days=DAYS[spelled], first=FIRST)
            )
        everything, live = invariants.broken(tx), invariants.broken(tx, live_only=True)
        raise Undone
    (one,) = [one for one in everything if one.promise == promise]
    assert one.id == id
    assert one.count >= 1
    assert one.example
    cheap = promise in {one.says for one in invariants.PROMISES if one.live}
    assert (promise in {one.promise for one in live}) is cheap


@pytest.mark.parametrize(
    ("caps", "broken"),
    [
        (None, False),  # the house's: 4 a day
        ([{"calls": 4, "per_s": 86_400}], False),
        ([{"calls": 2, "per_s": 86_400}], False),
        ([{"calls": 1, "per_s": 86_400}], True),
        ([{"calls": 4, "per_s": 86_400}, {"calls": 1, "per_s": 600}], True),
        ([], False),
    ],
)
def test_a_cap_is_that_which_let_the_call_go(
    world: World, caps: list[dict[str, int]] | None, broken: bool
) -> None:
    """Two calls to one number: as many as the file that each was of allows, whatever the house."""
    kept = "NULL" if caps is None else f"'{json.dumps({'caps': caps})}'"
    with suppress(Undone), world.store.write() as tx:
        tx.connection.exec_driver_sql(f"UPDATE attempt SET admitted = {kept}")
        tx.connection.exec_driver_sql(TWO_TO_ONE)
        found = {one.promise for one in invariants.broken(tx)}
        raise Undone
    assert (invariants.CAP in found) is broken


@pytest.mark.parametrize(("calls", "broken"), [(20, False), (9, False), (5, True)])
def test_a_file_may_allow_more_than_the_house(world: World, calls: int, broken: bool) -> None:
    """Nine calls to one number are more than the house allows."""
    caps = json.dumps({"caps": [{"calls": calls, "per_s": 86_400}]})
    with suppress(Undone), world.store.write() as tx:
        tx.connection.exec_driver_sql(f"UPDATE attempt SET admitted = '{caps}'")
        tx.connection.exec_driver_sql(
            "UPDATE attempt SET phone_id = (SELECT min(phone_id) FROM attempt), open = false"
        )
        found = {one.promise for one in invariants.broken(tx)}
        raise Undone
    assert (invariants.CAP in found) is broken


def test_every_promise_is_broken_once_here() -> None:
    enforced = {"an outcome that is not an end, or an end without one"}  # by a check of the table
    tried = {promise for _, promise, _ in SABOTAGE}
    assert tried == {one.says for one in invariants.PROMISES} - enforced
