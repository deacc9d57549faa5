"""docs/commands.md says what the program says."""

import subprocess
import sys
from pathlib import Path

import pytest

from campaigns.cli import handbook
from campaigns.cli.main import whole

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
        *("probe", "unresolved list", "unresolved settle", "held", "erase", "who", "explain"),
    )
    for command in promised:
        assert f"## `campaigns {command}" in page


def test_every_command_says_what_it_does() -> None:
    for command in whole().commands.values():
        assert (command.help or "").strip(), command.name


def test_a_command_imports_nothing_of_the_others() -> None:
    """Only the rules and the files are needed to check; the store and its drivers take a second."""
    heavy = ("sqlalchemy", "alembic", "psycopg", "redis", "celery", "httpx", "uvicorn")
    asked = (
        "import sys; from campaigns.cli.main import app;"
        " app(['check', '--help'], standalone_mode=False);"
        f" print([one for one in {heavy} if one in sys.modules], file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert found.stderr.strip() == "[]"
