"""The clock of a rehearsal world: a map of real time kept in one row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select, update

from campaigns.core.incarnation import World
from campaigns.core.lifecycle import CampaignState, TaskState
from campaigns.errors import DatabaseAway
from campaigns.store.base import Queries
from campaigns.store.tables import attempt, campaign, dial_task, event, world


class RehearsalQueries(Queries):
    """The world row."""

    def world(self) -> World:
        """What this database was stamped as."""
        row = self.connection.execute(select(world)).one_or_none()
        if row is None:
            raise DatabaseAway("the database is not stamped: run `campaigns db upgrade`")
        return World(kind=row.kind, speed=row.speed)

    def clock_map(self) -> tuple[datetime, datetime, float]:
        """(real anchor, policy anchor, speed): all a simulator needs to stamp as we do."""
        row = self.connection.execute(
            select(world.c.anchor_real, world.c.anchor_policy, world.c.speed)
        ).one()
        return row.anchor_real, row.anchor_policy, row.speed

    def next_check(self) -> datetime | None:
        """The next instant at which an attempt needs us: a look-up, a bound, a lost answer."""
        check = self.connection.execute(select(func.min(attempt.c.check_at))).scalar_one()
        release = self.connection.execute(
            select(func.min(attempt.c.release_at)).where(attempt.c.open)
        ).scalar_one()
        deadline = self.connection.execute(
            select(func.min(dial_task.c.deadline_at))
            .join(campaign, campaign.c.id == dial_task.c.campaign_id)
            .where(
                dial_task.c.state == TaskState.WAITING.value,
                # A paused campaign waits for a person, not for its end.
                campaign.c.state == CampaignState.RUNNING.value,
            )
        ).scalar_one()
        return min(filter(None, (check, release, deadline)), default=None)

    def in_flight(self) -> bool:
        """Whether anything is claimed, live, or said and not yet folded."""
        claimed = select(dial_task.c.id).where(dial_task.c.state == TaskState.CLAIMED.value)
        live = select(attempt.c.id).where(or_(attempt.c.open, attempt.c.state == "dialing"))
        said = select(event.c.id).where(~event.c.folded)
        return any(
            self.connection.execute(query.limit(1)).first() is not None
            for query in (claimed, live, said)
        )

    def set_clock(self, *, real: datetime, policy: datetime, speed: float) -> None:
        """From the real instant `real` on it is `policy`, passing at `speed`."""
        self.connection.execute(
            update(world)
            .where(world.c.kind == "rehearsal")
            .values(anchor_real=real, anchor_policy=policy, speed=speed)
        )
