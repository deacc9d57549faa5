"""A provider of a few lines for `campaigns run`: a real engine refuses the simulator.

What it was asked to ring is the ledger.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FROM = "+16175550199"


class _Accepting(BaseHTTPRequestHandler):
    """Accepts every dial; where calls end, each is over when it is asked about."""

    rung: list[str]
    moment: float
    ending: bool

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.rung.append(body["to_number"])
        call_id = f"call_{len(self.rung)}"
        time.sleep(self.moment)
        self._answer(200, {"call_id": call_id, "status": "initiating"})

    def do_GET(self) -> None:
        id = self.path.rsplit("/", 1)[-1]
        if not self.ending or not self.path.startswith("/voice/status/"):
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
def provider(*, moment: float = 0.0, ending: bool = False) -> Iterator[tuple[str, list[str]]]:
    """Its address, and the numbers it was asked to ring.

    `moment`: seconds until a dial is accepted. `ending`: its calls end; else it knows none of them.
    """
    rung: list[str] = []
    handler = type("Handler", (_Accepting,), {"rung": rung, "moment": moment, "ending": ending})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", rung
        server.shutdown()
        thread.join()


def campaign_file(numbers: list[str], *, name: str) -> str:
    """A campaign that may call at any hour."""
    rows = "".join(f"    - {{to_number: '{number}', name: x}}\n" for number in numbers)
    return (
        f"name: {name}\nagent_id: a\nfrom_number: '{FROM}'\ncalling_hours: always\n"
        f"contacts:\n  rows:\n{rows}"
    )


def run(file: Path, home: Path, url: str, *options: str) -> subprocess.Popen[str]:
    """`campaigns run` of this file against that provider."""
    return subprocess.Popen(
        [sys.executable, "-m", "campaigns", "run", file, "--yes", *options],
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
