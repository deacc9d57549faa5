"""Bad rows are kept with their line, hostile lists cost neither memory nor the other rows."""

from __future__ import annotations

import csv
import io
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.errors import DefinitionError
from campaigns.files import csv_table
from campaigns.files.rows import BadRow, Row
from tests.support.lists import bad, cells, read, rows
from tests.support.trees import PEOPLE, written


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1", "1 cell where the header has 2 (delimiter comma; is a delimiter missing?)"),
        ("1,2,3", "3 cells where the header has 2 (delimiter comma; a cell that holds the"),
        ('1,"x"y', "a quote inside a quoted cell: double it"),
        ("1,a\0b", "a NUL byte: the file was cut or mixed with another"),
        ("1," + "x" * 200_000, "a cell over 128 kB"),
        ("1," + "x" * 1_000_001, "over 1 MB"),
        ("1," + "x" * 3_000_000, "over 1 MB"),
    ],
)
def test_a_bad_row_is_kept_with_its_line_and_the_others_are_read(
    tmp_path: Path, row: str, reason: str
) -> None:
    found = rows(tmp_path, f"a,b\n1,2\n{row}\n3,4\n")
    assert [one.line for one in found] == [2, 3, 4]
    assert [type(one) for one in found] == [Row, BadRow, Row]
    assert isinstance(found[1], BadRow)
    assert found[1].reason.startswith(reason)


def test_a_quote_that_is_never_closed_says_what_it_swallowed(tmp_path: Path) -> None:
    assert bad(tmp_path, 'a,b\n1,"x\n2,y\n3,z\n') == [
        (2, "a quote that is opened and never closed; lines 2 to 4 are not read")
    ]


def test_an_unclosed_quote_in_a_long_list_costs_lines_not_memory(tmp_path: Path) -> None:
    text = 'a,b\n0,"x\n' + "".join(f"{number},y\n" for number in range(50_000))
    found = rows(tmp_path, text)
    assert isinstance(found[0], BadRow)
    assert "a quote that is opened and never closed" in found[0].reason
    swallowed = int(found[0].reason.split(" to ")[1].split(" ")[0]) - 1
    assert len(found) - 1 == 50_001 - swallowed


def test_cells_over_many_lines_end_where_a_row_may_end(tmp_path: Path) -> None:
    found = rows(tmp_path, 'a,b\n1,"' + '","\n' * 400_000)
    assert isinstance(found[0], BadRow)
    assert found[0].reason.startswith("over 1 MB")


def test_reasons_hold_nothing_of_the_row(tmp_path: Path) -> None:
    for _, reason in bad(tmp_path, 'a,b\n+16175550100\n"Ann"Lee,+16175550101\nAnn,Lee,secret\n'):
        assert not any(word in reason for word in ("555", "Ann", "Lee", "secret"))


def _long_line(path: Path, megabytes: int, before: bytes = b"", after: bytes = b"") -> None:
    with path.open("wb") as file:
        file.write(before)
        for _ in range(megabytes):
            file.write(b"x" * 1_000_000)
        file.write(after)


def test_a_hundred_megabytes_on_one_line_are_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    _long_line(path, 100, b"a,b\n1,2\n", b"\n3,4\n")
    tracemalloc.start()
    try:
        found = list(csv_table.read(path, "people.csv").rows())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [type(one) for one in found] == [Row, BadRow, Row]
    assert peak < 20_000_000


def test_a_header_of_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    _long_line(path, 100)
    with pytest.raises(DefinitionError, match="expected a header, got a line that is none"):
        csv_table.read(path, "people.csv")


def test_memory_does_not_grow_with_the_list(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.csv"
        with path.open("w") as file:
            file.write("to_number,name,note\n")
            file.writelines(f"+1617555{n % 10_000:04},Person {n},some note\n" for n in range(count))
        tracemalloc.start()
        try:
            table = csv_table.read(path, "people.csv")
            assert sum(1 for _ in table.rows()) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(100_000) < peak(20_000) * 1.2 + 100_000


def test_size_and_lines_hint_at_how_much_there_is(tmp_path: Path) -> None:
    table = read(tmp_path, PEOPLE)
    assert (table.size, table.lines) == (len(PEOPLE), 3)


@pytest.mark.parametrize(
    "changed", [PEOPLE + "+16175550102,Cat\n", PEOPLE.replace("Ben", "Bob"), "to_number,name\n"]
)
def test_a_list_that_changes_between_two_readings_is_refused(tmp_path: Path, changed: str) -> None:
    table = read(tmp_path, PEOPLE)
    written(tmp_path, changed)
    with pytest.raises(DefinitionError, match="a file that stays as it is while it is read"):
        list(table.rows())


def test_a_list_that_is_rewritten_in_another_encoding_is_refused(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\n1,xy\n")
    written(tmp_path, b"a,b\n1,\xe9y\n")
    with pytest.raises(DefinitionError, match="got one that has changed"):
        list(table.rows())


def test_a_list_that_is_gone_is_told(tmp_path: Path) -> None:
    table = read(tmp_path, PEOPLE)
    table.path.unlink()
    with pytest.raises(DefinitionError, match=r"got no file people\.csv"):
        list(table.rows())


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path, got in (
        (tmp_path / "none.csv", "no file x"),
        (tmp_path, "a directory"),
        (pipe, "no regular file (save it to a file first)"),
        (tmp_path / ("n" * 300), "File name too long"),
        (Path("a\0b"), "not a path"),
    ):
        with pytest.raises(DefinitionError) as caught:
            csv_table.read(path, "x", at="c.yaml:4", key="contacts")
        told = str(caught.value)
        assert told.startswith("c.yaml:4: contacts: expected a file that can be read, got ")
        assert got in told


CELLS = st.text(alphabet="ab,;\"'\n\r |\t=é", max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_what_a_csv_writer_wrote_comes_back(
    tmp_path: Path, people: list[tuple[str, str, str]]
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["to_number", "name", "note"])
    writer.writerows(people)
    expected = [person for person in people if any(cell.strip() for cell in person)]
    if not expected:
        return
    found = [tuple(row.values()) for row in cells(tmp_path, out.getvalue())]
    assert found == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.binary(max_size=120).map(lambda tail: b"to_number,name\n" + tail))
def test_no_bytes_make_it_fall_over_and_no_line_is_lost(tmp_path: Path, content: bytes) -> None:
    try:
        found = rows(tmp_path, content)
    except DefinitionError:
        return
    lines = [row.line for row in found]
    assert lines == sorted(set(lines))
