"""Loopback servers that misbehave on purpose, and remember what they saw.

Each connection is served by one script in a thread of its own; its `Seen` is the server's own
log, which the tests judge by instead of by the client's clock.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from campaigns.core.calls import DialRequest
from campaigns.provider.client import ThinnestDialer
from campaigns.provider.wire import Wire

PATIENCE = 10.0
"""Seconds after which a server gives up on a client: a bound, never a measure."""


@dataclass
class Seen:
    """What one connection brought, by the server's own log."""

    received: bytes = b""
    requests: int = 0
    dripped: int = 0
    eof: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def body(self) -> Any:
        return json.loads(self.received.partition(b"\r\n\r\n")[2])


Script = Callable[[socket.socket, Seen], None]


class Server:
    """A listener on loopback; `seen` has one entry per connection."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def requests(self) -> int:
        return sum(seen.requests for seen in self.seen)

    def over(self) -> list[Seen]:
        """Every connection's log, once their scripts have ended."""
        for seen in list(self.seen):
            assert seen.over.wait(PATIENCE), "a server script did not end"
        return self.seen

    def stop(self) -> None:
        self._stopping.set()
        self._acceptor.join(PATIENCE)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            if not select.select([self._listener], [], [], 0.02)[0]:
                continue
            conn, _ = self._listener.accept()
            seen = Seen()
            self.seen.append(seen)
            thread = threading.Thread(target=self._serve, args=(conn, seen), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, conn: socket.socket, seen: Seen) -> None:
        conn.settimeout(PATIENCE)
        try:
            if self._tls is not None:
                conn = self._tls.wrap_socket(conn, server_side=True)
            self._script(conn, seen)
        except OSError:
            pass
        finally:
            with contextlib.suppress(OSError):
                conn.close()
            seen.over.set()


@contextlib.contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(script, tls)
    try:
        yield server
    finally:
        server.stop()


def read_request(conn: socket.socket, seen: Seen) -> bool:
    """Read one whole request into `seen`; False when the client hung up instead."""
    data = b""
    while not _whole(data):
        chunk = conn.recv(65536)
        seen.received += chunk
        if not chunk:
            seen.eof = True
            return False
        data += chunk
    seen.requests += 1
    return True


def _whole(data: bytes) -> bool:
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return len(body) >= (lengths[0] if lengths else 0)


def wait_for_eof(conn: socket.socket, seen: Seen) -> None:
    """Read until the client hangs up."""
    while True:
        chunk = conn.recv(65536)
        if not chunk:
            seen.eof = True
            return
        seen.received += chunk


def response(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "".join(f"{k}: {v}\r\n" for k, v in (fields | (headers or {})).items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def answering(
    status: int, body: object, headers: dict[str, str] | None = None, *, keep: bool = False
) -> Script:
    """Answers each request the same; `keep`: as many as come on one connection."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def script(conn: socket.socket, seen: Seen) -> None:
        while read_request(conn, seen):
            conn.sendall(response(status, content, headers))
            if not keep:
                return

    return script


def silent(conn: socket.socket, seen: Seen) -> None:
    """Reads the request and never answers."""
    read_request(conn, seen)
    wait_for_eof(conn, seen)


def deaf(conn: socket.socket, seen: Seen) -> None:
    """Accepts and only waits."""
    wait_for_eof(conn, seen)


def hanging_up(conn: socket.socket, seen: Seen) -> None:
    """Reads the request, then ends the connection without a word."""
    read_request(conn, seen)


def resetting(conn: socket.socket, seen: Seen) -> None:
    """Reads the request, then sends RST."""
    read_request(conn, seen)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def saying(raw: bytes) -> Script:
    """Reads the request, says `raw`, hangs up."""

    def script(conn: socket.socket, seen: Seen) -> None:
        read_request(conn, seen)
        conn.sendall(raw)

    return script


def dripping(first: bytes, drop: bytes = b"x", *, drops: int = 500, after: int = 0) -> Script:
    """Says `first`, then one drop every 20 ms, `drops` times at most, until the client hangs up.

    `after`: as many requests are answered properly on that connection before.
    """

    def script(conn: socket.socket, seen: Seen) -> None:
        for _ in range(after):
            read_request(conn, seen)
            conn.sendall(response(200, b'{"session_id": "s1", "status": "ringing"}'))
        if not read_request(conn, seen):
            return
        conn.sendall(first)
        for _ in range(drops):
            if select.select([conn], [], [], 0.02)[0] and not conn.recv(65536):
                seen.eof = True
                return
            conn.sendall(drop)
            seen.dripped += 1

    return script


# A dialer that calls such a server

KEY = "key_a-very-secret-key"
TO = "+14155550100"
FROM = "+18005550199"
ACCEPTED = {"call_id": "call_1", "status": "initiating", "to_number": TO}


def request(**changes: object) -> DialRequest:
    values = {
        "attempt_id": "a-1",
        "agent_id": "agent_xyz",
        "to_number": TO,
        "from_number": FROM,
        "context": {"customer_name": "Jane Doe"},
        "max_duration_s": 300,
        "webhook_url": "https://example.com/hooks/v1/k/a-1/secretmac",
    }
    return DialRequest(**(values | changes))


def dialer(url: str, wire: Wire, **changes: object) -> ThinnestDialer:
    values = {"api_key": KEY, "base_url": url, "wire": wire, "deadline": 5.0}
    return ThinnestDialer(**(values | changes))


def soon() -> float:
    return time.monotonic() + 4


def dial(script: Script, wire: Wire, **changes: object) -> tuple[object, Server]:
    with serving(script) as server:
        answer = dialer(server.url, wire, **changes).dial(request(), send_by=soon())
        server.over()
    return answer, server
