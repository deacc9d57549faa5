"""`campaigns run` with its supervisor killed in the midst: nothing stays, the next one finishes."""

from __future__ import annotations

import csv
import signal
from pathlib import Path

import psutil
import pytest

from tests.support.accepting import campaign_file, provider, run
from tests.support.processes import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
PEOPLE = [f"+1617555{n:04d}" for n in range(100, 108)]


def test_kill_9_of_the_supervisor_in_mid_run_and_the_next_run_finishes(tmp_path: Path) -> None:
    with provider(moment=0.4, ending=True) as (url, rung):
        file = tmp_path / "people.yaml"
        file.write_text(campaign_file(PEOPLE, name="people"))
        first = run(file, tmp_path, url, "--results", str(tmp_path / "out.csv"))
        wait_until(lambda: len(rung) >= 2, within=120, what="the first calls")
        children = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not [child.cmdline() for child in alive]
        first.communicate(timeout=10)
        before = len(rung)
        assert before < len(PEOPLE), "the campaign was over before the kill was"

        second = run(file, tmp_path, url, "--results", str(tmp_path / "out.csv"))
        said, _ = second.communicate(timeout=400)
        assert second.returncode == 0, said
        assert sorted(rung) == PEOPLE
        with (tmp_path / "out.csv").open(newline="") as file:
            outcomes = {row["to_number"]: row["outcome"] for row in csv.DictReader(file)}
        assert outcomes == dict.fromkeys(PEOPLE, "completed")
