"""Where everybody's callable time is one interval, no order reaches more in time than ours.

Tried against every order there is: at each slot each callable task, or nobody, goes next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.selection import Candidate, Served, choose
from tests.support.matching import most

BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)
SLOT = timedelta(seconds=6)
SLOTS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Callable in the slots from `since` to before `until`."""

    campaign_id: int
    again: bool
    weight: float
    since: int
    until: int


@st.composite
def tasks(draw: st.DrawFn) -> list[Task]:
    found: list[Task] = []
    for _ in range(draw(st.integers(1, 7))):
        since = draw(st.integers(0, SLOTS - 1))
        found.append(
            Task(
                campaign_id=draw(st.integers(1, 3)),
                again=draw(st.booleans()),
                weight=draw(st.sampled_from([0.1, 1.0, 5.0])),
                since=since,
                until=draw(st.integers(since + 1, SLOTS)),
            )
        )
    return found


def reached_by_ours(all_of_them: list[Task]) -> int:
    waiting, reached, had = dict(enumerate(all_of_them)), 0, dict[int, Served]()
    for slot in range(SLOTS):
        now = [n for n, task in waiting.items() if task.since <= slot < task.until]
        if not now:
            continue
        candidates = [
            Candidate(
                campaign_id=waiting[n].campaign_id,
                lane_id=n,
                priority=5,
                weight=waiting[n].weight,
                again=waiting[n].again,
                left=(waiting[n].until - slot) * SLOT,
                since=BEGIN + waiting[n].since * SLOT,
            )
            for n in now
        ]
        task = waiting.pop(now[choose(candidates, had)])
        before = had.get(task.campaign_id, Served())
        had[task.campaign_id] = Served(
            starts=before.starts + 1, again=before.again + int(task.again)
        )
        reached += 1
    return reached


def reached_by_any(all_of_them: list[Task]) -> int:
    @cache
    def best(slot: int, waiting: frozenset[int]) -> int:
        if slot == SLOTS:
            return 0
        now = [n for n in waiting if all_of_them[n].since <= slot < all_of_them[n].until]
        return max(best(slot + 1, waiting), *(1 + best(slot + 1, waiting - {n}) for n in now), 0)

    return best(0, frozenset(range(len(all_of_them))))


@settings(max_examples=400)
@given(tasks())
def test_no_order_reaches_more(all_of_them: list[Task]) -> None:
    assert reached_by_ours(all_of_them) == reached_by_any(all_of_them)


@settings(max_examples=400)
@given(
    st.lists(st.sets(st.integers(0, SLOTS - 1)).map(sorted), min_size=1, max_size=8),
)
def test_the_oracle_is_the_most_that_any_order_reaches(chances: list[list[int]]) -> None:
    @cache
    def best(task: int, taken: frozenset[int]) -> int:
        if task == len(chances):
            return 0
        rest = (1 + best(task + 1, taken | {one}) for one in chances[task] if one not in taken)
        return max(best(task + 1, taken), *rest, 0)

    assert most(chances, SLOTS) == best(0, frozenset())
