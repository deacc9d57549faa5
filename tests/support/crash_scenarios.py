"""Small campaigns that lead through every transaction of the engine, and what each promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from campaigns.core.contacts import Entry, RejectedRow
from campaigns.core.definition import Retry, Schedule
from campaigns.engine.submit import Submission
from campaigns.simulator.faults import Fault, FaultKind
from campaigns.simulator.limits import Kind
from tests.support.engine import contact, definition

NAME = "reminders"
LIMITS = {Kind.START: 3, Kind.STATUS: 2}
"""Requests a minute, in the engine and in the simulator: the fourth contact has to wait for its
call, and the third look-up of a minute for its answer."""
SHORT = timedelta(minutes=45)
WAITS = {"no_answer": timedelta(minutes=30), "busy": timedelta(minutes=10)}
"""How a call ended → how long nobody rings that phone again."""
Promise = tuple[str, int]
"""A contact's outcome, and how often its phone rings."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`promises`: last two digits of a contact's number → what is to become of it.

    `only_first`, `only_later`: who is withdrawn, and added, when the file is edited at once.
    `public`: webhooks arrive. `ends`: the campaign ends after `SHORT`. `options` are the
    simulator's, `spacing` is the engine's.
    """

    promises: Mapping[int, Promise]
    public: bool = False
    ends: bool = False
    spacing: str = "1s"
    options: Mapping[str, Any] = field(default_factory=dict)
    only_first: tuple[int, ...] = ()
    only_later: tuple[int, ...] = ()

    def submissions(self, end: datetime) -> list[Submission]:
        """The file, and where some are in only one of them the file after it was edited."""
        first = self._submission(end, "d1", [n for n in self.promises if n not in self.only_later])
        if not self.only_later:
            return [first]
        later = [n for n in self.promises if n not in self.only_first]
        return [first, self._submission(end, "d2", later)]

    def _submission(self, end: datetime, digest: str, numbers: list[int]) -> Submission:
        """People, one line twice, and one that cannot be called."""
        people: list[Entry] = [contact(n) for n in numbers]
        twice = contact(numbers[0], line=200)
        broken = RejectedRow(line=201, column="to_number", reason="no number")
        retry = Retry(max_attempts=2, no_answer=(WAITS["no_answer"],), busy=(WAITS["busy"],))
        return Submission(
            definition=definition(
                name=NAME,
                retry=retry,
                schedule=Schedule(end=end if self.ends else None),
            ),
            digest=digest,
            header=("key", "name", "to_number"),
            source="people.csv",
            entries=[*people, twice, broken],
        )


_USUAL: Mapping[int, Promise] = {
    60: ("completed", 2),  # no_answer, then completed
    98: ("busy", 2),
    0: ("completed", 1),
    95: ("rejected", 0),  # the provider refuses the number
}
_REFUSED = Fault(fault=FaultKind.ERROR_NOT_PLACED, status=404, times=1)
_LOST = Fault(fault=FaultKind.LOST_AFTER_RINGING, last_two=(1, 1))

SCENARIOS: Mapping[str, Scenario] = {
    "polled": Scenario(promises=_USUAL),
    "told": Scenario(promises=_USUAL, public=True),
    # 404 to the first call: the file is wrong, the campaign pauses, and a person resumes it.
    "refused": Scenario(
        promises={0: ("completed", 1), 60: ("completed", 2), 2: ("completed", 1)},
        options={"faults": (_REFUSED,)},
    ),
    # One phone rings, the answer is lost, and no list ever shows the call.
    "silent": Scenario(
        promises={1: ("unresolved", 1), 60: ("completed", 2), 0: ("completed", 1)},
        options={"faults": (_LOST,), "list_lag": timedelta(days=1)},
    ),
    # The file is edited before anybody is called.
    "edited": Scenario(
        promises={
            0: ("completed", 1),
            60: ("completed", 2),
            5: ("cancelled", 0),
            2: ("completed", 1),
        },
        only_first=(5,),
        only_later=(2,),
    ),
    # Only two can be called before it ends.
    "short": Scenario(
        promises={
            0: ("completed", 1),
            1: ("completed", 1),
            2: ("expired", 0),
            3: ("expired", 0),
        },
        ends=True,
        spacing="30m",
    ),
}
