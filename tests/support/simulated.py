"""A simulated provider for tests: on a hand-wound clock without a socket, or over a real one."""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from campaigns.simulator.control import Control
from campaigns.simulator.faults import Fault
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.messages import Incoming, Reply
from campaigns.simulator.provider import Provider
from campaigns.simulator.settings import SimulatorSettings

START = datetime(2026, 3, 7, 10, 0, tzinfo=UTC)
HOOK = "https://engine.example/hooks/v1/k1/0f8f-attempt/mac"
KEY = {"authorization": "Bearer sim_test"}


def body(number: str = "+14155551200", **more: object) -> dict[str, object]:
    """A dial as JSON."""
    return {"agent_id": "agent_xyz", "to_number": number, "from_number": "+18005551234"} | more


def dial(url: str, number: str = "+14155551200", **more: object) -> httpx.Response:
    with httpx.Client(trust_env=False, headers=KEY, timeout=10) as client:
        return client.post(f"{url}/voice/outbound/dial", json=body(number, **more))


def until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


class Receiver:
    """An address that webhooks are sent to; `answers` are given in turn, the last repeats."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers = [200]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                answers = outer.answers
                status = answers.pop(0) if len(answers) > 1 else answers[0]
                outer.got.append(({k.lower(): v for k, v in self.headers.items()}, raw))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/v1/k/attempt-1/mac"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for _, raw in self.got]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Hand:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 7, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Simulated:
    """A provider on a hand-wound clock."""

    def __init__(self, ledger: Ledger | None = None, **settings: Any) -> None:
        self.now = START
        self.ledger = ledger or Ledger()
        self.provider = Provider(SimulatorSettings(**settings), self.ledger, lambda: self.now)
        self.control = Control(self.provider)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        key: str = "sim_one",
        fault: Fault | None = None,
    ) -> Reply:
        path, _, query = target.partition("?")
        request = Incoming(
            method=method,
            path=path,
            query=dict(pair.split("=") for pair in query.split("&")) if query else {},
            headers={"authorization": f"Bearer {key}", "host": "localhost:1"},
            body=b"" if body is None else json.dumps(body).encode(),
        )
        return (
            self.control.answer(request)
            if path.startswith("/_sim")
            else self.provider.answer(request, fault)
        )

    def get(self, target: str, **more: Any) -> Any:
        return said(self.ask("GET", target, **more))

    def dial(self, to: str = "+14155551200", **more: Any) -> Reply:
        extra = {name: more.pop(name) for name in ("key", "fault") if name in more}
        return self.ask("POST", "/voice/outbound/dial", body(to, **more), **extra)

    def placed(self, to: str = "+14155551200", **more: Any) -> str:
        reply = self.dial(to, **more)
        assert reply.status == 200, reply
        return str(said(reply)["call_id"])


def said(reply: Reply) -> Any:
    return json.loads(reply.body)
