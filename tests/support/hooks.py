"""The web application in process, around an engine on virtual time."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
from sqlalchemy import select

from campaigns.bootstrap import Installation
from campaigns.config import Settings
from campaigns.core.lifecycle import AttemptState
from campaigns.core.records import NewAttempt
from campaigns.provider.webhooks import HookKeys, hook_path
from campaigns.store.database import SqlTransaction
from campaigns.store.tables import event
from campaigns.web.app import create_app
from campaigns.web.limits import Limits
from tests.support.engine import QueueingDoorbell, World
from tests.support.secret import SECRET

SIGNING = "signs-account-events"

PATIENT = Limits(body_seconds=60, store_seconds=60, per_address=100_000)
"""A machine that is busy with other tests must not turn a 200 into a 503."""

Content = bytes | AsyncIterator[bytes]


class HearingBell(QueueingDoorbell):
    """Rings into a world's queue; a test can wait until it has heard a fold."""

    def __init__(self, rung: deque[tuple[str, object]]) -> None:
        super().__init__()
        self.rung = rung
        self._heard = threading.Semaphore(0)

    def fold(self, attempt_id: str) -> None:
        super().fold(attempt_id)
        self._heard.release()

    def heard(self) -> bool:
        """Whether somebody rang for a fold, at the latest now."""
        return self._heard.acquire(timeout=10)


class Door:
    """What the provider talks to. Each `ask` is one request, in an event loop of its own."""

    def __init__(
        self,
        world: World,
        limits: Limits | None = None,
        bell: QueueingDoorbell | None = None,
        **environ: str,
    ) -> None:
        self.world = world
        heard = HearingBell(world.bell.rung)
        self.bell = heard
        environ = {"HOME": "/nowhere", "CAMPAIGNS_SECRET": SECRET, **environ}
        self.settings = Settings.load({name: text for name, text in environ.items() if text})
        secret = self.settings.secret
        self.keys = HookKeys.from_secret(SECRET)
        self.installation = Installation(
            settings=self.settings,
            world="real",
            database=world.store,
            parts=replace(world.parts, doorbell=bell or heard),
            account_id=world.account_id,
            keys=self.keys if secret else None,
            _dialers={},
        )
        self.app = create_app(self.installation, limits or PATIENT)

    def ask(
        self,
        method: str,
        path: str,
        content: Content = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        host: str = "localhost",
    ) -> httpx.Response:
        """One request and its answer."""
        return asyncio.run(self._ask(method, path, content, headers, host))

    async def _ask(
        self,
        method: str,
        path: str,
        content: Content,
        headers: Mapping[str, str] | Sequence[tuple[str, str]],
        host: str,
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await client.request(
                method, path, content=content, headers=httpx.Headers(headers)
            )

    async def together(self, requests: Sequence[tuple[str, bytes]]) -> list[int]:
        """All these posts at once; their statuses."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            posts = (client.post(path, content=body) for path, body in requests)
            return [answer.status_code for answer in await asyncio.gather(*posts)]

    def address(self, attempt_id: str) -> str:
        """The path of an attempt's own webhook."""
        return hook_path(self.keys, attempt_id)

    def post(self, attempt_id: str, body: bytes | Mapping[str, object]) -> httpx.Response:
        """An event on an attempt's own address."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", self.address(attempt_id), content)

    def events(self) -> Sequence[Mapping[str, object]]:
        """Every raw event that is stored, oldest first."""
        rows = self.world.rows("SELECT * FROM event ORDER BY id")
        bodies = self.world.opened(select(event.c.body).order_by(event.c.id))
        return [{**row, **body} for row, body in zip(rows, bodies, strict=True)]

    def close(self) -> None:
        """As at the end of the server."""

        async def end() -> None:
            async with self.app.router.lifespan_context(self.app):
                pass

        asyncio.run(end())


def signed(
    body: bytes, at: datetime, *, secret: str = SIGNING, delivery: str = "dlv_1"
) -> dict[str, str]:
    """The headers of an account-level event."""
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "X-Webhook-Signature": f"sha256={mac}",
        "X-Webhook-Timestamp": stamp,
        "X-Webhook-Delivery-Id": delivery,
        "X-Webhook-Event": "voice.call.ended",
    }


def under_way(tx: SqlTransaction, attempt_id: str, task_id: int) -> str:
    """An accepted attempt of a dial task, written as the gate and the answer write it."""
    task = tx.lock_task(task_id)
    at = tx.now().policy
    tx.insert_attempt(
        NewAttempt(
            id=attempt_id,
            task_id=task.id,
            campaign_id=task.campaign_id,
            account_id=task.account_id,
            phone_id=task.phone_id,
            version=1,
            attempt_no=1,
            snapshot={"max_duration_s": 600},
            intent_at=at,
            settle_at=at + timedelta(seconds=20),
            release_at=at + timedelta(minutes=16),
            give_up_at=at + timedelta(hours=24),
            check_at=at + timedelta(seconds=40),
        )
    )
    tx.change_attempt(attempt_id, AttemptState.DIALING, state=AttemptState.ACCEPTED)
    return attempt_id
