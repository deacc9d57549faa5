"""Change one thing in a rule and see whether a test notices.

    python -m tools.mutate core/pacing.py [core/retry.py …] [--only 12] [--jobs 2]

Each mutant lives in the memory of a forked process only: no file is ever changed. It runs the
tests named in TESTS for its file, quick ones first, and is killed by the first that fails. What
survives is printed; docs/reliability-mutants.md says why those that are left may.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

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
    "core/settling.py": (f"{_UNIT}settling.py", f"{_UNIT}settling_edges.py"),
    "core/outcomes.py": (f"{_UNIT}outcomes.py", f"{_UNIT}settling.py"),
    "core/retry.py": (f"{_UNIT}retry.py",),
    "engine/gate.py": (f"{_WORLD}gate.py", f"{_WORLD}holds.py"),
}
_FEW = 25
"""Examples of a property: most mutants that one can find it finds at once."""
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
        yield from (inner for inner in node.body if not isinstance(inner, ast.FunctionDef))
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
        case _:
            yield from _edits_of_parts(node)


def _edits_of_parts(node: ast.AST) -> Iterator[tuple[str, Edit]]:
    match node:
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


def _graft(name: str, tree: ast.Module, mutant: Mutant) -> None:
    """Give the loaded module the code and the constants of the changed one.

    Its classes stay, because everybody holds them; a changed method is put into the old class.
    """
    module = sys.modules[name]
    inside = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.lineno <= mutant.line <= (node.end_lineno or 0)
    ]
    body = [node for node in tree.body if not isinstance(node, ast.ClassDef)]
    new = dict(vars(module))
    exec(compile(ast.Module(body, []), str(module.__file__), "exec"), new)  # noqa: S102
    for key, value in new.items():
        old = vars(module).get(key)
        if isinstance(value, FunctionType) and value.__module__ == name:
            _swap(old, value)
        elif value is not old and not key.startswith("__"):
            for user in list(sys.modules.values()):
                if getattr(user, "__dict__", {}).get(key) is old:
                    setattr(user, key, value)
    for changed in inside:
        # Only its methods: the values of a class were taken by others when it was made.
        methods = [node for node in changed.body if isinstance(node, ast.FunctionDef)]
        for method in methods:
            method.decorator_list = []
        exec(compile(ast.Module(list(methods), []), str(module.__file__), "exec"), new)  # noqa: S102
        for method in methods:
            old = vars(vars(module)[changed.name])[method.name]
            _swap(old.fget if isinstance(old, property) else old, new[method.name])


def _swap(old: object, new: object) -> None:
    if isinstance(old, FunctionType) and isinstance(new, FunctionType):
        old.__code__ = new.__code__
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__


def _function(item: pytest.Item) -> Any:
    return getattr(item, "obj", None)


class Mutating:
    """A plugin: the tests are collected once, and each mutant runs them in a fork of its own."""

    def __init__(self, name: str, jobs: int, only: set[int]) -> None:
        self.name, self.jobs = name, jobs
        self.module = "campaigns." + name.removesuffix(".py").replace("/", ".")
        self.tree = ast.parse((SOURCE / name).read_text())
        self.waiting = [one for one in mutants(self.tree) if not only or one.line in only]
        self.alive: list[Mutant] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of the tests: the mutants."""
        importlib.import_module(self.module)
        # What draws many examples comes last.
        session.items.sort(key=lambda item: hasattr(_function(item), "hypothesis"))
        for test in filter(lambda test: hasattr(test, "hypothesis"), map(_function, session.items)):
            usual = test._hypothesis_internal_use_settings
            test._hypothesis_internal_use_settings = settings(usual, max_examples=_FEW)
        if os.waitpid(self._start(session, None), 0)[1]:
            session.shouldfail = "the tests fail without any change"
            return True
        count, began = len(self.waiting), time.monotonic()
        running: dict[int, tuple[Mutant, float]] = {}
        while self.waiting or running:
            while self.waiting and len(running) < self.jobs:
                mutant = self.waiting.pop(0)
                running[self._start(session, mutant)] = mutant, time.monotonic()
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in running:
                mutant, _ = running.pop(pid)
                if status == 0:
                    self.alive.append(mutant)
                    print(f"{self.name}:{mutant.line}: {mutant.says}", flush=True)
                continue
            for late, (_, since) in running.items():
                if time.monotonic() - since > _TOO_LONG:
                    os.killpg(late, signal.SIGKILL)
            time.sleep(0.01)
        left, seconds = len(self.alive), time.monotonic() - began
        print(f"{self.name}: {count} mutants, {count - left} killed, {left} left, {seconds:.0f} s")
        return True

    def _start(self, session: pytest.Session, mutant: Mutant | None) -> int:
        if pid := os.fork():
            return pid
        os.setsid()  # so that whatever a test starts can be ended with it
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        failed = True
        try:
            if mutant is not None:
                _graft(self.module, applied(self.tree, mutant), mutant)
            for item, following in zip(session.items, [*session.items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    break
            failed = bool(session.testsfailed)
        finally:
            os._exit(int(failed))


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
    settings.register_profile("mutants", deadline=None, database=None)
    options = ["-q", "-s", "-p", "no:cacheprovider", "--hypothesis-profile", "mutants"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is here already
    left = 0
    for name in given.files or TESTS:
        plugin = Mutating(name, given.jobs, set(given.only))
        failed = pytest.main([*options, *TESTS[name]], plugins=[plugin]) not in (0, 5)
        left += len(plugin.alive) + failed
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
