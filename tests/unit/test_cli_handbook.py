"""docs/commands.md says what the program says."""

from pathlib import Path

import pytest

from campaigns.cli import handbook
from campaigns.cli.main import app

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    if written != handbook.page():
        pytest.fail("run: python -m campaigns.cli.handbook > docs/commands.md", pytrace=False)


def test_every_command_that_was_promised_is_there() -> None:
    page = handbook.page()
    promised = (
        *("check", "submit", "run", "try", "up", "list", "show", "watch", "status", "pause"),
        *("resume", "cancel", "contacts", "calls", "calls show", "results", "suppress add"),
        *("suppress remove", "suppress import", "suppress list", "serve", "worker", "beat"),
        *("simulator", "doctor", "db upgrade", "db current", "db reseal", "schema", "config"),
        *("probe", "unresolved list", "unresolved settle", "held", "erase"),
    )
    for command in promised:
        assert f"## `campaigns {command}" in page


def test_every_command_says_what_it_does() -> None:
    for command in app.registered_commands:
        assert command.callback is not None
        assert (command.callback.__doc__ or "").strip()
