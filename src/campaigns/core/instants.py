"""Two kinds of time, and the settled durations.

Policy time decides who may be rung when; in a rehearsal it is a map of real time. Mechanical time
(leases, `send_by`, HTTP deadlines) is always real. A `Now` carries both, read in one place: the
database, after the last lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SEND_BY = timedelta(seconds=4)
"""Mechanical: an intent older than this sends nothing."""
POST_DEADLINE = timedelta(seconds=15)
"""Mechanical: total time for one start-call request."""
REHEARSAL_SEND_WITHIN = timedelta(seconds=50)
"""Policy time an intent may be old in a rehearsal when its first byte leaves."""
DEAD_PROCESS = timedelta(seconds=20)
"""Mechanical: past `send_by`, when a process that died can no longer have a request under way."""
DRIFT = timedelta(milliseconds=20)
"""Clock-rate drift over one window (performance.md, section 2.5)."""
DRAIN = timedelta(seconds=5)
"""Mechanical: how long a request may sit in the provider's door after we shut the socket."""
CLAIM_LEASE = timedelta(seconds=30)
"""Mechanical: a claimed task goes back after this."""
AHEAD = timedelta(seconds=1.5)
"""Mechanical: dispatch claims what can start within this."""
RING = timedelta(seconds=60)
"""The longest a phone rings."""
RELEASE_MARGIN = timedelta(minutes=5)
"""After ring and max_duration a number is released."""
EVENT_GRACE = timedelta(minutes=7)
"""No retry leaves earlier after an ending that no GET has confirmed."""
EDGE_MARGIN = timedelta(seconds=60)
"""Calling hours must be open this long before and after the POST."""
EDGE_MINUTES = 2 * EDGE_MARGIN // timedelta(minutes=1)
"""Hours of no more minutes than this have no instant with the margin on both sides."""
UNRESOLVED_AFTER = timedelta(hours=24)
"""A call nobody can tell about is `unresolved` then, where webhooks or status could have told."""
BREAKER_HOLD = timedelta(minutes=5)
"""Answers that say nothing stop the account for this long."""
CAP_CALLS = 4
CAP_PERIOD = timedelta(hours=24)
"""The default cap: intents per number, over all campaigns and accounts."""
STRICT_EXTRA = timedelta(milliseconds=200)
STRICT_FOR = timedelta(hours=24)
"""After a 429 below the limit: the provider counts as a bucket of capacity 1, for all we know."""
CLOCK_STEP = timedelta(milliseconds=250)
"""A database clock that moved more against this machine's monotonic one holds the account."""
CLOCK_HOLD = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """One reading of the clock. `speed` is policy seconds per real second."""

    real: datetime
    policy: datetime
    speed: float = 1.0

    def mechanical(self, real: timedelta) -> timedelta:
        """A mechanical duration as it passes in policy time."""
        return real * self.speed

    def until(self, policy: datetime) -> timedelta:
        """Real time from now until a policy instant; negative when it has passed."""
        return (policy - self.policy) / self.speed


def utc_text(at: datetime) -> str:
    """An instant as it is typed: UTC with Z, to the second before it."""
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
