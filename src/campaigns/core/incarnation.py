"""Whether a database is still the one that was worked with, or an older state of it.

After a restore or a promotion the newest calls are forgotten: their contacts look uncalled. The
mark in the database only ever rises, so whoever has seen a higher one knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.core.instants import utc_text


def went_back(found: Incarnation, seen: int) -> str | None:
    """Why this database may have forgotten calls; None: nothing says so.

    `seen`: the highest mark anybody remembers, taken before `found` was read.
    """
    moved = found.server is not None and found.found not in (None, found.server)
    if not moved and found.mark >= seen:
        return None
    return f"this database was restored or promoted: run `{command(found)}`"


def command(found: Incarnation) -> str:
    """What a person types: since when calls may be missing is when it last gave a sign of life."""
    since = found.lost_since or found.marked_at
    return f"campaigns recover --since {utc_text(since) if since else 'TIME-OF-THE-BACKUP'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Orphan:
    """A call whose events came on an address of ours that this database does not know."""

    attempt_id: str
    call_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """real or rehearsal, stamped at the creation of the database."""

    kind: str
    speed: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Incarnation:
    """Which state of which database this is.

    `mark` only ever rises. `server` is where it belongs, `found` where it runs (None: cannot be
    told). `lost_since`: calls after this instant may be missing. Instants are real time.
    """

    born: str | None
    mark: int
    marked_at: datetime | None
    server: str | None
    found: str | None
    held_why: str | None
    held_at: datetime | None
    lost_since: datetime | None
