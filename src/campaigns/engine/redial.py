"""Another round for those that were not reached, under the same rules: a person asks for it.

In chunks, each a transaction of its own: what a crash leaves undone is done by asking again, for
whoever waits already is still to be called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.core.rounds import Again, Left, Met, Unreached, again
from campaigns.engine.loading import CHUNK, let_through
from campaigns.engine.parts import Parts
from campaigns.engine.standing import named
from campaigns.errors import Conflict
from campaigns.ports import Transaction

_REDIALLED_IN = (
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.WAITING_FOR_APPROVAL,
    CampaignState.FINISHED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """Who is called again, by how their last call ended, and who is not, by why."""

    again: Mapping[Unreached, int] = field(default_factory=Counter)
    left: Mapping[Left, int] = field(default_factory=Counter)

    @property
    def people(self) -> int:
        """Contacts that are called again."""
        return sum(self.again.values())


def survey(name: str, wanted: Collection[Unreached], parts: Parts) -> Round:
    """Whom another round would call. Raises Conflict where there can be none."""
    counted, lefts = Counter[Unreached](), Counter[Left]()
    after = 0
    while True:
        with parts.store.read() as tx:
            row = _named(tx, name)
            chunk = tx.met(row.id, after=after, limit=CHUNK)
            found = _decided(tx, row, chunk, wanted, tx.now().policy)
        if not chunk:
            return Round(again=counted, left=lefts)
        after = chunk[-1].contact_id
        counted.update(one.was for one in found if isinstance(one, Again))
        lefts.update(one for one in found if isinstance(one, Left))


def redial(name: str, wanted: Collection[Unreached], parts: Parts, *, who: str) -> Round:
    """Let them wait again: their attempts are counted anew, caps and hours hold as ever."""
    planned = survey(name, wanted, parts)
    with parts.store.write() as tx:
        row = tx.lock_campaign(_named(tx, name).id)
        words = ",".join(sorted(wanted))
        at = tx.now().policy
        tx.audit(
            who=who, what="redial", at=at, campaign_id=row.id, outcomes=words, people=planned.people
        )
    counted, lefts = Counter[Unreached](), Counter[Left]()
    after: int | None = 0
    while after is not None:
        after = _chunk(row.id, name, after, wanted, parts, counted, lefts)
    parts.doorbell.dispatch(row.account_id)
    return Round(again=counted, left=lefts)


def _chunk(
    campaign_id: int,
    name: str,
    after: int,
    wanted: Collection[Unreached],
    parts: Parts,
    counted: Counter[Unreached],
    lefts: Counter[Left],
) -> int | None:
    """The next contacts; answers the last of them, or None."""
    began = parts.clock.monotonic()
    with parts.store.write() as tx:
        row = tx.lock_campaign(campaign_id)
        _redialable(row)
        chunk = tx.met(row.id, after=after, limit=CHUNK)
        if not chunk:
            return None
        tx.lock_tasks_of([one.contact_id for one in chunk])
        at = tx.now().policy
        found = _decided(tx, row, chunk, wanted, at)
        ours = [one for one in found if isinstance(one, Again)]
        if ours:
            for when in sorted({one.at for one in ours}):
                tx.redial([one.task_id for one in ours if one.at == when], when)
            tx.change_campaign(
                row.id,
                (CampaignState.FINISHED,),
                state=CampaignState.RUNNING.value,
                finished_at=None,
            )
    counted.update(one.was for one in ours)
    lefts.update(one for one in found if isinstance(one, Left))
    let_through(parts, began)
    return chunk[-1].contact_id


def _decided(
    tx: Transaction,
    row: CampaignRow,
    chunk: Sequence[Met],
    wanted: Collection[Unreached],
    at: datetime,
) -> list[Again | Left]:
    definition, _ = tx.definition(row.id, row.version)
    touches = {touch.name for touch in definition.schedule.touches} or {""}
    if row.run:  # it comes in runs: those of the one under way
        chunk = [replace(one, occasion=row.run) for one in chunk]
    ids = [one.contact_id for one in chunk]
    tasks, talked = tx.tasks_of(ids), tx.may_have_talked(ids)
    return [
        again(one, tasks[one.contact_id], talked=talked, touches=touches, wanted=wanted, at=at)
        for one in chunk
    ]


def _named(tx: Transaction, name: str) -> CampaignRow:
    row = named(tx, name)
    _redialable(row)
    return row


def _redialable(row: CampaignRow) -> None:
    if row.state is CampaignState.CANCELLED:
        raise Conflict(f"{row.name} is cancelled: nobody is called for it again")
    if row.state not in _REDIALLED_IN:
        raise Conflict(f"{row.name} is {row.state}: try again in a minute")
