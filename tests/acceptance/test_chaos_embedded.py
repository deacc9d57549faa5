"""`campaigns run` whose supervisor is killed in the midst: nothing is left, the next run finishes.

The provider is a few lines of our own that answer every call, because a real engine refuses the
simulator; what it was asked to ring is the ledger.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests.support.processes import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
FROM = "+16175550199"
PEOPLE = [f"+1617555{n:04d}" for n in range(100, 108)]


class Answering(BaseHTTPRequestHandler):
    """Takes a moment to accept a dial; every call is over when it is asked about."""

    rung: list[str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.rung.append(body["to_number"])
        call_id = f"call_{len(self.rung)}"
        time.sleep(0.4)
        self._answer(200, {"call_id": call_id, "status": "initiating"})

    def do_GET(self) -> None:
        id = self.path.rsplit("/", 1)[-1]
        if not self.path.startswith("/voice/status/"):
            self._answer(404, {"detail": "not found", "status": 404})
            return
        to = self.rung[int(id.removeprefix("call_")) - 1]
        told = {"session_id": id, "status": "completed", "to_number": to, "from_number": FROM}
        self._answer(200, {**told, "duration": 20})

    def _answer(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def provider() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the numbers it was asked to ring."""
    rung: list[str] = []
    handler = type("Handler", (Answering,), {"rung": rung})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", rung
        server.shutdown()
        thread.join()


def run(home: Path, url: str) -> subprocess.Popen[str]:
    rows = "".join(f"    - {{to_number: '{number}', name: x}}\n" for number in PEOPLE)
    file = home / "people.yaml"
    file.write_text(
        f"name: people\nagent_id: a\nfrom_number: '{FROM}'\ncalling_hours: always\n"
        f"contacts:\n  rows:\n{rows}"
    )
    return subprocess.Popen(
        [sys.executable, "-m", "campaigns", "run", file, "--yes", "--results", home / "out.csv"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "THINNESTAI_API_KEY": "a_key_for_a_test",
            "CAMPAIGNS_PROVIDER_URL": url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_kill_9_of_the_supervisor_in_mid_run_and_the_next_run_finishes(tmp_path: Path) -> None:
    with provider() as (url, rung):
        first = run(tmp_path, url)
        wait_until(lambda: len(rung) >= 2, within=120, what="the first calls")
        children = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not [child.cmdline() for child in alive]
        first.communicate(timeout=10)
        before = len(rung)
        assert before < len(PEOPLE), "the campaign was over before the kill was"

        second = run(tmp_path, url)
        said, _ = second.communicate(timeout=400)
        assert second.returncode == 0, said
        assert sorted(rung) == PEOPLE
        with (tmp_path / "out.csv").open(newline="") as file:
            outcomes = {row["to_number"]: row["outcome"] for row in csv.DictReader(file)}
        assert outcomes == dict.fromkeys(PEOPLE, "completed")
