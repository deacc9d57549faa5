"""One child of the supervisor: what it is, and the process that is running for it now.

Each child leads a session and a process group of its own, so Ctrl-C on the terminal reaches the
supervisor alone, and nothing a child started can be left behind: its group ends with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from campaigns.embedded import launch, logfiles
from campaigns.embedded.child import SUPERVISOR_FD
from campaigns.embedded.home import private_dir
from campaigns.errors import WorldError

_PRIVATE = 0o077


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildSpec:
    """A process to keep running.

    `env` is the whole environment (None: the supervisor's own). Children of a lower `stage` are
    ready before a higher one starts, and outlive it. `ready` must answer within a second; without
    it a child counts as ready once started. A child that does not call `child.adopt()` is no
    `watcher`: it is started through launch.py. `away` and `cure` word the error when it cannot
    be started.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    stage: int = 0
    ready: Callable[[], bool] | None = None
    ready_within: timedelta = timedelta(seconds=30)
    watcher: bool = True
    away: type[WorldError] = WorldError
    cure: str = ""


class Process:
    """The running side of a ChildSpec; all calls come from the supervisor's thread."""

    def __init__(self, spec: ChildSpec, home: Path, pipe: int) -> None:
        self.spec = spec
        self.log = private_dir(home / "logs") / f"{spec.name}.log"
        self._home = home
        self._pipe = pipe
        self._popen: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._popen.pid if self._popen else None

    def start(self) -> None:
        """Start it, its output appended to its log; raises the spec's error when that fails."""
        log = logfiles.open_log(self.log)
        self._log_from = logfiles.size(self.log)
        environment = dict(os.environ if self.spec.env is None else self.spec.env)
        environment[SUPERVISOR_FD] = str(self._pipe)
        try:
            self._popen = subprocess.Popen(
                self._argv(),
                env=environment,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._pipe],
                start_new_session=True,
                umask=_PRIVATE,
            )
        except OSError as problem:
            raise self.failed(f"cannot be started: {problem.strerror}") from None
        finally:
            os.close(log)

    def ended(self) -> int | None:
        """The exit status once it has ended; whatever it left in its group is killed then."""
        if self._popen is None:
            return None
        status = self._popen.poll()
        if status is not None:
            self._kill_group()
            self._popen = None
        return status

    def ask(self) -> None:
        """SIGTERM, to it alone."""
        if self._popen is not None:
            self._popen.terminate()

    def kill(self) -> None:
        """SIGKILL, to its whole group."""
        if self._popen is not None:
            self._kill_group()
            self._popen.kill()

    def failed(self, how: str) -> WorldError:
        """The error that says how it failed, with its last words; all of them are in the notes."""
        last = logfiles.tail(self.log, since=self._log_from)
        words = f": {last[-1].strip()}" if last else ""
        cure = f"; {self.spec.cure}" if self.spec.cure else ""
        error = self.spec.away(f"{self.spec.name} {how}{words} (see {self.log}){cure}")
        for line in last:
            error.add_note(line)
        return error

    def _kill_group(self) -> None:
        if self._popen is not None:
            # PermissionError because macOS says so of a group of zombies
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)

    def _argv(self) -> list[str]:
        if self.spec.watcher:
            return list(self.spec.argv)
        parent = os.getpid() if sys.platform == "linux" else 0
        here = [sys.executable, "-I", "-S", launch.__file__, str(parent), str(self._pipe)]
        return [*here, *self.spec.argv]
