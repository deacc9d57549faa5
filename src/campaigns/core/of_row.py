"""The columns that set something for one contact: how long, recorded or not, not before when."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.core import durations, spoken
from campaigns.core.cells import yes_or_no
from campaigns.core.fields import LONGEST_CALL


class Reject(Exception):
    """This cell makes the row uncallable."""

    def __init__(self, column: str, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(f"{column}: {reason}")


def not_before(column: str, text: str, zone: str | None) -> datetime | None:
    """The instant in a cell; `zone`: of one that names none. Raises Reject."""
    if not text:
        return None
    try:
        return spoken.read(text).instant(zone)
    except spoken.Unreadable as fault:
        raise Reject(column, str(fault)) from None
    except OverflowError:
        raise Reject(column, "no such day or time in the calendar") from None


def max_duration_s(column: str, text: str) -> int | None:
    """The longest that a call to this contact may last. Raises Reject."""
    if not text:
        return None
    try:
        limit = durations.parse(text, plain_seconds=True)
    except durations.NotADuration:
        raise Reject(column, "no duration such as 2m, 90s or plain seconds") from None
    if not timedelta(seconds=1) <= limit <= LONGEST_CALL:
        raise Reject(column, "a call takes from 1s to 4h")
    return limit // timedelta(seconds=1)


def recording(column: str, text: str) -> bool | None:
    """Whether a call to this contact is recorded. Raises Reject."""
    if not text:
        return None
    answer = yes_or_no(text)
    if answer is None:
        raise Reject(column, "neither yes nor no")
    return answer
