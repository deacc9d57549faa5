"""What is remembered of accounts and campaigns, as the engine asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from campaigns.core.calls import Limit
from campaigns.core.definition import Definition
from campaigns.core.lifecycle import CampaignState
from campaigns.core.pacing import Slot
from campaigns.core.records import AccountRow, CampaignRow
from campaigns.core.runs import Origin


class AccountBook(Protocol):
    """Accounts, their slots and holds."""

    def accounts(self) -> Sequence[AccountRow]: ...

    def account_named(self, name: str) -> AccountRow: ...

    def account(self, account_id: int) -> AccountRow: ...

    def lock_account(self, account_id: int) -> AccountRow: ...

    def try_account(self, account_id: int) -> bool:
        """Whether this transaction is the account's only dispatcher now."""

    def change_account(self, account_id: int, **values: object) -> None: ...

    def slots(self, account_id: int, kind: Limit) -> Sequence[Slot]: ...

    def take_slot(
        self, account_id: int, kind: Limit, n: int, holder: str, free_at: datetime
    ) -> None: ...

    def settle_slot(self, account_id: int, holder: str, free_at: datetime) -> bool:
        """Stamp the slot that `holder` still holds; False when it is someone else's by now."""

    def answers(self, account_id: int, since: datetime | None, limit: int) -> Sequence[str]:
        """The newest answer classes of an account, newest first; not_sent left out."""

    def dialing_count(self, account_id: int) -> int: ...

    def claimed_count(self, account_id: int) -> int: ...


class CampaignBook(Protocol):
    """Campaigns, their versions, their loading and their pauses."""

    def campaign_named(self, name: str) -> CampaignRow | None: ...

    def lock_campaign(self, campaign_id: int) -> CampaignRow: ...

    def campaign(self, campaign_id: int) -> CampaignRow: ...

    def create_campaign(
        self,
        *,
        name: str,
        account_id: int,
        digest: str,
        start_at: datetime | None,
        end_at: datetime | None,
        token: str,
        until: datetime,
        at: datetime,
        definition: Definition,
        header: Sequence[str],
        source: str,
        origin: Origin | None = None,
    ) -> int | None:
        """None: the name is taken."""

    def change_campaign(
        self, campaign_id: int, expect: Iterable[CampaignState], **values: object
    ) -> bool: ...

    def definition(self, campaign_id: int, version: int) -> tuple[Definition, tuple[str, ...]]: ...

    def runnable(self, account_id: int, *, leased_at: datetime | None) -> Sequence[CampaignRow]:
        """Running, without an open pause request; only leased ones when `leased_at` is given."""

    def tried(self, campaign_id: int, since: datetime | None) -> Collection[int]:
        """Contacts that calls since then may have rung; None: since ever."""

    def ask_pause(self, campaign_id: int, why: str, at: datetime) -> None: ...

    def pause_asked(self, campaign_id: int) -> bool: ...

    def pauses_asked(self) -> Sequence[tuple[int, int, str]]:
        """(request id, campaign id, why) not yet applied."""

    def pause_applied(self, request_id: int) -> None: ...

    def unfinished(self) -> Sequence[CampaignRow]:
        """Campaigns in which no task is open any more, and that nobody paused."""

    def campaign_answers(
        self, campaign_id: int, since: datetime | None, limit: int
    ) -> Sequence[tuple[str, str, str | None]]:
        """(attempt id, answer, blame), newest first; only accepted and rejected ones."""

    def audit(
        self,
        *,
        who: str,
        what: str,
        at: datetime,
        campaign_id: int | None = None,
        account_id: int | None = None,
        **detail: object,
    ) -> None: ...

    def hold_lease(self, lease_id: str, campaign_id: int, until: datetime) -> None: ...

    def end_lease(self, lease_id: str) -> None: ...

    def leased(self, at: datetime) -> Sequence[int]:
        """Campaign ids with a living lease."""
