"""/metrics: what Prometheus asks for, read from the database at the moment it asks.

One scrape in five seconds looks, however many ask; a look that was dear is kept for longer, so
that looking takes a twentieth of one core at most. Promises about the whole history are checked
beside it, every five minutes. No label holds a number, a key or a campaign.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from campaigns.bootstrap import Installation
from campaigns.core.admission import WaitReason
from campaigns.core.gauges import Gauges, Starts
from campaigns.store.reads import PROMISED, Reads
from campaigns.web.looks import Look
from campaigns.web.problems import Problem, because

log = structlog.get_logger(__name__)

PATIENCE = 8.0
"""Seconds that a scrape waits: Prometheus itself gives up after 10."""
KEPT = 5.0
THOROUGH = 300.0
_SHARE = 20
_LIVE = ("dialing", "accepted", "ringing", "in_progress", "unknown")
_RESULTS = ("accepted", "not_sent", "rejected", "slow_down", "unknown")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    gauges: Gauges
    until: float  # monotonic


class Metrics:
    """The route of one installation. `rejected` counts what the webhook door refused, by why."""

    def __init__(self, installation: Installation, rejected: Counter[str]) -> None:
        self._database = installation.database
        self._rejected = rejected
        self._seen: _Seen | None = None
        self._starts: Starts | None = None
        self._broken: dict[str, int] | None = None
        self._thorough_at: float | None = None
        self._figures = Look("metrics", self._look)
        self._promises = Look("promises", self._check)

    def add_to(self, app: FastAPI) -> None:
        """Where Prometheus asks."""
        app.add_api_route("/metrics", self.scrape, methods=["GET"], include_in_schema=False)

    async def scrape(self, request: Request) -> Response:
        """The page, or 503: what cannot be read is not guessed."""
        at = time.monotonic()
        if self._thorough_at is None or at - self._thorough_at >= THOROUGH:
            self._thorough_at = at
            self._promises.begin()
        if self._seen is None or at >= self._seen.until:
            try:
                self._seen = await self._figures.ask(PATIENCE)
            except Exception as error:
                because(request, "not_ready")
                why = f"the database cannot be asked ({type(error).__name__})"
                return Problem(503, why, headers={"Retry-After": "5"})
        registry = CollectorRegistry()
        registry.register(_Page(self._seen.gauges, self._broken, self._rejected))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def close(self) -> None:
        """At the end of the server."""
        self._figures.close()
        self._promises.close()

    def _look(self) -> _Seen:
        began = time.monotonic()
        with self._database.read() as tx:
            gauges = Reads(tx).gauges(self._starts)
        self._starts = gauges.starts
        ended = time.monotonic()
        return _Seen(gauges=gauges, until=ended + max(KEPT, _SHARE * (ended - began)))

    def _check(self) -> None:
        try:
            with self._database.read() as tx:
                found = Reads(tx).broken()
        except Exception as error:
            # It is asked again in five minutes, and until then what was found last is said.
            log.warning("promises_unchecked", error=type(error).__name__)
            return
        counts = Counter[str]()
        for one in found:
            log.error("promise_broken", id=one.id, promise=one.promise, example=one.example)
            counts[one.id] += one.count
        self._broken = dict(counts)


class _Page(Collector):
    """One look as the families of Prometheus."""

    def __init__(
        self, gauges: Gauges, broken: dict[str, int] | None, rejected: Counter[str]
    ) -> None:
        self._gauges = gauges
        self._broken = broken
        self._rejected = rejected

    def describe(self) -> list[Metric]:
        """Nothing beforehand: it is collected once."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every family, in the order of docs/metrics.md."""
        yield from self._accounts()
        yield from self._calls()
        yield from self._door()

    def _accounts(self) -> Iterator[Metric]:
        due = _gauge("due_oldest_seconds", "For how long a call could have left.", "account")
        last = _gauge("last_start_seconds", "Age of the last start.", "account")
        busy = _gauge("slots_busy", "Slots that are taken.", "account")
        waits = _gauge("waiting", "Dial tasks that wait, by why.", "account", "reason")
        starts = _counter("starts", "Calls asked for, by answer.", "account", "result")
        counts: Counter[tuple[int, str]] = Counter()
        for (account_id, answer, _), count in self._gauges.starts.counts.items():
            counts[account_id, answer] += count
        for id, one in self._gauges.accounts.items():
            due.add_metric([one.name], one.due_oldest_age)
            if one.last_start_age is not None:
                last.add_metric([one.name], one.last_start_age)
            busy.add_metric([one.name], one.slots_busy)
            for reason in dict.fromkeys([*WaitReason, *one.waiting]):
                waits.add_metric([one.name, str(reason)], one.waiting.get(reason, 0))
            for result in _RESULTS:
                starts.add_metric([one.name, result], counts[id, result])
        yield from (due, last, starts, busy, waits)

    def _calls(self) -> Iterator[Metric]:
        under_way = _gauge("attempts_open", "Calls under way, by state.", "state")
        for state in dict.fromkeys([*_LIVE, *self._gauges.attempts_open]):
            under_way.add_metric([state], self._gauges.attempts_open.get(state, 0))
        yield under_way
        unresolved = _gauge("unresolved", "Contacts of whose call nobody can tell the end.")
        unresolved.add_metric([], self._gauges.unresolved)
        yield unresolved
        classes: Counter[str] = Counter()
        for (_, answer, blame), count in self._gauges.starts.counts.items():
            classes[f"{answer}_{blame}" if blame else answer] += count
        responses = _counter("provider_responses", "Answers to starts, by class.", "class")
        for name in dict.fromkeys([*_CLASSES, *classes]):
            responses.add_metric([name], classes[name])
        yield responses

    def _door(self) -> Iterator[Metric]:
        lag = _gauge("webhook_lag_seconds", "Age of the oldest event that nobody has read.")
        lag.add_metric([], self._gauges.webhook_lag)
        yield lag
        rejected = _counter("webhook_rejected", "Webhooks refused by this process.", "reason")
        for why, count in sorted(self._rejected.items()):
            rejected.add_metric([why], count)
        yield rejected
        if self._broken is not None:
            violations = _gauge("invariant_violations", "Promises broken, by id.", "id")
            for id in PROMISED:
                violations.add_metric([id], self._broken.get(id, 0))
            yield violations
        paused = _gauge("paused", "What is paused.", "scope")
        for scope, count in self._gauges.paused.items():
            paused.add_metric([scope], count)
        yield paused


_CLASSES = (
    *(name for name in _RESULTS if name != "rejected"),
    *(f"rejected_{blame}" for blame in ("contact", "campaign", "account")),
)


def _gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"campaigns_{name}", says, labels=labels)


def _counter(name: str, says: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"campaigns_{name}", says, labels=labels)
