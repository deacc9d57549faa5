"""The first Ctrl-C asks, the second does not wait."""

import os
import select
import signal
import threading
from datetime import timedelta

import pytest

from campaigns.embedded import signals
from campaigns.embedded.signals import graceful


def test_nobody_asked() -> None:
    with graceful() as interrupts:
        assert not interrupts.wait(timedelta(0))
        assert not interrupts.is_set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_the_wait_and_nothing_else(number: signal.Signals) -> None:
    with graceful() as interrupts:
        threading.Timer(0, os.kill, (os.getpid(), number)).start()
        assert interrupts.wait(timedelta(seconds=10))
        assert interrupts.wait(), "and it stays so"
        assert interrupts.received == [number]


def test_a_signal_in_the_instant_before_the_wait_blocks_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with graceful() as interrupts:
        blocking = select.select

        def too_late(*ends: object) -> object:
            answer = blocking(*ends)  # type: ignore[arg-type]
            interrupts.received.append(signal.SIGINT)
            return answer

        monkeypatch.setattr(select, "select", too_late)
        assert interrupts.wait(), "without a byte in the pipe"


def test_the_second_interrupts_whatever_runs() -> None:
    with graceful() as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.wait(timedelta(seconds=10))
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_third_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    with graceful() as interrupts:
        interrupts.handle(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.handle(signal.SIGINT)
        interrupts.handle(signal.SIGINT)
    assert left == [signals.INTERRUPTED]


def test_the_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with graceful():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_only_the_main_thread_handles_signals() -> None:
    errors: list[BaseException] = []

    def enter() -> None:
        try:
            with graceful():
                pass
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert len(errors) == 1
