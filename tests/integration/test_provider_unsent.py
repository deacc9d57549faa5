"""When nothing may leave, nothing does: judged by the bytes a server saw."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from campaigns.core.calls import Accepted, Blame, NotSent, Rejected
from campaigns.provider import wire as wire_module
from campaigns.provider.guard import Guard
from campaigns.provider.wire import Wire
from tests.integration import servers
from tests.integration.servers import (
    ACCEPTED,
    answering,
    dial,
    dialer,
    request,
    serving,
    soon,
)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    shared = Wire()
    yield shared
    shared.close()


def test_an_intent_past_send_by_does_not_even_connect(wire: Wire) -> None:
    with serving(servers.deaf) as server:
        answer = dialer(server.url, wire).dial(request(), send_by=time.monotonic() - 0.001)
        assert isinstance(answer, NotSent)
    assert server.seen == []


class Jump:
    """A clock module that jumps ahead when told: a slow connection, or a machine that slept."""

    def __init__(self) -> None:
        self.ahead = {"monotonic": 0.0, "time": 0.0}

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead["monotonic"]

    def time(self) -> float:
        return time.time() + self.ahead["time"]


@pytest.mark.parametrize("which", ["monotonic", "time"])
def test_an_intent_that_expires_while_connecting_sends_no_byte(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    clock = Jump()
    held = Guard.hold

    def hold(self: Guard, sock: socket.socket) -> None:
        held(self, sock)
        clock.ahead[which] = 5.0

    monkeypatch.setattr("campaigns.provider.guard.time", clock)
    monkeypatch.setattr(Guard, "hold", hold)
    answer, server = dial(servers.deaf, wire)
    assert isinstance(answer, NotSent)
    assert "too late" in answer.why
    (seen,) = server.seen
    assert (seen.received, seen.eof) == (b"", True)


def test_a_peer_outside_this_network_gets_no_byte_in_a_rehearsal(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_module, "is_near", lambda _: False)
    answer, server = dial(servers.deaf, wire, api_key="sim_key", world="rehearsal")
    assert isinstance(answer, NotSent)
    assert server.seen[0].received == b""


def test_a_connection_that_cannot_be_watched_gets_no_byte(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_handle(self: Guard, sock: socket.socket) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Guard, "hold", no_handle)
    answer, server = dial(servers.deaf, wire)
    assert isinstance(answer, NotSent)
    assert server.seen[0].received == b""


def test_without_a_thread_for_the_deadline_nothing_is_sent(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(self: Guard) -> None:
        raise RuntimeError("can't start new thread")

    with serving(servers.deaf) as server:
        monkeypatch.setattr(Guard, "start", no_thread)
        answer = dialer(server.url, wire).dial(request(), send_by=soon())
        assert isinstance(answer, NotSent)
    assert server.seen == []


def test_a_closed_port_is_not_sent(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = dialer(f"http://127.0.0.1:{port}", wire).dial(request(), send_by=soon())
    assert isinstance(answer, NotSent)
    assert answer.why.startswith("could not connect")


def test_a_host_that_does_not_answer_is_given_up_at_send_by(wire: Wire) -> None:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # the queue of a listener that accepts nobody
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        answer = dialer(url, wire).dial(request(), send_by=time.monotonic() + 0.2)
    assert isinstance(answer, NotSent)


def test_a_context_that_is_no_json_is_refused_before_anything_is_sent(wire: Wire) -> None:
    with serving(servers.deaf) as server:
        bad = request(context={"when": float("nan")})
        answer = dialer(server.url, wire).dial(bad, send_by=soon())
        assert isinstance(answer, Rejected)
        assert answer.blame is Blame.CAMPAIGN
    assert server.seen == []


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(servers.hanging_up) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        own = Wire()
        answer, _ = dial(answering(200, ACCEPTED), own)
        own.close()
    assert answer == Accepted(call_id="call_1")
    assert proxy.seen == []
