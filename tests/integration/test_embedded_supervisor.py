"""Real processes under a supervisor: started in order, and again, stopped, never left behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from campaigns.embedded import logfiles
from campaigns.embedded.broker import prepare
from campaigns.embedded.instance import find_running
from campaigns.embedded.process import ChildSpec
from campaigns.embedded.supervisor import Supervisor
from campaigns.errors import WorldError
from tests.support.processes import wait_until

Run = Callable[..., tuple[subprocess.Popen[str], list[int]]]

CHILD = """
import os, signal, sys, time
from datetime import timedelta
from campaigns.embedded import child
how, name = sys.argv[1:3]
def say(what):
    with open("said", "a") as said:
        said.write(f"{what} {name}\\n")
def leave(*_):
    say("stopped")
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in how else leave)
child.adopt(grace=timedelta(seconds=1))
if "parent" in how:
    import subprocess
    with open("grandchild", "w") as file:
        file.write(str(subprocess.Popen(["sleep", "1000"]).pid))
say("started")
while True:
    time.sleep(0.2)
"""

SUPERVISOR = """
import sys
from datetime import timedelta
from pathlib import Path
from campaigns.embedded import broker, instance, signals
from campaigns.embedded.instance import find_running
from campaigns.embedded.process import ChildSpec
from campaigns.embedded.supervisor import Supervisor
home, child = map(Path, sys.argv[1:3])
def spec(name, how):
    said = home / "said"
    return ChildSpec(
        name=name, stage=1, argv=[sys.executable, str(child), how, name],
        ready=lambda: said.exists() and f"started {name}\\n" in said.read_text(),
    )
with signals.graceful() as interrupts, instance.hold(home) as held:
    valkey = broker.prepare(home)
    children = [valkey.child(), spec("good", "good"), *(spec(how, how) for how in sys.argv[3:])]
    with Supervisor(children, home, stop_within=timedelta(seconds=60)) as supervisor:
        held.publish(broker_url=valkey.url, http_port=1, world="real")
        print(*[child.pid for child in supervisor.status()], flush=True)
        interrupts.wait()
        held.withdraw()
sys.exit(7)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With the children's program in it."""
    (tmp_path / "child.py").write_text(CHILD)
    return tmp_path


@pytest.fixture(autouse=True)
def _nothing_is_left(home: Path) -> Iterator[None]:
    yield
    wait_until(lambda: not left(home), within=5, what=f"the end of {left(home)}")


