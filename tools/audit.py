"""Are there known holes in what the lock installs? Run by .ci/run after the tests.

Findings fail. Where the advisory service cannot be reached nothing is known: that is said, and
does not fail a build that has no way out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def verdict(report: str, complaint: str = "") -> tuple[int, list[str]]:
    """(exit code, lines) of what pip-audit wrote."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (complaint.strip().splitlines() or ["no report"])[-1][:200]
        return 0, [f"audit: nothing was checked, pip-audit could not finish: {last}"]
    found = [
        f"audit: {one['name']} {one['version']}: {hole['id']},"
        f" fixed in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in packages
        for hole in one.get("vulns", ())
    ]
    skipped = sum("skip_reason" in one for one in packages)
    checked = len(packages) - skipped
    if not checked:
        return 0, ["audit: nothing was checked, the advisory service knows none of our packages"]
    more = f", {skipped} unknown to the advisory service" if skipped else ""
    return int(bool(found)), [*found, f"audit: {checked} packages checked{more}"]


def main() -> int:
    """Ask, print, and answer with the exit code."""
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", "--requirement", "requirements.lock"),
                *("--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off"),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        code, lines = verdict(done.stdout, done.stderr)
    except subprocess.TimeoutExpired:
        code, lines = 0, ["audit: nothing was checked, the advisory service did not answer"]
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
