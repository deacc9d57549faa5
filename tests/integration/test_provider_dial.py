"""The dial against servers that misbehave: sent once, and what its answer proves."""

from __future__ import annotations

import gc
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from campaigns.core.calls import Accepted, Blame, NotSent, Rejected, SlowDown, Unknown
from campaigns.provider import wire as wire_module
from campaigns.provider.wire import Wire
from tests.integration import servers
from tests.integration.servers import (
    ACCEPTED,
    FROM,
    KEY,
    TO,
    Script,
    answering,
    dial,
    dialer,
    dripping,
    request,
    saying,
    serving,
    soon,
)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    shared = Wire()
    yield shared
    shared.close()


def test_one_whole_request_leaves_and_is_accepted(wire: Wire) -> None:
    answer, server = dial(answering(200, ACCEPTED), wire)
    assert answer == Accepted(call_id="call_1")
    (seen,) = server.seen
    assert seen.requests == 1
    head = seen.received.partition(b"\r\n\r\n")[0].decode().lower()
    assert head.startswith("post /voice/outbound/dial http/1.1")
    assert f"authorization: bearer {KEY}" in head
    assert "connection: close" in head
    assert seen.body == {
        "agent_id": "agent_xyz",
        "to_number": TO,
        "from_number": FROM,
        "context": {"customer_name": "Jane Doe"},
        "max_duration": 300,
        "recording": False,
        "webhook_url": "https://example.com/hooks/v1/k/a-1/secretmac",
    }


@pytest.mark.parametrize(
    ("script", "status"),
    [
        pytest.param(servers.hanging_up, None, id="hangs up"),
        pytest.param(servers.resetting, None, id="resets"),
        pytest.param(saying(b"\x00\xffnot http at all\r\n\r\n"), None, id="junk"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Le"), None, id="cut head"),
        pytest.param(
            saying(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"call_id": "c"}'),
            200,
            id="cut body",
        ),
        pytest.param(
            saying(b"HTTP/1.1 422 No\r\nContent-Length: 99\r\n\r\n{"), 422, id="cut refusal"
        ),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk"),
            200,
            id="not gzip",
        ),
        pytest.param(
            answering(200, b"<html>ok</html>", {"Content-Type": "text/html"}), 200, id="html"
        ),
        pytest.param(answering(200, {"status": "initiating"}), 200, id="no call id"),
        pytest.param(
            answering(200, {"call_id": "c", "to_number": "+14155550111"}), 200, id="other echo"
        ),
        pytest.param(answering(500, {"detail": "oops"}), 500, id="500"),
        pytest.param(answering(503, b""), 503, id="503"),
        pytest.param(answering(408, b""), 408, id="408"),
        pytest.param(answering(409, {"detail": "busy"}), 409, id="409"),
        pytest.param(
            answering(307, b"", {"Location": "http://h:port/"}), None, id="unreadable redirect"
        ),
    ],
)
def test_whatever_is_not_read_for_certain_is_unknown_after_one_post(
    wire: Wire, script: Script, status: int | None
) -> None:
    answer, server = dial(script, wire)
    assert isinstance(answer, Unknown)
    assert answer.status == status
    assert not answer.closed_by_us
    assert server.requests == 1
    assert len(server.seen) == 1


def test_a_redirect_is_a_fault_of_configuration_and_is_not_followed(wire: Wire) -> None:
    with serving(answering(200, ACCEPTED)) as elsewhere:
        answer, server = dial(
            answering(307, b"", {"Location": f"{elsewhere.url}/voice/outbound/dial"}), wire
        )
        assert elsewhere.seen == []
    assert isinstance(answer, Rejected)
    assert answer.blame is Blame.CAMPAIGN
    assert server.requests == 1


@pytest.mark.parametrize(
    ("status", "body", "blame"),
    [
        (422, {"detail": "to_number is not a valid number"}, Blame.CONTACT),
        (422, {"detail": "from_number is not verified"}, Blame.CAMPAIGN),
        (402, {"detail": "insufficient balance"}, Blame.ACCOUNT),
        (401, {"detail": f"bad token {KEY}"}, Blame.ACCOUNT),
        (404, b"<html>no such page</html>", Blame.CAMPAIGN),
    ],
)
def test_refusals_come_back_with_their_blame(
    wire: Wire, status: int, body: object, blame: Blame
) -> None:
    answer, _ = dial(answering(status, body), wire)
    assert isinstance(answer, Rejected)
    assert (answer.blame, answer.status) == (blame, status)
    assert KEY not in answer.detail


