"""A CSV is read a row at a time; a list that cannot be one is refused as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.files.rows import Row
from tests.support.lists import cells, read, rows, said
from tests.support.trees import PEOPLE


def test_rows_have_their_cells_and_lines(tmp_path: Path) -> None:
    table = read(tmp_path, PEOPLE)
    assert table.header == ("to_number", "name")
    assert list(table.rows()) == [
        Row(line=2, cells={"to_number": "+16175550100", "name": "Ann"}),
        Row(line=3, cells={"to_number": "+16175550101", "name": "Ben"}),
    ]


def test_rows_can_be_asked_for_again(tmp_path: Path) -> None:
    table = read(tmp_path, PEOPLE)
    first = table.rows()
    next(first)
    assert len(list(table.rows())) == 2
    assert len(list(first)) == 1


def test_cells_stay_as_they_are_written(tmp_path: Path) -> None:
    (row,) = cells(tmp_path, 'a,b,c\n0412,"x, ""y""",no\n')
    assert row == {"a": "0412", "b": 'x, "y"', "c": "no"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = 'to_number|name|note\n1|"a|b"|c, d; e\n2|x|y\n'.replace("|", delimiter)
    table = read(tmp_path, text.replace("c, d; e", "c"))
    assert table.delimiter == delimiter
    assert [row.cells["name"] for row in table.rows() if isinstance(row, Row)] == [
        f"a{delimiter}b",
        "x",
    ]


def test_a_delimiter_that_cells_also_hold_is_not_mistaken(tmp_path: Path) -> None:
    table = read(tmp_path, "to_number;name, first;x\n1;Doe, Jane;a\n2;Roe;b\n3;Poe;c\n")
    assert table.header == ("to_number", "name, first", "x")


def test_the_line_that_spreadsheets_write_for_themselves_is_passed_over(tmp_path: Path) -> None:
    assert rows(tmp_path, "sep=;\na;b\n1;2\n") == [Row(line=3, cells={"a": "1", "b": "2"})]


def test_one_column_is_a_list_too(tmp_path: Path) -> None:
    assert cells(tmp_path, "to_number\n+16175550100\n\n+16175550101\n") == [
        {"to_number": "+16175550100"},
        {"to_number": "+16175550101"},
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_read(tmp_path: Path, end: str) -> None:
    assert rows(tmp_path, end.join(["a,b", "1,2", "3,4"])) == [
        Row(line=2, cells={"a": "1", "b": "2"}),
        Row(line=3, cells={"a": "3", "b": "4"}),
    ]


def test_a_cell_may_have_lines_and_the_row_starts_where_it_starts(tmp_path: Path) -> None:
    assert rows(tmp_path, 'a,b\n1,"x\ny"\n2,z\n') == [
        Row(line=2, cells={"a": "1", "b": "x\ny"}),
        Row(line=4, cells={"a": "2", "b": "z"}),
    ]


def test_a_space_before_a_quote_does_not_make_it_a_letter(tmp_path: Path) -> None:
    assert cells(tmp_path, 'a, b\n1, "x, y"\n') == [{"a": "1", "b": "x, y"}]


def test_empty_lines_and_empty_columns_at_the_end_are_passed_over(tmp_path: Path) -> None:
    found = rows(tmp_path, "\n\na,b,,\n\n1,2,,\n,,,\n  \n3,4\n5,6,\n \t, \n")
    assert [(row.line, row.cells) for row in found if isinstance(row, Row)] == [
        (5, {"a": "1", "b": "2"}),
        (8, {"a": "3", "b": "4"}),
        (9, {"a": "5", "b": "6"}),
    ]
    assert len(found) == 3


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"\xef\xbb\xbfa,b\n1,J\xc3\xa9r\xc3\xb4me\n", "utf-8"),
        ("a,b\n1,Jérôme\n".encode(), "utf-8"),
        ("a,b\n1,Jérôme\n".encode("cp1252"), "cp1252"),
        ("a,b\n1,Jérôme\n".encode("utf-16"), "utf-16"),
        ("\ufeffa,b\n1,Jérôme\n".encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_encodings(tmp_path: Path, content: bytes, encoding: str) -> None:
    assert cells(tmp_path, content, encoding) == [{"a": "1", "b": "Jérôme"}]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a,b\n1,J\xe9r\xf4me\n", 2),
        (b"a,b\r\n1,2\r\n3,\xe9\r\n", 3),
        (b"a,b\r1,2\r3,\xe9\r", 3),
        (b"a,b\n" + b"1,2\n" * 200_000 + b"3,\xe9\n", 200_002),
        (b"a,b\n1,2\n3,\xc3", 3),
    ],
)
def test_a_byte_of_another_encoding_is_named_with_its_line(
    tmp_path: Path, content: bytes, line: int
) -> None:
    (told,) = said(tmp_path, content)
    assert told.startswith(f"people.csv:{line}: expected text in utf-8, got the byte 0x")
    assert "contacts.encoding" in told
    assert "cp1252" in told


def test_a_byte_that_a_named_encoding_lacks_is_told_too(tmp_path: Path) -> None:
    (told,) = said(tmp_path, b"a,b\n1,\x81\n", "cp1252")
    assert told.startswith("people.csv:2: expected text in cp1252, got the byte 0x81")


@pytest.mark.parametrize(
    ("encoding", "hint"),
    [("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-le")],
)
def test_utf16_is_recognised(tmp_path: Path, encoding: str, hint: str) -> None:
    (told,) = said(tmp_path, PEOPLE.encode(encoding))
    assert f"save it as UTF-8, or name its encoding: {hint}" in told


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"PK\x03\x04", "a spreadsheet (.xlsx)"),
        (b"\xd0\xcf\x11\xe0", "a spreadsheet (.xls)"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, head: bytes, what: str) -> None:
    (told,) = said(tmp_path, head + bytes(range(256)))
    assert told.startswith(f"people.csv: expected a text file, got {what}")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "  \n"])
def test_an_empty_list_is_said_to_be_empty(tmp_path: Path, content: str) -> None:
    (told,) = said(tmp_path, content)
    assert told.startswith("people.csv: expected a header and at least one contact, got an empty")


@pytest.mark.parametrize("content", ["to_number,name\n", "to_number,name", "to_number,name\n,\n\n"])
def test_a_header_only_has_its_own_sentence(tmp_path: Path, content: str) -> None:
    (told,) = said(tmp_path, content)
    assert told.startswith(
        "people.csv:1: expected at least one contact below the header, got a header only"
    )


def test_a_list_of_bad_rows_is_still_a_list(tmp_path: Path) -> None:
    assert len(rows(tmp_path, "a,b\n1\n")) == 1


def test_a_list_without_a_header_would_lose_its_first_person(tmp_path: Path) -> None:
    (told,) = said(tmp_path, "+16175550100,Ann\n+16175550101,Ben\n")
    assert "people.csv:1: expected a header, got a first row that holds a number" in told
    assert "5550100" not in told


def test_every_fault_of_a_header_is_told(tmp_path: Path) -> None:
    told = said(tmp_path, "a,,b,a, b \n1,2,3,4,5\n")
    assert [one.removeprefix("people.csv:1: expected ").partition(" (")[0] for one in told] == [
        "a name for every column, got none for column 2",
        "each column name once, got a for columns 1 and 4",
        "each column name once, got b for columns 3 and 5",
    ]


def test_a_header_of_thousands_of_columns_is_none(tmp_path: Path) -> None:
    assert (
        "expected at most 500 columns, got 100001" in said(tmp_path, "a," * 100_000 + "a\n1\n")[0]
    )
