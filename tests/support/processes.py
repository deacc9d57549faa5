"""Servers that tests start: none may outlive the test run, however it ends."""

import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(sent: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """A preexec_fn: the child gets this signal when the test process is gone (Linux)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, sent, 0, 0, 0)

    return ask


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


PATIENCE = 5


def wait_until(ready: Callable[[], bool], *, within: float, what: str) -> None:
    """Look every 20 ms; a failure names what was waited for.

    `within` is what an idle machine needs at the most: a busy one gets several times that, because
    what is judged here is that it happens, never how fast.
    """
    deadline = time.monotonic() + within * PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(0.02)


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def end(process: subprocess.Popen[bytes], *, within: float, first: signal.Signals) -> None:
    """Ask, wait, then kill: only ever this process."""
    if process.poll() is not None:
        return
    process.send_signal(first)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(within)
