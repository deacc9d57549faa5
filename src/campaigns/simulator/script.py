"""What each call becomes: by number, by rule, or by a seeded chance.

A rule may name several calls: a number's n-th call takes the n-th, the last one repeats
("no_answer, then completed"). The first rule that fits decides; none: completed.
"""

from __future__ import annotations

import re
from random import Random
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

REJECTED = "rejected"
LIVE = "live"

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Shape(BaseModel):
    """Immutable, and without keys nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Becomes(Shape):
    """What one call becomes.

    `status` is the provider's word at its end: completed, no_answer, busy, failed, voicemail,
    cancelled, or any other word, to see what an unknown one does; `rejected` refuses the dial
    with 422, `live` never ends.
    """

    status: Word = "completed"
    ring_s: float | None = Field(default=None, ge=0)
    talk_s: float | None = Field(default=None, ge=0)
    answered: bool = False  # in_progress is said before an ending that is not `completed`
    events: bool = True  # whether any webhook is sent
    outcome: str = "confirmed"  # analysis.summary.outcome
    says: tuple[str, ...] = ()  # the person's sentences
    tags: tuple[str, ...] = ()

    @property
    def picked_up(self) -> bool:
        """Whether the call reaches in_progress."""
        return self.answered or self.status in ("completed", LIVE)


def _calls(value: Any) -> Any:
    """Reads `no_answer, then completed`, one word, one object, or a list of either."""
    if isinstance(value, str):
        value = re.split(r"\s*,\s*(?:then\s+)?|\s+then\s+", value.strip())
    elif isinstance(value, dict | Becomes):
        value = [value]
    if isinstance(value, list | tuple):
        return tuple({"status": item} if isinstance(item, str) else item for item in value)
    return value


def last_two(number: str) -> int:
    """The number's last two digits."""
    return int(number[-2:])


def _digits(value: Any) -> Any:
    """Reads `60-79` or `95` into (first, last)."""
    if isinstance(value, str) and (found := re.fullmatch(r"(\d\d)(?:-(\d\d))?", value)):
        first, last = int(found[1]), int(found[2] or found[1])
        if first <= last:
            return first, last
    if isinstance(value, tuple | list):
        return tuple(value)
    raise ValueError("two digits or a span of them, like 95 or 60-79")


LastTwo = Annotated[tuple[int, int], BeforeValidator(_digits)]


class Rule(Shape):
    """Which calls, and what they become: a list of `calls`, or a `chance` for each word."""

    number: str | None = None
    last_two: LastTwo | None = None
    prefix: str | None = None
    agent_id: str | None = None
    calls: Annotated[tuple[Becomes, ...], BeforeValidator(_calls)] = ()
    chance: dict[Word, Annotated[float, Field(ge=0)]] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.calls) == bool(self.chance):
            raise ValueError("a rule needs either calls or chance")
        if self.chance and not sum(self.chance.values()):
            raise ValueError("the chances are all 0")
        return self

    def fits(self, to_number: str | None, agent_id: str) -> bool:
        """Whether every condition that is stated holds."""
        if self.agent_id is not None and self.agent_id != agent_id:
            return False
        if to_number is None:
            return self.number is None and self.last_two is None and self.prefix is None
        if self.number is not None and self.number != to_number:
            return False
        if self.prefix is not None and not to_number.startswith(self.prefix):
            return False
        return self.last_two is None or (
            self.last_two[0] <= last_two(to_number) <= self.last_two[1]
        )

    def call(self, nth: int, dice: Random) -> Becomes:
        """What the n-th call (from 1) of a number becomes."""
        if self.calls:
            return self.calls[min(nth, len(self.calls)) - 1]
        words = sorted(self.chance)
        word = dice.choices(words, [self.chance[word] for word in words])[0]
        return Becomes(status=word)


class Script(Shape):
    """Rules in order; the first that fits decides."""

    rules: tuple[Rule, ...] = ()

    def becomes(self, to_number: str | None, agent_id: str, nth: int, dice: Random) -> Becomes:
        """What this call becomes."""
        for rule in self.rules:
            if rule.fits(to_number, agent_id):
                return rule.call(nth, dice)
        return Becomes()


def dice_for(seed: int, to_number: str | None, nth: int) -> Random:
    """The dice of one call: the same seed, number and count replay the same life."""
    return Random(f"{seed}|{to_number or 'web'}|{nth}")


_OPT_OUT = Becomes(
    talk_s=18,
    outcome="do_not_call",
    says=("Who is this?", "Please take me off your list and do not call me again."),
    tags=("opt_out",),
)

DEFAULT_SCRIPT = Script(
    rules=(
        Rule(last_two="00-49", calls="completed"),
        Rule(last_two="50-59", calls=Becomes(outcome="reschedule", tags=("callback",))),
        Rule(last_two="60-74", calls="no_answer, then completed"),
        Rule(last_two="75-79", calls="no_answer, then no_answer, then completed"),
        Rule(last_two="80-84", calls="no_answer"),
        Rule(last_two="85-89", calls="busy, then completed"),
        Rule(last_two="90-92", calls="voicemail"),
        Rule(last_two="93-94", calls="failed"),
        Rule(last_two="95", calls=REJECTED),
        Rule(last_two="96", calls=Becomes(events=False)),
        Rule(last_two="97", calls=_OPT_OUT),
        Rule(last_two="98", calls="busy"),
        Rule(last_two="99", calls="failed, then completed"),
    )
)
"""The last two digits of the called number decide; docs/simulator.md shows it as a table."""
