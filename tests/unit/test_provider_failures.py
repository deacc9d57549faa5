"""Which exception proves that nothing has left: the table is complete, the trace is asked too."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from campaigns.core.calls import DialRequest, LookupFailed, NotSent, Unknown
from campaigns.provider import wire as wire_module
from campaigns.provider.client import ThinnestDialer
from campaigns.provider.failures import NOT_SENT, Aborted, nothing_left
from campaigns.provider.wire import Call, Failure, Reply, Wire

REQUEST = DialRequest(
    attempt_id="a", agent_id="g", to_number="+14155550100", from_number="+18005550199"
)


def tree(root: type[BaseException]) -> Iterator[type[BaseException]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith("httpx"):
            yield kind
        yield from tree(kind)


EVERY = sorted(set(tree(Exception)), key=lambda kind: kind.__name__)
PROVEN = {
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
}


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    own = Wire()
    yield own
    own.close()


def test_the_tree_is_the_one_we_know() -> None:
    known = {getattr(httpx, name) for name in httpx.__all__ if isinstance(
        getattr(httpx, name), type) and issubclass(getattr(httpx, name), Exception)}  # fmt: skip
    assert known == set(EVERY)
    assert len(EVERY) == 28


def test_only_these_prove_that_nothing_left() -> None:
    assert {kind for kind in EVERY if issubclass(kind, NOT_SENT)} == PROVEN
    assert set(NOT_SENT) == PROVEN | {Aborted}
    assert not nothing_left(OSError())
    assert not nothing_left(RuntimeError())


@pytest.mark.parametrize("kind", [*EVERY, OSError, RuntimeError, MemoryError, ValueError])
@pytest.mark.parametrize("started", [False, True], ids=["before the head", "after it"])
def test_an_exception_becomes_an_answer(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], started: bool
) -> None:
    def send(self: httpx.Client, request: httpx.Request, **_: object) -> httpx.Response:
        if started:
            monkeypatch.setattr("campaigns.provider.guard.Guard.holds", True)
            request.extensions["trace"]("http11.send_request_headers.started", {})
        raise kind.__new__(kind)

    monkeypatch.setattr(httpx.Client, "send", send)
    dialer = ThinnestDialer(api_key="k", wire=wire)
    answer = dialer.dial(REQUEST, send_by=time.monotonic() + 4)
    if kind in PROVEN and not started:
        assert isinstance(answer, NotSent)
    else:
        assert isinstance(answer, Unknown)
        ended_there = kind in (httpx.ReadError, httpx.RemoteProtocolError)
        assert answer.closed_by_us is not ended_there


@pytest.mark.parametrize("passes", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_passes(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, passes: type[BaseException]
) -> None:
    def send(self: httpx.Client, request: httpx.Request, **_: object) -> httpx.Response:
        raise passes

    monkeypatch.setattr(httpx.Client, "send", send)
    dialer = ThinnestDialer(api_key="k", wire=wire)
    with pytest.raises(passes):
        dialer.dial(REQUEST, send_by=time.monotonic() + 4)
    with pytest.raises(passes):
        dialer.status("s1")


def test_a_head_that_cannot_be_written_has_not_left(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(self: httpx.Client, request: httpx.Request, **_: object) -> httpx.Response:
        monkeypatch.setattr("campaigns.provider.guard.Guard.holds", True)
        trace = request.extensions["trace"]
        trace("http11.send_request_headers.started", {})
        trace("http11.send_request_headers.failed", {"exception": httpx.LocalProtocolError("x")})
        raise httpx.LocalProtocolError("illegal header value b'Bearer k'")

    monkeypatch.setattr(httpx.Client, "send", send)
    answer = ThinnestDialer(api_key="k", wire=wire).dial(REQUEST, send_by=time.monotonic() + 4)
    assert answer == NotSent(why="the request cannot be written as HTTP")


class CountingWire(Wire):
    """Answers look-ups from a list."""

    def __init__(self, *answers: Reply | Failure) -> None:
        self.answers = list(answers)
        self.asked = 0

    def ask(self, call: Call) -> Reply | Failure:
        self.asked += 1
        return self.answers.pop(0)


REFUSED = Failure(why="could not connect", sent=False, connecting=True)
LOST = Failure(why="the connection broke", sent=True)


@pytest.mark.parametrize(
    ("tries", "answers", "asked"),
    [
        (1, [REFUSED], 1),
        (2, [REFUSED, REFUSED], 2),
        (2, [LOST], 1),
        (9, [REFUSED, REFUSED], 2),
    ],
)
def test_a_look_up_is_repeated_only_where_nothing_was_connected_and_once_at_most(
    tries: int, answers: list[Failure], asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    wire = CountingWire(*answers)
    dialer = ThinnestDialer(api_key="k", wire=wire, lookup_tries=tries)
    assert isinstance(dialer.status("s1"), LookupFailed)
    assert wire.asked == asked


def test_httpx_is_known_to_two_files_only() -> None:
    package = __import__("pathlib").Path(wire_module.__file__).parent
    users = {path.name for path in package.glob("*.py") if "import httpx" in path.read_text()}
    assert users == {"wire.py", "failures.py"}
