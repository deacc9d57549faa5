"""Exports: the columns are pinned, spreadsheets run nothing, JSON lines lose nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.contacts import RejectedRow
from campaigns.core.lifecycle import Outcome
from campaigns.files.exports import (
    RESULT_COLUMNS,
    write_csv,
    write_jsonl,
    write_rejects,
    write_results,
)
from campaigns.files.rows import BadRow

RESULT: dict[str, Any] = {
    "campaign": "reminders",
    "key": "=A-1",
    "to_number": "+16175550100",
    "outcome": Outcome.COMPLETED,
    "attempts": 2,
    "answered_at": datetime(2026, 3, 9, 14, 0, 5, tzinfo=UTC),
    "duration_s": 61.5,
    "late_s": -3.25,
    "source_line": 7,
}


def cell(value: Any) -> str:
    out = io.StringIO()
    write_csv(out, [{"a": value, "b": "x"}], ["a", "b"])
    return next(csv.DictReader(io.StringIO(out.getvalue(), newline="")))["a"]


def test_the_columns_of_results_are_pinned() -> None:
    assert ", ".join(RESULT_COLUMNS) == (
        "campaign, run, key, touch, to_number, from_number, outcome, disposition, reason, "
        "attempts, due_at, first_called_at, last_called_at, answered_at, ended_at, duration_s, "
        "cost, currency, call_id, recording_id, timezone, timezone_source, late_s, source_file, "
        "source_line"
    )


def test_csv_has_every_column_and_leaves_the_unknown_empty() -> None:
    out = io.StringIO()
    assert write_csv(out, [RESULT]) == 1
    header, row = csv.reader(io.StringIO(out.getvalue()))
    assert tuple(header) == RESULT_COLUMNS
    found = dict(zip(header, row, strict=True))
    assert found["to_number"] == "+16175550100"
    assert found["outcome"] == "completed"
    assert found["answered_at"] == "2026-03-09T14:00:05Z"
    assert found["late_s"] == "-3.25"
    assert found["cost"] == ""
    assert "\r" not in out.getvalue()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(start: str) -> None:
    assert cell(f"{start}cmd|'/c calc'!A1") == f"'{start}cmd|'/c calc'!A1"


@pytest.mark.parametrize(
    "text", ["+16175550100", "+12345678", "Ann", "'quoted", "a=b", "", "1-2", "é"]
)
def test_other_cells_and_whole_numbers_stay(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize(
    "text", ["+1234567", "+1234567890123456", "+1617555010a", "+16175550100\n"]
)
def test_what_only_looks_like_a_number_is_defused(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, ""),
        (-1, "-1"),
        (-0.5, "-0.5"),
        (date(2026, 3, 9), "2026-03-09"),
        (timedelta(minutes=1.5), "90.0"),
        (datetime(2026, 3, 9, 9, 0, tzinfo=timezone(timedelta(hours=-5))), "2026-03-09T14:00:00Z"),
        (datetime(2026, 3, 9, 9, 0, 0, 250_000, tzinfo=UTC), "2026-03-09T09:00:00.250000Z"),
    ],
)
def test_values_have_one_text(value: Any, text: str) -> None:
    assert cell(value) == text


def test_an_instant_without_a_zone_is_never_written() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        cell(datetime(2026, 3, 9, 9, 0))  # noqa: DTZ001


@given(st.text(max_size=40))
def test_no_cell_begins_like_a_formula_unless_it_is_a_whole_number(text: str) -> None:
    shown = cell(text)
    number = re.fullmatch(r"\+[0-9]{8,15}", text, re.ASCII)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\0")) or number
    assert shown.replace("\r\n", "\n").endswith(text.replace("\r\n", "\n"))


def test_column_names_are_defused_too() -> None:
    out = io.StringIO()
    write_csv(out, [], ["=x", "to_number"])
    assert out.getvalue() == "'=x,to_number\n"


@given(st.dictionaries(st.sampled_from(RESULT_COLUMNS), st.text(max_size=10)))
def test_json_lines_lose_nothing(row: dict[str, str]) -> None:
    out = io.StringIO()
    assert write_jsonl(out, [row, row]) == 2
    lines = out.getvalue().split("\n")[:-1]
    assert len(lines) == 2
    found = json.loads(lines[0])
    assert tuple(found) == RESULT_COLUMNS
    assert {key: value for key, value in found.items() if value is not None} == row


def test_json_keeps_numbers_numbers_and_says_null() -> None:
    out = io.StringIO()
    write_jsonl(out, [RESULT])
    found = json.loads(out.getvalue())
    assert (found["attempts"], found["late_s"], found["cost"]) == (2, -3.25, None)
    assert found["key"] == "=A-1"
    assert found["answered_at"] == "2026-03-09T14:00:05Z"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_is_complete_or_as_it_was(tmp_path: Path, form: str) -> None:
    path = tmp_path / "results"
    path.write_text("old")

    def rows() -> Iterator[dict[str, Any]]:
        yield RESULT
        raise OSError("the database went away")

    with pytest.raises(OSError, match="went away"):
        write_results(path, rows(), form=form)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["results"]
    assert write_results(path, [RESULT], form=form) == 1
    assert "reminders" in path.read_text()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    write_results(tmp_path / "link.csv", [RESULT], form="csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert "reminders" in (tmp_path / "real.csv").read_text()


def test_a_device_is_written_not_replaced() -> None:
    assert write_results(Path("/dev/null"), [RESULT], form="csv") == 1
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_rows_are_written_as_they_come() -> None:
    out = io.StringIO()
    seen: list[int] = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(3):
            seen.append(len(out.getvalue().splitlines()))
            yield {"key": str(number)}

    write_csv(out, rows())
    assert seen == [1, 2, 3]


def test_rejects_say_where_and_why(tmp_path: Path) -> None:
    rows = [
        RejectedRow(line=3, column="mobile", reason="the number is empty"),
        BadRow(line=9, reason="1 cell where the header has 2"),
    ]
    assert write_rejects(tmp_path / "r.csv", rows, source="people.csv") == 2
    assert (tmp_path / "r.csv").read_text() == (
        "source_file,source_line,column,reason\n"
        "people.csv,3,mobile,the number is empty\n"
        "people.csv,9,,1 cell where the header has 2\n"
    )
