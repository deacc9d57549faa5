"""`campaigns run`: one command, everything embedded, nothing left behind."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from campaigns.simulator.main import SimulatorServer
from campaigns.simulator.oracle import Oracle
from tests.support.processes import wait_until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "campaigns"
pytestmark = pytest.mark.timeout(500)


def campaigns(
    *argv: str | Path, home: Path, check: bool = True, **environ: str
) -> subprocess.CompletedProcess[str]:
    """The command line with an empty home, as a new user has it."""
    return subprocess.run(
        [sys.executable, "-m", "campaigns", *map(str, argv)],
        env={"PATH": os.environ["PATH"], "HOME": str(home), **environ},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=400,
        check=check,
    )


def test_a_rehearsal_shows_a_whole_campaign_and_touches_nothing_real(tmp_path: Path) -> None:
    """Also where the environment is full of real keys and addresses that lead nowhere."""
    home, kept = tmp_path / "home", tmp_path / "kept"
    home.mkdir()
    done = campaigns(
        "run",
        EXAMPLES / "appointment-reminders.yaml",
        "--simulate",
        "--keep",
        kept,
        "--results",
        tmp_path / "results.csv",
        home=home,
        THINNESTAI_API_KEY="a_real_key_of_somebody",
        CAMPAIGNS_PROVIDER_URL="https://192.0.2.1",
        CAMPAIGNS_DATABASE_URL="postgresql://192.0.2.1/real",
        CAMPAIGNS_REDIS_URL="redis://192.0.2.1:6379/0",
    )
    assert "every contact has its outcome" in done.stdout
    assert "no phone rang" in done.stderr
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 14
    assert {row["outcome"] for row in rows} <= {"completed", "no_answer", "voicemail", "busy"}
    rung = Oracle.read(kept / "ledger.db").rings_per_number()
    assert {row["to_number"]: int(row["attempts"]) for row in rows} == rung
    assert not (home / ".campaigns").exists()


def test_kill_9_of_the_supervisor_leaves_no_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "campaigns",
            "run",
            EXAMPLES / "appointment-reminders.yaml",
            "--simulate",
            "--keep",
            tmp_path / "kept",
            "--speed",
            "2",
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    us = psutil.Process(process.pid)

    def working() -> bool:
        names = ""
        for child in us.children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # one that only looked something up
                names += " ".join(child.cmdline())
        return all(word in names for word in ("beat", "worker", "serve", "simulator", "valkey"))

    wait_until(working, within=60, what="all services to run")
    left = us.children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    _, alive = psutil.wait_procs(left, timeout=20)
    assert not [child.cmdline() for child in alive]


def test_a_real_run_refuses_a_simulated_provider_and_says_what_to_do(tmp_path: Path) -> None:
    """401, the account is paused, no contact is spent, exit 3, and the state says so later."""
    (tmp_path / "two.csv").write_text("to_number,name\n+16175550100,A\n+16175550101,B\n")
    (tmp_path / "two.yaml").write_text(
        "name: two\nagent_id: a\nfrom_number: '+16175550199'\ncontacts: two.csv\n"
        "calling_hours: always\n"
    )
    with SimulatorServer() as simulator:
        real = {
            "THINNESTAI_API_KEY": "a_real_key_of_somebody",
            "CAMPAIGNS_PROVIDER_URL": simulator.url,
        }
        file = tmp_path / "two.yaml"
        asked = campaigns("run", file, home=tmp_path, check=False, **real)
        assert asked.returncode == 2
        assert "--yes" in asked.stderr
        run = campaigns("run", file, "--yes", home=tmp_path, check=False, **real)
        assert run.returncode == 3
        assert "paused the account" in run.stdout
        assert simulator.ledger.rings() == ()
        shown = campaigns("show", "two", home=tmp_path, **real).stdout
        assert re.search(r"waiting\s+2", shown)
        status = campaigns("status", home=tmp_path, check=False, **real)
        assert status.returncode == 3
        assert "campaigns resume --account default" in status.stdout + status.stderr
