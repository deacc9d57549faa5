"""The server as a process: wired from the environment, quiet about paths, gone when told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from campaigns import bootstrap
from campaigns.config import Settings
from campaigns.engine.submit import Submission, submit
from campaigns.provider.webhooks import HookKeys, hook_path
from campaigns.store.tables import dial_task, event
from tests.support.engine import contact, definition
from tests.support.hooks import under_way
from tests.support.secret import SECRET

PATIENCE = 30.0
SERVE = """
import os
from campaigns import bootstrap
from campaigns.config import Settings
from campaigns.web.server import serve

installation = bootstrap.connect(Settings.load(os.environ))
try:
    serve(installation, "127.0.0.1", 0, lambda port: print(port, flush=True))
finally:
    installation.close()
print("closed", flush=True)
"""


@dataclass
class Served:
    """A running server, and where its log goes."""

    process: subprocess.Popen[str]
    port: int
    log: Path
    settings: Settings
    keys: HookKeys

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def end(self, number: signal.Signals) -> tuple[int, str, float]:
        """Exit code, the rest of stdout, and seconds until the process was gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, rest, time.monotonic() - began


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    environ = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "CAMPAIGNS_SECRET": SECRET,
        "CAMPAIGNS_LOG_LEVEL": "debug",
        "CAMPAIGNS_LOG_FORMAT": "json",
    }
    (tmp_path / ".campaigns").mkdir()
    settings = Settings.load(environ)
    bootstrap.upgrade(settings)
    log = tmp_path / "log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", SERVE],
            env=environ,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told.strip().isdigit(), log.read_text()
        try:
            yield Served(process, int(told), log, settings, HookKeys.from_secret(SECRET))
        finally:
            process.kill()


def test_the_server_answers_says_nothing_of_paths_and_ends_when_told(served: Served) -> None:
    address = hook_path(served.keys, "00000000-0000-4000-8000-000000000001")
    with httpx.Client(base_url=served.url) as client:
        assert client.get("/livez").json() == {"status": "ok"}
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        tunnelled = client.get("/readyz", headers={"X-Forwarded-For": "1.2.3.4"})
        assert tunnelled.status_code == 401
        right = client.post(address, json={"status": "completed"})
        wrong = client.post(address[:-4] + "AAAA", json={"status": "completed"})
        # Only we can make a right address: its call was made, and forgotten by a restore.
        assert (right.status_code, wrong.status_code) == (200, 404)
        assert "server" not in right.headers
        # A connection is kept open here: it must not hold up the end.
        code, rest, took = served.end(signal.SIGTERM)
    assert (code, rest) == (0, "closed\n")
    assert took < 10
    told = served.log.read_text()
    mac = address.rpartition("/")[2]
    assert mac not in told
    assert mac[:-4] not in told
    assert "/hooks/v1/{key_id}/{attempt_id}/{mac}" in told
    assert "Traceback" not in told


def test_what_was_acknowledged_is_there_after_kill_9(served: Served) -> None:
    attempts = [f"00000000-0000-4000-8000-{n:012d}" for n in range(8)]
    installation = bootstrap.connect(served.settings)
    submit(
        Submission(
            definition=definition(),
            digest="d",
            header=("key", "name", "to_number"),
            source="people.csv",
            entries=[contact(n) for n in range(len(attempts))],
        ),
        installation.parts,
        who="test",
    )
    with installation.database.write() as tx:
        tasks = tx.connection.execute(select(dial_task.c.id)).scalars().all()
        for attempt, task in zip(attempts, tasks, strict=True):
            under_way(tx, attempt, task)
    acknowledged: list[str] = []

    def provider(attempt: str) -> None:
        with httpx.Client(base_url=served.url) as client, suppress(httpx.TransportError):
            for n in range(1000):
                body = json.dumps({"status": "ringing", "call_id": f"c{attempt}", "timestamp": n})
                if client.post(hook_path(served.keys, attempt), content=body).status_code == 200:
                    acknowledged.append(body)
                if len(acknowledged) >= 60:
                    served.process.kill()

    with ThreadPoolExecutor(len(attempts)) as pool:
        list(pool.map(provider, attempts))
    with installation.database.read() as tx:
        stored = set(tx.connection.execute(select(event.c.body)).scalars())
    installation.close()
    assert len(acknowledged) >= 60
    assert set(acknowledged) <= stored


def test_ctrl_c_ends_it_as_an_interruption(served: Served) -> None:
    code, rest, _ = served.end(signal.SIGINT)
    assert code in (130, -signal.SIGINT)
    assert rest == ""
    assert "KeyboardInterrupt" in served.log.read_text()


def test_a_request_that_never_ends_does_not_hold_up_the_end(served: Served) -> None:
    address = hook_path(served.keys, "00000000-0000-4000-8000-000000000001")
    with (
        socket.create_connection(("127.0.0.1", served.port)) as half_a_head,
        socket.create_connection(("127.0.0.1", served.port)) as half_a_body,
    ):
        half_a_head.sendall(b"POST /hooks/v1/account HTTP/1.1\r\nHost: x")
        half_a_body.sendall(
            f"POST {address} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
        code, rest, took = served.end(signal.SIGTERM)
    assert (code, rest) == (0, "closed\n")
    assert took < 10


def test_a_forged_address_is_answered_without_waiting_for_its_body(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as forger:
        forger.sendall(
            b"POST /hooks/v1/k/a/m HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n"
        )
        answer = b""
        while chunk := forger.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_an_address_in_use_is_one_line_that_says_what_to_do(served: Served) -> None:
    taken = SERVE.replace('"127.0.0.1", 0', f'"127.0.0.1", {served.port}')
    environ = {"HOME": str(served.log.parent), "CAMPAIGNS_SECRET": SECRET}
    ended = subprocess.run(
        [sys.executable, "-c", taken],
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 1
    said = ended.stderr.strip().splitlines()[-1]
    assert "CAMPAIGNS_HTTP_PORT" in said
    assert "choose another port" in said
