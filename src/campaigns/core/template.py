"""One template: compiled once, run on one row after the other, always bounded.

Most templates are a text with a column or two in it, and those are joined without Jinja; the rest
runs in its sandbox. A row whose values do not fit is told apart by column, without its values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from campaigns.core import filters
from campaigns.core.anchor import AnchorReader
from campaigns.core.cells import clean
from campaigns.core.expressions import Checker
from campaigns.core.names import ATTEMPT, GROUP, GROUP_OR, NOW, TOUCH, Refused
from campaigns.core.spoken import Unreadable
from campaigns.errors import Fault, InputError

OUTPUT_LIMIT = 2_048
"""Bytes of one field as the agent gets it."""
CELL_LIMIT = 8_192
"""Characters of a cell that a template may read."""


class Unrenderable(InputError):
    """This row's values do not fit a template. `reason` holds nothing of the values."""

    def __init__(self, column: str, key: str, reason: str) -> None:
        self.column, self.key, self.reason = column, key, reason
        super().__init__(f"{column}: {reason}" if column else f"{key}: {reason}")


class MissingValue(Unrenderable):
    """A template reads a cell that is empty."""

    def __init__(self, column: str, key: str) -> None:
        super().__init__(
            column, key, f"empty, but {key} needs it: fill the cell, or write | default('…')"
        )


class _Absent(Exception):
    """A variable without a value was used."""


class _Missing(StrictUndefined):
    """An empty cell; whatever is done with it says which variable it was."""

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = None, name: str | None = None, exc: Any = None
    ) -> None:
        raised: Any = partial(_absent, name)
        super().__init__(hint, obj, name, raised)


def _absent(variable: str | None, _sentence: str | None = None) -> _Absent:
    return _Absent(variable)


@dataclass(frozen=True, kw_only=True, slots=True)
class ThisCall:
    """The call that a text is made for. `at`: when, by policy time.

    `rows`: the cells of every row that shares it; none: the row that is asked for alone.
    """

    at: datetime
    touch: str = ""
    attempt: int = 1
    rows: tuple[Mapping[str, str], ...] = field(default=(), repr=False)

    def value(self, variable: str) -> Any:
        """What stands behind one of the names that only a call knows."""
        return {TOUCH: self.touch, ATTEMPT: self.attempt, NOW: self.at}[variable]


_OF_A_CALL = frozenset({TOUCH, ATTEMPT, NOW})


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """One template. `parts` is set where it is only texts and columns, which needs no Jinja."""

    key: str
    columns: tuple[str, ...]
    parts: tuple[tuple[str | None, str], ...] | None  # (column, "") or (None, text)
    new_context: Callable[[dict[str, Any]], Context] = field(repr=False)
    run: Callable[[Context], Any] = field(repr=False)
    anchor: AnchorReader | None = field(default=None, repr=False)

    @property
    def reads(self) -> str:
        """The columns it reads, as a sentence names them."""
        plain = (_plain(column) for column in self.columns if column not in _OF_A_CALL)
        return ", ".join(dict.fromkeys(filter(None, plain)))

    def text(
        self, fields: Mapping[str, str], *, blank: bool = False, call: ThisCall | None = None
    ) -> str:
        """The rendered, cleaned text. `blank`: an empty cell is an empty text, not a fault."""
        plain = self.parts is not None and not blank
        said = self._joined(fields, call) if plain else self._worked_out(fields, call, blank=blank)
        text = clean(said)
        if too_long(text):
            raise self._unrenderable(f"over {OUTPUT_LIMIT:,} bytes when rendered")
        return text

    def _joined(self, fields: Mapping[str, str], call: ThisCall | None) -> str:
        said = []
        for column, text in self.parts or ():
            if column in _OF_A_CALL and call is not None:
                said.append(str(call.value(column)))
                continue
            cell = text if column is None else self._cell(column, fields)
            if column is not None and not cell:
                raise MissingValue(column, self.key)
            said.append(cell)
        return "".join(said)

    def _worked_out(self, fields: Mapping[str, str], call: ThisCall | None, *, blank: bool) -> str:
        values: dict[str, Any] = {}
        for index, column in enumerate(self.columns):
            if column in _OF_A_CALL and call is not None:
                values[f"c{index}"] = call.value(column)
                continue
            if column.startswith((GROUP, GROUP_OR)):
                rows = (call and call.rows) or (fields,)
                values[f"c{index}"] = [self._of_row(column, row) for row in rows]
                continue
            cell = self._written(column, fields)
            if cell or blank:
                values[f"c{index}"] = cell
        try:
            return "".join(self.run(self.new_context(values)))
        except _Absent as absent:
            raise MissingValue(self.columns[int(str(absent)[1:])], self.key) from None
        except (Unreadable, filters.FilterFault) as fault:
            raise self._unrenderable(str(fault)) from None
        except (TypeError, ValueError, ArithmeticError, TemplateError, RecursionError):
            raise self._unrenderable("cannot be worked out from this row's values") from None

    def _of_row(self, variable: str, row: Mapping[str, str]) -> str:
        """What one of the rows that share the call says in a column."""
        column = _plain(variable)
        cell = self._written(column, row) if column else ""
        if column and not cell and variable.startswith(GROUP):
            raise MissingValue(column, self.key)
        return cell

    def _written(self, column: str, fields: Mapping[str, str]) -> str:
        """A cell; that of the anchor with its moment."""
        cell = self._cell(column, fields)
        if cell and self.anchor is not None and column == self.anchor.column:
            return self.anchor.written(fields)
        return cell

    def _cell(self, column: str, fields: Mapping[str, str]) -> str:
        cell = fields.get(column, "")
        if len(cell) > CELL_LIMIT:
            raise Unrenderable(column, self.key, f"longer than {CELL_LIMIT:,} characters")
        return cell

    def _unrenderable(self, reason: str) -> Unrenderable:
        return Unrenderable(self.reads, self.key, reason)


