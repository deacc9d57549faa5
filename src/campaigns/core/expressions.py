"""The part of Jinja that a campaign file may use: expressions over columns, and a few filters.

A template comes from a person, its values from anyone. What is not on the list of nodes below is
refused before anything runs, columns become numbered variables so that no name means anything to
Jinja itself, and size and depth are bounded, so that rendering always ends.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from campaigns.core.columns import near, no_column
from campaigns.core.filters import AS_TEXT, EACH, EACH_MAY, FILLED, FILTERS, LATER
from campaigns.core.languages import LANGUAGES, USUAL
from campaigns.core.names import GROUP, GROUP_OR, NOW, TOUCH, Names, Refused

SOURCE_LIMIT = 2_000
"""Characters of one template."""
DEPTH_LIMIT = 30


class Checker(Names):
    """Reads one template; afterwards `columns[i]` is what the variable `c<i>` stands for."""

    def __init__(
        self,
        env: ImmutableSandboxedEnvironment,
        key: str,
        header: Sequence[str],
        *,
        of_call: Collection[str] = (),
    ) -> None:
        """`of_call`: which of `touch`, `attempt`, `now` and `group` this template may know."""
        super().__init__(key, header, of_call=of_call)
        self._env = env

    def read(self, source: str) -> nodes.Template:
        """The template as a tree in which only allowed things are left."""
        if len(source) > SOURCE_LIMIT:
            self._refuse(f"a template of at most {SOURCE_LIMIT:,} characters", f"{len(source):,}")
        try:
            if any(kind in {"block_begin", "raw_begin"} for _, kind, _ in self._env.lex(source)):
                self._refuse("{{ expressions }} only", "a {% statement %}")
            tree = self._env.parse(source)
        except TemplateSyntaxError as error:
            self._refuse(
                "a template",
                f"something else: {error.message}",
                "a column whose name is not one word is written row['First Name']",
            )
        except RecursionError:
            self._refuse("a simpler template", "too many brackets")
        for output in tree.body:
            if not isinstance(output, nodes.Output):
                self._refuse("{{ expressions }} only", "a {% statement %}")
            output.nodes = [
                node if isinstance(node, nodes.TemplateData) else self._said(node)
                for node in output.nodes
            ]
        return tree

    def _said(self, node: nodes.Expr) -> nodes.Expr:
        if isinstance(node, nodes.Filter) and node.name == "map":
            self._refuse("one text", "a list of texts", "join it: … | join(' and ')")
        return self._expression(node, 0)

    def _expression(self, node: nodes.Expr, depth: int) -> nodes.Expr:
        """The same expression with columns as variables; refuses what is not listed here."""
        if depth > DEPTH_LIMIT:
            self._refuse("a simpler template", "too many steps inside each other")
        match node:
            case nodes.Const(value=value) if value is not None:
                return node
            case nodes.Name(name=name):
                return self._column(name)
            case nodes.Getitem(node=nodes.Name(name="row"), arg=nodes.Const(value=str(name))):
                return self._variable(name)
            case nodes.Filter(name="map"):
                return self._map(node, depth + 1)
            case nodes.Filter(name="length", node=nodes.Name(name="group"), args=[]) if (
                "group" not in self._known
            ):
                node.node = self._rows(GROUP)
                return node
            case nodes.Getattr(node=nodes.Name(name="group")) if "group" not in self._known:
                return self._column("group")
            case nodes.Getattr(node=nodes.Name(name="touch"), attr="name") if (
                "touch" not in self._known
            ):
                return self._of_this_call("touch", TOUCH)
            case _:
                self._parts(node, depth + 1)
        return node

    def _parts(self, node: nodes.Expr, depth: int) -> None:
        match node:
            case nodes.List() | nodes.Tuple():
                node.items = [self._expression(item, depth) for item in node.items]
            case nodes.Filter():
                self._filter(node, depth)
            case nodes.Test():
                self._test(node, depth)
            case nodes.Not():
                node.node = self._condition(node.node, depth)
            case nodes.Neg():
                node.node = self._expression(node.node, depth)
            case nodes.CondExpr():
                self._choice(node, depth)
            case nodes.Concat():
                node.nodes = [_as_text(self._expression(part, depth)) for part in node.nodes]
            case nodes.Compare():
                node.expr = self._expression(node.expr, depth)
                for operand in node.ops:
                    operand.expr = self._expression(operand.expr, depth)
            case nodes.And() | nodes.Or():
                node.left = self._condition(node.left, depth)
                node.right = self._condition(node.right, depth)
            case nodes.Add() | nodes.Sub() | nodes.Div():
                node.left = self._expression(node.left, depth)
                node.right = self._expression(node.right, depth)
            case _:
                self._refuse("columns, texts, comparisons and filters", *_refused(node))

    def _condition(self, node: nodes.Expr, depth: int) -> nodes.Expr:
        """A yes or no. Any text counts as true in Jinja, also `no`: so a text must be compared."""
        decided = (nodes.Compare, nodes.Test, nodes.Not, nodes.And, nodes.Or)
        if not isinstance(node, decided) and not isinstance(getattr(node, "value", None), bool):
            self._refuse(
                "a comparison where yes or no is decided",
                "a text, which would count as yes whatever it says",
                "write == 'yes' or is defined; for an empty cell write | default('…')",
            )
        return self._expression(node, depth)

    def _choice(self, node: nodes.CondExpr, depth: int) -> None:
        node.test = self._condition(node.test, depth)
        node.expr1 = self._expression(node.expr1, depth)
        if node.expr2 is None:
            self._refuse("an else", "an if without one", "write {{ a if … else b }}")
        node.expr2 = self._expression(node.expr2, depth)

    def _filter(self, node: nodes.Filter, depth: int) -> None:
        if node.name not in FILTERS:
            if node.name in LATER:
                self._refuse("a filter of this version", f"{node.name}, which is not yet there")
            meant = near(node.name, FILTERS)
            hint = f"did you mean {meant}?" if meant else f"there are {', '.join(FILTERS)}"
            self._refuse("a filter from the list", node.name[:40], hint)
        if node.name == "spoken":
            self._spoken(node)
        if node.kwargs or node.dyn_args or node.dyn_kwargs or node.node is None:
            self._refuse("a filter with plain arguments", f"{node.name} with named or spread ones")
        if node.name == "spoken":
            node.node = self._expression(node.node, depth)
            node.args[0] = self._expression(node.args[0], depth)
            return
        node.node = self._expression(node.node, depth)
        node.args = [self._expression(arg, depth) for arg in node.args]

    def _map(self, node: nodes.Filter, depth: int) -> nodes.Expr:
        """`group | map(attribute='column')` is one variable: nothing is looked up in a row here.

        `map('filter')` does to each text of a list what the filter does to one.
        """
        wanted = "map(attribute='column') of group, or map('filter') of a list"
        if node.node is None or node.dyn_args or node.dyn_kwargs:
            self._refuse(wanted, "map with spread arguments")
        if node.args:
            return self._each(node, depth, wanted)
        named: dict[str, nodes.Expr] = {str(pair.key): pair.value for pair in node.kwargs}
        column = getattr(named.pop("attribute", None), "value", None)
        default = named.pop("default", None)
        if not isinstance(column, str) or named:
            self._refuse(wanted, "map with something else", "write group | map(attribute='name')")
        if not isinstance(node.node, nodes.Name) or node.node.name != "group":
            self._refuse(wanted, "map(attribute=…) of something else", "only group has columns")
        if "group" in self._known:
            self._refuse("the rows of this call", "a column of the list that is called group too")
        if column not in self._known:
            if column.startswith("_"):
                self._refuse("a column of the list", "a name with an underscore before it")
            raise Refused(no_column(self._key, column[:60], self._header))
        if default is None:
            return self._rows(GROUP + column)
        cells = self._rows(GROUP_OR + column)
        return nodes.Filter(cells, FILLED, [self._expression(default, depth)], [], None, None)

    def _each(self, node: nodes.Filter, depth: int, wanted: str) -> nodes.Expr:
        name = getattr(node.args[0], "value", None)
        if name not in EACH_MAY:
            hint = f"map takes {', '.join(EACH_MAY)}"
            if name in self._known:
                hint = f"write map(attribute='{str(name)[:60]}')"
            self._refuse(wanted, "map with something else", hint)
        one = nodes.Filter(None, name, node.args[1:], node.kwargs, None, None)
        if name == "spoken":
            self._spoken(one)
            one.args[0] = self._expression(one.args[0], depth)
        elif one.args or one.kwargs:
            self._refuse(wanted, f"map('{name}') with more arguments")
        assert node.node is not None
        of = self._expression(node.node, depth)
        return nodes.Filter(of, EACH, [nodes.Const(name), *one.args], [], None, None)

    def _spoken(self, node: nodes.Filter) -> None:
        """`spoken('relative', locale=…)` becomes spoken(locale, now), both worked out here."""
        args = list(node.args)
        relative = bool(args) and getattr(args[0], "value", None) == "relative"
        if relative:
            args.pop(0)
        named = [pair for pair in node.kwargs if pair.key == "locale"]
        if len(args) + len(named) > 1 or len(named) != len(node.kwargs) or (args and not relative):
            self._refuse(
                "spoken, spoken('relative'), spoken(locale='es') or spoken('relative', 'es')",
                "spoken with something else",
            )
        locale: nodes.Expr = nodes.Const(USUAL)
        for given in (*args, *(pair.value for pair in named)):
            locale = given
        if isinstance(locale, nodes.Const) and locale.value not in LANGUAGES:
            said = str(locale.value)[:20]
            self._refuse(f"a locale out of {', '.join(LANGUAGES)}", said, _language(said))
        node.args = [locale]
        node.kwargs = []
        if relative:
            node.args.append(self._of_this_call("now", NOW))

    def _test(self, node: nodes.Test, depth: int) -> None:
        if node.name not in {"defined", "undefined"} or node.args or node.kwargs:
            self._refuse("is defined or is not defined", f"is {node.name[:40]}")
        node.node = self._expression(node.node, depth)


def _language(said: str) -> str:
    """The locale that a longer code was meant to be."""
    short = said.replace("_", "-").partition("-")[0].lower()
    return f"write {short}" if short in LANGUAGES else ""


def _as_text(part: nodes.Expr) -> nodes.Expr:
    """A part of `a ~ b`, where Jinja itself would take a list for a text."""
    return nodes.Filter(part, AS_TEXT, [], [], None, None)


def _refused(node: nodes.Node) -> tuple[str, str]:
    """What a refused node is called, and what to write instead."""
    match node:
        case nodes.Call():
            return "a call", "filters are the only functions"
        case nodes.Getattr(attr=attr) if attr.startswith("_"):
            return "an attribute with an underscore", "a column is a plain text"
        case nodes.Getattr() | nodes.Getitem():
            return "a part of a value", "a column is a plain text, row['Name'] is a column"
        case nodes.Mul() | nodes.Pow() | nodes.Mod() | nodes.FloorDiv():
            return f"the operator {node.operator}", "work the value out in the list"
        case nodes.Const():
            return "none", "an empty text is ''"
        case _:
            return f"a {type(node).__name__.lower()}", ""
