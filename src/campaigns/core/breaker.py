"""When answers say nothing, every further POST may ring a phone blindly: stop.

Three unknown answers in a row, or 20 % of the last 20, hold the account; then one call is let
through, and its answer decides. So a storm of 5xx costs three doubtful people and those whose
requests are under way (where nothing answers at all, up to the limit of a minute), not the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

IN_A_ROW = 3
LAST = 20
SHARE = 0.2


def trips(unknown: Sequence[bool]) -> bool:
    """Whether the newest answers (newest first, True = unknown) stop the account."""
    if len(unknown) >= IN_A_ROW and all(unknown[:IN_A_ROW]):
        return True
    return len(unknown) >= LAST and sum(unknown[:LAST]) >= SHARE * LAST and unknown[0]


def not_sent_hold(streak: int) -> timedelta:
    """How long to hold after `streak` requests in a row that could not be sent: 1, 2, 4 … 60 s."""
    return timedelta(seconds=min(60, 2 ** min(max(streak, 1) - 1, 6)))


REFUSALS = 3
"""Contacts refused in a row with nothing accepted between: the list or the campaign is wrong."""


REFUSALS_WHY = "three numbers in a row were refused: look at them, then `campaigns resume`"
"""Why a campaign was paused then; who resumes it takes further refusals for the contacts' own."""


def refusals_pause(blamed_contact: Sequence[bool]) -> bool:
    """Whether the newest answers of a campaign (newest first) blame one contact too many."""
    return len(blamed_contact) >= REFUSALS and all(blamed_contact[:REFUSALS])
