"""A fleet of real processes for tests and benchmarks: workers, beats, the webhook server.

PostgreSQL, Redis and the simulator are handed in; everything else is what an operator would start
(`celery -A workers.app …`, `campaigns serve`). Kills are real.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Select, text

from campaigns import bootstrap
from campaigns.bootstrap import Installation
from campaigns.config import Settings
from tests.support.processes import die_with_parent, free_port, wait_until
from tests.support.secret import SECRET

ROOT = Path(__file__).parents[2]


class Fleet:
    """Processes on one database and one broker."""

    def __init__(
        self,
        *,
        database_url: str,
        redis_url: str,
        provider_url: str,
        world: str = "rehearsal",
        speed: float = 1.0,
        public: bool = True,
        through: Mapping[str, str] | None = None,
        **environ: str,
    ) -> None:
        """`through`: what the processes see in place of the real addresses: fault proxies."""
        self.root = Path(tempfile.mkdtemp(prefix="campaigns-fleet-"))
        self.port = free_port()
        self.world = world
        self.environ: dict[str, str] = {
            "CAMPAIGNS_HOME": str(self.root),
            "CAMPAIGNS_DATABASE_URL": database_url,
            "CAMPAIGNS_REDIS_URL": redis_url,
            "CAMPAIGNS_PROVIDER_URL": provider_url,
            "THINNESTAI_API_KEY": "sim_fleet_key",
            "CAMPAIGNS_SECRET": SECRET,
            "CAMPAIGNS_WORLD": world,
            "CAMPAIGNS_LOG_FORMAT": "json",
            "PYTHONFAULTHANDLER": "1",
            **environ,
        }
        if public:
            self.environ["CAMPAIGNS_PUBLIC_URL"] = f"http://127.0.0.1:{self.port}"
            self.environ["CAMPAIGNS_HTTP_PORT"] = str(self.port)
        self.public = public
        self.through = dict(through or {})
        self.settings = Settings.load(
            {k: v for k, v in self.environ.items() if k != "CAMPAIGNS_WORLD"}
        )
        bootstrap.upgrade(self.settings, world=world, speed=speed)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.started: dict[str, float] = {}

    def __enter__(self) -> Self:
        self.installation: Installation = bootstrap.connect(self.settings, world=self.world)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in list(self.processes):
            self.signal(name, signal.SIGCONT)
            self.signal(name, signal.SIGTERM)
        for name, process in self.processes.items():
            try:
                process.wait(22)
            except subprocess.TimeoutExpired:
                self.kill(name)
        self.installation.close()

    def start(self, *, workers: int = 1, beats: int = 1) -> None:
        """Start everything and wait until the webhook door answers."""
        if self.public:
            self.serve()
        for n in range(workers):
            self.worker(n)
        for n in range(beats):
            self.beat(n)

    def serve(self) -> None:
        """Start (again) the webhook door."""
        self._spawn("serve", "-m", "campaigns", "serve")

    def again(self, name: str) -> None:
        """Start a process of this name again."""
        if name == "serve":
            self.serve()
        else:
            start = self.worker if name.startswith("worker") else self.beat
            start(int(name[-1]))

    def worker(self, n: int) -> None:
        """Start (again) worker n."""
        self._spawn(
            f"worker{n}", "-m", "celery", "-A", "workers.app", "worker", "-P", "threads",
            "-c", "12", "-Q", "dial,sweep", "-n", f"w{n}@test",
            "--without-mingle", "-l", "warning",
            CAMPAIGNS_ALIVE_FILE=str(self.root / f"worker{n}.alive"),
        )  # fmt: skip

    def beat(self, n: int) -> None:
        """Start (again) beat n."""
        self._spawn(
            f"beat{n}", "-m", "celery", "-A", "workers.app", "beat", "-l", "warning",
            CAMPAIGNS_ALIVE_FILE=str(self.root / f"beat{n}.alive"),
        )  # fmt: skip

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one process group."""
        with suppress(ProcessLookupError):
            os.killpg(self.processes[name].pid, number)

    def kill(self, name: str) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(name, signal.SIGKILL)
        self.processes[name].wait(10)

    def stop(self, name: str, *, within: float) -> int | None:
        """SIGTERM; its exit code, or None where it had to be killed after `within` seconds."""
        self.signal(name, signal.SIGTERM)
        try:
            return self.processes[name].wait(within)
        except subprocess.TimeoutExpired:
            self.kill(name)
            return None

    def log(self, name: str) -> str:
        """What a process wrote."""
        return (self.root / f"{name}.log").read_text(errors="replace")

    def rows(self, query: str | Select[Any], **values: object) -> list[Mapping[str, object]]:
        """Look into the database; what is sealed is opened for a query on its tables."""
        asked = text(query) if isinstance(query, str) else query
        with self.installation.database.read() as tx:
            return [dict(row) for row in tx.connection.execute(asked, values).mappings()]

    def done(self) -> bool:
        """Whether every dial task has its outcome."""
        return not self.rows("SELECT 1 FROM dial_task WHERE state <> 'done' LIMIT 1")

    def wait_done(self, within: float) -> None:
        """Wait for `done`."""
        wait_until(self.done, within=within, what="every task to be done")

    def _spawn(self, name: str, *argv: str, **environ: str) -> None:
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("CAMPAIGNS_", "THIN"))
        }
        self.started[name] = time.time()
        with (self.root / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *argv],
                cwd=ROOT,
                env={**inherited, **self.environ, **self.through, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
