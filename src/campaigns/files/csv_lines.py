"""Lines of a text for the csv module, one at a time, none longer than a row may be.

The csv module takes whatever a line iterator hands it and keeps it until the row is complete: 100
MB on one line, or a quote that is never closed, would be held whole. Here both end the row.
"""

from __future__ import annotations

import csv
from typing import TextIO

LONGEST = 1_000_000
"""Characters of one row, however many lines it has."""


class Broken(csv.Error):
    """A row that ends here because it cannot be one."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Lines:
    """An iterator over lines with their ends. `number` is the last line handed out, from 1.

    Whoever reads rows sets `taken` to 0 before each.
    """

    __slots__ = ("_readline", "number", "taken")

    def __init__(self, text: TextIO) -> None:
        self._readline = text.readline
        self.number = 0
        self.taken = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._readline(LONGEST + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken += len(line)
        if self.taken > LONGEST:
            while len(line) > LONGEST and line[-1] not in "\r\n":
                line = self._readline(LONGEST + 1)
            raise Broken("over 1 MB: a quote that is opened and never closed, or no list of people")
        if "\0" in line:
            raise Broken("a NUL byte: the file was cut or mixed with another; export it again")
        return line
