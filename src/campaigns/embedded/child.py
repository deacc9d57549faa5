"""What a supervised process does so that it never outlives its supervisor.

It holds the read end of a pipe whose only writer is the supervisor: when that ends, however it
ends, the read returns. Then the process asks itself to stop in good order, which lets a request
in flight finish, and ends itself by force a little before 20 seconds have passed.
"""

from __future__ import annotations

import logging
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from campaigns.embedded.launch import die_with_parent
from campaigns.errors import ConfigurationError, Fault

SUPERVISOR_FD = "CAMPAIGNS_SUPERVISOR_FD"
GRACE = timedelta(seconds=18)
"""Longer than the 15 s a request may take, and short enough to be gone within 20."""

_log = logging.getLogger(__name__)


def adopt(environ: Mapping[str, str] = os.environ, *, grace: timedelta = GRACE) -> bool:
    """Tie this process to its supervisor; False when it has none (a fleet's process).

    Called first thing by `worker`, `beat`, `serve` and `simulator`. The kernel's signal is the
    second string: it needs no thread of ours. A second SIGTERM does nothing to Celery or uvicorn.
    """
    pipe = supervisor_pipe(environ)
    if pipe is None:
        return False
    die_with_parent(signal.SIGTERM)
    watch_parent(pipe=pipe, grace=grace)
    return True


def supervisor_pipe(environ: Mapping[str, str]) -> int | None:
    """The descriptor the supervisor handed over, checked to be a pipe; None without one."""
    text = environ.get(SUPERVISOR_FD, "")
    if not text:
        return None
    try:
        pipe = int(text)
        if stat.S_ISFIFO(os.fstat(pipe).st_mode):
            return pipe
    except (ValueError, OSError):
        pass
    raise ConfigurationError(
        [Fault(at=SUPERVISOR_FD, expected="the pipe of a supervisor", got=text, hint="unset it")]
    )


def ask_to_stop() -> None:
    """What a supervisor would have sent."""
    os.kill(os.getpid(), signal.SIGTERM)


def end_now() -> None:
    """Kill this process, and its whole group where that is its own and not a shell's."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def watch_parent(
    on_eof: Callable[[], None] = ask_to_stop,
    *,
    pipe: int,
    grace: timedelta = GRACE,
    last_resort: Callable[[], None] = end_now,
) -> threading.Thread:
    """Call `on_eof` when the supervisor is gone, and `last_resort` when `grace` has passed too."""

    def watch() -> None:
        try:
            while os.read(pipe, 1):
                pass
        except OSError:  # because a descriptor closed under us is no supervisor either
            pass
        _log.warning("the supervisor is gone: stopping")
        try:
            on_eof()
        finally:
            time.sleep(grace.total_seconds())
            last_resort()

    thread = threading.Thread(target=watch, name="watch-parent", daemon=True)
    thread.start()
    return thread