def _plain(variable: str) -> str:
    """The column behind a variable."""
    return variable.removeprefix(GROUP).removeprefix(GROUP_OR)


def too_long(text: str) -> bool:
    """Whether a field is more than the agent gets."""
    return len(text) * 4 > OUTPUT_LIMIT and len(text.encode()) > OUTPUT_LIMIT


def environment(zone: str | None) -> ImmutableSandboxedEnvironment:
    """A sandbox that knows our filters only; `zone` is for date-times without an offset."""
    env = ImmutableSandboxedEnvironment(undefined=_Missing, autoescape=False, finalize=_said)
    env.globals.clear()
    env.filters = filters.functions(zone)
    env.tests = {
        "defined": lambda value: not filters.is_empty(value),
        "undefined": filters.is_empty,
    }
    return env


def _said(value: object) -> object:
    return value if isinstance(value, (str, _Missing)) else filters.as_text(value)


def compile_template(
    env: ImmutableSandboxedEnvironment,
    key: str,
    source: str,
    header: Sequence[str],
    *,
    whole: bool,
    of_call: Collection[str] = (),
    anchor: AnchorReader | None = None,
) -> Template:
    """Check and compile; `whole`: it must be one expression and nothing else.

    `of_call`: what it may know of the call it is for.
    """
    checker = Checker(env, key, header, of_call=of_call)
    tree = checker.read(source)
    pieces = [node for output in tree.body for node in output.nodes]  # type: ignore[attr-defined]
    if whole and (len(pieces) != 1 or isinstance(pieces[0], nodes.TemplateData)):
        raise Refused(
            Fault(at="", key=key, expected="one {{ expression }}", got="text around it or none")
        )
    try:
        template = env.from_string(tree)
    except (RecursionError, MemoryError, SyntaxError):
        raise Refused(
            Fault(at="", key=key, expected="a simpler template", got="too many steps")
        ) from None
    return Template(
        key=key,
        columns=tuple(checker.columns),
        parts=_plain_parts(pieces, checker.columns),
        new_context=partial(template.new_context, shared=True),
        run=template.root_render_func,
        anchor=anchor,
    )


def _plain_parts(
    pieces: Sequence[nodes.Node], named: Sequence[str]
) -> tuple[tuple[str | None, str], ...] | None:
    parts: list[tuple[str | None, str]] = []
    for piece in pieces:
        match piece:
            case nodes.TemplateData(data=text):
                parts.append((None, text))
            case nodes.Name(name=variable) if not named[int(variable[1:])].startswith(GROUP):
                parts.append((named[int(variable[1:])], ""))
            case _:
                return None
    return tuple(parts)
