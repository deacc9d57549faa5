"""The world around an engine: a clock, dice, the voice provider, a doorbell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from campaigns.core.calls import Answer, DialRequest, Listed, Looked
from campaigns.core.contacts import Entry
from campaigns.core.definition import Definition
from campaigns.core.records import Claim
from campaigns.core.runs import Origin


class Clock(Protocol):
    """This machine's clock: for durations and waits, never for decisions about people.

    `host` names the machine since its last start: two processes with one host share `monotonic`.
    """

    @property
    def host(self) -> str: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Dice(Protocol):
    """Where chance comes from."""

    def uuid(self) -> str: ...


class Dialer(Protocol):
    """The voice provider (provider/client.py)."""

    def dial(self, request: DialRequest, *, send_by: float) -> Answer:
        """One POST, once. `send_by`: monotonic instant after which nothing may leave."""

    def status(self, id: str) -> Looked: ...

    def call(self, id: str) -> Looked: ...

    def session(self, id: str) -> Looked:
        """The details of a session, from the pool of the list."""

    def rate_headers(self) -> frozenset[str]:
        """Names of the rate-limit headers that answers have carried so far."""

    def sessions(
        self,
        *,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        status: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Listed: ...


class Doorbell(Protocol):
    """Wakes a worker. May lose or repeat a ring: then only latency changes."""

    def dial(self, claim: Claim) -> None: ...

    def fold(self, attempt_id: str) -> None: ...

    def check(self, attempt_id: str) -> None: ...

    def dispatch(self, account_id: int) -> None: ...

    def look(self, account_id: int) -> None: ...

    def refresh(self, campaign_id: int) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class FreshList:
    """A list as it is now. `digest`: of the campaign with it. `written_at`: real time."""

    header: Sequence[str]
    digest: str
    name: str
    written_at: datetime
    entries: Iterable[Entry]


class Lists(Protocol):
    """Reads the list of a known campaign again."""

    def __call__(self, definition: Definition, origin: Origin) -> FreshList:
        """Raises InputError for what is missing or no list."""


class Witness(Protocol):
    """Remembers outside the database how far it had come. May forget; never makes anything up."""

    def read(self, born: str) -> int:
        """The highest mark written of the database of that name; 0 when none is known."""

    def write(self, born: str, mark: int) -> None:
        """Best effort: it never raises."""
