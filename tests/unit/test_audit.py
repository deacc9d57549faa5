"""The audit of packages: findings fail a build, an advisory service that is away does not."""

from __future__ import annotations

import json

from tools.audit import ROOT, verdict


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


SOUND = {"name": "celery", "version": "5.6.2", "vulns": []}
UNKNOWN = {"name": "vine", "skip_reason": "not found"}
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["3.2"], "aliases": [], "description": "x"}


def test_a_known_hole_fails_and_says_what_mends_it() -> None:
    code, lines = verdict(report(SOUND, {**SOUND, "name": "jinja2", "vulns": [HOLE]}))
    assert code == 1
    assert lines[0] == "audit: jinja2 5.6.2: PYSEC-2026-1, fixed in 3.2"


def test_sound_packages_pass_and_unknown_ones_are_counted() -> None:
    assert verdict(report(SOUND, UNKNOWN)) == (
        0,
        ["audit: 1 packages checked, 1 unknown to the advisory service"],
    )


def test_nothing_checked_is_said_and_does_not_fail() -> None:
    for said, complaint in ((report(UNKNOWN), ""), ("", "x\nConnectionError: no route")):
        code, (line,) = verdict(said, complaint)
        assert code == 0
        assert "nothing was checked" in line


def test_ci_asks_after_the_tests() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert lines.index("./test") < lines.index(".venv/bin/python tools/audit.py")
