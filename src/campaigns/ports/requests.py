"""What is remembered of requests that may be sent twice, as the engine asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRequest:
    """A request that may be sent again. `status` None: it is under way."""

    digest: str
    status: int | None
    body: Any


class RequestBook(Protocol):
    """Requests by the hash of their Idempotency-Key. Instants are real time."""

    def take_request(self, key: str, digest: str, at: datetime, lapsed: datetime) -> bool:
        """Whether it is the caller's now: new, or the same given up before `lapsed`."""

    def request(self, key: str) -> KeptRequest | None: ...

    def answer_request(self, key: str, status: int, body: object) -> None: ...

    def drop_request(self, key: str, at: datetime) -> None:
        """The one taken at that instant; whoever took it over since keeps it."""

    def forget_requests(self, before: datetime) -> None: ...

    def told_absent(self, campaign_id: int, key: str, at: datetime) -> None:
        """As of then a contact that is not in the book is not to be called."""

    def absent_since(self, campaign_id: int, key: str) -> datetime | None: ...
