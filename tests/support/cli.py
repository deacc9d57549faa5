"""The command line as a person types it, with a home of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from campaigns.cli import state
from campaigns.cli.main import app
from campaigns.store.database import Database
from tests.support.engine import RunningClock, World
from tests.support.secret import SECRET

HEADER = "to_number,customer_name\n"
CAMPAIGN = """\
name: reminders
agent_id: agent_reminder
from_number: "+16175550100"
contacts: people.csv
context: {patient: "{{ customer_name }}"}
calling_hours: always
"""


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line on stderr, without the one that says where the state is."""
        (only,) = self.complaints
        return only

    @property
    def complaints(self) -> list[str]:
        return [line for line in self.err.splitlines() if not line.startswith("state: ")]


class Shell:
    """Types commands in a directory with a home beside it."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.home = directory / "home"
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("CAMPAIGNS_HOME", str(self.home))
        monkeypatch.setenv("CAMPAIGNS_SECRET", SECRET)
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.setenv("TZ", "UTC")
        monkeypatch.chdir(directory)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.directory / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def campaign(self, *rows: str, more: str = "", name: str = "campaign.yaml") -> None:
        """A campaign file and its list."""
        self.write(name, CAMPAIGN + more)
        self.write("people.csv", HEADER + "".join(f"{row}\n" for row in rows))

    def __call__(self, *typed: str, code: int = 0, answer: str | None = None) -> Said:
        """Type a command; `answer` is what a person at a terminal says when asked."""
        person = answer is not None
        self._monkeypatch.setattr(state, "asked_on_a_terminal", lambda: person)
        result = CliRunner().invoke(app, list(typed), input=answer, prog_name="campaigns")
        said = Said(code=result.exit_code, out=result.stdout, err=result.stderr)
        assert said.code == code, f"{typed} ended with {said.code}\n{said.out}\n{said.err}"
        assert "Traceback" not in said.out + said.err or "--debug" in typed
        return said

    @contextmanager
    def world(self) -> Iterator[World]:
        """The engine on this home's database."""
        clock = RunningClock()
        database = Database(f"sqlite:///{self.home}/campaigns.db", clock=clock.wall)
        world = World(database=database, clock=clock, spacing=0.0)
        world.provider.took = 0.0
        try:
            yield world
        finally:
            database.close()
