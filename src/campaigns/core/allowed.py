"""What allowed a call, as it is kept with it: the evidence that an explanation shows later."""

from __future__ import annotations

from campaigns.core.caps import made_within
from campaigns.core.facts import Facts
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN, Now


def admitted(facts: Facts, hours: Hours, now: Now) -> dict[str, object]:
    """What allowed a call, as it is kept with it: rules, local times, caps; nothing personal."""
    looks = hours.looks(now.policy, facts.where, EDGE_MARGIN)
    return {
        "places": list(facts.where.places),
        "hours": [
            {"rule": one.rule, "zone": one.zone, "local": one.local and one.local.isoformat()}
            for one in looks
        ],
        "caps": [
            {
                "rule": limit.key,
                "calls": limit.cap.calls,
                "per_s": int(limit.cap.per.total_seconds()),
                "made": made_within(limit.cap, facts.recent_intents, now.policy),
            }
            for limit in facts.frequency.limits
        ],
    }
