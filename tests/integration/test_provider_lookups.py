"""Look-ups over real sockets: kept connections, their deadline, and what each endpoint is asked."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from campaigns.core.calls import (
    Accepted,
    CallStatus,
    DialRequest,
    Found,
    HungUp,
    LookupFailed,
    NotThere,
    Page,
    SlowDown,
    VoiceSession,
)
from campaigns.provider.client import ThinnestDialer
from campaigns.provider.wire import Wire
from tests.integration import servers
from tests.integration.servers import answering, dripping, saying, serving

SESSION = {"session_id": "s1", "status": "completed", "duration": 145}


@pytest.fixture
def wire() -> Iterator[Wire]:
    own = Wire()
    yield own
    own.close()


def dialer(url: str, wire: Wire, **changes: object) -> ThinnestDialer:
    values = {"api_key": "key_1", "base_url": url, "wire": wire, "lookup_deadline": 5.0}
    return ThinnestDialer(**(values | changes))


def first_line(received: bytes) -> tuple[str, str]:
    method, target, _ = received.partition(b"\r\n")[0].decode().split(" ")
    return method, target


def test_look_ups_share_a_connection(wire: Wire) -> None:
    with serving(answering(200, SESSION, keep=True)) as server:
        one = dialer(server.url, wire)
        answers = [one.status("s1") for _ in range(3)]
        wire.close()
        server.over()
    assert all(isinstance(answer, Found) for answer in answers)
    assert [seen.requests for seen in server.seen] == [3]


def test_a_server_that_ends_its_connections_is_asked_over_a_new_one(wire: Wire) -> None:
    def lingering(conn: socket.socket, seen: servers.Seen) -> None:
        servers.read_request(conn, seen)
        conn.sendall(servers.response(200, json.dumps(SESSION).encode(), {"Connection": "close"}))
        servers.wait_for_eof(conn, seen)

    with serving(lingering) as server:
        one = dialer(server.url, wire)
        assert isinstance(one.status("s1"), Found)
        assert server.over()[0].eof, "we held on to a connection that was ended"
        assert isinstance(one.status("s1"), Found)
    assert [seen.requests for seen in server.seen] == [1, 1]


def test_a_connection_that_died_while_idle_costs_nothing(wire: Wire) -> None:
    with serving(answering(200, SESSION)) as server:
        one = dialer(server.url, wire)
        assert isinstance(one.status("s1"), Found)
        server.over()
        assert isinstance(one.status("s1"), Found)


@pytest.mark.parametrize("after", [0, 1], ids=["new connection", "kept connection"])
def test_a_dripping_answer_is_cut_at_the_deadline(wire: Wire, after: int) -> None:
    with serving(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", after=after)) as server:
        one = dialer(server.url, wire, lookup_deadline=0.4)
        for _ in range(after):
            assert isinstance(one.status("s1"), Found)
        answer = one.status("s1")
        server.over()
    assert isinstance(answer, LookupFailed)
    assert len(server.seen) == 1
    assert server.seen[0].eof
    assert server.seen[0].dripped < 500


def test_a_dial_never_rides_on_a_look_ups_connection(wire: Wire) -> None:
    with serving(answering(200, {**SESSION, "call_id": "c1"}, keep=True)) as server:
        one = dialer(server.url, wire)
        request = DialRequest(
            attempt_id="a", agent_id="g", to_number="+14155550100", from_number="+18005550199"
        )
        one.status("s1")
        assert one.dial(request, send_by=time.monotonic() + 4) == Accepted(call_id="c1")
        one.status("s1")
        wire.close()
        server.over()
    assert [seen.requests for seen in server.seen] == [2, 1]


@pytest.mark.parametrize(
    "script",
    [
        servers.hanging_up,
        servers.resetting,
        saying(b"junk\r\n\r\n"),
        answering(200, b"<html></html>"),
        answering(200, {"detail": "not found", "status": 404}),
        answering(500, {"detail": "oops"}),
        answering(307, b"", {"Location": "/elsewhere"}),
        answering(403, {"detail": "not yours"}),
    ],
)
def test_what_says_nothing_is_a_failed_look_up_and_is_asked_once(
    wire: Wire, script: servers.Script
) -> None:
    with serving(script) as server:
        answer = dialer(server.url, wire).status("s1")
    assert isinstance(answer, LookupFailed)
    assert not answer.fatal
    assert server.requests == 1


def test_a_bad_key_is_fatal_and_an_unknown_call_is_not(wire: Wire) -> None:
    with serving(answering(401, {"detail": "bad token"})) as server:
        answer = dialer(server.url, wire).status("s1")
    assert answer == LookupFailed(why="bad token", status=401, fatal=True)
    with serving(answering(404, {"detail": "Call not found"})) as server:
        assert dialer(server.url, wire).call("s1") == NotThere()


def test_429_on_a_look_up(wire: Wire) -> None:
    now = datetime(2026, 3, 7, 10, tzinfo=UTC)
    headers = {"X-RateLimit-Reset": str(int(now.timestamp()) + 25)}
    with serving(answering(429, b"", headers)) as server:
        answer = dialer(server.url, wire, now=lambda: now).status("s1")
    assert answer == SlowDown(retry_after=25.0)


def test_the_session_list_is_asked_as_documented(wire: Wire) -> None:
    with serving(answering(200, {"sessions": [SESSION]})) as server:
        page = dialer(server.url, wire).sessions(
            agent_id="agent_xyz",
            start=datetime(2026, 3, 7, 10, tzinfo=UTC),
            end=datetime(2026, 3, 7, 11, tzinfo=UTC),
            status="completed",
            limit=500,
            offset=100,
        )
    assert isinstance(page, Page)
    assert page.sessions[0].status is CallStatus.COMPLETED
    method, target = first_line(server.seen[0].received)
    assert (method, urlsplit(target).path) == ("GET", "/voice/sessions")
    assert parse_qs(urlsplit(target).query) == {
        "agent_id": ["agent_xyz"],
        "start_date": ["2026-03-07T10:00:00Z"],
        "end_date": ["2026-03-07T11:00:00Z"],
        "status": ["completed"],
        "limit": ["100"],
        "offset": ["100"],
    }


def test_an_id_cannot_leave_its_place_in_the_path(wire: Wire) -> None:
    with serving(answering(200, SESSION)) as server:
        dialer(server.url, wire).status("../x?y#z%2f é")
    method, target = first_line(server.seen[0].received)
    assert (method, target) == ("GET", "/voice/status/..%2Fx%3Fy%23z%252f%20%C3%A9")


@pytest.mark.parametrize("no_id", ["", "..", " . ", "x" * 301])
def test_what_is_no_id_is_not_asked(wire: Wire, no_id: str) -> None:
    with serving(servers.deaf) as server:
        assert isinstance(dialer(server.url, wire).status(no_id), LookupFailed)
    assert server.seen == []


def test_ending_a_call_and_starting_a_session(wire: Wire) -> None:
    with serving(answering(200, {"status": "ended"})) as server:
        assert dialer(server.url, wire).end("s1") == HungUp()
    assert first_line(server.seen[0].received) == ("POST", "/voice/end/s1")
    started = {"session_id": "s2", "token": "eyJ", "livekit_url": "wss://l"}
    with serving(answering(200, started)) as server:
        session = dialer(server.url, wire).start_voice("agent_xyz", {"page": "pricing"})
    assert session == VoiceSession(session_id="s2", token="eyJ", livekit_url="wss://l")
    assert "eyJ" not in repr(session)
    assert server.seen[0].body == {"agent_id": "agent_xyz", "context": {"page": "pricing"}}


def test_a_refused_connection_is_a_failed_look_up(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = dialer(f"http://127.0.0.1:{port}", wire).status("s1")
    assert isinstance(answer, LookupFailed)
    assert answer.why.startswith("could not connect")
