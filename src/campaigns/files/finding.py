"""The file that a name or a pattern means."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

from campaigns.core.fields import is_pattern
from campaigns.errors import DefinitionError, Fault


def newest(directory: Path | str, name: str, *, at: str = "", key: str = "") -> tuple[Path, str]:
    """Its path, and how it is shown: of a pattern the last by name, as dates in names sort.

    Hidden files are never meant: an upload under way often is one. Raises DefinitionError where
    nothing is there.
    """
    path, shown = Path(directory, name), os.path.join(directory, name)
    if not is_pattern(name) or path.exists():
        return path, shown
    found = [
        one
        for one in path.parent.glob("*")
        if fnmatchcase(one.name, path.name) and not one.name.startswith(".") and one.is_file()
    ]
    if not found:
        raise DefinitionError(
            [Fault(at=at or shown, key=key, expected="a file of this pattern", got="none")]
        )
    best = max(found, key=lambda one: one.name)
    return best, os.path.join(os.path.dirname(shown), best.name)
