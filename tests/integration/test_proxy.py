"""The fault proxy itself: each fault as its clients see it, and what healing mends."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.proxy import Fault, Kind, Proxy


class Echo:
    """Answers each piece with itself, and remembers what came."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with peer:
            try:
                while data := peer.recv(65536):
                    self.heard += data
                    peer.sendall(data)
            except OSError:
                return

    def close(self) -> None:
        # close() alone would not wake the thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.port, seed=1) as between:
        yield between


def dialled(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def said(peer: socket.socket, text: bytes = b"hello") -> bytes:
    """What comes back, until as much has come as was sent, or the end."""
    peer.sendall(text)
    back = bytearray()
    while len(back) < len(text) and (data := peer.recv(65536)):
        back += data
    return bytes(back)


def test_without_a_fault_everything_passes(proxy: Proxy) -> None:
    with dialled(proxy) as peer:
        big = b"x" * 1_000_000
        threading.Thread(target=peer.sendall, args=(big,), daemon=True).start()
        back = 0
        while back < len(big):
            back += len(peer.recv(65536))
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(1) == b""
    assert not proxy.counts


def test_latency_is_added_in_both_directions_and_ends_with_the_healing(proxy: Proxy) -> None:
    with dialled(proxy) as peer:
        proxy.strike(Fault(kind=Kind.LATENCY, seconds=0.1, jitter=0.05))
        begun = time.monotonic()
        assert said(peer) == b"hello"
        assert time.monotonic() - begun >= 0.2
        proxy.heal()
        assert said(peer) == b"hello"
    assert proxy.counts[Kind.LATENCY] == 1


def test_a_cut_ends_what_lives_in_order_and_spares_what_comes(proxy: Proxy) -> None:
    with dialled(proxy) as peer:
        said(peer)
        proxy.strike(Fault(kind=Kind.CUT))
        assert peer.recv(1) == b""
    with dialled(proxy) as peer:
        assert said(peer) == b"hello"


def test_a_reset_breaks_what_lives(proxy: Proxy) -> None:
    with dialled(proxy) as peer:
        said(peer)
        proxy.strike(Fault(kind=Kind.RESET))
        with pytest.raises(ConnectionResetError):
            peer.recv(1)
    with dialled(proxy) as peer:
        assert said(peer) == b"hello"


def test_refused_is_refused_and_what_lives_goes_on(proxy: Proxy) -> None:
    with dialled(proxy) as peer:
        said(peer)
        proxy.strike(Fault(kind=Kind.REFUSE))
        with pytest.raises(ConnectionRefusedError):
            dialled(proxy)
        assert said(peer) == b"hello"
    proxy.heal()
    with dialled(proxy) as peer:
        assert said(peer) == b"hello"


def test_down_is_both(proxy: Proxy) -> None:
    with dialled(proxy) as peer:
        said(peer)
        proxy.strike(Fault(kind=Kind.DOWN))
        with pytest.raises(ConnectionResetError):
            peer.recv(1)
        with pytest.raises(ConnectionRefusedError):
            dialled(proxy)
    proxy.heal()
    with dialled(proxy) as peer:
        assert said(peer) == b"hello"


@pytest.mark.parametrize("lives", [True, False])
def test_half_open_takes_everything_answers_nothing_and_stays_dead(
    proxy: Proxy, echo: Echo, lives: bool
) -> None:
    if lives:
        peer = dialled(proxy)
        said(peer)
        proxy.strike(Fault(kind=Kind.HALF_OPEN))
    else:
        proxy.strike(Fault(kind=Kind.HALF_OPEN))
        peer = dialled(proxy)
    with peer:
        peer.settimeout(0.2)
        peer.sendall(b"swallowed")
        with pytest.raises(TimeoutError):
            peer.recv(1)
        proxy.heal()
        with pytest.raises(TimeoutError):
            peer.recv(1)
        with dialled(proxy) as other:
            assert said(other) == b"hello"
    assert b"swallowed" not in echo.heard


def test_throttled_bytes_arrive_slowly_and_whole(proxy: Proxy) -> None:
    with dialled(proxy) as peer:
        proxy.strike(Fault(kind=Kind.THROTTLE, rate=1000))
        begun = time.monotonic()
        text = bytes(range(200)) * 2
        assert said(peer, text) == text
        assert time.monotonic() - begun >= 0.3


def test_the_lost_answer_was_heard_by_the_server(proxy: Proxy, echo: Echo) -> None:
    with dialled(proxy) as peer:
        proxy.strike(Fault(kind=Kind.LIMITED, amount=3))
        assert said(peer, b"request") == b"req"
        assert peer.recv(1) == b""
    assert bytes(echo.heard) == b"request"


def test_a_share_of_the_connections_is_drawn_by_the_seed(echo: Echo) -> None:
    def hit(seed: int) -> list[bytes]:
        with Proxy(echo.port, seed=seed) as proxy:
            proxy.strike(Fault(kind=Kind.LIMITED, amount=1, share=0.5))
            answers = []
            for _ in range(12):
                with dialled(proxy) as peer:
                    answers.append(said(peer))
            assert proxy.counts[Kind.LIMITED] == answers.count(b"h")
            return answers

    assert set(hit(1)) == {b"h", b"hello"}
    assert hit(1) == hit(1) != hit(2)


def test_where_nothing_is_behind_it_connections_break() -> None:
    dead = Echo()
    dead.close()

    def asked() -> None:
        with Proxy(dead.port) as proxy, dialled(proxy) as peer:
            peer.recv(1)

    with pytest.raises(ConnectionResetError):
        asked()
