"""Change one thing in a rule and see whether a test notices.

    python -m tools.mutate core/pacing.py [core/retry.py …] [--only 12] [--jobs 2]

Each mutant lives in the memory of a forked process only: no file is ever changed. It runs the
tests named in TESTS for its file, quickest first, and is killed by the first that fails. What
survives is printed; docs/reliability-mutants.md says why those that are left may.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "campaigns"
_UNIT = "tests/unit/test_"
_WORLD = "tests/integration/test_engine_"
TESTS = {
    "core/admission.py": (f"{_UNIT}admission.py",),
    "core/lifecycle.py": (f"{_UNIT}lifecycle.py", f"{_UNIT}outcomes.py", f"{_UNIT}settling.py"),
    "core/pacing.py": (f"{_UNIT}pacing.py",),
    "core/settling.py": (f"{_UNIT}settling.py",),
    "core/outcomes.py": (f"{_UNIT}outcomes.py", f"{_UNIT}settling.py"),
    "core/retry.py": (f"{_UNIT}retry.py",),
    "engine/gate.py": (f"{_WORLD}gate.py", f"{_WORLD}holds.py"),
}
_LIBRARIES = (
    "hypothesis.stateful", "psycopg", "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite", "alembic.command", "pydantic", "phonenumbers", "jinja2",
    "croniter", "holidays", "structlog", "tenacity",
)  # fmt: skip
_ROOMS = ("core", "ports", "store", "engine", "files", "provider")
"""What is imported once, before the first fork."""
_FEW = 15
"""Examples of a property at first; whoever survives those meets as many as ./test draws."""
_TOO_LONG = 300
"""Seconds after which a mutant counts as killed: its loop does not end."""

Edit = Callable[[ast.AST], ast.AST | None]
_ORDER = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_NAMES = {"max": "min", "min": "max", "any": "all", "all": "any"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: the how-manieth node, what is done to it, and in words."""

    node: int
    line: int
    says: str
    edit: Edit


def mutants(tree: ast.Module) -> list[Mutant]:
    """Every change we know, in the order of the file."""
    found: list[Mutant] = []
    skipped: set[int] = set()
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        skipped |= {id(inner) for left_out in _left_out(node) for inner in ast.walk(left_out)}
        for says, edit in _edits(node):
            line = getattr(node, "lineno", getattr(getattr(node, "pattern", None), "lineno", 0))
            found.append(Mutant(node=number, line=line, says=says, edit=edit))
    return sorted(found, key=lambda mutant: mutant.line)


def applied(tree: ast.Module, mutant: Mutant) -> ast.Module:
    """A copy of the tree with this one change."""
    changed = copy.deepcopy(tree)
    target = next(node for number, node in enumerate(ast.walk(changed)) if number == mutant.node)
    new = mutant.edit(target)
    if new is not None:
        _replace(changed, target, new)
    return ast.fix_missing_locations(changed)


def _left_out(node: ast.AST) -> Iterator[ast.AST]:
    """What decides nothing: annotations, decorators, imports, docstrings, classes' bare values."""
    if isinstance(node, ast.FunctionDef):
        yield from node.decorator_list
        yield from filter(None, [node.returns])
    if isinstance(node, ast.ClassDef):
        yield from node.decorator_list
        yield from node.bases
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        yield node.annotation
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.Assert):
        yield from filter(None, [node.msg])
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if names and names[0][0].isupper() and isinstance(node.value.op, ast.BitOr):
            yield node.value  # a union of types


def _edits(node: ast.AST) -> Iterator[tuple[str, Edit]]:
    match node:
        case ast.Compare(ops=[op]):
            for other in _ORDER.get(type(op), ()):
                yield f"{_text(node)}: {type(op).__name__} → {other.__name__}", _with(ops=[other()])
        case ast.Compare():
            for at, op in enumerate(node.ops):
                for other in _ORDER.get(type(op), ()):
                    ops = [*node.ops[:at], other(), *node.ops[at + 1 :]]
                    yield f"{_text(node)}: {type(op).__name__} → {other.__name__}", _with(ops=ops)
        case ast.BoolOp(op=op, values=values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield f"{_text(node)}: and ↔ or", _with(op=other)
            for at, value in enumerate(values):
                rest = [*values[:at], *values[at + 1 :]]
                if len(rest) > 1:
                    yield f"{_text(node)}: without {_text(value)}", _with(values=rest)
                else:
                    yield f"{_text(node)}: only {_text(rest[0])}", _becomes(rest[0])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"{_text(node)}: without not", _becomes(operand)
        case ast.If() | ast.IfExp():
            for value in (True, False):
                yield f"if {_text(node.test)}: {value}", _with(test=ast.Constant(value))
        case ast.match_case():
            where = f"case {_text(node.pattern)}"
            if node.guard is not None:
                yield f"{where}: without its guard", _with(guard=None)
            if not isinstance(node.pattern, ast.MatchAs):
                yield f"{where}: never", _with(guard=ast.Constant(False))
        case ast.Constant(value=bool() as value):
            yield f"{value} → {not value}", _with(value=not value)
        case ast.Constant(value=int() | float() as value):
            yield f"{value} → {value + 1}", _with(value=value + 1)
            yield f"{value} → {value - 1}", _with(value=value - 1)
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            other_op = _ARITHMETIC[type(op)]
            yield f"{_text(node)}: {type(op).__name__} → {other_op.__name__}", _with(op=other_op())
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            yield f"{_text(node)}: {_NAMES[name]}", _with(func=ast.Name(_NAMES[name], ast.Load()))
        case ast.Expr(value=ast.Call()):
            yield f"without {_text(node)}", _becomes(ast.Pass())
        case ast.AugAssign(op=op) if type(op) in _ARITHMETIC:
            yield f"without {_text(node)}", _becomes(ast.Pass())
        case ast.Return(value=value) if value is not None and _text(value) != "None":
            yield f"{_text(node)}: None", _with(value=ast.Constant(None))
        case ast.Set(elts=elements) | ast.Tuple(elts=elements, ctx=ast.Load()) if elements:
            for at, element in enumerate(elements):
                rest = [*elements[:at], *elements[at + 1 :]]
                if rest or isinstance(node, ast.Tuple):
                    yield f"{_text(node)}: without {_text(element)}", _with(elts=rest)
        case ast.Dict(keys=keys, values=values):
            for at, key in enumerate(keys):
                changes = {
                    "keys": keys[:at] + keys[at + 1 :],
                    "values": values[:at] + values[at + 1 :],
                }
                yield f"without {_text(key) if key else '**'}", _with(**changes)


def _with(**changes: object) -> Edit:
    def edit(node: ast.AST) -> None:
        for name, value in changes.items():
            setattr(node, name, copy.deepcopy(value))

    return edit


def _becomes(new: ast.AST) -> Edit:
    return lambda _: copy.deepcopy(new)


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(parent, name, [new if item is old else item for item in value])


def _text(node: ast.AST) -> str:
    said = " ".join(ast.unparse(node).split())
    return said if len(said) <= 70 else f"{said[:69]}…"


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a tree instead of its file."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        self._name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        self._path, self._tree = path, tree

    def find_spec(self, name: str, _path: object, _target: object = None) -> object:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._path, loader=self)

    def create_module(self, _spec: object) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)  # noqa: S102