def test_429_says_how_long(wire: Wire) -> None:
    answer, _ = dial(answering(429, {"detail": "slow"}, {"Retry-After": "17"}), wire)
    assert answer == SlowDown(retry_after=17.0)


def test_a_simulator_behind_a_real_key_is_a_fault_of_the_account(wire: Wire) -> None:
    answer, _ = dial(answering(200, ACCEPTED, {"X-Simulator": "1"}), wire)
    assert isinstance(answer, Rejected)
    assert answer.blame is Blame.ACCOUNT
    assert "simulator" in answer.detail


def test_a_rehearsal_is_served_by_the_simulator(wire: Wire) -> None:
    script = answering(200, ACCEPTED, {"X-Simulator": "1"})
    answer, _ = dial(script, wire, api_key="sim_key", world="rehearsal")
    assert answer == Accepted(call_id="call_1")


# Many at once, interrupts, and what stays behind


def test_no_two_dials_share_a_connection(wire: Wire) -> None:
    with serving(answering(200, ACCEPTED, keep=True)) as server:
        one = dialer(server.url, wire)
        with ThreadPoolExecutor(8) as pool:
            dials = [pool.submit(one.dial, request(), send_by=soon()) for _ in range(40)]
            answers = [dial.result() for dial in dials]
        server.over()
    assert answers == [Accepted(call_id="call_1")] * 40
    assert [seen.requests for seen in server.seen] == [1] * 40


def test_an_interrupt_passes_through_and_leaves_nothing_open(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(wire_module, "_body", interrupted)
    with serving(dripping(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        with pytest.raises(KeyboardInterrupt):
            dialer(server.url, wire).dial(request(), send_by=soon())
        server.over()
    assert server.seen[0].eof
    assert server.requests == 1


def test_our_own_mistake_after_the_post_is_unknown(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("campaigns.provider.messages.read_dial", broken)
    answer, _ = dial(answering(200, ACCEPTED), wire)
    assert answer == Unknown(why="the answer could not be understood (KeyError)", status=200)


def test_no_thread_and_no_socket_stays_behind(wire: Wire) -> None:
    dial(servers.silent, wire, deadline=0.2)
    dial(answering(200, ACCEPTED), wire)
    dial(servers.resetting, wire)
    gc.collect()  # an unclosed socket warns here, and warnings are errors
    timers = [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
    for timer in timers:
        timer.join(5)
    assert not any(timer.is_alive() for timer in timers)


def test_logs_and_reprs_hold_no_key_no_number_and_no_name(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        dial(script, wire)[0]
        for script in (
            answering(200, ACCEPTED),
            answering(400, {"detail": f"{TO} for Jane Doe by {KEY}: to_number is bad"}),
            servers.hanging_up,
        )
    ]
    said = caplog.text + repr(answers) + repr(request()) + repr(dialer("http://localhost", wire))
    for secret in (KEY, TO, TO[1:], FROM, "Jane Doe", "secretmac"):
        assert secret not in said


def test_closing_lets_a_dial_under_way_end_and_begins_no_other() -> None:
    own, asked, ending = Wire(), threading.Event(), threading.Event()

    def patient(conn: socket.socket, seen: servers.Seen) -> None:
        servers.read_request(conn, seen)
        asked.set()
        ending.wait(servers.PATIENCE)
        conn.sendall(servers.response(200, b'{"call_id": "call_1"}'))

    with serving(patient) as server, ThreadPoolExecutor(1) as pool:
        one = dialer(server.url, own)
        under_way = pool.submit(one.dial, request(), send_by=soon())
        assert asked.wait(servers.PATIENCE)
        one.close()
        ending.set()
        assert under_way.result() == Accepted(call_id="call_1")
        assert isinstance(one.dial(request(), send_by=soon()), NotSent)
    assert server.requests == 1
