"""Two runs in one home: the second joins the first one's services, and Ctrl-C drops only its own.

The provider here is a few lines of our own that accept every call, because a real engine refuses
the simulator.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests.support.processes import wait_until

pytestmark = pytest.mark.timeout(400)


class Accepting(BaseHTTPRequestHandler):
    """Accepts every dial and knows nothing else."""

    rung: list[str]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.rung.append(body["to_number"])
        self._answer(200, {"call_id": f"call_{len(self.rung)}", "status": "initiating"})

    def do_GET(self) -> None:
        self._answer(404, {"detail": "not found", "status": 404})

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
    handler = type("Handler", (Accepting,), {"rung": rung})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", rung
        server.shutdown()
        thread.join()


def campaign(where: Path, name: str, *numbers: str) -> Path:
    rows = "".join(f"    - {{to_number: '{number}', name: x}}\n" for number in numbers)
    file = where / f"{name}.yaml"
    file.write_text(
        f"name: {name}\nagent_id: a\nfrom_number: '+16175550199'\ncalling_hours: always\n"
        f"contacts:\n  rows:\n{rows}"
    )
    return file


def run(file: Path, home: Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "campaigns", "run", file, "--yes"],
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
