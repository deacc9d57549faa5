"""What the engine asks of the world: a clock, dice, a store, a dialer, a doorbell.

Protocols only. The real ones live in store/, provider/ and workers/; tests use the same ones on
SQLite `:memory:`, the simulator and a doorbell that calls straight back. Every store method that
changes a state names the state it expects and says by its result whether it found it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from campaigns.core.incarnation import World
from campaigns.core.instants import Now
from campaigns.ports.books import AccountBook, CampaignBook
from campaigns.ports.calls import AttemptBook, TaskBook
from campaigns.ports.ceilings import CeilingBook
from campaigns.ports.evidence import EvidenceBook
from campaigns.ports.explaining import ExplainBook
from campaigns.ports.lists import ListBook
from campaigns.ports.recovery import IncarnationBook, RecoveryBook
from campaigns.ports.requests import RequestBook
from campaigns.ports.runs import RunBook
from campaigns.ports.world import Clock, Dialer, Dice, Doorbell, FreshList, Lists, Witness

__all__ = [
    "AccountBook",
    "AttemptBook",
    "CampaignBook",
    "CeilingBook",
    "Clock",
    "Dialer",
    "Dice",
    "Doorbell",
    "EvidenceBook",
    "ExplainBook",
    "FreshList",
    "IncarnationBook",
    "ListBook",
    "Lists",
    "RecoveryBook",
    "Rehearsal",
    "RequestBook",
    "RunBook",
    "Store",
    "TaskBook",
    "Transaction",
    "Witness",
]


class Rehearsal(Protocol):
    """The clock of a rehearsal world."""

    def world(self) -> World: ...

    def next_check(self) -> datetime | None:
        """The next look-up or bound; None when nothing is ahead."""

    def in_flight(self) -> bool:
        """Whether anything is claimed, live, or said and not yet folded."""

    def set_clock(self, *, real: datetime, policy: datetime, speed: float) -> None: ...


class Transaction(
    AccountBook,
    CampaignBook,
    ListBook,
    TaskBook,
    AttemptBook,
    CeilingBook,
    EvidenceBook,
    ExplainBook,
    IncarnationBook,
    RecoveryBook,
    RunBook,
    RequestBook,
    Rehearsal,
    Protocol,
):
    """One transaction. Leaving it by an exception rolls back; otherwise it commits."""

    def now(self) -> Now:
        """The database's clock at this instant, in both kinds of time."""

    def alive(self, process: str, kind: str, at: datetime) -> None: ...

    def last_alive(self, process: str) -> datetime | None: ...


class Store(Protocol):
    """Where everything is remembered.

    `single_writer`: one writer at a time, so a bulk writer must let others through.
    """

    single_writer: bool

    def write(self) -> AbstractContextManager[Transaction]: ...

    def read(self) -> AbstractContextManager[Transaction]: ...

    def policy_now(self) -> Now:
        """One reading of the clock in a transaction of its own."""
