"""A whole engine on virtual time: SQLite in memory, a scripted provider, a doorbell that queues.

Nothing sleeps: `VirtualClock.sleep` moves the clock. The provider here is a list of answers; the
phones that would have rung are in `Script.rung`, and tests judge by that.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select

from campaigns.core.calls import (
    Accepted,
    Answer,
    CallEvent,
    CallStatus,
    DialRequest,
    Found,
    Limit,
    Listed,
    Looked,
    NotThere,
    Page,
    Session,
    Unknown,
)
from campaigns.core.contacts import Contact
from campaigns.core.definition import CallingHours, Contacts, Definition, Retry, Schedule
from campaigns.core.outcomes import Source
from campaigns.core.records import Claim
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.halfopen import look
from campaigns.engine.lookup import check
from campaigns.engine.parts import Parts, Policy
from campaigns.engine.record import fold_events, receive
from campaigns.engine.refresh import refresh
from campaigns.engine.submit import Submission, Submitted, submit
from campaigns.engine.tick import tick
from campaigns.store import schema
from campaigns.store.database import Database
from tests.support import idle

START = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # a Tuesday, 11:00 in New York
NEW_YORK = ("America/New_York",)
FROM = "+18005550100"


@dataclass
class VirtualClock:
    """Real time of a test: moves only when told to, or when something sleeps."""

    at: datetime = START
    slept: list[float] = field(default_factory=list)
    host: str = "virtual"

    def wall(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)

    def forward(self, **delta: float) -> None:
        self.at += timedelta(**delta)


class RunningClock:
    """The machine's clock, but what sleeps or is sent forward only skips ahead.

    Database and engine read the same one: a database on real time beside a clock that stands
    still looks to the guard like a step, however short the pause.
    """

    host = "running"

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._skipped = timedelta(0)
        self._began, self._wall = time.monotonic(), datetime.now(UTC)

    @property
    def at(self) -> datetime:
        return self._wall + timedelta(seconds=time.monotonic() - self._began) + self._skipped

    def wall(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self._wall).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.forward(seconds=seconds)

    def forward(self, **delta: float) -> None:
        self._skipped += timedelta(**delta)


class CountingDice:
    """Ids that a failing test can name."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def uuid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._numbers):012d}"


class QueueingDoorbell:
    """Keeps what was rung, until `play` plays the workers."""

    def __init__(self) -> None:
        self.rung: deque[tuple[str, object]] = deque()

    def dial(self, claim: Claim) -> None:
        self.rung.append(("dial", claim))

    def fold(self, attempt_id: str) -> None:
        self.rung.append(("fold", attempt_id))

    def check(self, attempt_id: str) -> None:
        self.rung.append(("check", attempt_id))

    def dispatch(self, account_id: int) -> None:
        self.rung.append(("dispatch", account_id))

    def look(self, account_id: int) -> None:
        self.rung.append(("look", account_id))

    def refresh(self, campaign_id: int) -> None:
        self.rung.append(("refresh", campaign_id))

    def play(self, parts: Parts) -> None:
        """Be the workers until nothing is rung any more."""
        while self.rung:
            match self.rung.popleft():
                case "dial", Claim() as claim:
                    dial(claim, parts)
                case "fold", str() as attempt_id:
                    fold_events(attempt_id, parts)
                case "check", str() as attempt_id:
                    check(attempt_id, parts)
                case "dispatch", int() as account_id:
                    dispatch(account_id, parts)
                case "look", int() as account_id:
                    look(account_id, parts)
                case "refresh", int() as campaign_id:
                    refresh(campaign_id, parts)


@dataclass
class Script:
    """The provider: answers in turn (then accepts), and what look-ups find."""

    clock: VirtualClock | RunningClock
    answers: deque[Answer | Callable[[DialRequest], Answer]] = field(default_factory=deque)
    rung: list[tuple[datetime, DialRequest]] = field(default_factory=list)
    found: dict[str, Session] = field(default_factory=dict)
    told: dict[str, Session] = field(default_factory=dict)  # by the second generation of its API
    listed: list[Session] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    list_answers: deque[Listed] = field(default_factory=deque)  # in turn, before `listed`
    headers: frozenset[str] = frozenset()
    took: float = 0.1

    def dial(self, request: DialRequest, *, send_by: float) -> Answer:
        self.clock.forward(seconds=self.took)
        answer = self.answers.popleft() if self.answers else None
        if callable(answer):
            answer = answer(request)
        answer = answer or Accepted(call_id=f"call_{len(self.rung) + 1}")
        if isinstance(answer, Accepted | Unknown):
            self.rung.append((self.clock.at, request))
        return answer

    def status(self, id: str) -> Looked:
        self.asked.append(f"status {id}")
        return Found(session=self.found[id]) if id in self.found else NotThere()

    def call(self, id: str) -> Looked:
        self.asked.append(f"call {id}")
        return Found(session=self.told[id]) if id in self.told else NotThere()

    def session(self, id: str) -> Looked:
        self.asked.append(f"session {id}")
        known = {one.id: one for one in self.listed} | self.found
        return Found(session=known[id]) if id in known else NotThere()

    def rate_headers(self) -> frozenset[str]:
        return self.headers

    def sessions(
        self, *, start: datetime | None = None, offset: int = 0, limit: int = 100, **_: object
    ) -> Listed:
        self.asked.append("sessions")
        if self.list_answers:
            return self.list_answers.popleft()
        found = [s for s in self.listed if not start or not s.started_at or s.started_at >= start]
        return Page(sessions=tuple(found[offset : offset + limit]))


