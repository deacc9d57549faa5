"""Everything a simulator can be told, with the provider's documented behaviour as default.

What the provider's pages leave open is an option here, each with the friendlier reading as its
default; tests switch to the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from campaigns.errors import ConfigurationError, Fault
from campaigns.simulator.faults import Fault as FaultOnDemand
from campaigns.simulator.limits import LIMITS, MINUTE, Counting, Kind
from campaigns.simulator.script import DEFAULT_SCRIPT, Script
from campaigns.simulator.webhooks import Endpoint, WebhookOptions


@dataclass(frozen=True, kw_only=True)
class SimulatorSettings:
    """One simulator. Durations named `_s` in bodies are policy time; latency and stalls real."""

    host: str = "127.0.0.1"
    port: int = 8090  # 0: any free one
    ledger_path: Path | None = None  # None: in memory, gone with the process
    seed: int = 1
    script: Script = DEFAULT_SCRIPT
    faults: tuple[FaultOnDemand, ...] = ()

    limits: Mapping[Kind, int] | Mapping[str, int] = field(default_factory=dict)  # as they differ
    window: timedelta = MINUTE
    counting: Counting = Counting.SLIDING
    retry_after: bool = True
    rate_headers: bool = True

    latency: timedelta = timedelta(0)  # half on the way in, half on the way out
    stall_chance: float = 0.0
    stall: tuple[timedelta, timedelta] = (timedelta(seconds=1), timedelta(seconds=5))
    pace: float = 1.0  # stretches every phase: 0.01 makes a 40 s ring 0.4 s

    same_ids: bool = True  # the call_id is the session_id
    v2_takes_call_id: bool = True  # besides its own integer
    list_unanswered: bool = True
    list_lag: timedelta = timedelta(0)
    analysis_lag: timedelta = timedelta(seconds=5)
    wrapped: bool = False  # answers come as {"data", "message", "status"}
    agents: frozenset[str] | None = None  # None: every agent exists
    from_numbers: frozenset[str] | None = None  # None: every number is verified
    balance: int | None = None  # calls a key may place before 402

    webhooks: WebhookOptions = field(default_factory=WebhookOptions)
    webhook_timeout: timedelta = timedelta(seconds=5)
    endpoints: tuple[Endpoint, ...] = ()  # account-level addresses known from the start

    def __post_init__(self) -> None:
        for name, limit in self.limits.items():
            if name not in set(Kind) or limit < 0:
                raise ConfigurationError(
                    [
                        Fault(
                            at="limits",
                            key=name,
                            expected=f"one of {', '.join(Kind)} and a limit from 0",
                            got=str(limit),
                        )
                    ]
                )

    @property
    def all_limits(self) -> dict[Kind, int]:
        """The limit of every kind."""
        return LIMITS | {Kind(kind): limit for kind, limit in self.limits.items()}
