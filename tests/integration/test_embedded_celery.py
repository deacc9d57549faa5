"""A real Celery worker on the embedded broker's socket: works, drains, and dies with us."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from celery import Celery

from campaigns.embedded.broker import Broker, prepare
from campaigns.embedded.process import ChildSpec
from campaigns.embedded.supervisor import Supervisor
from tests.support.processes import wait_until

OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 15,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "retry_on_timeout": True,
}

WORKER = f"""
import os, sys, time
from celery import Celery
from campaigns.embedded import child
child.adopt()
app = Celery("t", broker=os.environ["BROKER"])
app.conf.update(
    task_ignore_result=True, worker_prefetch_multiplier=1, broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True, broker_transport_options={OPTIONS},
)
@app.task(name="work")
def work(name, until):
    open(name + ".started", "w").write(str(os.getpid()))
    while until and not os.path.exists(until):
        time.sleep(0.02)
    open(name + ".done", "w").close()
app.worker_main(["worker", "-P", "threads", "-c", "2", "--without-gossip", "--without-mingle"])
"""

SUPERVISOR = """
import sys
from pathlib import Path
from campaigns.embedded.broker import prepare
from campaigns.embedded.process import ChildSpec
from campaigns.embedded.supervisor import Supervisor
home = Path(sys.argv[1])
broker = prepare(home)
worker = ChildSpec(
    name="worker", stage=1, argv=[sys.executable, str(home / "worker.py")],
    env={"BROKER": broker.url, "HOME": str(home)},
)
with Supervisor([broker.child(), worker], home) as supervisor:
    print(*[child.pid for child in supervisor.status()], flush=True)
    supervisor.wait()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "worker.py").write_text(WORKER)
    return tmp_path


@pytest.fixture
def broker(home: Path) -> Iterator[Broker]:
    broker = prepare(home)
    yield broker
    broker.forget()


@pytest.fixture
def app(broker: Broker) -> Iterator[Celery]:
    with Celery("t", broker=broker.url, set_as_current=False) as app:
        app.conf.update(task_ignore_result=True, broker_transport_options=OPTIONS)
        yield app


def is_there(path: Path) -> None:
    wait_until(path.exists, within=20, what=path.name)


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def worker(home: Path, broker: Broker) -> ChildSpec:
    argv = [sys.executable, str(home / "worker.py")]
    return ChildSpec(name="worker", argv=argv, env={"BROKER": broker.url}, stage=1)


def test_a_worker_that_is_killed_comes_back_and_works_on(
    home: Path, broker: Broker, app: Celery
) -> None:
    with Supervisor([broker.child(), worker(home, broker)], home) as supervisor:
        app.send_task("work", ["one", None])
        is_there(home / "one.done")
        first = int((home / "one.started").read_text())
        os.kill(first, signal.SIGKILL)
        # Because a message the broker hands to a dying worker's BRPOP is lost, not redelivered.
        wait_until(lambda: supervisor.status()[1].starts == 2, within=10, what="its return")
        app.send_task("work", ["two", None])
        is_there(home / "two.done")
        assert int((home / "two.started").read_text()) != first


def test_a_worker_finds_its_broker_again(home: Path, broker: Broker, app: Celery) -> None:
    with Supervisor([broker.child(), worker(home, broker)], home) as supervisor:
        app.send_task("work", ["one", None])
        is_there(home / "one.done")
        pid = supervisor.status()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: supervisor.status()[0].starts == 2, within=10, what="its restart")
        wait_until(broker.ping, within=10, what="the broker's return")
        app.send_task("work", ["two", None])
        is_there(home / "two.done")
        assert supervisor.status()[1].starts == 1


def test_stopping_lets_a_task_finish(home: Path, broker: Broker, app: Celery) -> None:
    with Supervisor([broker.child(), worker(home, broker)], home):
        app.send_task("work", ["one", "go"])
        is_there(home / "one.started")
        (home / "go").touch()
    assert (home / "one.done").exists()


def test_killing_the_supervisor_lets_a_task_finish_and_leaves_nothing(home: Path) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(home)], stdout=subprocess.PIPE, text=True
    )
    with supervisor:
        assert supervisor.stdout is not None
        valkey, worker = map(int, supervisor.stdout.readline().split())
        with Celery("t", broker=url_of(home), set_as_current=False) as app:
            app.send_task("work", ["one", "go"])
        is_there(home / "one.started")
        supervisor.kill()
    wait_until(lambda: ended(valkey), within=5, what="the broker's end")
    assert not ended(worker)
    (home / "go").touch()
    wait_until(lambda: ended(worker), within=20, what="the worker's end")
    assert (home / "one.done").exists()


def url_of(home: Path) -> str:
    socket = home / "broker" / "broker.sock"
    return Broker(server=Path("/"), data=socket.parent, socket=socket).url
