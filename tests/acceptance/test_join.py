"""Two runs in one home: the second joins the first one's services; Ctrl-C drops only its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.accepting import campaign_file, provider, run
from tests.support.processes import wait_until

pytestmark = pytest.mark.timeout(400)


def campaign(where: Path, name: str, *numbers: str) -> Path:
    file = where / f"{name}.yaml"
    file.write_text(campaign_file([*numbers], name=name))
    return file


def test_a_second_run_joins_and_ctrl_c_drops_only_its_own(tmp_path: Path) -> None:
    with provider() as (url, rung):
        first = run(campaign(tmp_path, "one", "+16175550100"), tmp_path, url)
        wait_until(lambda: rung == ["+16175550100"], within=40, what="the first call")
        services = psutil.Process(first.pid).children(recursive=True)
        second = run(campaign(tmp_path, "two", "+16175550101"), tmp_path, url)
        wait_until(lambda: len(rung) == 2, within=30, what="the second campaign's call")
        assert psutil.Process(second.pid).children(recursive=True) == []

        second.send_signal(signal.SIGINT)
        said, _ = second.communicate(timeout=20)
        assert second.returncode == 130, said
        assert all(child.is_running() for child in services)

        first.send_signal(signal.SIGINT)
        said, _ = first.communicate(timeout=40)
        assert first.returncode == 130, said
        assert "not worked on by this run" not in said
        _, alive = psutil.wait_procs(services, timeout=20)
        assert not alive


def test_a_campaign_that_nobody_runs_is_left_alone_and_named(tmp_path: Path) -> None:
    """A run works on its own campaign; others wait for `up`."""
    with provider() as (url, rung):
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        other = campaign(tmp_path, "other", "+16175550111")
        subprocess.run(
            [sys.executable, "-m", "campaigns", "submit", other, "--yes"], env=environ, check=True
        )
        mine = run(campaign(tmp_path, "mine", "+16175550112"), tmp_path, url)
        wait_until(lambda: rung == ["+16175550112"], within=40, what="the one call")
        mine.send_signal(signal.SIGINT)
        said, _ = mine.communicate(timeout=40)
        assert "not worked on by this run: other" in said
        assert rung == ["+16175550112"]
