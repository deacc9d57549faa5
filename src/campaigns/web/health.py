"""/livez: this process answers. /readyz: it can do its work, and what makes that harder.

Ready means that the database is there with our schema: events can be stored. A broker or provider
that is away, a held account or a silent heartbeat delay calls and lose nothing: 200, `degraded`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaigns.bootstrap import Installation
from campaigns.core.instants import Now
from campaigns.core.records import AccountRow
from campaigns.engine.tick import SILENCE
from campaigns.errors import BrokerAway, DatabaseAway
from campaigns.logs import masked
from campaigns.ports import Doorbell
from campaigns.web.looks import Look
from campaigns.web.problems import Problem, because

PATIENCE = 3.0
"""Seconds that a health check waits for an answer before silence is the answer."""


@runtime_checkable
class Pings(Protocol):
    """A doorbell that can tell whether its broker is there."""

    def ping(self) -> None:
        """Raises BrokerAway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What one look found. `reasons` are sentences for a person."""

    usable: bool
    reasons: tuple[str, ...] = ()


class Probe:
    """A look whose failure, and whose silence, are what it found."""

    def __init__(self, name: str, look: Callable[[], Found]) -> None:
        self._name = name
        self._look = Look(name, look)

    async def ask(self, within: float) -> Found:
        """What the look finds, or that it did not come back in time."""
        try:
            return await self._look.ask(within)
        except TimeoutError:
            reason = f"the {self._name} did not answer within {within:g} s"
        except Exception as error:
            # Whatever a driver raises means that what was asked for cannot be used now.
            reason = f"the {self._name} cannot be asked ({type(error).__name__})"
        return Found(usable=False, reasons=(reason,))


class Health:
    """The two health routes of one installation."""

    def __init__(self, installation: Installation, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._database = Probe("database", lambda: look_at_database(installation))
        self._broker = Probe("broker", lambda: look_at_broker(installation.parts.doorbell))

    def add_to(self, app: FastAPI) -> None:
        """Where a supervisor or an orchestrator asks."""
        app.add_api_route("/livez", self.live, methods=["GET", "HEAD"], include_in_schema=False)
        app.add_api_route("/readyz", self.ready, methods=["GET", "HEAD"], include_in_schema=False)

    async def live(self, _request: Request) -> Response:
        """This process answers: nothing else is looked at."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Whether events can be stored, and what else is wrong."""
        database, broker = await asyncio.gather(
            self._database.ask(self._patience), self._broker.ask(self._patience)
        )
        if not database.usable:
            because(request, "not_ready")
            return Problem(503, "; ".join(database.reasons), headers={"Retry-After": "5"})
        reasons = [masked(reason) for reason in (*database.reasons, *broker.reasons)]
        return JSONResponse({"status": "degraded" if reasons else "ok", "reasons": reasons})


def look_at_database(installation: Installation) -> Found:
    """Is it there, with our schema; and what do its rows say about calls?"""
    try:
        installation.require_current()
        with installation.database.read() as tx:
            now = tx.now()
            last_tick = tx.last_alive("tick")
            accounts = tx.accounts()
    except DatabaseAway as away:
        return Found(usable=False, reasons=(str(away),))
    reasons = [why for account in accounts for why in _trouble(account, now)]
    if last_tick is None or now.real - last_tick > SILENCE:
        since = "since the beginning" if last_tick is None else f"since {last_tick:%H:%M:%S} UTC"
        reasons.append(f"no heartbeat {since}: is `campaigns beat` or a worker running?")
    return Found(usable=True, reasons=tuple(reasons))


def look_at_broker(doorbell: Doorbell) -> Found:
    """Does the broker answer? A doorbell without one has nothing to be away."""
    try:
        if isinstance(doorbell, Pings):
            doorbell.ping()
    except BrokerAway as away:
        return Found(usable=False, reasons=(str(away),))
    return Found(usable=True)


def _trouble(account: AccountRow, now: Now) -> Sequence[str]:
    found = []
    if account.paused_why is not None:
        found.append(f"account {account.name} is paused: {account.paused_why}")
    if account.held_why is not None and account.not_before and account.not_before > now.policy:
        left = now.until(account.not_before).total_seconds()
        found.append(f"account {account.name} is held for {left:.0f} s: {account.held_why}")
    return found
