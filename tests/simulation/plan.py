"""What may go wrong under one seed: each kind of fault is switched on or off (swarm testing).

A run in which everything goes wrong at once never gets far; one in which a few things go wrong
often finds what needs just those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from campaigns.core.definition import Retry
from campaigns.simulator.script import Becomes

SWITCHES = (
    "preempt",  # another piece of work goes on between two transactions
    "kill",  # kill -9 of a worker, at any instant
    "crash_before_commit",
    "crash_after_commit",
    "stop",  # SIGSTOP for up to a minute
    "beats_down",
    "ring_lost",
    "ring_doubled",
    "ring_late",
    "flush",  # everything the broker knows is gone
    "database_away",
    "commit_failed",
    "commit_unclear",  # committed, but the answer was lost
    "clock_step",
    "crash_before_post",
    "crash_under_way",  # between the first byte and the answer
    "stop_before_post",  # between the intent and the first byte
    "refused",  # no connection
    "stall",  # up to 4 s each way
    "slow",  # the answer comes too late, or nearly
    "lost_before",
    "lost_after",
    "error_placed",
    "error_not_placed",
    "html",
    "html_placed",
    "no_call_id",
    "cut_off",
    "too_many",
    "storm",  # minutes in which the provider answers nothing but 500
    "lookup_fails",
    "unverified",  # 400 about the caller's number, for a while
    "no_balance",
    "hook_dropped",
    "hook_doubled",
    "hook_late",
    "hook_reordered",
    "hook_forged",
    "door_down",
    "pause",
    "pause_account",
    "suppress",
    "unsuppress",
    "cancel",
    "resubmit",
    "limit",  # lowered and raised
    "second_campaign",  # the same people
    "same_number",  # two contacts, one phone
)

STARTS = (
    datetime(2026, 3, 10, 15, 0, tzinfo=UTC),  # a Tuesday, 11:00 in New York
    datetime(2026, 3, 10, 22, 30, tzinfo=UTC),  # 18:30 there: half an hour before closing
    datetime(2026, 3, 8, 4, 30, tzinfo=UTC),  # the night in which an hour is skipped
    datetime(2026, 11, 1, 3, 30, tzinfo=UTC),  # the night in which an hour is repeated
)
Ending = str | tuple[Becomes, ...]
ENDINGS: tuple[Ending, ...] = (
    "completed",
    "no_answer, then completed",
    "no_answer, then no_answer, then completed",
    "no_answer",
    "busy, then completed",
    "busy",
    "failed",
    "failed, then completed",
    "voicemail",
    "rejected",
    # Somebody picked up, whatever word ended it: never again.
    (Becomes(status="no_answer", answered=True), Becomes()),
    (Becomes(status="busy", answered=True), Becomes(status="no_answer")),
)
CHANCES = (0.01, 0.03, 0.1)
"""How often a fault that is switched on strikes where it can."""
SELDOM = frozenset(SWITCHES[SWITCHES.index("crash_before_post") : SWITCHES.index("pause")])
"""Faults of calls and events, of which a run has few: these strike more often."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One seed's world."""

    seed: int
    start: datetime
    on: Mapping[str, float]
    people: int
    endings: tuple[Ending, ...]
    public: bool
    always_open: bool
    limit: int
    spacing: float
    retry: Retry
    max_duration: timedelta
    hours: float  # how long things go wrong
    same_ids: bool
    list_unanswered: bool
    probed: bool  # a test call has shown that the list has unanswered calls
    workers: int = 2
    beats: int = 1

    def chance(self, fault: str) -> float:
        """How often this fault strikes here."""
        return self.on.get(fault, 0.0)


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    dice = Random(f"plan {seed}")
    share = dice.choice((0.0, 0.1, 0.25, 0.5))
    on = {
        fault: dice.choice(CHANCES) * (5 if fault in SELDOM else 1)
        for fault in SWITCHES
        if dice.random() < share
    }
    # A limit that is lowered and raised matters only where more people wait than it lets through.
    people = dice.randint(4, 6) if "limit" in on else dice.randint(1, 4)
    minutes = [timedelta(minutes=m) for m in (2, 10, 30, 60)]
    lists = dice.random() < 0.7
    return Plan(
        seed=seed,
        start=dice.choice(STARTS),
        on=on,
        people=people,
        endings=tuple(dice.choice(ENDINGS) for _ in range(people)),
        public=dice.random() < 0.75,
        always_open=dice.random() < 0.3,
        limit=dice.choice((2, 3) if "limit" in on else (1, 2, 5, 10)),
        spacing=dice.choice((0.0, 1.0)),
        retry=Retry(
            max_attempts=dice.randint(1, 3),
            no_answer=(dice.choice(minutes), dice.choice(minutes)),
            busy=(dice.choice(minutes),),
            failed=dice.choice(((), (timedelta(minutes=10),))),
            voicemail=dice.choice(((), (timedelta(minutes=30),))),
            redial_after_unknown=dice.choice(("proven", "proven", "never")),
        ),
        max_duration=timedelta(minutes=dice.choice((1, 2, 10))),
        hours=dice.choice((0.2, 0.5, 1.5)),
        same_ids=dice.random() < 0.7,
        list_unanswered=lists,
        probed=lists and dice.random() < 0.7,
        beats=dice.choice((1, 1, 2)),
    )