def left(home: Path) -> list[str]:
    """Processes that still run for this home."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "status"]):
        info = process.info
        words = " ".join(info["cmdline"] or [])
        at_home = info["cwd"] == str(home) or str(home) in words
        if at_home and info["status"] != psutil.STATUS_ZOMBIE:
            found.append(words)
    return found


def gone(*pids: int) -> bool:
    return not any(
        process.pid in pids and process.info["status"] != psutil.STATUS_ZOMBIE
        for process in psutil.process_iter(["status"])
    )


def said(home: Path) -> list[str]:
    return logfiles.tail(home / "said")


def child(home: Path, name: str, how: str = "good", *, stage: int = 0) -> ChildSpec:
    return ChildSpec(
        name=name,
        argv=[sys.executable, str(home / "child.py"), how, name],
        stage=stage,
        ready=lambda: f"started {name}" in said(home),
    )


def script(name: str, code: str, ready: Callable[[], bool] | None = None) -> ChildSpec:
    return ChildSpec(name=name, argv=[sys.executable, "-c", code], ready=ready)


def pid_of(supervisor: Supervisor, name: str) -> int:
    (pid,) = [status.pid for status in supervisor.status() if status.name == name]
    assert pid is not None
    return pid


def test_children_start_by_stage_and_stop_in_reverse(home: Path) -> None:
    children = [child(home, "worker", stage=2), child(home, "broker"), child(home, "web", stage=1)]
    with Supervisor(children, home) as supervisor:
        assert [status.state for status in supervisor.status()] == ["ready"] * 3
        assert not supervisor.wait(timedelta(0))
    assert said(home) == [
        "started broker", "started web", "started worker",
        "stopped worker", "stopped web", "stopped broker",
    ]  # fmt: skip
    assert [status.state for status in supervisor.status()] == ["ended"] * 3
    assert supervisor.wait(timedelta(0))


def test_a_child_that_is_killed_comes_back_and_the_others_stay(home: Path) -> None:
    with Supervisor([child(home, "a"), child(home, "b")], home) as supervisor:
        before = pid_of(supervisor, "a"), pid_of(supervisor, "b")
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: said(home).count("started a") == 2, within=15, what="a's return")
        assert pid_of(supervisor, "a") != before[0]
        assert pid_of(supervisor, "b") == before[1]
        assert supervisor.status()[0].starts == 2
        supervisor.check()


def test_children_outlive_the_thread_that_called_start(home: Path) -> None:
    supervisor = Supervisor([child(home, "a")], home)
    caller = threading.Thread(target=supervisor.start)
    caller.start()
    caller.join()
    pid = pid_of(supervisor, "a")
    supervisor.stop()
    assert said(home) == ["started a", "stopped a"]
    assert gone(pid)


def test_a_fault_no_restart_cures_ends_it_all_with_the_last_words(home: Path) -> None:
    code = "import sys; print('a detail', flush=True); sys.exit('the database is away: start it')"
    supervisor = Supervisor([child(home, "broker"), script("worker", code, lambda: False)], home)
    with pytest.raises(WorldError) as error:
        supervisor.start()
    assert str(error.value) == (
        "worker ended 3 times right after its start (exit status 1): "
        f"the database is away: start it (see {home}/logs/worker.log)"
    )
    assert set(error.value.__notes__) == {"a detail", "the database is away: start it"}
    assert said(home) == ["started broker", "stopped broker"]


def test_a_fault_that_comes_later_is_told_by_check(home: Path) -> None:
    code = "import os, sys, time\nwhile not os.path.exists('break'): time.sleep(0.02)\nsys.exit(1)"
    with Supervisor([script("worker", code)], home) as supervisor:
        supervisor.check()
        (home / "break").touch()
        assert supervisor.wait(timedelta(seconds=20))
        with pytest.raises(WorldError, match="worker ended 3 times"):
            supervisor.check()


def test_a_child_that_never_gets_ready_is_an_error(home: Path) -> None:
    short = timedelta(seconds=0.5)
    never = replace(child(home, "web"), ready=lambda: False, ready_within=short)
    with pytest.raises(WorldError, match=r"web was not ready within 0\.5 s"):
        Supervisor([never], home).start()


def test_a_program_that_is_not_there_is_one_line(home: Path) -> None:
    with pytest.raises(WorldError, match="x cannot be started: No such file"):
        Supervisor([ChildSpec(name="x", argv=["/no/such/program"])], home).start()


def test_a_readiness_that_fails_is_not_hidden(home: Path) -> None:
    def ready() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Supervisor([script("x", "import time; time.sleep(60)", ready)], home).start()


def test_one_that_does_not_stop_is_killed(home: Path) -> None:
    children = [child(home, "a", "stubborn"), child(home, "b")]
    with Supervisor(children, home, stop_within=timedelta(seconds=0.3)):
        pass
    assert said(home)[2:] == ["stopped b"]


def test_what_a_child_started_ends_with_it(home: Path) -> None:
    with Supervisor([child(home, "a", "parent")], home) as supervisor:
        grandchild = int((home / "grandchild").read_text())
        os.kill(pid_of(supervisor, "a"), signal.SIGKILL)
        wait_until(lambda: gone(grandchild), within=5, what="the grandchild's end")


def test_each_child_leads_its_own_group_and_its_log_is_private(home: Path) -> None:
    with Supervisor([child(home, "a")], home) as supervisor:
        pid = pid_of(supervisor, "a")
        assert os.getsid(pid) == os.getpgid(pid) == pid
        assert (home / "said").stat().st_mode & 0o777 == 0o600
        assert (home / "logs" / "a.log").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def run(home: Path) -> Iterator[Run]:
    """A supervisor in a process of its own; answers it and its children's ids."""
    started: list[subprocess.Popen[str]] = []

    def start(*more: str) -> tuple[subprocess.Popen[str], list[int]]:
        argv = [sys.executable, "-c", SUPERVISOR, str(home), str(home / "child.py"), *more]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process, [int(pid) for pid in process.stdout.readline().split()]

    yield start
    for process in started:
        with process:
            process.kill()


def test_killing_the_supervisor_leaves_no_process_behind(home: Path, run: Run) -> None:
    supervisor, pids = run("stubborn", "stubborn-parent")
    assert len(pids) == 4
    grandchild = int((home / "grandchild").read_text())
    supervisor.kill()
    supervisor.wait()
    wait_until(lambda: gone(*pids, grandchild), within=20, what="the children's end")
    assert "stopped good" in said(home), "those who can stop in good order did"


def test_a_killed_instance_is_followed_by_a_new_one_at_once(home: Path, run: Run) -> None:
    first, _ = run()
    running = find_running(home)
    assert running is not None
    assert running.pid == first.pid
    first.kill()
    first.wait()
    assert find_running(home) is None
    (home / "said").unlink()
    second, pids = run()
    assert len(pids) == 2
    assert refuses_another(home)
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 7
    assert gone(*pids)


def refuses_another(home: Path) -> bool:
    """Whether a third would refuse to start a broker beside the living one."""
    try:
        prepare(home, patience=timedelta(0))
    except WorldError as error:
        return "another broker answers" in str(error)
    return False


def test_ctrl_c_stops_in_good_order(home: Path, run: Run) -> None:
    supervisor, pids = run()
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(20) == 7
    assert gone(*pids)
    assert "stopped good" in said(home)
    assert not (home / "broker" / "broker.sock").exists()
    assert not (home / "instance.json").exists()


def test_the_second_ctrl_c_does_not_wait(home: Path, run: Run) -> None:
    supervisor, pids = run("stubborn")
    supervisor.send_signal(signal.SIGINT)
    wait_until(lambda: "stopped good" in said(home), within=10, what="the first Ctrl-C")
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(20) == -signal.SIGINT, "as KeyboardInterrupt ends a program"
    assert gone(*pids)
