"""What is remembered as evidence about calls in doubt, as the engine asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from campaigns.core.absence import ListRead
from campaigns.core.capabilities import Capability
from campaigns.core.records import AttemptRow


class EvidenceBook(Protocol):
    """Reads of the session list, what a provider can tell, the webhook door, other calls."""

    def doubtful(
        self, account_id: int, agent_id: str, *, since: datetime, until: datetime
    ) -> Sequence[AttemptRow]:
        """Calls of an agent in doubt, intended within these instants, the oldest first."""

    def store_read(self, read: ListRead) -> None: ...

    def reads(self, attempt: AttemptRow) -> Sequence[ListRead]:
        """Reads since the settling of this attempt that looked for it, the oldest first."""

    def later_webhook(self, account_id: int, intent_at: datetime) -> datetime | None:
        """When the first webhook came for a call of this account that was intended later."""

    def heard(self, attempt_id: str) -> bool:
        """Whether anything at all was ever said about an attempt."""

    def other_open(self, attempt: AttemptRow) -> str | None:
        """Another attempt to the same number that is open now."""

    def not_placed(self, task_id: int) -> int:
        """How often it was proven that a call of this task was not placed."""

    def door_pulse(self, process: str, kind: str, at: datetime, policy: datetime) -> None:
        """A process says that the webhook address is up (real time; policy time of the start)."""

    def door_since(self, process: str, at: datetime) -> datetime | None:
        """Since when (policy time) it has been up without a gap; None: it is not up now."""

    def capabilities(self, account_id: int) -> Mapping[Capability, str]: ...

    def set_capabilities(
        self,
        account_id: int,
        found: Mapping[Capability, str],
        *,
        attempt_id: str | None,
        at: datetime,
    ) -> None: ...

    def insert_stray(self, row: AttemptRow, id: str, session_id: str, at: datetime) -> None:
        """A call that is in the list beside the one of `row`: it counts, and is followed."""
