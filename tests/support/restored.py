"""An engine on virtual time against the simulator, whose database can be put back in time.

SQLite and PostgreSQL alike: the test's clock is the database's. Two processes share a database,
each with its own memory; the simulator's ledger says which phones rang.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from sqlalchemy import event

from campaigns.core.definition import Retry
from campaigns.core.instants import Now
from campaigns.engine import incarnation
from campaigns.engine.parts import Parts
from campaigns.engine.tick import beat
from campaigns.engine.watch import Watch
from campaigns.ports import Witness
from campaigns.provider.client import ThinnestDialer
from campaigns.provider.guard import Cutoff
from campaigns.provider.wire import Call, Failure, Reply, Wire
from campaigns.simulator.messages import Incoming
from campaigns.simulator.messages import Wire as Sent
from campaigns.store.backup import backup
from campaigns.store.database import Database, SqlTransaction
from campaigns.witness import FileWitness
from tests.support.engine import QueueingDoorbell, VirtualClock, World, contact
from tests.support.postgres import Databases
from tests.support.simulated import Simulated

_EIGHT = timedelta(minutes=8)


@contextmanager
def on_the_tests_clock() -> Iterator[None]:
    """The database's clock is the one it was given, on PostgreSQL too."""

    def now(self: SqlTransaction) -> Now:
        at = self._clock()
        return Now(real=at, policy=at, speed=1.0)

    with patch.object(SqlTransaction, "now", now), patch.object(os, "fsync"):
        yield


class _NoSocket(Wire):
    """Hands requests to a simulator in this process."""

    def __init__(self, sim: Simulated, clock: VirtualClock) -> None:
        self._sim, self._clock = sim, clock

    def send_once(self, call: Call, cutoff: Cutoff) -> Reply | Failure:
        return self.ask(call)

    def ask(self, call: Call) -> Reply | Failure:
        self._clock.forward(seconds=0.1)
        self._sim.now = self._clock.at
        given = self._sim.provider.answer(
            Incoming(
                method=call.method,
                path=urlsplit(call.url).path,
                query=dict(call.params or {}),
                headers={name.lower(): text for name, text in call.headers.items()},
                body=call.content or b"",
            )
        )
        if given.wire is not Sent.WHOLE:
            return Failure(why="cut", sent=True)
        return Reply(status=given.status, headers=given.all_headers, body=given.body)

    def close(self) -> None:
        pass


class Restorable:
    """Two workers, a simulator and a database with a past."""

    def __init__(self, database: Database, clock: VirtualClock, **settings: Any) -> None:
        self.clock = clock
        self.world = World(database=database, clock=clock, public=False)
        self.sim = Simulated(**settings)
        self.sim.now = clock.at
        self.provider = ThinnestDialer(
            api_key="sim_test",
            base_url="http://127.0.0.1:1",
            world="rehearsal",
            wire=_NoSocket(self.sim, clock),
        )
        self.workers: list[Parts] = []

    def start(self, *, witnesses: Sequence[Witness] = (), count: int = 2) -> None:
        """Start processes that know nothing but what the witnesses tell."""
        self.workers = []
        for _ in range(count):
            parts = replace(
                self.world.parts,
                dialers=lambda _: self.provider,
                doorbell=QueueingDoorbell(),
                watch=Watch(witnesses),
            )
            incarnation.at_start(parts)
            self.workers.append(parts)

    def submit(self, people: int, *, first: int = 45) -> None:
        """Numbers end as the simulator's script says: from 60 on some do not answer at first."""
        self.world.submit(
            [contact(n) for n in range(first, first + people)],
            retry=Retry(
                max_attempts=3,
                no_answer=(_EIGHT, _EIGHT),
                busy=(_EIGHT,),
                failed=(_EIGHT,),
            ),
        )

    def run_for(self, seconds: float, *, step: float = 4.0) -> None:
        """A heartbeat each step, in turn by each process."""
        end = self.clock.at.timestamp() + seconds
        turn = 0
        while self.clock.at.timestamp() < end:
            turn += 1
            parts = self.workers[turn % len(self.workers)]
            beat(parts)
            bell = parts.doorbell
            assert isinstance(bell, QueueingDoorbell)
            bell.play(parts)
            self.clock.forward(seconds=step)

    def rings(self) -> Mapping[str, list[str]]:
        """Number → how each of its calls ended, in order."""
        rows = self.sim.ledger.all("SELECT to_number, ended_status FROM call ORDER BY n")
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["to_number"], []).append(row["ended_status"])
        return found

    def rung_again_after_an_answer(self) -> list[str]:
        """Numbers that rang again after somebody had picked up."""
        return [
            number
            for number, words in self.rings().items()
            if any(word in ("completed", "voicemail") for word in words[:-1])
        ]

    def rung_while_live(self) -> int:
        """Calls that began while an earlier one to the same number was alive."""
        rows = self.sim.ledger.all(
            "SELECT a.n FROM ring a JOIN ring b ON a.to_number = b.to_number AND a.n > b.n"
            " WHERE b.stopped_at IS NULL AND (b.ended_at IS NULL OR a.rang_at < b.ended_at)"
        )
        return len(rows)

    def outcomes(self) -> Counter[str]:
        """How the contacts ended; None: not yet."""
        return Counter(str(row["outcome"]) for row in self.world.tasks())

    def held(self) -> str | None:
        with self.world.store.read() as tx:
            return tx.incarnation().held_why


class SqliteTime:
    """A database file, and a copy of it from before."""

    def __init__(self, folder: Path, clock: VirtualClock) -> None:
        self.path, self.copy = folder / "campaigns.db", folder / "backup.db"
        self.database = Database(f"sqlite:///{self.path}", clock=clock.wall)

        @event.listens_for(self.database.writer, "connect")
        def _quick(connection: Any, _record: object) -> None:
            # Nobody cuts the power here; tests/integration/test_power_loss.py does.
            connection.execute("PRAGMA synchronous=OFF")

        self.witnesses: tuple[Witness, ...] = (FileWitness(folder / "campaigns.db.mark"),)

    def back_up(self) -> None:
        backup(self.path, self.copy)

    def restore(self) -> None:
        """As docs/production.md says: stop, remove the log, copy."""
        self.database.close()
        for name in ("-wal", "-shm"):
            Path(f"{self.path}{name}").unlink(missing_ok=True)
        shutil.copy(self.copy, self.path)

    def close(self) -> None:
        self.database.close()


class PostgresTime:
    """A database of a server, and a copy of it in the same server."""

    witnesses: tuple[Witness, ...] = ()

    def __init__(self, server: Databases, clock: VirtualClock) -> None:
        self._server = server
        self.url = server.create()
        self.copy = ""
        self.database = Database(self.url, clock=clock.wall)

    def back_up(self) -> None:
        self.database.close()
        self.copy = self._server.create(self.url)

    def restore(self) -> None:
        self.database.close()
        self._server.replace(self.url, self.copy)

    def close(self) -> None:
        self.database.close()
        self._server.drop(self.url)
        if self.copy:
            self._server.drop(self.copy)
