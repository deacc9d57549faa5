"""The control door under /_sim: what is next, what the ledger says, and changes while it runs.

It answers loopback only and is no part of the provider: nothing here is counted by a limit.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from campaigns.errors import InputError
from campaigns.simulator.clocks import heard, stamp
from campaigns.simulator.faults import FaultBook
from campaigns.simulator.limits import Kind
from campaigns.simulator.messages import Incoming, Reply, refusal, reply
from campaigns.simulator.oracle import summary
from campaigns.simulator.provider import Provider
from campaigns.simulator.reading import faults_from, script_from

LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
_PAGE = 1000


class Control:
    """Answers /_sim requests."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def answer(self, request: Incoming) -> Reply:
        """The reply to a request under /_sim."""
        provider = self._provider
        try:
            match (request.method, *request.parts[1:]):
                case ("GET", "next"):
                    now = provider.clock()
                    next_at = provider.ledger.next_event(now)
                    return reply({"at": stamp(next_at) if next_at else None, "now": stamp(now)})
                case ("GET", "ledger"):
                    return reply(self._ledger(request))
                case ("GET", "stats"):
                    return reply(self._stats(request))
                case ("POST", "script"):
                    provider.exchange.script = script_from(request.body)
                    return reply({"rules": len(provider.exchange.script.rules)})
                case ("POST", "faults"):
                    faults = faults_from(request.body)
                    provider.faults = FaultBook(faults, provider.settings.seed)
                    return reply({"faults": len(faults)})
                case ("POST", "reset"):
                    provider.reset()
                    return reply({"reset": True})
                case _:
                    return refusal(404, "Not Found")
        except (InputError, ValueError) as error:
            return refusal(422, str(error))

    def _stats(self, request: Incoming) -> dict[str, Any]:
        since = request.query.get("since")
        settings = self._provider.settings
        return summary(
            self._provider.ledger,
            limit=settings.all_limits[Kind.START],
            window=settings.window,
            since=heard(since) if since else None,
        )

    def _ledger(self, request: Incoming) -> dict[str, Any]:
        """Pages of both tables; `rings_after` and `requests_after` continue them."""
        query = request.query
        limit = min(int(query.get("limit", _PAGE)), _PAGE)
        ledger = self._provider.ledger
        rings = ledger.rings(
            query.get("to_number"), after=int(query.get("rings_after", 0)), limit=limit
        )
        kind = query.get("kind")
        requests = ledger.requests(
            Kind(kind) if kind else None, after=int(query.get("requests_after", 0)), limit=limit
        )
        return {
            "rings": [_shown(asdict(ring)) for ring in rings],
            "requests": [_shown(asdict(one)) for one in requests],
        }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: stamp(value) if isinstance(value, datetime) else value for name, value in row.items()
    }
