"""What the provider's pages do not say, read out of one consented test call.

Every capability has a pessimistic value that holds until a test call proves a better one. A test
that could not tell leaves what was known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.core.absence import LIST_LAG
from campaigns.core.calls import CallStatus


class Capability(StrEnum):
    """One open question about the provider, answered for each account."""

    SAME_IDS = "same_ids"
    LISTS_UNANSWERED = "lists_unanswered"
    LIST_LAG = "list_lag_s"
    START_DATE = "start_date_filters"
    CONTEXT_SHOWN = "context_shown"
    RATE_HEADERS = "rate_headers"
    WEBHOOK_RETRIED = "webhook_retried"


YES, NO, UNTESTED = "yes", "no", "untested"

PESSIMISTIC: Mapping[Capability, str] = {
    Capability.SAME_IDS: NO,
    Capability.LISTS_UNANSWERED: NO,
    Capability.LIST_LAG: f"{LIST_LAG.total_seconds():g}",
    Capability.START_DATE: UNTESTED,
    Capability.CONTEXT_SHOWN: NO,
    Capability.RATE_HEADERS: NO,
    Capability.WEBHOOK_RETRIED: UNTESTED,
}
"""What is assumed before anything was tested."""

SAYS: Mapping[Capability, str] = {
    Capability.SAME_IDS: "call_id and session_id are equal",
    Capability.LISTS_UNANSWERED: "the session list shows unanswered calls",
    Capability.LIST_LAG: "seconds until a call is in the list, at most",
    Capability.START_DATE: "the time that start_date filters",
    Capability.CONTEXT_SHOWN: "session details show the context",
    Capability.RATE_HEADERS: "answers carry rate-limit headers",
    Capability.WEBHOOK_RETRIED: "a webhook answered 500 is sent again",
}
"""Each question as a statement; `webhook_retried` cannot be tested from here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What one test call showed.

    `by_call_id`: a status by call_id found it; None: nothing usable was answered. `ended_at`: when
    it was first known to be over. `listed_id` and `listed_at`: its id in the list, and when it was
    first seen there; the last whole look was at `last_read_at`. `late_start_found`: whether a list
    that starts between the call's creation and its end still shows it; None: could not be asked.
    """

    call_id: str
    accepted_at: datetime
    by_call_id: bool | None = None
    status_id: str | None = None
    ended: CallStatus | None = None
    ended_at: datetime | None = None
    listed_id: str | None = None
    listed_at: datetime | None = None
    last_read_at: datetime | None = None
    late_start_found: bool | None = None
    context_shown: bool | None = None
    rate_headers: frozenset[str] = frozenset()

    @property
    def unanswered(self) -> bool:
        """Whether the call ended and nobody had picked up."""
        return self.ended in _UNANSWERED

    @property
    def missing(self) -> bool:
        """Whether it ended so long ago that the list is not late with it but leaves it out."""
        return (
            self.listed_at is None
            and self.ended_at is not None
            and self.last_read_at is not None
            and self.last_read_at - self.ended_at >= MISSING_AFTER
        )


_UNANSWERED = (CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.FAILED, CallStatus.CANCELLED)
MISSING_AFTER = LIST_LAG + timedelta(minutes=1)
"""After this without it, an ended call is not late in the list but missing."""


def read(evidence: Evidence) -> Mapping[Capability, str]:
    """What the evidence proves, one way or the other; what it cannot tell is left out."""
    found: dict[Capability, str] = {}
    same = _same_ids(evidence)
    if same is not None:
        found[Capability.SAME_IDS] = YES if same else NO
    if evidence.unanswered:
        if evidence.listed_at is not None:
            found[Capability.LISTS_UNANSWERED] = YES
        elif evidence.missing:
            found[Capability.LISTS_UNANSWERED] = NO
    if evidence.listed_at is not None:
        lag = max(timedelta(0), evidence.listed_at - evidence.accepted_at)
        found[Capability.LIST_LAG] = f"{lag.total_seconds():.0f}"
    if evidence.late_start_found is not None:
        found[Capability.START_DATE] = "later" if evidence.late_start_found else "creation"
    if evidence.context_shown is not None:
        found[Capability.CONTEXT_SHOWN] = YES if evidence.context_shown else NO
    found[Capability.RATE_HEADERS] = (
        " ".join(sorted(evidence.rate_headers))[:100] if evidence.rate_headers else NO
    )
    return found


def _same_ids(evidence: Evidence) -> bool | None:
    """Equal only where status knows the call_id as a session: an alias alone is not equality."""
    if evidence.by_call_id and evidence.status_id == evidence.call_id:
        return evidence.listed_id in (None, evidence.call_id)
    if evidence.listed_id is not None:
        return evidence.listed_id == evidence.call_id
    return False if evidence.by_call_id is False else None


def lists_unanswered(known: Mapping[Capability, str]) -> bool:
    """Whether a call's absence from the list may count as evidence at all."""
    value = known.get(Capability.LISTS_UNANSWERED, PESSIMISTIC[Capability.LISTS_UNANSWERED])
    return value == YES


def list_lag(known: Mapping[Capability, str]) -> timedelta:
    """How late the list may be: what was seen, and never less than the house's own bound."""
    value = known.get(Capability.LIST_LAG, "")
    return max(LIST_LAG, timedelta(seconds=int(value))) if value.isdigit() else LIST_LAG
