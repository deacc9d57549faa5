"""Where a process may die: every transaction of the engine by its name, and the POST.

The product knows nothing of it. Names come from reading its source: `answers._record` is the one
transaction of that function, `loading._store 2` the second of two. `Striker` stands around
`Database.write` and kills this process beside the commit it was told.
"""

from __future__ import annotations

import ast
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

import campaigns
from campaigns.store.database import Database, SqlTransaction

SOURCE = Path(campaigns.__file__).parent
FILES = (*sorted((SOURCE / "engine").glob("*.py")), SOURCE / "web" / "inbox.py")

POST = "post"
BEFORE, AFTER, SENT = "before", "after", "sent"
"""Of a commit or the POST; `sent`: the request has left, and its answer is not read."""
_IDLE = ("tick.beat", "tick.show_life")
"""Signs of life change nothing that anybody waits for."""


@cache
def transactions() -> Mapping[tuple[str, int], str]:
    """(file, line) → name, for every `….write()` that opens a transaction."""
    names: dict[tuple[str, int], str] = {}
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                lines = sorted(node.lineno for node in ast.walk(function) if _opens(node))
                for n, line in enumerate(lines, start=1):
                    name = f"{path.stem}.{function.name}"
                    names[str(path), line] = f"{name} {n}" if len(lines) > 1 else name
    return names


def _opens(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="write"), args=[], keywords=[]):
            return True
    return False


@dataclass(kw_only=True)
class Striker:
    """Ends this process beside the n-th commit of `point` that changes anything.

    `changes` counts commits that changed something, whoever made them.
    """

    point: str | None = None
    when: str = BEFORE
    nth: int = 1
    changes: int = 0
    _met: int = 0
    _names: Mapping[tuple[str, int], str] = field(default_factory=transactions)

    def install(self) -> None:
        """Stand around every transaction of this process."""
        original = Database.write
        event.listen(Engine, "after_cursor_execute", _note)

        def write(database: Database) -> AbstractContextManager[SqlTransaction]:
            caller = sys._getframe(1)
            name = self._names.get((caller.f_code.co_filename, caller.f_lineno), "?")
            return self._watched(original(database), name)

        Database.write = write  # type: ignore[method-assign,assignment]  # this process only

    @contextmanager
    def _watched(
        self, transaction: AbstractContextManager[SqlTransaction], name: str
    ) -> Iterator[SqlTransaction]:
        with transaction as tx:
            tx.connection.info["changed"] = False
            yield tx
            changed = tx.connection.info["changed"]
            struck = changed and self._strikes(name)
            if struck and self.when == BEFORE:
                die()
        if struck and self.when == AFTER:
            die()
        self.changes += changed and name not in _IDLE

    def _strikes(self, name: str) -> bool:
        if name != self.point:
            return False
        self._met += 1
        return self._met == self.nth

    def post(self) -> str | None:
        """Called for each POST: when this one is to be struck."""
        return self.when if self._strikes(POST) else None


def _note(
    connection: Any, cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    writes = context.isinsert or context.isupdate or context.isdelete
    # What is returned row by row is counted only when it has been fetched.
    if writes and ("RETURNING" in statement or cursor.rowcount != 0):
        connection.info["changed"] = True


def die() -> None:
    """As a machine that loses its power, or the kernel out of memory, would have it."""
    os.kill(os.getpid(), signal.SIGKILL)
