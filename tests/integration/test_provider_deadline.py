"""The total deadline shuts the socket, also under TLS: judged by the server's own log."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.core.calls import Accepted, NotSent, Unknown
from campaigns.provider import wire as wire_module
from campaigns.provider.wire import Wire
from tests.integration import servers
from tests.integration.servers import (
    ACCEPTED,
    KEY,
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


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(servers.silent, id="silent"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "), id="drips headers"),
        pytest.param(dripping(b"HTTP/1.1 100 C\r\n\r\n", b"HTTP/1.1 100 C\r\n\r\n"), id="hints"),
        pytest.param(
            dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), id="drips a body"
        ),
        pytest.param(
            dripping(b'HTTP/1.1 422 No\r\n\r\n{"detail": "to_number"}', b" "),
            id="drips a refusal that ends with its connection",
        ),
    ],
)
def test_at_the_deadline_the_socket_is_shut_and_the_outcome_unknown(
    wire: Wire, script: Script
) -> None:
    answer, server = dial(script, wire, deadline=0.3)
    assert isinstance(answer, Unknown)
    assert answer.closed_by_us
    (seen,) = server.seen
    assert seen.eof, "the server never saw the end of the connection"
    assert seen.dripped < 500
    assert seen.requests == 1


def test_a_call_id_read_whole_before_the_deadline_fell_is_still_the_truth(wire: Wire) -> None:
    script = dripping(b'HTTP/1.1 200 OK\r\n\r\n{"call_id": "call_9"}', b" ")
    answer, _ = dial(script, wire, deadline=0.3)
    assert answer == Accepted(call_id="call_9")


def test_an_endless_answer_is_cut(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "ANSWER_BYTES", 10_000)
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b" " * 900_000
    answer, _ = dial(saying(raw), wire)
    assert isinstance(answer, Unknown)
    assert answer.status == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    both = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    made = subprocess.run(
        [*command.split(), "-keyout", str(both), "-out", str(both.with_name("cert.pem"))],
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("openssl cannot make a certificate here")
    both.write_bytes(both.read_bytes() + both.with_name("cert.pem").read_bytes())
    return both


@pytest.fixture
def tls(certificate: Path) -> Iterator[tuple[Wire, ssl.SSLContext]]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    wire = Wire(tls=ssl.create_default_context(cafile=str(certificate)))
    yield wire, server
    wire.close()


def test_the_deadline_cuts_through_tls(tls: tuple[Wire, ssl.SSLContext]) -> None:
    wire, context = tls
    with serving(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "), context) as server:
        answer = dialer(server.url, wire, deadline=0.5).dial(request(), send_by=soon())
        server.over()
    assert isinstance(answer, Unknown)
    assert answer.closed_by_us
    assert server.seen[0].requests == 1
    assert server.seen[0].dripped < 500


def test_over_tls_a_call_is_accepted(tls: tuple[Wire, ssl.SSLContext]) -> None:
    wire, context = tls
    with serving(answering(200, ACCEPTED), context) as server:
        answer = dialer(server.url, wire).dial(request(), send_by=soon())
    assert answer == Accepted(call_id="call_1")


def test_a_handshake_that_never_comes_is_cut_and_nothing_was_sent(
    tls: tuple[Wire, ssl.SSLContext],
) -> None:
    wire, _ = tls
    with serving(servers.deaf) as server:
        url = server.url.replace("http://", "https://")
        answer = dialer(url, wire, deadline=0.3).dial(request(), send_by=soon())
        server.over()
    assert isinstance(answer, NotSent)
    assert server.seen[0].eof
    assert KEY.encode() not in server.seen[0].received


def test_a_certificate_nobody_vouches_for_is_not_sent(
    wire: Wire, tls: tuple[Wire, ssl.SSLContext]
) -> None:
    with serving(answering(200, ACCEPTED), tls[1]) as server:
        answer = dialer(server.url, wire).dial(request(), send_by=soon())
    assert isinstance(answer, NotSent)
    assert server.requests == 0
