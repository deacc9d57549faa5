"""Kill a process at one point, start it again, and judge what the phones say.

The simulator lives here, in the test's own process; its ledger outlives every engine and is what
an engine is judged by. Our own books are read only to see that they tell the same.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select

from campaigns import bootstrap
from campaigns.config import Settings
from campaigns.simulator import limits as simulated
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.limits import Kind
from campaigns.simulator.main import SimulatorServer
from campaigns.simulator.stats import max_in_sliding
from campaigns.store import schema
from campaigns.store.call_tables import attempt, dial_task
from campaigns.store.database import Database
from campaigns.store.tables import phone
from tests.support.crash_life import Life, Skipped, told
from tests.support.crash_points import AFTER, BEFORE, SENT
from tests.support.crash_scenarios import LIMITS, SCENARIOS, SHORT, WAITS, Promise, Scenario
from tests.support.fleet import ROOT, SECRET
from tests.support.postgres import Databases
from tests.support.processes import die_with_parent, free_port, wait_until

MINUTE = timedelta(seconds=60)
ALLOWED = {**simulated.LIMITS, **LIMITS}


@dataclass(frozen=True, kw_only=True)
class Crash:
    """A process dies at `point`, and the one after it too: once for each of `deaths`.

    `first`: another point at which one died before. `doubts`: how many contacts nobody can tell
    about after all that: their intents were written, and nothing shows that their calls left.
    """

    point: str
    deaths: tuple[str, ...] = (BEFORE, AFTER)
    scenario: str = "polled"
    doubts: int = 0
    first: tuple[str, str] | None = None
    both: bool = True

    @property
    def all_deaths(self) -> tuple[tuple[str, str], ...]:
        """(point, when) of each process that dies."""
        return (*filter(None, [self.first]), *((self.point, when) for when in self.deaths))

    def __str__(self) -> str:
        when = "" if self.deaths == (BEFORE, AFTER) else f"{'/'.join(self.deaths)} "
        return f"{self.scenario}: {when}{self.point}"


class Bench:
    """Where crashes happen: templates of databases, and a process that gives birth to others."""

    def __init__(self, root: Path, postgres: Databases) -> None:
        self._root, self._postgres = root, postgres
        self._n = count(1)
        self._stack = ExitStack()
        self._sqlite = root / "template.db"
        self._settled(f"sqlite:///{self._sqlite}")
        self._template = self._stack.enter_context(postgres.fresh())
        self._settled(self._template)
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crash_life"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(),
        )

    def close(self) -> None:
        """Nothing stays."""
        self._mother.communicate(timeout=30)
        self._stack.close()

    def judged(self, crash: Crash, database: str, *, bug: str | None = None) -> list[str]:
        """Let a campaign run through this crash; everything that is wrong at its end."""
        home = self._root / str(next(self._n))
        home.mkdir()
        scenario = SCENARIOS[crash.scenario]
        clock = Skipped(home / "skipped")
        limits = {"port": 0, "clock": clock.wall, "limits": LIMITS}
        with (
            self._database(database, home) as url,
            SimulatorServer(**limits, **scenario.options) as simulator,
        ):
            life = Life(
                environ=_environ(home, url, simulator.url, scenario),
                skipped=str(home / "skipped"),
                scenario=crash.scenario,
                end=(datetime.now(UTC) + SHORT).isoformat(),
                log=str(home / "log"),
                bug=bug,
            )
            _account(url, Settings.load(life.environ))
            for point, when in crash.all_deaths:
                posts = len(simulator.ledger.arrivals(Kind.START))
                ended = self._lives(replace(life, point=point, when=when))
                if ended != -signal.SIGKILL:
                    return [f"not killed {when} {point}, but ended with {ended}: {_tail(home)}"]
                if when == SENT:
                    # What has left the dead process may still be on its way.
                    wait_until(
                        partial(_more, simulator.ledger, posts), within=30, what="the request"
                    )
            ended = self._lives(life)
            if ended != 0:
                return [f"it ended with {ended}, not everybody has an outcome: {_tail(home)}"]
            store = Database(url)
            try:
                return Judge(store, simulator.ledger, crash).faults()
            finally:
                store.close()

    def _lives(self, life: Life) -> int:
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.write(told(life))
        self._mother.stdin.flush()
        return int(self._mother.stdout.readline())

    def _settled(self, url: str) -> None:
        database = Database(url)
        schema.upgrade(database, kind=bootstrap.REHEARSAL)
        database.close()

    @contextmanager
    def _database(self, kind: str, home: Path) -> Iterator[str]:
        if kind == "postgres":
            with self._postgres.fresh(self._template) as url:
                yield url
        else:
            shutil.copy(self._sqlite, home / "campaigns.db")
            yield f"sqlite:///{home}/campaigns.db"


def _account(url: str, settings: Settings) -> None:
    database = Database(url)
    limits = {
        kind: schema.LimitOf(count=rate.count, window=rate.window)
        for kind, rate in settings.limits.items()
    }
    schema.ensure_account(
        database, bootstrap.DEFAULT_ACCOUNT, limits=limits, spacing=settings.start_spacing
    )
    database.close()


def _more(ledger: Ledger, posts: int) -> bool:
    return len(ledger.arrivals(Kind.START)) > posts


def _tail(home: Path) -> str:
    log = home / "log"
    return log.read_text(errors="replace")[-2000:] if log.exists() else "no log"


def _environ(home: Path, database: str, provider: str, scenario: Scenario) -> dict[str, str]:
    environ = {
        "CAMPAIGNS_HOME": str(home),
        "CAMPAIGNS_DATABASE_URL": database,
        "CAMPAIGNS_PROVIDER_URL": provider,
        "THINNESTAI_API_KEY": "sim_crash_key",
        "CAMPAIGNS_SECRET": SECRET,
        "CAMPAIGNS_START_LIMIT": f"{LIMITS[Kind.START]}/60s",
        "CAMPAIGNS_START_SPACING": scenario.spacing,
        "CAMPAIGNS_LIMITS": f"status:{LIMITS[Kind.STATUS]}/60s",
    }
    if scenario.public:
        port = free_port()
        environ["CAMPAIGNS_HTTP_PORT"] = str(port)
        environ["CAMPAIGNS_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    return environ


class Judge:
    """Holds the ledger against what must never happen, and our books against the ledger."""

    def __init__(self, store: Database, ledger: Ledger, crash: Crash) -> None:
        self._store, self._ledger, self._crash = store, ledger, crash
        # By the tables' own columns: the two databases keep an instant differently.
        wanted = (attempt.c[name] for name in ("id", "task_id", "intent_at", "state", "open"))
        query = select(*wanted, phone.c.e164.label("number")).join(phone)
        columns = (dial_task.c[name] for name in ("id", "state", "outcome"))
        people = select(*columns, phone.c.e164.label("number")).join_from(dial_task, phone)
        with store.read() as tx:
            rows = tx.connection.execute(query.order_by(attempt.c.intent_at)).mappings()
            self._attempts: list[Mapping[str, Any]] = [dict(row) for row in rows]
            rows = tx.connection.execute(people.order_by(dial_task.c.id)).mappings()
            self._tasks: list[Mapping[str, Any]] = [dict(row) for row in rows]

    def faults(self) -> list[str]:
        """Everything that is wrong, each as a sentence."""
        return [*self._phones(), *self._people(), *self._doubts(), *self._limits()]

    def _phones(self) -> Iterator[str]:
        """No phone rings twice for one intent, nor after an answer, nor before it is time."""
        rang: set[object] = set()
        calls = self._ledger.all(
            "SELECT ring.to_number, ring.placed_at, ring.ended_at, call.answered_at,"
            " call.ended_status FROM ring JOIN call ON call.call_id = ring.call_id ORDER BY ring.n"
        )
        for call in calls:
            at = _at(call["placed_at"])
            intents = [
                one["id"]
                for one in self._attempts
                if one["number"] == call["to_number"] and one["intent_at"] <= at
            ]
            if not intents:
                yield f"…{call['to_number'][-4:]} rang without an intent"
            elif intents[-1] in rang:
                yield f"…{call['to_number'][-4:]} rang twice for one intent"
            rang.update(intents[-1:])
        for first, second in pairwise(sorted(calls, key=lambda call: call["to_number"])):
            if first["to_number"] != second["to_number"]:
                continue
            again = f"…{second['to_number'][-4:]} rang again"
            if first["answered_at"] is not None:
                yield f"{again} after an answer"
            elif first["ended_at"] is None:
                yield f"{again} while it was being called"
            elif _at(second["placed_at"]) < _at(first["ended_at"]) + WAITS[first["ended_status"]]:
                yield f"{again} before its wait was over"

    def _people(self) -> Iterator[str]:
        """Everybody has one outcome, and the one that was promised but for who is in doubt."""
        promises = SCENARIOS[self._crash.scenario].promises
        counts = self._rows(
            "SELECT (SELECT count(*) FROM contact) AS contacts,"
            " (SELECT count(*) FROM rejected_row) AS rejected,"
            " (SELECT count(*) FROM campaign) AS campaigns"
        )[0]
        wanted = {"contacts": len(promises), "rejected": 2, "campaigns": 1}
        if dict(counts) != wanted:
            yield f"stored {dict(counts)} instead of {wanted}"
        rings = self._ledger.rings_per_number()
        became: dict[int, Promise] = {}
        for task in self._tasks:
            digits = int(str(task["number"])[-2:])
            if digits in became or task["state"] != "done" or task["outcome"] is None:
                yield f"contact {digits} has not exactly one outcome"
            became[digits] = (str(task["outcome"]), rings.get(str(task["number"]), 0))
        others = {n: became.get(n) for n in promises if became.get(n) != promises[n]}
        if len(others) > self._crash.doubts:
            yield f"{others} instead of { ({n: promises[n] for n in others}) }"
        for n, other in others.items():
            if other is None or other[0] != "unresolved":
                yield f"contact {n} is {other}, though it is in doubt"

    def _doubts(self) -> Iterator[str]:
        """No attempt is left open, and none was followed by another before it was settled."""
        newest = {one["task_id"]: one["id"] for one in self._attempts}
        for one in self._attempts:
            if one["open"] or one["state"] in ("dialing", "unknown"):
                yield f"an attempt stays {one['state']}"
            if one["state"] in _UNSETTLED and newest[one["task_id"]] != one["id"]:
                yield f"a contact was called again after a call that is {one['state']}"

    def _limits(self) -> Iterator[str]:
        for kind, limit in ALLOWED.items():
            most = max_in_sliding(self._ledger.arrivals(kind), MINUTE)
            if most > limit:
                yield f"{most} requests ({kind}) in a minute, allowed are {limit}"
        if len(self._ledger.arrivals(Kind.START)) > len(self._attempts):
            yield "more POSTs than intents"

    def _rows(self, query: str) -> list[Mapping[str, object]]:
        with self._store.read() as tx:
            return [dict(row) for row in tx.connection.exec_driver_sql(query).mappings()]


_UNSETTLED = ("accepted", "ringing", "in_progress", "unresolved")


def _at(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)
