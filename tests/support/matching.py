"""The most that any order can reach: a maximum bipartite matching (Hopcroft and Karp, 1973).

An oracle: it knows every slot and every task beforehand, which nobody who dials does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

_FREE = -1
_FAR = 1 << 30


def most(tasks: Sequence[Sequence[int]], slots: int) -> int:
    """How many tasks get a slot of their own; `tasks[i]` lists in order what would do for i."""
    of_task = [_FREE] * len(tasks)
    of_slot = [_FREE] * slots
    matched = _begin(tasks, of_task, of_slot)
    while True:
        level = _levels(tasks, of_task, of_slot)
        begun = [0] * len(tasks)
        found = sum(
            _extend(task, tasks, of_task, of_slot, level, begun)
            for task in range(len(tasks))
            if of_task[task] == _FREE
        )
        if not found:
            return matched
        matched += found


def _begin(tasks: Sequence[Sequence[int]], of_task: list[int], of_slot: list[int]) -> int:
    """A start that is nearly there: who has the earliest last chance takes its first free slot."""
    free_from = list(range(len(of_slot) + 1))  # a slot, the first free one from there on

    def free(slot: int) -> int:
        while free_from[slot] != slot:
            free_from[slot] = slot = free_from[free_from[slot]]
        return slot

    for task in sorted(range(len(tasks)), key=lambda one: tasks[one][-1:]):
        chances = tasks[task]
        place = 0
        while place < len(chances):
            slot = free(chances[place])
            place = bisect_left(chances, slot, place)
            if place < len(chances) and chances[place] == slot:
                of_task[task], of_slot[slot] = slot, task
                free_from[slot] = slot + 1
                break
    return sum(slot != _FREE for slot in of_task)


def _levels(tasks: Sequence[Sequence[int]], of_task: list[int], of_slot: list[int]) -> list[int]:
    """Tasks by their distance from one without a slot, up to the nearest free slot."""
    nearest = _FAR
    level = [0 if slot == _FREE else _FAR for slot in of_task]
    queue = deque(task for task, slot in enumerate(of_task) if slot == _FREE)
    while queue:
        task = queue.popleft()
        if level[task] > nearest:
            break
        for slot in tasks[task]:
            holder = of_slot[slot]
            if holder == _FREE:
                nearest = level[task]
                break
            if level[holder] == _FAR:
                level[holder] = level[task] + 1
                queue.append(holder)
    return level


def _extend(
    root: int,
    tasks: Sequence[Sequence[int]],
    of_task: list[int],
    of_slot: list[int],
    level: list[int],
    begun: list[int],
) -> bool:
    """Move tasks along one shortest path that ends in a free slot; False: there is none."""
    path: list[tuple[int, int]] = []  # a task, and the slot it would move to
    task = root
    while True:
        while begun[task] < len(tasks[task]):
            slot = tasks[task][begun[task]]
            begun[task] += 1
            holder = of_slot[slot]
            if holder == _FREE:
                for mover, place in (*path, (task, slot)):
                    of_task[mover], of_slot[place] = place, mover
                return True
            if level[holder] == level[task] + 1:
                path.append((task, slot))
                task = holder
                break
        else:
            level[task] = _FAR
            if not path:
                return False
            task, _ = path.pop()
