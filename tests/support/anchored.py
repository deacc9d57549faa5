"""The anchor of a row, as its reader would have read it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from campaigns.core.anchor import Anchored
from campaigns.core.spoken import Moment

ZONE = "America/New_York"


def anchored(visit: datetime, zone: str = ZONE) -> Anchored:
    """A naive date-time on the wall clock of a zone."""
    place = ZoneInfo(zone)
    return Anchored(
        at=visit.replace(tzinfo=place).astimezone(UTC),
        place=place,
        moment=Moment(date=visit.date(), time=visit.time(), offset=None),
        zone=zone,
    )
