"""The real or simulated things one engine is made of, handed to every use case."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns.core import columns
from campaigns.core.anchor import AnchorReader
from campaigns.core.budget import day_of
from campaigns.core.calls import Answer
from campaigns.core.context import Templates, anchor_of
from campaigns.core.definition import Definition
from campaigns.core.hours import Hours, rules_of
from campaigns.core.instants import CLOCK_STEP
from campaigns.core.rules import Rules
from campaigns.core.runs import Origin
from campaigns.core.weeks import EPOCH
from campaigns.engine.watch import Watch
from campaigns.errors import DefinitionError, EngineFault, InputError
from campaigns.ports import Clock, Dialer, Dice, Doorbell, FreshList, Lists, Store, Transaction

HookUrl = Callable[[str], str | None]
"""An attempt id → the address where the provider reports on it, or None without a public URL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """One version of a campaign, ready to be asked."""

    definition: Definition
    templates: Templates
    hours: Hours
    rules: Rules
    anchor: AnchorReader | None = None
    start_column: str | None = None  # where a row says before when it must not be called


class Versions:
    """Versions never change, so each is parsed once per process."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Pinned] = {}

    def get(self, tx: Transaction, campaign_id: int, version: int) -> Pinned:
        """The pinned version; reads it from the store the first time. Raises EngineFault."""
        key = (campaign_id, version)
        if key not in self._known:
            if len(self._known) >= 512:
                self._known.clear()
            try:
                definition, header = tx.definition(campaign_id, version)
                day_of(definition, EPOCH)  # here, since the gate cannot answer for its zone
                self._known[key] = Pinned(
                    definition=definition,
                    templates=Templates.compile(definition, header),
                    hours=Hours.of(definition),
                    rules=rules_of(definition),
                    anchor=anchor_of(definition, header, []),  # faults: the templates have them
                    start_column=columns.understand(definition.contacts, header).settings.get(
                        "scheduled_at"
                    ),
                )
            except (ValueError, DefinitionError) as error:
                raise EngineFault(
                    f"version {version} of campaign {campaign_id} cannot be read"
                    f" ({type(error).__name__}): was it written by a newer program?"
                ) from error
        return self._known[key]


class ClockGuard:
    """Compares readings of the database's clock with this process's monotonic one.

    A step means that slots may be stamped wrongly: every account is held once for it (clock.py).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[datetime, float, float] | None = None
        self._steps = 0
        self._holds: dict[int, tuple[int, datetime | None]] = {}

    def observe(self, real: datetime, before: float, after: float) -> None:
        """`real` was read between the monotonic instants `before` and `after`."""
        with self._lock:
            last, self._last = self._last, (real, before, after)
            if last is not None:
                there = (real - last[0]).total_seconds()
                slack = CLOCK_STEP.total_seconds()
                # Each was stamped somewhere within its query: the true distance lies between.
                least, most = before - last[2] - slack, after - last[1] + slack
                self._steps += not least <= there <= most

    def unheld(self, account_id: int, not_before: datetime | None) -> bool:
        """Whether a step was seen that this account, held until `not_before`, was not held for.

        A hold counts once it is read back: the commit that was to write it may have failed.
        """
        with self._lock:
            steps, until = self._holds.get(account_id, (0, None))
            if until is not None and not_before is not None and not_before >= until:
                self._holds[account_id] = steps, None
                until = None
            return steps < self._steps or until is not None

    def held(self, account_id: int, until: datetime) -> None:
        """The account was told to wait until then, for every step that was seen so far."""
        with self._lock:
            self._holds[account_id] = self._steps, until


def no_lists(definition: Definition, origin: Origin) -> FreshList:
    """Where nothing can be read again."""
    raise InputError(f"{origin.path} cannot be read from here")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What this installation is: public (webhooks arrive), a rehearsal, served by leases only."""

    public: bool = False
    rehearsal: bool = False
    leased_only: bool = False
    lookup_deadline: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unrecorded:
    """An answer whose recording failed: kept until the database is back."""

    attempt_id: str
    account_id: int
    window: timedelta
    answer: Answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """Everything a use case may touch.

    `lists` reads a known campaign's list again. `stopping`: this process is told to end.
    `next_outside`: in a rehearsal, the instants at which the simulator does something next.
    """

    store: Store
    clock: Clock
    dice: Dice
    doorbell: Doorbell
    dialers: Callable[[int], Dialer]
    hook_url: HookUrl
    policy: Policy = Policy()
    lists: Lists = no_lists
    stopping: Callable[[], bool] = bool
    next_outside: Callable[[], Sequence[datetime]] = tuple
    versions: Versions = field(default_factory=Versions)
    guard: ClockGuard = field(default_factory=ClockGuard)
    watch: Watch = field(default_factory=Watch)
    unrecorded: deque[Unrecorded] = field(default_factory=deque)