def definition(**changes: object) -> Definition:
    """A campaign that may call at any hour, unless told otherwise."""
    values: dict[str, object] = {
        "name": "reminders",
        "agent_id": "agent_reminder",
        "from_number": FROM,
        "contacts": Contacts(file="people.csv", key="key"),
        "context": {"name": "{{ name }}"},
        "calling_hours": CallingHours(always=True),
        "retry": Retry(),
        "schedule": Schedule(),
    }
    return Definition(**{**values, **changes})


def contact(n: int, *, zones: tuple[str, ...] = NEW_YORK, **changes: object) -> Contact:
    """Contact number n, with a number of its own."""
    values: dict[str, object] = {
        "line": n + 1,
        "key": f"k{n}",
        "to_number": f"+1617555{n:04d}",
        "zones": zones,
        "zone_source": "number",
        "places": ("US", "US-MA"),
        "fields": {"name": f"Person {n}", "key": f"k{n}"},
    }
    return Contact(**{**values, **changes})  # type: ignore[arg-type]  # a test helper


class World:
    """One engine and its surroundings."""

    def __init__(
        self,
        *,
        limit: int = 10,
        database: Database | None = None,
        clock: VirtualClock | RunningClock | None = None,
        public: bool = True,
        spacing: float = 1.0,
        kind: str = "real",
        speed: float = 1.0,
        concurrent_calls: int | None = None,
    ) -> None:
        # A database of its own runs on real time: so must the clock that is held against it.
        self.clock = clock or (VirtualClock() if database is None else RunningClock())
        self.provider = Script(self.clock)
        self.bell = QueueingDoorbell()
        self.store = database or Database("sqlite://", clock=self.clock.wall)
        schema.upgrade(self.store, kind=kind, speed=speed)
        self.limits: Mapping[Limit, schema.LimitOf] = {
            kind_: schema.LimitOf(count=count, window=timedelta(seconds=60))
            for kind_, count in (
                (Limit.START, limit),
                (Limit.STATUS, 60),
                (Limit.SESSIONS, 30),
                (Limit.OTHER, 120),
            )
        }
        self.account_id = schema.ensure_account(
            self.store,
            "default",
            limits=self.limits,
            spacing=timedelta(seconds=spacing),
            concurrent_calls=concurrent_calls,
        )
        self.parts = Parts(
            store=self.store,
            clock=self.clock,
            dice=CountingDice(),
            doorbell=self.bell,
            dialers=lambda _: self.provider,
            hook_url=lambda id: f"https://example.test/hooks/v1/k/{id}/mac" if public else None,
            policy=Policy(public=public, rehearsal=kind == "rehearsal"),
        )

    def submit(
        self,
        entries: Iterable[Contact] | int = 1,
        *,
        digest: str = "d1",
        header: Sequence[str] = ("key", "name", "to_number"),
        **changes: object,
    ) -> Submitted:
        people = [contact(n) for n in range(entries)] if isinstance(entries, int) else entries
        return submit(
            Submission(
                definition=definition(**changes),
                digest=digest,
                header=header,
                source="people.csv",
                entries=people,
            ),
            self.parts,
            who="test",
        )

    def settle(self, *, ticks: int = 1) -> None:
        """Play heartbeat and workers until nobody has anything to do."""
        for _ in range(ticks):
            tick(self.parts)
            self.bell.play(self.parts)

    def run_for(self, seconds: float, *, step: float = 1.0) -> None:
        """Let time pass with a heartbeat each `step` seconds, but for those that find nothing."""
        end = self.clock.at + timedelta(seconds=seconds)
        while self.clock.at < end:
            before = idle.changes(self.store)
            self.settle()
            idly = before is not None and before == idle.changes(self.store)
            self.clock.forward(seconds=step * (self._nothing_for(end, step) if idly else 1))
        self.settle()

    def _nothing_for(self, end: datetime, step: float) -> int:
        """How many steps lead to the last heartbeat before something may happen; at least one."""
        if self.parts.policy.rehearsal:
            return 1
        left = end - self.clock.at
        quiet = idle.quiet_for(self.parts, self.store)
        return max(1, int(min(left, quiet or left) / timedelta(seconds=step)))

    def say(
        self,
        attempt_id: str,
        status: CallStatus,
        *,
        duration: float | None = None,
        call_id: str | None = None,
        settle: bool = True,
    ) -> bool:
        """The provider posts an event about an attempt."""
        known = receive(
            attempt_id,
            CallEvent(call_id=call_id, status=status, word=status.value, duration_s=duration),
            digest=f"{status.value}-{duration}-{call_id}",
            body="{}",
            source=Source.WEBHOOK,
            parts=self.parts,
        )
        if settle:
            self.settle()
        return known

    def attempts(self) -> Sequence[Mapping[str, object]]:
        """All attempts, oldest first."""
        return self.rows("SELECT * FROM attempt ORDER BY intent_at, id")

    def tasks(self) -> Sequence[Mapping[str, object]]:
        """All dial tasks."""
        return self.rows("SELECT * FROM dial_task ORDER BY id")

    def opened(self, query: Select[Any]) -> Sequence[Mapping[str, object]]:
        """Rows with what is sealed in them."""
        with self.store.read() as tx:
            return [dict(row) for row in tx.connection.execute(query).mappings()]

    def rows(self, query: str) -> Sequence[Mapping[str, object]]:
        with self.store.read() as tx:
            return [dict(row) for row in tx.connection.exec_driver_sql(query).mappings()]
