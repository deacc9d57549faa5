"""A fleet in a rehearsal world with everything it needs, and what its script promises.

PostgreSQL, Redis and the simulator are real processes or servers of this test alone; the
simulator's clock is the world's, so a day of retries passes in seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from campaigns.bootstrap import WorldClock
from campaigns.core.definition import Definition
from campaigns.engine.submit import Submission, Submitted, submit
from campaigns.simulator.clocks import MappedClock
from campaigns.simulator.main import SimulatorServer
from campaigns.store.tables import dial_task, phone
from tests.support.engine import contact, definition
from tests.support.fleet import Fleet
from tests.support.postgres import PostgresServer
from tests.support.processes import free_port
from tests.support.proxy import Proxy
from tests.support.redis import RedisServer

FAST = {"start": 600, "status": 6000, "sessions": 3000, "other": 9000}
"""The simulator's limits where not the limit is what is tested."""
FAST_ENV = {
    "CAMPAIGNS_START_LIMIT": "600/60s",
    "CAMPAIGNS_START_SPACING": "20ms",
    "CAMPAIGNS_LIMITS": "status:6000/60s,sessions:3000/60s,other:9000/60s",
}


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """Everything a test may touch or break."""

    fleet: Fleet
    postgres: PostgresServer
    redis: RedisServer
    simulator: SimulatorServer
    proxies: Mapping[str, Proxy] = field(default_factory=dict)

    def submit(self, people: int, *, first: int = 0, **changes: object) -> Submitted:
        """A campaign of that many contacts, whose last two digits script what they do."""
        made: Definition = definition(**changes)
        return submit(
            Submission(
                definition=made,
                digest=made.name,
                header=("key", "name", "to_number"),
                source="people.csv",
                entries=[contact(n) for n in range(first, first + people)],
            ),
            self.fleet.installation.parts,
            who="test",
        )

    def outcomes(self) -> Counter[tuple[str, int]]:
        """(outcome, times the phone rang) → contacts; outcomes are ours, rings the ledger's."""
        rings = self.simulator.ledger.rings_per_number()
        query = select(phone.c.e164, dial_task.c.outcome).join_from(
            dial_task, phone, phone.c.id == dial_task.c.phone_id
        )
        with self.fleet.installation.database.read() as tx:
            rows = tx.connection.execute(query).all()
        return Counter((str(row.outcome), rings.get(str(row.e164), 0)) for row in rows)


@contextmanager
def rehearsed(
    *,
    speed: float = 60.0,
    limits: dict[str, int] | None = None,
    proxied: int | None = None,
    **options: Any,
) -> Iterator[Rehearsed]:
    """Servers, simulator and an unstarted fleet. `options` go to the simulator.

    `proxied`: the seed of fault proxies between the fleet's processes and provider, broker and
    database; the test itself goes past them.
    """
    environ = options.pop("environ", FAST_ENV)
    ledger: Path | None = options.pop("ledger_path", None)
    with ExitStack() as stack:
        postgres, redis = PostgresServer(), RedisServer()
        stack.callback(postgres.close)
        stack.callback(redis.close)
        postgres.start()
        redis.start()
        port = free_port()
        proxies: dict[str, Proxy] = {}
        through: dict[str, str] = {}
        if proxied is not None:
            targets = {"provider": port, "broker": redis.port, "database": postgres.port}
            for n, (name, target) in enumerate(targets.items()):
                proxies[name] = stack.enter_context(Proxy(target, seed=proxied + n))
            through = {
                "CAMPAIGNS_PROVIDER_URL": f"http://127.0.0.1:{proxies['provider'].port}",
                "CAMPAIGNS_REDIS_URL": f"redis://127.0.0.1:{proxies['broker'].port}/0",
                "CAMPAIGNS_DATABASE_URL": postgres.through(proxies["database"].port),
            }
        fleet = stack.enter_context(
            Fleet(
                database_url=postgres.admin_url,
                redis_url=redis.url,
                provider_url=f"http://127.0.0.1:{port}",
                speed=speed,
                through=through,
                **environ,
            )
        )
        clock = WorldClock(fleet.settings)
        stack.callback(clock.close)
        simulator = stack.enter_context(
            SimulatorServer(
                port=port,
                ledger_path=ledger,
                clock=MappedClock(read=clock),
                limits=FAST if limits is None else limits,
                **options,
            )
        )
        yield Rehearsed(
            fleet=fleet, postgres=postgres, redis=redis, simulator=simulator, proxies=proxies
        )


def promised(people: int) -> Counter[tuple[str, int]]:
    """What the default script and the default retries make of contacts 0 … people - 1."""
    return Counter(_promise(n % 100) for n in range(people))


def _promise(digits: int) -> tuple[str, int]:
    if digits <= 59 or digits in (96, 97):
        return "completed", 1
    if digits <= 74 or 85 <= digits <= 89:
        return "completed", 2
    if digits <= 79:
        return "completed", 3
    if digits <= 84:
        return "no_answer", 3
    if digits <= 92:
        return "voicemail", 1
    if digits in (93, 94, 99):
        return "failed", 1
    return ("rejected", 0) if digits == 95 else ("busy", 3)
