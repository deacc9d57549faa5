"""What a person reads about the whole: every contact once, and a pause is never "all is well"."""

from pathlib import Path

import pytest

from campaigns.cli.live import counted
from campaigns.engine.tick import beat
from campaigns.store.database import Database
from campaigns.store.reads import Reads
from tests.support.cli import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.campaign("+16175550123,Jane", "+16175550124,Joe", "+16175550125,Ann")
    found("submit", "campaign.yaml", "--yes")
    return found


def test_every_contact_is_counted_once(shell: Shell) -> None:
    assert "waiting: nothing is running: start `campaigns run` or a worker" in watched(shell)
    with shell.world() as world:
        beat(world.parts)  # claimed, and nobody has dialled yet
    out = shell("show", "reminders").out.split("\n\n")[1]
    number = {line.split()[0]: int(line.split()[1]) for line in out.splitlines()}
    contacts = number["contacts"]
    assert number["starting"] > 0
    assert sum(number[word] for word in ("done", "starting", "calling", "waiting")) == contacts
    assert f"{number['starting']} starting" in watched(shell)


def watched(shell: Shell) -> str:
    """The line that `run` and `watch` show."""
    database = Database(f"sqlite:///{shell.home}/campaigns.db")
    try:
        with database.read() as tx:
            return counted(Reads(tx).campaign_figures("reminders"))
    finally:
        database.close()


def test_a_persons_pause_is_no_fault_and_not_nothing(shell: Shell) -> None:
    with shell.world() as world:
        beat(world.parts)
        with world.store.write() as tx:
            tx.alive("worker@here:1", "worker", tx.now().real)
    shell("pause", "--account", "default", "--reason", "holiday")
    last = shell("status").out.splitlines()[-1]
    assert last == "nothing is wrong; paused by a person: account default"
