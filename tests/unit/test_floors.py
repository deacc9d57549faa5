"""The house holds: who may import whom, and what each floor must never do.

The rules are in tests/support/floors.py; here the whole tree is held against them, and each rule
against a line that breaks it. A violation reads `file:line: reason`.
"""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.floors import imported_tops, violations

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for top in ("src/campaigns", "workers")
    for path in (ROOT / top).rglob("*.py")
)
MODULES = frozenset(
    ".".join(Path(path).with_suffix("").parts).removeprefix("src.").removesuffix(".__init__")
    for path in FILES
)


@pytest.mark.parametrize("path", FILES)
def test_a_file_keeps_the_rules_of_its_floor(path: str) -> None:
    found = violations(path, (ROOT / path).read_text(encoding="utf-8"), MODULES)
    if found:
        pytest.fail("\n".join(map(str, found)), pytrace=False)


def test_what_is_imported_is_installed_with_us() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {
        re.split(r"[^\w.-]", text)[0].lower().replace("_", "-") for text in project["dependencies"]
    }
    # Parts of celery, fastapi, typer and psycopg[pool] that come with them by definition.
    declared |= {"kombu", "starlette", "click", "psycopg-pool"}
    owners = packages_distributions()
    missing = []
    for path in FILES:
        for line, top in imported_tops((ROOT / path).read_text(encoding="utf-8")):
            names = {name.lower().replace("_", "-") for name in owners.get(top, [top])}
            if top not in {"campaigns", "workers"} and not names & declared:
                missing.append(f"{path}:{line}: {top} is not among the dependencies")
    if missing:
        pytest.fail("\n".join(missing), pytrace=False)


def broken(room: str, line: str) -> str:
    path = f"{room}/x.py" if room == "workers" else f"src/campaigns/{room}/x.py"
    return "; ".join(map(str, violations(path, f'"""Why."""\n{line}\n', MODULES)))


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("core", "from campaigns.ports import Clock"),
        ("core", "from campaigns import ports"),
        ("core", "import campaigns.store"),
        ("core", "import httpx"),
        ("core", "import structlog"),
        ("core", "import os"),
        ("core", "import urllib.request"),
        ("core", "from datetime import datetime; datetime.now()"),
        ("core", "import datetime; datetime.datetime.utcnow()"),
        ("core", "from datetime import date; date.today()"),
        ("core", "open('x')"),
        ("engine", "import time; time.monotonic()"),
        ("engine", "from time import monotonic"),
        ("engine", "import random; random.random()"),
        ("engine", "from uuid import uuid4"),
        ("engine", "import uuid; uuid.uuid4()"),
        ("engine", "from campaigns.store import tables"),
        ("engine", "from campaigns import provider"),
        ("engine", "import sqlalchemy"),
        ("engine", "def f():\n    from campaigns.files import x"),
        ("store", "from campaigns.engine.parts import Parts"),
        ("store", "func.now()"),
        ("store", "func.current_timestamp()"),
        ("store", "text('SELECT now()')"),
        ("store", "text('DEFAULT CURRENT_TIMESTAMP')"),
        ("store", "text('SELECT 1 FOR UPDATE SKIP LOCKED')"),
        ("store", "text(f'SELECT {x} for  share')"),
        ("store", "query.with_for_update()"),
        ("store", "query.with_for_update(skip_locked=True)"),
        ("store", "query.with_for_update(key_share=False)"),
        ("store", "query.with_for_update(key_share=True, read=True)"),
        ("provider", "from campaigns.store import tables"),
        ("provider", "import httpx"),
        ("files", "from campaigns.bootstrap import wire"),
        ("files", "print('x')"),
        ("simulator", "from campaigns.provider import messages"),
        ("cli", "from campaigns.store import tables"),
        ("web", "from campaigns.provider import client"),
        ("workers", "from campaigns.core.retry import decide"),
        ("workers", "from campaigns.store import tables"),
        ("workers", "import sqlalchemy"),
        ("web", "from tests.support import floors"),
        ("unheard_of", "x = 1"),
        ("web", "\n" * 300),
    ],
)
def test_what_breaks_a_rule_is_seen(room: str, line: str) -> None:
    assert f"{room}/x.py:" in broken(room, line)


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("core", "import pydantic, jinja2, croniter, phonenumbers, holidays, re, datetime"),
        ("core", "from campaigns.core import pacing\nfrom campaigns.errors import Fault"),
        ("core", "now = clock.now()"),
        ("engine", "from campaigns.ports import Clock\nimport structlog"),
        ("engine", "at = tx.now()\nuuid.UUID(text)"),
        ("store", "query.with_for_update(key_share=True, skip_locked=True)"),
        ("store", "text('SELECT clock_timestamp() FOR NO KEY UPDATE')"),
        ("store", "def now(self):\n    '''What now() would lie about.'''\n    return 1"),
        ("simulator", "import httpx\nfrom campaigns.core.calls import CallStatus"),
        ("cli", "print('x')\nfrom campaigns.bootstrap import wire"),
        ("workers", "import celery\nfrom campaigns.bootstrap import wire"),
    ],
)
def test_what_keeps_the_rules_is_not(room: str, line: str) -> None:
    assert broken(room, line) == ""


def test_a_module_says_why_it_exists() -> None:
    (found,) = violations("src/campaigns/core/x.py", "x = 1\n")
    assert "docstring" in found.why
    assert violations("src/campaigns/core/__init__.py", "") == []
