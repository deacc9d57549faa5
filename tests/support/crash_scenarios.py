"""Small campaigns that lead through every transaction of the engine, and what each promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns.core.contacts import Entry, RejectedRow
from campaigns.core.definition import Retry, Schedule
from campaigns.engine.submit import Submission
from campaigns.simulator.faults import Fault, FaultKind
from campaigns.simulator.script import DEFAULT_SCRIPT, Rule, Script
from tests.support.engine import contact, definition

NAME = "reminders"
LIMIT = 3
"""Calls a minute: the fourth contact of a scenario has to wait."""
LIVE = 51
Promise = tuple[str, int]
"""A contact's outcome, and how often its phone rings."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`promises`: last two digits of a contact's number → what is to become of it."""

    promises: Mapping[int, Promise]
    public: bool = False
    ends: bool = False
    faults: tuple[Fault, ...] = ()
    script: Script = field(default=DEFAULT_SCRIPT)

    def submission(self, end: datetime) -> Submission:
        """The same file each time: people, one line twice, and one that cannot be called."""
        people: list[Entry] = [contact(n) for n in self.promises]
        twice = contact(next(iter(self.promises)), line=200)
        broken = RejectedRow(line=201, column="to_number", reason="no number")
        retry = Retry(
            max_attempts=2,
            no_answer=(timedelta(minutes=30),),
            busy=(timedelta(minutes=10),),
        )
        return Submission(
            definition=definition(
                name=NAME,
                retry=retry,
                schedule=Schedule(end=end if self.ends else None),
            ),
            digest="d1",
            header=("key", "name", "to_number"),
            source="people.csv",
            entries=[*people, twice, broken],
        )


_USUAL: Mapping[int, Promise] = {
    60: ("completed", 2),  # no_answer, then completed
    98: ("busy", 2),
    95: ("rejected", 0),  # the provider refuses the number
    0: ("completed", 1),
}
_NEVER_ENDS = Script(rules=(Rule(last_two=(LIVE, LIVE), calls="live"), *DEFAULT_SCRIPT.rules))
_REFUSED = Fault(fault=FaultKind.ERROR_NOT_PLACED, status=404, times=1)

SCENARIOS: Mapping[str, Scenario] = {
    "polled": Scenario(promises=_USUAL),
    "told": Scenario(promises=_USUAL, public=True),
    # 404 to the first call: the file is wrong, the campaign pauses, and a person resumes it.
    "refused": Scenario(promises={0: ("completed", 1), 1: ("completed", 1)}, faults=(_REFUSED,)),
    # One call that nobody ever hears the end of.
    "silent": Scenario(
        promises={LIVE: ("unresolved", 1), 0: ("completed", 1)}, script=_NEVER_ENDS
    ),
    # It ends within the minute, so that only the first three can be called.
    "short": Scenario(
        promises={
            **dict.fromkeys(range(LIMIT), ("completed", 1)),
            **dict.fromkeys(range(LIMIT, LIMIT + 2), ("expired", 0)),
        },
        ends=True,
    ),
}
SHORT = timedelta(seconds=45)
