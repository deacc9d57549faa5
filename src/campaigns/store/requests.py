"""Queries on requests that may be sent twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from campaigns.ports.requests import KeptRequest
from campaigns.store.base import Queries
from campaigns.store.tables import request_key, told_absent


class RequestQueries(Queries):
    """Requests by the hash of their key. Instants are real time. And what was said of nobody."""

    def told_absent(self, campaign_id: int, key: str, at: datetime) -> None:
        """As of then a contact that nobody knows is not to be called."""
        index = self.key_index(campaign_id, key)
        mine = (told_absent.c.campaign_id == campaign_id, told_absent.c.key_index == index)
        self.connection.execute(
            self.insert_or_ignore(told_absent).values(
                campaign_id=campaign_id, key_index=index, said_at=at
            )
        )
        self.connection.execute(
            update(told_absent).where(*mine, told_absent.c.said_at < at).values(said_at=at)
        )

    def absent_since(self, campaign_id: int, key: str) -> datetime | None:
        """The newest instant of which that was told."""
        query = select(told_absent.c.said_at).where(
            told_absent.c.campaign_id == campaign_id,
            told_absent.c.key_index == self.key_index(campaign_id, key),
        )
        return self.connection.execute(query).scalar_one_or_none()

    def take_request(self, key: str, digest: str, at: datetime, lapsed: datetime) -> bool:
        """Whether it is the caller's now; else `request` says how far another one is."""
        added = self.connection.execute(
            self.insert_or_ignore(request_key)
            .values(key=key, digest=digest, at=at)
            .returning(request_key.c.key)
        )
        if added.first() is not None:
            return True
        taken = self.connection.execute(
            update(request_key)
            .where(
                request_key.c.key == key,
                request_key.c.digest == digest,
                request_key.c.status.is_(None),
                request_key.c.at < lapsed,
            )
            .values(at=at)
        )
        return taken.rowcount == 1

    def request(self, key: str) -> KeptRequest | None:
        """What is known of it."""
        row = self.connection.execute(
            select(request_key).where(request_key.c.key == key)
        ).one_or_none()
        if row is None:
            return None
        return KeptRequest(digest=row.digest, status=row.status, body=row.body)

    def answer_request(self, key: str, status: int, body: object) -> None:
        """What it was answered, for whoever sends it again."""
        self.connection.execute(
            update(request_key)
            .where(request_key.c.key == key, request_key.c.status.is_(None))
            .values(status=status, body=body)
        )

    def drop_request(self, key: str, at: datetime) -> None:
        """It changed nothing: sent again, it is a new one. Not one that was taken over since."""
        self.connection.execute(
            delete(request_key).where(
                request_key.c.key == key,
                request_key.c.at == at,
                request_key.c.status.is_(None),
            )
        )

    def forget_requests(self, before: datetime) -> None:
        """Those that came before."""
        self.connection.execute(delete(request_key).where(request_key.c.at < before))
