"""What the names in a template mean: columns, and what only a call knows.

Each becomes a numbered variable, so that no name means anything to Jinja itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Never

from jinja2 import nodes

from campaigns.core.columns import near, no_column
from campaigns.errors import Fault

TOUCH, ATTEMPT, NOW = "\0touch.name", "\0attempt", "\0now"
"""What a call itself tells its templates; no column has such a name."""
GROUP, GROUP_OR = "\0group.", "\0group?"
"""Before a column: its cells in all rows of this call, all of them filled, or as they are."""


class Refused(Exception):
    """A template that is not allowed; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


class Names:
    """Names of one template; afterwards `columns[i]` is what the variable `c<i>` stands for."""

    def __init__(
        self,
        key: str,
        header: Sequence[str],
        *,
        of_call: Collection[str] = (),
    ) -> None:
        """`of_call`: which of `touch`, `attempt`, `now` and `group` this template may know."""
        self._of_call = of_call
        self._key = key
        self._header = header
        self._known = frozenset(header)
        self.columns: list[str] = []

    def _column(self, name: str) -> nodes.Expr:
        if name not in self._known:
            if name == "attempt":
                return self._of_this_call("attempt", ATTEMPT)
            if name == "touch":
                self._refuse("touch.name", "touch alone", "write touch.name")
            if name == "group":
                self._rows(GROUP)
                self._refuse(
                    "a column of the rows of this call, or how many there are",
                    "group alone",
                    "write group | map(attribute='name') | join(' and '), or group | length",
                )
            if name.startswith("_"):
                self._refuse("a column of the list", "a name with an underscore before it")
            self._unknown(name)
        return self._variable(name)

    def _variable(self, column: str) -> nodes.Expr:
        if column not in self._known:
            self._unknown(column)
        if column not in self.columns:
            self.columns.append(column)
        return nodes.Name(f"c{self.columns.index(column)}", "load")

    def _unknown(self, name: str) -> None:
        meant = near(name, self._header)
        if meant is None or meant.isidentifier():
            raise Refused(no_column(self._key, name[:60], self._header))
        self._refuse("a column of the list", name[:60], f"write row['{meant}']")

    def _refuse(self, expected: str, got: str, hint: str = "") -> Never:
        raise Refused(Fault(at="", key=self._key, expected=expected, got=got, hint=hint))

    def _of_this_call(self, name: str, variable: str) -> nodes.Expr:
        """What is known of a call only when it is made."""
        if name not in self._of_call:
            said = "spoken('relative')" if name == "now" else name
            if name == "touch" and "attempt" in self._of_call:
                self._refuse("a column of the list", f"{said}, but there are no schedule.touches")
            self._refuse(
                "what a row says by itself", f"{said}, which only a call knows: use it in context"
            )
        if variable not in self.columns:
            self.columns.append(variable)
        return nodes.Name(f"c{self.columns.index(variable)}", "load")

    def _rows(self, variable: str) -> nodes.Expr:
        """Something of the rows that share this call."""
        if "group" not in self._of_call and "attempt" in self._of_call:
            self._refuse(
                "a column of the list",
                "group, but every row has a call of its own",
                "set contacts.same_number: group",
            )
        return self._of_this_call("group", variable)
