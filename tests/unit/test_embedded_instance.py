"""One instance per home: the second finds the first, and a lock decides who lives."""

import stat
import threading
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from campaigns.embedded.instance import INFO, InstanceInfo, acquire, find_running, hold
from campaigns.errors import Conflict, WorldError

AT_ONCE = timedelta(0)
URL = "redis+socket:///x?virtual_host=0"


def test_a_free_home_has_no_instance(tmp_path: Path) -> None:
    assert find_running(tmp_path / "absent") is None
    assert find_running(tmp_path) is None
    assert list(tmp_path.iterdir()) == [], "asking leaves no trace"


def test_the_second_run_finds_what_the_first_published(tmp_path: Path) -> None:
    with hold(tmp_path) as instance:
        said = instance.publish(broker_url=URL, http_port=8080, world="real")
        assert find_running(tmp_path) == said
        assert said.started_at.tzinfo is UTC
    assert find_running(tmp_path) is None


def test_a_home_is_held_once(tmp_path: Path) -> None:
    with hold(tmp_path):
        assert acquire(tmp_path) is None
        with pytest.raises(Conflict, match=r"already runs .*process \d+, since 20"), hold(tmp_path):
            pass
    with hold(tmp_path):
        pass


def test_asking_never_frees_the_lock(tmp_path: Path) -> None:
    with hold(tmp_path) as instance:
        instance.publish(broker_url=URL, http_port=1, world="rehearsal")
        for _ in range(3):
            assert find_running(tmp_path)
            assert acquire(tmp_path) is None


def test_what_a_crashed_instance_left_is_not_believed(tmp_path: Path) -> None:
    with hold(tmp_path) as instance:
        instance.publish(broker_url=URL, http_port=1, world="real")
        left = (tmp_path / INFO).read_bytes()
    (tmp_path / INFO).write_bytes(left)
    assert find_running(tmp_path) is None
    with hold(tmp_path), pytest.raises(WorldError, match="neither starts nor stops"):
        find_running(tmp_path, patience=AT_ONCE)


def test_nobody_joins_an_instance_that_is_about_to_stop(tmp_path: Path) -> None:
    with hold(tmp_path) as instance:
        instance.publish(broker_url=URL, http_port=1, world="real")
        instance.withdraw()
        with pytest.raises(WorldError):
            find_running(tmp_path, patience=AT_ONCE)


def test_one_that_is_starting_is_waited_for(tmp_path: Path) -> None:
    found: list[InstanceInfo | None] = []
    with hold(tmp_path) as instance:
        asker = threading.Thread(target=lambda: found.append(find_running(tmp_path)))
        asker.start()
        said = instance.publish(broker_url=URL, http_port=1, world="real")
        asker.join(10)
    assert found == [said]


def test_of_many_that_start_at_once_one_wins(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    won = []

    def start() -> None:
        barrier.wait()
        won.append(acquire(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [instance for instance in won if instance]
    winner.release()
    winner.release()


def test_its_files_are_private(tmp_path: Path) -> None:
    with hold(tmp_path) as instance:
        instance.publish(broker_url=URL, http_port=1, world="real")
        for path in tmp_path.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
