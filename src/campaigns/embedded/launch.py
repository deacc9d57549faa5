"""Starts a program that cannot watch its supervisor, so that it still dies with it.

A server such as Valkey knows nothing of our pipe. On Linux this file asks the kernel for a signal
at the parent's death and becomes the server; elsewhere it stays between the two and watches the
pipe itself. It runs by path in an isolated interpreter (20 ms), so it imports nothing of ours.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PARENT_GONE = 113


def die_with_parent(sent: signal.Signals) -> bool:
    """Have the kernel send us this signal when the THREAD that started us ends; False elsewhere.

    The request survives exec, not a fork. A supervisor must therefore start its children from a
    thread that lives as long as they do.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0) == 0)


def become(argv: Sequence[str], *, parent: int) -> None:
    """Exec the program, to be killed at the parent's death; returns only where that cannot be."""
    if not die_with_parent(signal.SIGKILL):
        return
    if os.getppid() != parent:  # because it may have died before we asked
        sys.exit(PARENT_GONE)
    os.execv(argv[0], list(argv))  # noqa: S606


def stand_guard(argv: Sequence[str], *, pipe: int) -> int:
    """Run the program as our child and kill it when the pipe closes; its exit status."""
    server = subprocess.Popen(list(argv), stdin=subprocess.DEVNULL)
    # Blocked and awaited, because a handler would not run while we wait for the server.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def pass_on() -> None:
        signal.sigwait({signal.SIGTERM})
        server.terminate()

    def watch() -> None:
        while os.read(pipe, 1):
            pass
        server.kill()

    for task in (pass_on, watch):
        threading.Thread(target=task, daemon=True).start()
    status = server.wait()
    return status if status >= 0 else 128 - status


def main(arguments: Sequence[str]) -> int:
    """`launch.py PARENT PIPE PROGRAM …`; PARENT 0 means: stand guard on every platform."""
    parent, pipe, *argv = arguments
    if int(parent):
        become(argv, parent=int(parent))
    return stand_guard(argv, pipe=int(pipe))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
