"""The processes of one machine: which they are, and the environment each of them gets.

The same programs as a fleet's, under a supervisor; only the two URLs differ. A rehearsal gets an
environment of its own from which every URL and key of the user's is gone.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError

from campaigns.config import Settings
from campaigns.embedded.broker import Broker
from campaigns.embedded.process import ChildSpec
from campaigns.errors import InputError

_READY_WITHIN = timedelta(seconds=300)
"""A slow machine is waited for; a child that ends is noticed at once."""
_OURS = ("CAMPAIGNS_", "THINNESTAI_")
SIMULATED_KEY = "sim_rehearsal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to start. `environ` is the whole environment of every child.

    `heard`: the provider reaches `serve`, so nobody is called before it answers.
    """

    environ: Mapping[str, str]
    http_port: int
    simulator_port: int | None = None
    heard: bool = True


def free_port(preferred: int, *, must: bool = False) -> int:
    """`preferred` if it is free, else any free one of loopback.

    `must`: a public URL names this port, so another one would never be reached.
    """
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                if must:
                    raise InputError(
                        f"port {preferred} is taken, and CAMPAIGNS_PUBLIC_URL leads to it:"
                        " stop what listens there, or set CAMPAIGNS_HTTP_PORT"
                    ) from None
                continue
            return int(probe.getsockname()[1])
    raise InputError("no free port on 127.0.0.1")


def real_environ(
    settings: Settings, broker: Broker, *, secret: str, port: int, run_id: str | None
) -> dict[str, str]:
    """The user's environment, completed."""
    environ = {
        **os.environ,
        "CAMPAIGNS_HOME": str(settings.home),
        "CAMPAIGNS_REDIS_URL": broker.url,
        "CAMPAIGNS_HTTP_PORT": str(port),
        "CAMPAIGNS_ALIVE_FILE": str(settings.home / "worker.alive"),
    }
    if settings.secret is None:
        environ["CAMPAIGNS_SECRET"] = secret
    if run_id is not None:
        environ["CAMPAIGNS_RUN_ID"] = run_id
    return environ


def rehearsal_environ(
    home: Path, *, secret: str, port: int, simulator_port: int, broker_url: str | None
) -> dict[str, str]:
    """An environment in which nothing real can be reached."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    environ = {
        **kept,
        "HOME": str(home),
        "CAMPAIGNS_HOME": str(home),
        "CAMPAIGNS_WORLD": "rehearsal",
        "CAMPAIGNS_PROVIDER_URL": f"http://127.0.0.1:{simulator_port}",
        "THINNESTAI_API_KEY": SIMULATED_KEY,
        "CAMPAIGNS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "CAMPAIGNS_HTTP_PORT": str(port),
        "CAMPAIGNS_SECRET": secret,
        "CAMPAIGNS_ALIVE_FILE": str(home / "worker.alive"),
        "CAMPAIGNS_LOG_LEVEL": "warning",
    }
    if broker_url is not None:
        environ["CAMPAIGNS_REDIS_URL"] = broker_url
    return environ


def children(plan: Plan, broker: Broker) -> Sequence[ChildSpec]:
    """Broker first, then who answers, then who works."""
    specs = [broker.child()]
    if plan.simulator_port is not None:
        specs.append(
            _child(
                plan,
                "simulator",
                ["simulator", "--port", str(plan.simulator_port)],
                stage=1,
                url=f"http://127.0.0.1:{plan.simulator_port}/_sim/next",
            )
        )
    livez = f"http://127.0.0.1:{plan.http_port}/livez" if plan.heard else None
    specs += [
        _child(plan, "serve", ["serve"], stage=1, url=livez),
        _child(plan, "worker", ["worker"], stage=2),
        _child(plan, "beat", ["beat"], stage=2),
    ]
    return specs


def _child(
    plan: Plan, name: str, argv: Sequence[str], *, stage: int, url: str | None = None
) -> ChildSpec:
    return ChildSpec(
        name=name,
        argv=[sys.executable, "-m", "campaigns", *argv],
        env=plan.environ,
        stage=stage,
        ready=None if url is None else lambda: answers(url),
        ready_within=_READY_WITHIN,
    )


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """Whether a loopback address answers with 2xx."""
    try:
        with _opener.open(url, timeout=0.5) as response:
            return 200 <= int(response.status) < 300
    except (URLError, OSError, ValueError):
        return False


def unit() -> str:
    """A systemd unit that runs `up` for the person who types this."""
    program = Path(sys.argv[0]).resolve()
    command = f"{sys.executable} -m campaigns" if program.suffix == ".py" else str(program)
    home = os.environ.get("CAMPAIGNS_HOME", "%h/.campaigns")
    return "\n".join(
        (
            "[Unit]",
            "Description=Outbound campaigns",
            "After=network-online.target",
            "Wants=network-online.target",
            "",
            "[Service]",
            f"ExecStart={command} up",
            f"Environment=CAMPAIGNS_HOME={home}",
            "EnvironmentFile=-%h/.config/campaigns.env",
            "Restart=on-failure",
            "TimeoutStopSec=45",
            "",
            "[Install]",
            "WantedBy=default.target",
        )
    )
