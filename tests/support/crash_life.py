"""One life of a process that is to die: a real engine, door and dialer, a worker's loop, no Celery.

`python -m tests.support.crash_life` imports everything once and then forks a process for each line
it reads (a `Life` as JSON), before any thread or connection exists; it answers how that one ended.

Time is the machine's plus what was skipped: one number in a file, read by the database's clock,
this engine's and the simulator's, so leases and retries pass without anybody waiting for them.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaigns import bootstrap
from campaigns.bootstrap import Installation
from campaigns.config import Settings
from campaigns.core.calls import Answer, DialRequest
from campaigns.core.instants import AHEAD, Now
from campaigns.engine import control
from campaigns.engine.parts import Parts
from campaigns.engine.submit import Submission, submit
from campaigns.engine.tick import beat, show_life
from campaigns.errors import Conflict
from campaigns.provider import wire
from campaigns.provider.client import ThinnestDialer
from campaigns.simulator.peek import next_event
from campaigns.store.database import Database, SqlTransaction
from campaigns.web import server
from tests.support import crash_bugs, idle
from tests.support.crash_points import AFTER, BEFORE, SENT, Striker, die, transactions
from tests.support.crash_scenarios import NAME, SCENARIOS
from tests.support.engine import QueueingDoorbell
from tests.support.processes import die_with_parent

STUCK, ENDLESS = 3, 4
"""Exit codes: nobody will do anything any more, though not everybody has an outcome; too long."""
_LONGEST = 3 * 24 * 3600.0
_BEAT = 0.2
_HUNG_AFTER = 30


@dataclass(frozen=True, kw_only=True)
class Life:
    """What one process is told. `point` None: it lives until everything is done."""

    environ: Mapping[str, str]
    skipped: str  # the file with the number
    scenario: str
    end: str
    log: str
    point: str | None = None
    when: str = BEFORE
    nth: int = 1
    bug: str | None = None


class Skipped:
    """The seconds that were skipped so far: a number in a file that several processes map."""

    host = "a test's"

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("d", 0.0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8)

    @property
    def seconds(self) -> float:
        value: float = struct.unpack_from("d", self._memory)[0]
        return value

    def wall(self) -> datetime:
        """What time it is."""
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return time.monotonic() + self.seconds

    def sleep(self, seconds: float) -> None:
        struct.pack_into("d", self._memory, 0, self.seconds + max(0.0, seconds))


def live(life: Life) -> int:
    """From the start of the process to the end of the campaign, unless it is struck before."""
    clock = Skipped(Path(life.skipped))
    striker = Striker(point=life.point, when=life.when, nth=life.nth)
    _skip_in_database(clock)
    _strike_in_dialer(striker, clock)
    striker.install()
    if life.bug is not None:
        crash_bugs.BUGS[life.bug]()
    settings = Settings.load(life.environ)
    bell = QueueingDoorbell()
    wired = bootstrap.connect(settings, world=bootstrap.REHEARSAL, doorbell=bell)
    installation = replace(wired, parts=replace(wired.parts, clock=clock))
    if settings.public_url is not None:
        _open_door(installation)
    return _Worker(installation, bell, clock, striker).work(life)


class _Worker:
    """Heartbeat and workers in one thread, which plays whatever the doorbell queued."""

    def __init__(
        self, installation: Installation, bell: QueueingDoorbell, clock: Skipped, striker: Striker
    ) -> None:
        self.parts: Parts = installation.parts
        self.store: Database = installation.database
        self.provider = installation.settings.provider_url
        self.public = installation.settings.public_url is not None
        self.bell, self.clock, self.striker = bell, clock, striker

    def work(self, life: Life) -> int:
        """Submit, and go on until everybody has an outcome."""
        for one in self._submissions(life):
            try:
                submit(one, self.parts, who="test")
            except Conflict:
                self.clock.sleep(61)  # "try again in a minute": whoever loaded it is dead
                submit(one, self.parts, who="test")
        show_life(self.parts, process="worker", kind="worker")
        while self.clock.seconds < _LONGEST:
            before = self.striker.changes
            beat(self.parts)
            self.bell.play(self.parts)
            heard = self._hear() if self.public else None
            self.bell.play(self.parts)
            if self._done():
                return 0
            waits = [] if self._resumed() else [*self._waits(heard)]
            if waits:
                self.clock.sleep(min(waits))
            elif self.striker.changes != before:
                self.clock.sleep(_BEAT)
            else:
                return STUCK
        return ENDLESS

    def _submissions(self, life: Life) -> list[Submission]:
        """The file, and its edited form; whose first form was stored is given the second alone."""
        every = SCENARIOS[life.scenario].submissions(datetime.fromisoformat(life.end))
        with self.store.read() as tx:
            row = tx.campaign_named(NAME)
        return every[-1:] if row is not None and row.state != "loading" else every

    def _waits(self, heard: timedelta | None) -> Iterator[float]:
        """Seconds until somebody has something to do; a beat that comes a little late is one."""
        with self.store.read() as tx:
            now = tx.now()
            if tx.checks_due(now.policy, now.real, 1) or tx.pauses_asked():
                yield _BEAT
        quiet = idle.quiet_for(self.parts, self.store)
        if quiet is not None:
            yield max(_BEAT, (quiet + AHEAD).total_seconds() + 0.01)
        if heard is not None:
            yield heard.total_seconds()

    def _hear(self) -> timedelta | None:
        """Wait until whatever was to be delivered by now is; how long nothing more will be."""
        while True:
            event = next_event(self.provider)
            if event is None:
                return None
            left = event - self.clock.wall()
            if left > timedelta(0):
                return left + timedelta(milliseconds=1)
            time.sleep(0.002)

    def _resumed(self) -> bool:
        """A person looks at what the engine paused, and lets it go on."""
        with self.store.read() as tx:
            row = tx.campaign_named(NAME)
        if row is None or row.state != "paused":
            return False
        control.resume(NAME, self.parts, who="test")
        return True

    def _done(self) -> bool:
        with self.store.read() as tx:
            open_ = tx.connection.exec_driver_sql(
                "SELECT (SELECT count(*) FROM campaign WHERE state <> 'finished')"
                " + (SELECT count(*) FROM dial_task WHERE state <> 'done')"
                " + (SELECT count(*) FROM attempt WHERE check_at IS NOT NULL)"
            ).scalar_one()
        return open_ == 0


def _skip_in_database(clock: Skipped) -> None:
    original = SqlTransaction.now

    def now(tx: SqlTransaction) -> Now:
        read, skipped = original(tx), timedelta(seconds=clock.seconds)
        return replace(read, real=read.real + skipped, policy=read.policy + skipped)

    SqlTransaction.now = now  # type: ignore[method-assign]  # this process only


def _strike_in_dialer(striker: Striker, clock: Skipped) -> None:
    struck: list[str | None] = [None]

    class Dialer(ThinnestDialer):
        """The real one, which may not survive its POST."""

        def dial(self, request: DialRequest, *, send_by: float) -> Answer:
            struck[0] = striker.post()
            if struck[0] == BEFORE:
                die()
            answer = super().dial(request, send_by=send_by - clock.seconds)
            if struck[0] == AFTER:
                die()
            return answer

    class Watch(wire._Watch):
        """Sees when the whole request has been handed to the kernel."""

        def __call__(self, event: str, info: Mapping[str, object]) -> None:
            super().__call__(event, info)
            if event == "http11.send_request_body.complete" and struck[0] == SENT:
                die()

    bootstrap.ThinnestDialer = Dialer  # type: ignore[misc]  # this process only
    wire._Watch = Watch  # type: ignore[misc]


def _open_door(installation: Installation) -> None:
    ready = threading.Event()
    settings = installation.settings
    threading.Thread(
        target=server.serve,
        args=(installation, settings.http_host, settings.http_port, lambda _: ready.set()),
        daemon=True,
    ).start()
    assert ready.wait(60), "the webhook door did not open"


def _born(life: Life) -> int:
    """Fork it, and wait for its end: what waitpid says."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if asks := die_with_parent():
        asks()
    # Of CPU time: on a busy machine nothing is wrong with a life that takes long.
    signal.setitimer(signal.ITIMER_PROF, _HUNG_AFTER)
    with Path(life.log).open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    code = 1
    try:
        code = live(life)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        # Nothing of the parent's is flushed or closed a second time.
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """A line in, a life, its end out."""
    transactions()  # read once, for all
    for line in sys.stdin:
        print(_born(Life(**json.loads(line))), flush=True)


def told(life: Life) -> str:
    """The line that `main` reads."""
    return json.dumps(asdict(life)) + "\n"


if __name__ == "__main__":
    main()
