"""The heartbeat: one static tick. Two beats are harmless, none is survived.

In a rehearsal, where a minute passes in a second, it beats five times as often.
"""

from __future__ import annotations

import os

REHEARSAL = os.environ.get("CAMPAIGNS_WORLD") == "rehearsal"
BEAT_SCHEDULE = {
    "tick": {
        "task": "workers.tasks.tick",
        "schedule": 0.2 if REHEARSAL else 1.0,
        "options": {"queue": "sweep"},
    },
}
