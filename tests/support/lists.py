"""Lists in tests: what the CSV reader makes of a content, or what it says about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.errors import DefinitionError
from campaigns.files import csv_table
from campaigns.files.csv_table import Table
from campaigns.files.rows import BadRow, Row
from tests.support.trees import written


def read(directory: Path, content: str | bytes, encoding: str = "utf-8") -> Table:
    return csv_table.read(written(directory, content), "people.csv", encoding=encoding)


def rows(directory: Path, content: str | bytes, encoding: str = "utf-8") -> list[Row | BadRow]:
    return list(read(directory, content, encoding).rows())


def cells(directory: Path, content: str | bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    return [row.cells for row in rows(directory, content, encoding) if isinstance(row, Row)]


def bad(directory: Path, content: str | bytes) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in rows(directory, content) if isinstance(row, BadRow)]


def said(directory: Path, content: str | bytes, encoding: str = "utf-8") -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read(directory, content, encoding)
    return [str(fault) for fault in caught.value.faults]
