"""The keys of a campaign file that say how fast it goes."""

from __future__ import annotations

from campaigns.core.keys import Key

PACE: tuple[Key, ...] = (
    Key(
        path="pacing",
        says="How fast it goes, and how far before a person has listened.",
        takes="the keys below",
        default="the account's limit of starts per minute",
        example="pacing:\n  first: 10",
        schema={},
    ),
    Key(
        path="pacing.first",
        says="Call so many contacts, then wait for `campaigns approve`: nobody else is called"
        " before, and no retry leaves while it waits. Another agent_id, from_number or context asks"
        " again, another list does not.",
        takes="a whole number from 1 to 1000",
        default="none: nobody is asked",
        example="pacing:\n  first: 10",
        schema={"type": ["integer", "string"], "minimum": 1, "maximum": 1000},
    ),
)
