"""The embedded Valkey as it runs: private, durable, and bound to whoever started it."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis

from campaigns.embedded import launch
from campaigns.embedded.broker import Broker, prepare
from campaigns.embedded.supervisor import Supervisor
from campaigns.errors import BrokerAway
from tests.support.processes import wait_until


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A path that must be quoted in a URL."""
    home = tmp_path / "a b%20é"
    home.mkdir()
    return home


@pytest.fixture
def broker(home: Path) -> Iterator[Broker]:
    broker = prepare(home)
    yield broker
    broker.forget()


def pid_of(supervisor: Supervisor) -> int:
    pid = supervisor.status()[0].pid
    assert pid is not None
    return pid


def test_it_is_private_and_keeps_what_it_was_given(home: Path, broker: Broker) -> None:
    with Supervisor([broker.child()], home) as supervisor:
        process = psutil.Process(pid_of(supervisor))
        assert "valkey-server" in process.name() or "redis-server" in process.name()
        assert process.net_connections("inet") == []
        assert os.getsid(process.pid) == process.pid
        assert stat.S_IMODE(broker.socket.stat().st_mode) == 0o600
        with redis.Redis.from_url(broker.client_url, decode_responses=True) as client:
            for name, value in {"maxmemory-policy": "noeviction", "appendonly": "yes"}.items():
                assert client.config_get(name) == {name: value}
            client.lpush("queue", "1")
    assert not broker.ping()
    with (
        Supervisor([broker.child()], home),
        redis.Redis.from_url(broker.client_url, decode_responses=True) as client,
    ):
        assert client.lrange("queue", 0, -1) == ["1"]


def test_killed_it_comes_back_with_what_it_had(home: Path, broker: Broker) -> None:
    with (
        Supervisor([broker.child()], home) as supervisor,
        redis.Redis.from_url(broker.client_url) as client,
    ):
        client.lpush("queue", "1")
        before = pid_of(supervisor)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: supervisor.status()[0].starts == 2, within=10, what="its restart")
        wait_until(broker.ping, within=10, what="its return")
        assert client.llen("queue") == 1
        assert pid_of(supervisor) != before


def test_damaged_data_is_an_error_with_its_cure(home: Path, broker: Broker) -> None:
    with (
        Supervisor([broker.child()], home),
        redis.Redis.from_url(broker.client_url) as client,
    ):
        client.lpush("queue", "1")
    (manifest,) = broker.data.glob("*/*.manifest")
    manifest.write_text("nonsense\n")
    with pytest.raises(BrokerAway, match="broker ended 3 times") as error:
        Supervisor([broker.child()], home).start()
    assert f"remove {broker.data}" in str(error.value)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    os.close(read)
    with suppress(OSError):
        os.close(write)


def guarded(pipe: int, code: str) -> subprocess.Popen[str]:
    """As a platform without PDEATHSIG starts a server: launch.py stays between."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", launch.__file__, "0", str(pipe), sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[pipe],
        start_new_session=True,
    )


WAIT = "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"


def test_a_guard_ends_the_server_when_the_supervisor_is_gone(pipe: tuple[int, int]) -> None:
    with guarded(pipe[0], WAIT) as guard:
        assert guard.stdout is not None
        server = psutil.Process(int(guard.stdout.readline()))
        os.close(pipe[1])
        assert guard.wait(10) == 128 + signal.SIGKILL
        wait_until(lambda: not server.is_running(), within=5, what="the server's end")


def test_a_guard_passes_on_the_request_to_stop(pipe: tuple[int, int]) -> None:
    with guarded(pipe[0], WAIT) as guard:
        assert guard.stdout is not None
        guard.stdout.readline()
        guard.terminate()
        assert guard.wait(10) == 128 + signal.SIGTERM


def test_a_guard_passes_on_the_exit_status(pipe: tuple[int, int]) -> None:
    with guarded(pipe[0], "raise SystemExit(5)") as guard:
        assert guard.wait(10) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux's")
def test_a_server_whose_parent_died_before_it_asked_does_not_start(tmp_path: Path) -> None:
    argv = [sys.executable, "-I", "-S", launch.__file__, "1", "0", "/bin/touch", "started"]
    done = subprocess.run(argv, cwd=tmp_path, timeout=10)
    assert done.returncode == launch.PARENT_GONE
    assert not (tmp_path / "started").exists()
