"""When so many calls go wrong that a person should look before there are more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from campaigns.core.definition import Failing
from campaigns.core.lifecycle import AttemptState

SHORT = timedelta(seconds=5)
"""A call that was answered and ended sooner went wrong, whatever it is called."""
_SLACK = 1e-6  # 7 % of 100 is 7, and a float a little more
_BAD = frozenset({AttemptState.FAILED, AttemptState.REJECTED, AttemptState.UNKNOWN})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How one call ended, as far as it is known."""

    state: AttemptState
    duration: timedelta | None = None

    @property
    def bad(self) -> bool:
        """Whether it counts: failed, rejected, an answer that says nothing, or cut short.

        Never `no_answer`: people who do not pick up are no fault of the campaign.
        """
        short = self.duration is not None and self.duration < SHORT
        return self.state in _BAD or (self.state is AttemptState.COMPLETED and short)


def is_failing(policy: Failing, newest: Sequence[Ending]) -> bool:
    """Whether enough of the newest endings are bad; fewer than `of` tell nothing."""
    looked = newest[: policy.of]
    needed = policy.share * policy.of - _SLACK
    return len(looked) >= policy.of and sum(one.bad for one in looked) >= needed


def why(policy: Failing, newest: Sequence[Ending]) -> str:
    """The sentence for a person."""
    bad = sum(one.bad for one in newest[: policy.of])
    return (
        f"{bad} of the last {policy.of} calls failed, were refused or ended within"
        f" {SHORT.seconds} s (pacing.pause_when_failing)"
    )
