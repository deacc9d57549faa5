"""Everything at once on one PostgreSQL: two campaigns, three numbers, one account, submits.

Threads run every operation that takes locks, as fast as they can, in a world that passes sixty
times faster. What must never happen is a deadlock; what must hold afterwards is in broken.py; how
long a pause waits behind it all is measured.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from unittest.mock import patch

from sqlalchemy.exc import DBAPIError

from campaigns.core import caps
from campaigns.core.calls import (
    Accepted,
    Answer,
    Blame,
    CallEvent,
    CallStatus,
    DialRequest,
    Limit,
    NotSent,
    Rejected,
    SlowDown,
    Unknown,
)
from campaigns.core.definition import Cap, Retry
from campaigns.core.outcomes import Source
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.lookup import check
from campaigns.engine.parts import Parts
from campaigns.engine.record import fold_events, receive
from campaigns.engine.submit import Submission, submit
from campaigns.engine.tick import tick
from campaigns.errors import CampaignsError
from campaigns.machine import MachineClock, SystemDice
from campaigns.store import schema
from campaigns.store.database import Database
from tests.support import broken
from tests.support.engine import QueueingDoorbell, Script, VirtualClock, contact, definition
from tests.support.secret import KEYS

SPEED = 60.0
WINDOW = timedelta(seconds=1)  # policy time
NUMBERS = [contact(n).to_number for n in range(3)]
LIMITS = {
    kind: schema.LimitOf(count=20, window=WINDOW)
    for kind in (Limit.START, Limit.STATUS, Limit.SESSIONS, Limit.OTHER)
}
LASTING = ("one", "two")
"""The two campaigns that everybody fights over; others come and are cancelled."""

Blow = Callable[[], object]


class RandomProvider(Script):
    """Answers at once and anything at all."""

    def __init__(self, seed: int) -> None:
        super().__init__(VirtualClock())
        self.dice = random.Random(seed)
        self.ids = itertools.count(1)

    def dial(self, request: DialRequest, *, send_by: float) -> Answer:
        answers: list[Answer] = [
            Accepted(call_id=f"call_{next(self.ids)}"),
            NotSent(why="refused"),
            Unknown(why="reset"),
            SlowDown(retry_after=0),
            Rejected(blame=Blame.CONTACT, status=422, detail="to_number"),
            Rejected(blame=Blame.CAMPAIGN, status=404, detail="agent"),
            Rejected(blame=Blame.ACCOUNT, status=402, detail="balance"),
        ]
        return self.dice.choices(answers, weights=[60, 3, 3, 3, 5, 1, 1])[0]


@dataclass
class Blows:
    """What happened: operations, errors by kind, how long each pause took (seconds)."""

    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    pauses: list[float] = field(default_factory=list)
    intents: int = 0
    broken: list[str] = field(default_factory=list)

    def p99_pause(self) -> float:
        """Seconds."""
        ranked = sorted(self.pauses)
        return ranked[int(len(ranked) * 0.99)] if ranked else 0.0


class Hammer:
    """The operations, each one blow."""

    def __init__(self, database: Database, seed: int) -> None:
        self.seed = seed
        self.database = database
        self.blows = Blows()
        self.bell = QueueingDoorbell()
        self.provider = RandomProvider(seed)
        self.account = schema.ensure_account(
            database, "default", limits=LIMITS, spacing=timedelta(0)
        )
        self.parts = Parts(
            store=database,
            clock=MachineClock(),
            dice=SystemDice(),
            doorbell=self.bell,
            dialers=lambda _: self.provider,
            hook_url=lambda id: f"https://example.test/{id}",
        )
        self._events = itertools.count()
        self._names = itertools.count()

    def fill(self, name: str, count: int) -> None:
        """Submit a campaign whose contacts share three numbers."""
        second = timedelta(seconds=1)
        retry = Retry(max_attempts=99, no_answer=(second,), busy=(second,), failed=(second,))
        entries = [
            contact(n, key=f"{name}{n}", to_number=NUMBERS[n % len(NUMBERS)]) for n in range(count)
        ]
        submission = Submission(
            definition=definition(name=name, retry=retry),
            digest=name,
            header=("key", "name", "to_number"),
            source="people.csv",
            entries=entries,
        )
        submit(submission, self.parts, who="hammer")

    def ring(self) -> None:
        """Be a worker for a while."""
        dispatch(self.account, self.parts)
        for _ in range(20):
            try:
                what, about = self.bell.rung.popleft()
            except IndexError:
                return
            match what, about:
                case "dial", Claim() as claim:
                    dial(claim, self.parts)
                case "fold", str() as attempt_id:
                    fold_events(attempt_id, self.parts)
                case "check", str() as attempt_id:
                    check(attempt_id, self.parts)

    def hear(self, dice: random.Random) -> None:
        """Webhooks in any order: about live calls, and late ones about the newest that ended."""
        live = self._attempts("open AND answered_at IS NOT NULL", 3)
        for attempt_id in (*live, *self._attempts("NOT open AND call_id IS NOT NULL", 2)):
            status = dice.choice(list(CallStatus))
            said = CallEvent(call_id=None, status=status, word=status.value)
            digest = f"{status}{next(self._events)}"
            receive(
                attempt_id, said, digest=digest, body="{}", source=Source.WEBHOOK, parts=self.parts
            )
            fold_events(attempt_id, self.parts)

    def look(self) -> None:
        """Look calls up that say nothing."""
        with self.database.write() as tx:
            tx.connection.exec_driver_sql(
                "UPDATE attempt SET check_at = intent_at, check_claim_until = NULL WHERE id IN"
                " (SELECT id FROM attempt WHERE open AND state <> 'dialing'"
                "  ORDER BY intent_at LIMIT 2)"
            )
        for attempt_id in self._attempts("check_at IS NOT NULL", 3):
            check(attempt_id, self.parts)

    def stop(self, dice: random.Random) -> None:
        """Pause, timed, and resume; whatever the engine paused goes on too."""
        name = dice.choice(LASTING)
        began = time.perf_counter()
        control.pause(name, self.parts, who="hammer", reason="x")
        self.blows.pauses.append(time.perf_counter() - began)
        control.resume(name, self.parts, who="hammer")
        control.pause_account([self.account], self.parts, who="hammer", reason="x")
        control.resume_account([self.account], self.parts, who="hammer")

    def forbid(self, dice: random.Random) -> None:
        """Opt out and in again."""
        number = dice.choice(NUMBERS)
        control.suppress([number], self.parts, who="hammer", reason="x")
        control.unsuppress(number, self.parts, who="hammer")
        with self.database.write() as tx:  # or there would soon be nobody left to call
            tx.connection.exec_driver_sql(
                "UPDATE dial_task SET state = 'waiting', outcome = NULL, reason = NULL,"
                " ended_at = NULL WHERE id IN (SELECT id FROM dial_task WHERE campaign_id <= 2"
                " AND outcome = 'suppressed' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)"
            )

    def come_and_go(self) -> None:
        """Submit a campaign; cancel the one before."""
        n = next(self._names)
        self.fill(f"passing{n}", 12)
        time.sleep(0.1)
        if n:
            control.cancel(f"passing{n - 1}", self.parts, who="hammer")

    def start_up(self) -> None:
        """What every process does first: the account with its limits, as they are."""
        time.sleep(0.2)
        schema.ensure_account(self.database, "default", limits=LIMITS, spacing=timedelta(0))

    def swings(self) -> list[tuple[str, Blow]]:
        """(name, operation) of each thread."""

        def rolling(n: int, blow: Callable[[random.Random], None]) -> Blow:
            dice = random.Random(self.seed * 100 + n)
            return lambda: blow(dice)

        return [
            *[("ring", self.ring)] * 4,
            *[("hear", rolling(n, self.hear)) for n in range(2)],
            ("look", self.look),
            *[("tick", lambda: tick(self.parts))] * 2,
            ("pause", rolling(7, self.stop)),
            ("suppress", rolling(8, self.forbid)),
            ("submit", self.come_and_go),
            ("start up", self.start_up),
        ]

    def swing(self, name: str, blow: Blow, over: threading.Event) -> None:
        """One thread: the same operation again and again."""
        while not over.is_set():
            try:
                blow()
                self.blows.done[name] += 1
            except CampaignsError as error:
                cause = type(getattr(error.__cause__, "orig", None)).__name__
                kind = cause if cause != "NoneType" else type(error).__name__
                self.blows.errors[f"{name}: {kind}"] += 1
            except DBAPIError as error:
                self.blows.errors[f"{name}: {type(error.orig).__name__}"] += 1
            except Exception as error:
                self.blows.errors[f"{name}: {error!r}"[:200]] += 1

    def _attempts(self, condition: str, limit: int) -> list[str]:
        query = f"SELECT id FROM attempt WHERE {condition} ORDER BY intent_at DESC LIMIT {limit}"
        with self.database.read() as tx:
            return [row[0] for row in tx.connection.exec_driver_sql(query)]


def hammer(url: str, *, seconds: float, seed: int = 1) -> Blows:
    """Let all operations run against each other for a while on an empty database."""
    database = Database(url, keys=KEYS)
    schema.upgrade(database, kind="rehearsal", speed=SPEED)
    broken.log_slots(database)
    swinger = Hammer(database, seed)
    for name in LASTING:
        swinger.fill(name, 150)
    over = threading.Event()
    threads = [
        threading.Thread(target=swinger.swing, args=(name, blow, over))
        for name, blow in swinger.swings()
    ]
    # Three numbers would be at their cap at once; what is tested here is locks.
    roomy = Cap(calls=1_000_000, per=timedelta(hours=24))
    with patch.object(caps, "HOUSE", roomy):
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        over.set()
        for thread in threads:
            thread.join()
    swinger.blows.broken = broken.promises(database, WINDOW)
    with database.read() as tx:
        count = tx.connection.exec_driver_sql("SELECT count(*) FROM attempt").scalar_one()
    swinger.blows.intents = int(count)
    database.close()
    return swinger.blows
