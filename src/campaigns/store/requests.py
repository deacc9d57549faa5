"""Queries on requests that may be sent twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from campaigns.ports.requests import KeptRequest
from campaigns.store.base import Queries
from campaigns.store.tables import request_key


class RequestQueries(Queries):
    """Requests by the hash of their key. Instants are real time."""

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
