"""A whole campaign on a virtual clock, by the rules that the engine goes by, and without dice.

Each call is split by the shares of its endings, so people become fractions, and what comes out is
what happens on average. Hours, retries, order, caps and slots are the engine's own functions; only
the clock and the people are made up. The clock jumps from start to start. Above PRECISE calls it
takes several in one step, and instants are rounded to STEPS steps: a million calls take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop

from campaigns.core.assumptions import Assumptions
from campaigns.core.backlog import Batch, Coming, Going, Group, Lane
from campaigns.core.endings import Endings
from campaigns.core.fluid import DUST, NEVER, Ceiling, Rate, instant, length, ticks
from campaigns.core.instants import DRIFT
from campaigns.core.lifecycle import Outcome
from campaigns.core.schedule import CLOSED, NO_TIME
from campaigns.core.selection import HALF_LIFE, Candidate, choose
from campaigns.core.side import Account, Side, side
from campaigns.core.tally import Tally
from campaigns.core.where import Where

PRECISE = 12_000
"""So many calls are followed one by one."""
STEPS = 2
"""Of a longer list, instants are rounded to so many steps."""
GROUPS = 60_000
"""Of a longer list, groups that are not alike are at most so many, or instants are rounded more."""
SLOT, CAP, BUDGET = "no_slot", "cap", "budget"
"""Why somebody misses the deadline, besides closed hours: others had the account's starts until
then; the number may not be called again before; the day's budget was spent."""
_USUAL = 1.4
"""Calls per dial task, where it only matters roughly."""


@dataclass(slots=True)
class _Head:
    """The first group of its kind in a lane, and how much of the lane may start now."""

    lane: Lane
    campaign: Side
    group: Group
    candidate: Candidate
    room: float


