"""Queries on which state of which database this is, and on events of calls it does not know."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, text, update

from campaigns.core.incarnation import Incarnation, Orphan
from campaigns.core.records import NewEvent
from campaigns.errors import DatabaseAway
from campaigns.store.base import Queries
from campaigns.store.tables import orphan_event, world

ORPHANS = 10_000
"""Events kept of calls this database does not know, in all; of one call, `ORPHANS_EACH`."""
ORPHANS_EACH = 20

# A promotion starts a timeline at once, while the control file learns of it minutes later.
_SERVER = text(
    "SELECT CASE WHEN NOT pg_is_in_recovery() THEN"
    " (SELECT system_identifier FROM pg_control_system())::text || '/'"
    " || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END"
)
_MAY = text(
    "SELECT has_function_privilege('pg_control_system()', 'execute')"
    " AND has_function_privilege('pg_walfile_name(pg_lsn)', 'execute')"
)
_CAN_TELL = "campaigns_can_tell_server"
_WORLD = select(world)


def server_of(connection: Connection) -> str | None:
    """PostgreSQL's system identifier and timeline; None where it is not told, and on SQLite."""
    if connection.dialect.name != "postgresql":
        return None
    if _CAN_TELL not in connection.info:
        connection.info[_CAN_TELL] = bool(connection.execute(_MAY).scalar_one())
    if not connection.info[_CAN_TELL]:
        return None
    found: str | None = connection.execute(_SERVER).scalar_one()
    return found


def stamp(connection: Connection) -> None:
    """Give a database its name and its server, once: a restored copy keeps the old ones."""
    connection.execute(update(world).where(world.c.born.is_(None)).values(born=str(uuid.uuid4())))
    connection.execute(
        update(world).where(world.c.server.is_(None)).values(server=server_of(connection))
    )


class IncarnationQueries(Queries):
    """The world row's memory of itself."""

    def incarnation(self) -> Incarnation:
        """Which state of which database this is."""
        row = self.connection.execute(_WORLD).one_or_none()
        if row is None:
            raise DatabaseAway("the database is not stamped: run `campaigns db upgrade`")
        return Incarnation(
            born=row.born,
            mark=row.mark,
            marked_at=row.marked_at,
            server=row.server,
            found=server_of(self.connection),
            held_why=row.held_why,
            held_at=row.held_at,
            lost_since=row.lost_since,
        )

    def raise_mark(self, at: datetime) -> int:
        """One higher; `at` is real time."""
        raised = self.connection.execute(
            update(world).values(mark=world.c.mark + 1, marked_at=at).returning(world.c.mark)
        )
        return int(raised.scalar_one())

    def lift_mark(self, seen: int, *, at: datetime) -> None:
        """At least what somebody has seen, so that it is not found too low a second time.

        Too low now means that it went back after whatever hold it has.
        """
        self.connection.execute(
            update(world).where(world.c.mark < seen).values(mark=seen, held_at=at)
        )

    def hold_world(self, why: str, *, since: datetime | None, at: datetime) -> bool:
        """Nothing is dialled from here until `free_world`; False: it is held already."""
        done = self.connection.execute(
            update(world)
            .where(world.c.held_why.is_(None))
            .values(held_why=why[:200], held_at=at, lost_since=since)
        )
        return done.rowcount == 1

    def free_world(self) -> None:
        """This state, on this server, is the one that counts from now on."""
        self.connection.execute(
            update(world).values(
                held_why=None,
                held_at=None,
                lost_since=None,
                mark=world.c.mark + 1,
                server=server_of(self.connection),
            )
        )

    def store_orphan(self, new: NewEvent, at: datetime) -> bool:
        """Keep an event of a call that this database does not know; False: too many are kept."""
        kept = select(func.count()).select_from(orphan_event)
        of_it = kept.where(orphan_event.c.attempt_id == new.attempt_id)
        if self.connection.execute(of_it).scalar_one() >= ORPHANS_EACH:
            return True  # what one call says repeats itself
        if self.connection.execute(kept).scalar_one() >= ORPHANS:
            return False
        self.connection.execute(
            self.insert_or_ignore(orphan_event).values(
                attempt_id=new.attempt_id,
                digest=new.digest,
                received_at=at,
                status=new.status,
                word=new.word[:64],
                call_id=new.call_id,
                duration_s=new.duration_s,
                body=new.body,
                reviewed=self.reviewed(new.attempt_id),
            )
        )
        return True

    def reviewed(self, attempt_id: str) -> bool:
        """Whether `recover` has looked at this unknown call already."""
        query = select(func.count()).where(
            orphan_event.c.attempt_id == attempt_id, orphan_event.c.reviewed
        )
        return bool(self.connection.execute(query).scalar_one())

    def orphans(self) -> Sequence[Orphan]:
        """The unknown calls that nobody has looked at, each once, with the id it named."""
        query = (
            select(orphan_event.c.attempt_id, func.max(orphan_event.c.call_id).label("call_id"))
            .where(~orphan_event.c.reviewed)
            .group_by(orphan_event.c.attempt_id)
            .order_by(orphan_event.c.attempt_id)
        )
        return [
            Orphan(attempt_id=row.attempt_id, call_id=row.call_id)
            for row in self.connection.execute(query)
        ]

    def orphans_reviewed(self, attempt_ids: Sequence[str]) -> None:
        """They have been looked at: more of the same does not hold anybody again."""
        for attempt_id in attempt_ids:
            self.connection.execute(
                update(orphan_event)
                .where(orphan_event.c.attempt_id == attempt_id)
                .values(reviewed=True)
            )
