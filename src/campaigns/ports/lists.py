"""What is remembered of a campaign's list, as the engine asks for it when the list changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from campaigns.core.definition import Definition
from campaigns.core.reconcile import BookContact, BookTask, Rename, Retime
from campaigns.core.records import NewContact, NewTask
from campaigns.core.runs import Origin


class ListBook(Protocol):
    """The book of a campaign against a new list; its lock is held by whoever changes it."""

    def new_version(
        self,
        campaign_id: int,
        version: int,
        *,
        definition: Definition,
        header: Sequence[str],
        source: str,
        digest: str,
        at: datetime,
        origin: Origin | None = None,
    ) -> None: ...

    def digests(self, campaign_id: int, entries: Sequence[NewContact]) -> Mapping[str, str]: ...

    def book(self, campaign_id: int, keys: Collection[str]) -> Mapping[str, BookContact]:
        """By key, without their tasks."""

    def of_source(
        self, campaign_id: int, source: str, *, after: int, limit: int
    ) -> Sequence[BookContact]:
        """Those that are on that list, by id, without their tasks."""

    def tasks_of(self, contact_ids: Collection[int]) -> Mapping[int, Sequence[BookTask]]: ...

    def lock_open_tasks(self, contact_ids: Collection[int]) -> None:
        """Those of these contacts that are not done, in the order of ids: calls are shared."""

    def still_called(self, contact_ids: Collection[int]) -> Collection[int]: ...

    def lanes(self, campaign_id: int, zones: Collection[str]) -> Mapping[str, int]: ...

    def rewrite(
        self,
        contact_id: int,
        entry: NewContact,
        *,
        digest: str,
        source: str,
        phone_id: int,
        lane_id: int,
    ) -> None: ...

    def relined(self, lines: Mapping[int, int], source: str) -> None: ...

    def hold(self, contact_ids: Collection[int]) -> None: ...

    def leave(self, contact_ids: Collection[int], at: datetime) -> None: ...

    def said(self, contact_id: int, at: datetime) -> None:
        """As of when its teller knows what was told last."""

    def sharing(self, campaign_id: int, phone_id: int) -> Sequence[int]:
        """Contacts that have this number and are on the list."""

    def add_tasks(
        self,
        contact_id: int,
        plans: Sequence[NewTask],
        *,
        campaign_id: int,
        account_id: int,
        phone_id: int,
        lane_id: int,
    ) -> None: ...

    def retime(self, step: Retime, at: datetime) -> bool: ...

    def stop(self, task_ids: Collection[int], reason: str, at: datetime) -> None: ...

    def rename(self, step: Rename) -> None: ...

    def forget_rejects(self, campaign_id: int) -> None: ...
