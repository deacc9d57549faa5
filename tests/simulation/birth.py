"""What a seed's world is born with: an empty database, and what the provider will do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from random import Random
from uuid import UUID

from campaigns.simulator.script import Rule, Script
from campaigns.simulator.settings import SimulatorSettings
from campaigns.simulator.webhooks import WebhookOptions
from campaigns.store import schema
from campaigns.store.database import Database
from tests.simulation.people import PHONES
from tests.simulation.plan import Plan
from tests.support.secret import KEYS


class Ids:
    """Random ids that a seed repeats."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(f"ids {seed}")

    def uuid(self) -> str:
        """A UUID of version 4."""
        return str(UUID(int=self._dice.getrandbits(128), version=4))


def provider_of(plan: Plan) -> SimulatorSettings:
    """The provider under this plan: how each phone answers, and what becomes of its webhooks."""
    rules = tuple(
        Rule(number=number, calls=calls)
        for number, calls in zip(PHONES, plan.endings, strict=False)
    )
    return SimulatorSettings(
        ledger_path=None,
        seed=plan.seed,
        script=Script(rules=rules),
        same_ids=plan.same_ids,
        list_unanswered=plan.list_unanswered,
        webhooks=WebhookOptions(
            drop=plan.chance("hook_dropped"),
            duplicate=plan.chance("hook_doubled"),
            delay=plan.chance("hook_late"),
            delay_s=(1.0, 900.0),
            reorder=plan.chance("hook_reordered"),
        ),
    )


def database(clock: Callable[[], datetime]) -> Database:
    """The one database of this process, emptied, on this clock."""
    template, database = _template()
    with template.reader.connect() as source, database.reader.connect() as target:
        source.rollback()
        target.rollback()
        there = source.connection.driver_connection
        here = target.connection.driver_connection
        assert there is not None
        assert here is not None
        there.backup(here)
    database.clock = clock
    return database


@lru_cache(maxsize=1)
def _template() -> tuple[Database, Database]:
    """An empty database of ours, and the one that every seed begins anew: compiled once."""
    born = datetime.fromisoformat("2025-01-01T00:00:00+00:00")
    template = Database("sqlite://", clock=lambda: born, keys=KEYS)
    schema.upgrade(template, kind="real")
    return template, Database("sqlite://", clock=lambda: born, keys=KEYS)