class Play:
    """One run of the clock."""

    def __init__(
        self,
        batches: Sequence[Batch],
        campaigns: Sequence[Going],
        account: Account,
        assumed: Assumptions,
        now: datetime,
    ) -> None:
        self._now = self._begin = ticks(now)
        self._endings = Endings(assumed, now)
        slot = length(account.window + assumed.latency + DRIFT)
        self._even = slot / max(1, account.limit)
        self._grain = max(1.0, _USUAL * sum(one.count for one in batches) / PRECISE)
        self._rough = self._grain > 1
        self.tally = Tally(rounded=round(STEPS * self._grain * self._even) if self._rough else 0)
        clear = 0 if account.clear is None else ticks(account.clear)
        self._rate = Rate(length(account.spacing), clear)
        busy = map(ticks, account.busy)
        self._slots = Ceiling(max(1, account.limit), slot, busy=busy, rough=self._rough)
        self._lines = (
            Ceiling(account.at_once, self._endings.mean, rough=self._rough)
            if account.at_once
            else None
        )
        self._campaigns = {
            one.id: side(
                one,
                assumed,
                mean=self._endings.mean,
                rough=self._rough,
                # In less than a few steps nothing would be left to see.
                half=max(length(HALF_LIFE), round(2 * self._grain * self._even)),
            )
            for one in campaigns
        }
        self._gather(batches)
        self._turned = self._begin  # when any lane last opened or closed
        self._stopped = account.limit < 1

    def _gather(self, batches: Sequence[Batch]) -> None:
        """The batches as groups, few enough of them where a long list is rounded anyway."""
        while True:
            self._lanes: dict[tuple[int, Where], Lane] = {}
            self._coming = Coming()
            self._open = 0.0  # dial tasks of ours that are not over
            for one in batches:
                self._add(one)
                if self._rough and len(self._coming) > GROUPS:
                    break
            else:
                return
            self.tally.rounded *= 2

    def _add(self, batch: Batch) -> None:
        key = batch.campaign_id, batch.where
        lane = self._lanes.get(key)
        if lane is None:
            going = self._campaigns[batch.campaign_id].going
            lane = self._lanes[key] = Lane(id=len(self._lanes), going=going, where=batch.where)
        if lane.going.mine:
            self._open += batch.count
        due = ticks(batch.due)
        likeness = (
            lane.id,
            self._begin if due <= self._begin else self.tally.later(due),
            NEVER if batch.deadline is None else self.tally.earlier(ticks(batch.deadline)),
            batch.tries,
            batch.last,
            batch.touch,
            batch.expires_as,
            batch.intents if lane.going.fits else (),
        )
        self._coming.join(lane, likeness, batch.count, batch.keys)

    def run(self) -> Tally:
        """Until nobody of the campaign is left, or nobody can be called any more."""
        while self._open > DUST and not self._stopped:
            now = self._now
            for number, group in self._coming.take(now):
                group.lane.add(group, number)
            heads, wake = self._heads()
            if heads:
                wanted = min(self._grain, sum(min(one.room, one.group.count) for one in heads))
                wake = max(self._rate.free_at(now), self._slots.free_at(now, wanted))
                if self._lines is not None:
                    wake = max(wake, self._lines.free_at(now, wanted))
                if wake <= now:
                    self._start(heads, wanted)
                    continue
            else:
                wake = min(wake, self._coming.next)
            if wake >= NEVER:
                break
            self._now = wake
        waiting = [group for lane in self._lanes.values() for group in lane.all]
        for group in (*waiting, *(group for _, group in self._coming.take(NEVER))):
            self._miss(group)
        self.tally.close()
        return self.tally

    def _heads(self) -> tuple[list[_Head], int]:
        """Who could be called now; and where there is nobody, when somebody could be."""
        now, wake = self._now, NEVER
        lanes = [lane for lane in self._lanes.values() if lane.waiting]
        for lane in lanes:
            if lane.edge <= now:
                lane.look(now)
                self._turned = now
        heads: list[_Head] = []
        for lane in lanes:
            campaign = self._campaigns[lane.going.id]
            if not lane.open:
                wake = min(wake, max(campaign.held, lane.edge))
                continue
            room = campaign.room(now, self._grain)
            if self._rough:  # a step is a while: not past the closing
                room = min(room, (lane.edge - now) / self._even)
            if room <= DUST:
                wake = min(wake, max(campaign.held, now + 1))
                continue
            for again in (False, True):
                group = self._first(lane, again)
                if group is not None:
                    one = lane.candidate(again, self._turned)
                    heads.append(_Head(lane, campaign, group, one, room))
        return heads, wake

    def _first(self, lane: Lane, again: bool) -> Group | None:
        """The first of its kind that may be called; who is too late or capped leaves the lane."""
        heap, now = lane.due[again], self._now
        while heap:
            group = heap[0][3]
            if group.deadline <= now:
                heappop(heap)
                self._miss(group)
                continue
            at = now
            if lane.going.fits is not None and group.intents:
                fits = lane.going.fits(lane.where, group.intents, instant(now))
                at = NEVER if fits is None else ticks(fits)
            if at <= now:
                return group
            heappop(heap)
            if at < group.deadline:
                self._coming.put_off(group, self.tally.later(at))
            else:
                self._miss(group, CAP)
        return None

    def _start(self, heads: list[_Head], wanted: float) -> None:
        now, left = self._now, wanted
        while left > DUST and heads:
            served = {id: campaign.served(now) for id, campaign in self._campaigns.items()}
            index = choose([one.candidate for one in heads], served)
            head = heads[index]
            part = min(left, head.room, head.group.count)
            again = head.candidate.again
            head.campaign.take(now, part, again)
            self._call(head.lane, head.group, part)
            left -= part
            head.group.count -= part
            if head.group.count <= DUST:
                heappop(head.lane.due[again])
            if left > DUST:
                self._next(heads, index, part)
        self._slots.take(now, wanted - left)
        if self._lines is not None:
            self._lines.take(now, wanted - left)
        self._rate.take(now, wanted - left)

    def _next(self, heads: list[_Head], index: int, part: float) -> None:
        """What follows in a step from whose first choice something is left."""
        head = heads[index]
        if head.campaign.ceilings or head.campaign.purse is not None:
            heads[:], _ = self._heads()
            return
        if self._rough:
            for one in heads:
                one.room -= part if one.lane is head.lane else 0.0
        again = head.candidate.again
        group = self._first(head.lane, again) if head.room > DUST else None
        if group is None:
            heads.pop(index)
        else:
            head.group = group
            head.candidate = head.lane.candidate(again, self._turned)

    def _call(self, lane: Lane, group: Group, part: float) -> None:
        now, tally, mine = self._now, self.tally, lane.going.mine
        tally.called(now, part, mine=mine)
        tries = group.tries + 1
        split = self._endings.of(lane.going, group.touch, tries)
        if mine:
            self._open -= part * split.settled
            tally.settled(split, now, part)
        intents = (*group.intents, instant(now)) if lane.going.fits else ()
        for one in split.agains:
            ended, some = now + one.takes, part * one.share
            due = ended + one.wait
            if due >= group.deadline:
                due = self._endings.next_due(
                    lane.going, group.touch, one.outcome, tries, ended, group.deadline
                )
            if due < NEVER:
                likeness = (
                    *(lane.id, tally.later(due), group.deadline, tries, one.outcome),
                    *(group.touch, group.expires_as, intents),
                )
                self._coming.join(lane, likeness, some, group.keys)
            elif mine:
                self._open -= some
                tally.cut(group.expires_as, some)
                tally.over(one.outcome, ended, some)

    def _miss(self, group: Group, why: str | None = None) -> None:
        """Its deadline came before a call; one that was called keeps what its last call was."""
        if not group.lane.going.mine:
            return
        why = why or self._why(group)
        at = self._now if group.deadline == NEVER else group.deadline
        outcome = Outcome.SKIPPED if why == NO_TIME else Outcome.EXPIRED
        if group.last is not None:
            self.tally.cut(why, group.count)
            outcome = group.last
        else:
            self.tally.miss(why, group.touch, group.due, group.count, group.keys)
        self.tally.over(outcome, at, group.count)
        self._open -= group.count

    def _why(self, group: Group) -> str:
        opening = group.lane.opens(group.due)
        if opening >= group.deadline:
            return NO_TIME if opening == NEVER else CLOSED
        purse = self._campaigns[group.lane.going.id].purse
        spent = purse is not None and purse.empty_between(opening, group.deadline)
        return BUDGET if spent else SLOT