def _forget(name: str) -> None:
    """Drop a module and every other that was imported with it inside."""
    users: dict[str, set[str]] = {}
    for user, module in list(sys.modules.items()):
        if user.startswith("campaigns.") and module.__file__:
            for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
                if isinstance(node, ast.ImportFrom) and node.module:
                    for used in (node.module, *(f"{node.module}.{a.name}" for a in node.names)):
                        users.setdefault(used, set()).add(user)
    found, new = {name}, {name}
    while new:
        new = {user for one in new for user in users.get(one, ())} - found
        found |= new
    for one in found & set(sys.modules):
        parent, _, child = one.rpartition(".")
        del sys.modules[one]
        vars(sys.modules.get(parent, sys)).pop(child, None)


def _start(path: Path, tree: ast.Module | None, tests: tuple[str, ...], few: bool = True) -> int:
    """Fork a process that runs the tests on this tree; its pid."""
    if pid := os.fork():
        return pid
    os.setsid()  # so that whatever a test starts can be ended with it
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    code = 70
    try:
        if tree is not None:
            sys.meta_path.insert(0, _Mutated(path, tree))
        options = ["-x", "-q", "-p", "no:cacheprovider"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # loaded before it began
        if few:
            settings.register_profile("few", max_examples=_FEW, deadline=None, database=None)
            options += ["--hypothesis-profile", "few"]
        code = int(pytest.main([*options, *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _survivors(name: str, jobs: int, only: set[int]) -> list[Mutant]:
    path = SOURCE / name
    tree = ast.parse(path.read_text())
    pid = _start(path, None, TESTS[name])
    if os.waitpid(pid, 0)[1]:
        sys.exit(f"{name}: its tests fail without any change")
    _forget(".".join(path.relative_to(ROOT / "src").with_suffix("").parts))
    gc.freeze()
    waiting = [one for one in mutants(tree) if not only or one.line in only]
    count, began = len(waiting), time.monotonic()
    tough: set[Mutant] = set()
    running: dict[int, tuple[Mutant, float]] = {}
    alive: list[Mutant] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop(0)
            pid = _start(path, applied(tree, mutant), TESTS[name], few=mutant not in tough)
            running[pid] = mutant, time.monotonic()
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid in running:
            mutant, _ = running.pop(pid)
            if status == 0 and mutant not in tough:
                tough.add(mutant)
                waiting.append(mutant)
            elif status == 0:
                alive.append(mutant)
                print(f"{name}:{mutant.line}: {mutant.says}", flush=True)
            continue
        for late, (_, since) in running.items():
            if time.monotonic() - since > _TOO_LONG:
                os.killpg(late, signal.SIGKILL)
        time.sleep(0.02)
    seconds = time.monotonic() - began
    print(
        f"{name}: {count} mutants, {count - len(alive)} killed, {len(alive)} left, {seconds:.0f} s"
    )
    return alive


def main() -> int:
    """0: every mutant was killed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", default=[], metavar="FILE", help=", ".join(TESTS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", type=int, nargs="*", default=[], metavar="LINE")
    given = parser.parse_args()
    if unknown := [name for name in given.files if name not in TESTS]:
        parser.error(f"no tests are named for {', '.join(unknown)}: add them to TESTS")
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    sys.dont_write_bytecode = True
    for library in _LIBRARIES:
        importlib.import_module(library)
    for room in _ROOMS:
        for file in sorted((SOURCE / room).glob("*.py")):
            importlib.import_module(f"campaigns.{room}.{file.stem}".removesuffix(".__init__"))
    left = [_survivors(name, given.jobs, set(given.only)) for name in given.files or TESTS]
    return int(any(left))


if __name__ == "__main__":
    sys.exit(main())
