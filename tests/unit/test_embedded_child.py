"""A supervised process notices that its supervisor is gone, and ends in time."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from campaigns.embedded.child import GRACE, SUPERVISOR_FD, adopt, supervisor_pipe, watch_parent
from campaigns.errors import ConfigurationError

SOON = 10.0


class Pipe:
    """What a supervisor shares with its children."""

    def __init__(self) -> None:
        self.read, write = os.pipe()
        self._supervisor = os.fdopen(write, "wb", buffering=0)

    def lose_supervisor(self) -> None:
        self._supervisor.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.lose_supervisor()
    os.close(pipe.read)


def test_a_process_of_a_fleet_has_no_supervisor() -> None:
    assert supervisor_pipe({}) is None
    assert not adopt({})


def test_the_pipe_is_taken_from_the_environment(pipe: Pipe) -> None:
    assert supervisor_pipe({SUPERVISOR_FD: str(pipe.read)}) == pipe.read


@pytest.mark.parametrize("text", ["x", "-1", "987654", "file"])
def test_anything_but_a_pipe_is_refused(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (tmp_path_factory.mktemp("t") / "f").open("w") as file:
        value = str(file.fileno()) if text == "file" else text
        with pytest.raises(ConfigurationError, match=f"{SUPERVISOR_FD}.*unset it"):
            adopt({SUPERVISOR_FD: value})


def test_the_end_of_the_supervisor_asks_first_and_then_forces(pipe: Pipe) -> None:
    happened: list[str] = []
    over = threading.Event()

    def force() -> None:
        happened.append("forced")
        over.set()

    watch_parent(
        lambda: happened.append("asked"), pipe=pipe.read, grace=timedelta(0), last_resort=force
    )
    assert happened == []
    pipe.lose_supervisor()
    assert over.wait(SOON)
    assert happened == ["asked", "forced"]


def test_force_comes_also_when_asking_fails(pipe: Pipe) -> None:
    over = threading.Event()
    seen: list[object] = []
    before, threading.excepthook = threading.excepthook, seen.append
    try:

        def fail() -> None:
            raise RuntimeError

        thread = watch_parent(fail, pipe=pipe.read, grace=timedelta(0), last_resort=over.set)
        pipe.lose_supervisor()
        assert over.wait(SOON)
        thread.join(SOON)
    finally:
        threading.excepthook = before
    assert len(seen) == 1


def test_a_request_may_finish_and_all_is_over_within_twenty_seconds() -> None:
    assert timedelta(seconds=15) < GRACE < timedelta(seconds=20)
