"""A YAML file is texts with lines; what goes wrong in one is told as a person would say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.errors import DefinitionError
from campaigns.files import yaml_tree
from campaigns.files.yaml_compose import MOST_NODES
from tests.support.trees import written


def read(directory: Path, text: str | bytes) -> yaml_tree.Document:
    return yaml_tree.read(written(directory, text, "c.yaml"), "c.yaml")


def said(directory: Path, text: str | bytes) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read(directory, text)
    return [str(fault) for fault in caught.value.faults]


def test_every_scalar_is_the_text_that_was_typed(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "number: +16175550100\nlocal: 0412\ntime: 17:00\nno: no\nbig: 1_000\n"
        'date: 2026-03-09\nquoted: "null"\nlist: [1e3, 0x1f]\nfolded: >\n  two\n  lines\n',
    )
    assert document.tree == {
        "number": "+16175550100",
        "local": "0412",
        "time": "17:00",
        "no": "no",
        "big": "1_000",
        "date": "2026-03-09",
        "quoted": "null",
        "list": ["1e3", "0x1f"],
        "folded": "two lines\n",
    }


@pytest.mark.parametrize("nothing", ["", "~", "null", '""'])
def test_nothing_is_an_empty_text(tmp_path: Path, nothing: str) -> None:
    assert read(tmp_path, f"a: {nothing}\n").tree == {"a": ""}


@pytest.mark.parametrize("name", ["Null", "NULL", "nullable", "'~'"])
def test_a_person_may_be_called_null(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f"a: {name}\n").tree == {"a": name.strip("'")}


def test_every_key_and_item_knows_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "# first\na: 1\nb:\n  c:\n    - x\n    - {d: 1,\n       e: 2}\n")
    lines = {
        ("a",): 2,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "c", 0): 5,
        ("b", "c", 1): 6,
        ("b", "c", 1, "e"): 7,
        ("b", "nothing", "of", "it"): 3,
        (): 2,
    }
    assert {path: document.line(path) for path in lines} == lines
    assert document.at(("b", "c")) == "c.yaml:4"


def test_json_is_yaml(tmp_path: Path) -> None:
    assert read(tmp_path, '{"a": {"b": [1, true, null]}}').tree == {"a": {"b": ["1", "true", ""]}}


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    document = read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert document.tree == {"a": "1", "b": "2"}
    assert document.line(("b",)) == 2


def test_aliases_and_merges_are_read(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "x-base: &base\n  busy: 10m\n  failed: 1h\nretry:\n  <<: *base\n  busy: 5m\nlike: *base\n",
    )
    assert document.tree["retry"] == {"busy": "5m", "failed": "1h"}
    assert document.tree["like"] == {"busy": "10m", "failed": "1h"}
    assert document.line(("retry", "failed")) == 3
    assert document.line(("like", "busy")) == 2


def test_a_key_named_twice_is_a_fault_that_does_not_stop_the_reading(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 4\n")
    assert document.tree == {"a": "1", "b": {"c": "1", "d": "2"}}
    assert [str(fault).partition(" (")[0] for fault in document.faults] == [
        "c.yaml:5: b.c: expected each key once, got it again, first on line 3",
        "c.yaml:6: a: expected each key once, got it again, first on line 1",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "when: {{ when }}",
        "when: {{ when | spoken }}",
        "when: {{ when }} please",
        "when: {{ when['x'] }}",
        "when: {{ when | default('a, b') }}",
        "when: {{when}}",
    ],
)
def test_an_unquoted_template_has_its_own_sentence(tmp_path: Path, line: str) -> None:
    try:
        told = [str(fault) for fault in read(tmp_path, f"context:\n  {line}\nx: y\n").faults]
    except DefinitionError as error:
        told = [str(fault) for fault in error.faults]
    assert len(told) == 1
    assert told[0].startswith("c.yaml:2: ")
    assert "expected a text, got an unquoted {{" in told[0]
    assert 'in quotes: when: "{{ … }}")' in told[0]


def test_an_unquoted_statement_has_it_too(tmp_path: Path) -> None:
    assert "got an unquoted {%" in said(tmp_path, "a: {% if x %}y{% endif %}\n")[0]


@pytest.mark.parametrize("cron", ["* * * * *", "*/10 * * * *", "*"])
def test_a_cron_that_starts_with_a_star_is_told_to_be_quoted(tmp_path: Path, cron: str) -> None:
    (told,) = said(tmp_path, f"schedule:\n  cron: {cron}\n")
    assert told.startswith("c.yaml:2: schedule.cron: ")
    assert "alias" in told
    assert "in quotes" in told


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: b: c\n", 1, "a second `: ` on the line (put a text with a colon in quotes)"),
        ("a: 1\n b: 2\n", 2, "expected a key in line with those above, got another indent"),
        ("a:\n\tb: 1\n", 2, "expected spaces as indent, got a tab (replace tabs by spaces)"),
        ("a: 'x\nb: 2\n", 1, "expected a closing quote, got the end of the file"),
        ('a: "\\q"\n', 1, "a backslash that YAML does not know (use 'single quotes')"),
        ("a: {b: c\nd: 1\n", 2, "expected a closing bracket"),
        ("a: @b\n", 1, "a sign that no plain text starts with (put the text in quotes)"),
        ("a:b\nc: d\n", 2, "write key: value with a space after the colon"),
        ("a: \x01\n", 1, "expected text, got a control character"),
        ("a: 1\n---\nb: 2\n", 2, "expected one document, got a second one after ---"),
        ("a: 1\nb: *nobody\n", 2, "b: expected &nobody somewhere above, got *nobody"),
        ("a: &a [*a]\n", 1, "expected &a somewhere above"),
        ("- a\n", 1, "expected keys and values such as name: reminders, got a list"),
        ("to_number,name\n", 1, "got a text (a list of people ends in .csv)"),
        ("%YAML 9.0\n---\na: 1\n", 1, "expected YAML"),
    ],
)
def test_the_usual_accidents_are_told_in_words(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    (told,) = said(tmp_path, text)
    assert told.startswith(f"c.yaml:{line}: ")
    assert says in told
    assert "\n" not in told


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!int", "!mine", "!!binary"])
def test_tags_are_refused_and_nothing_is_constructed(tmp_path: Path, tag: str) -> None:
    (fault,) = read(tmp_path, f"a: {tag} x\n").faults
    assert "expected a plain value, got a tag" in str(fault)


@pytest.mark.parametrize("text", ["a: !!str 5\n", "a: ! 5\n"])
def test_a_tag_that_says_text_changes_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).faults == ()


def test_a_list_cannot_be_a_key(tmp_path: Path) -> None:
    (fault,) = read(tmp_path, "? [a, b]\n: c\nd: e\n").faults
    assert "expected a text as key, got a list or a mapping" in str(fault)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~\n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, text: str) -> None:
    (told,) = said(tmp_path, text)
    assert told.startswith("c.yaml: expected a campaign, got an empty file (")


def test_bytes_that_are_no_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    (told,) = said(tmp_path, "a: 1\nb: Jérôme\n".encode("cp1252"))
    assert told.startswith("c.yaml:2: expected text in utf-8, got the byte 0xe9 (save it as UTF-8")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_recognised(tmp_path: Path, encoding: str) -> None:
    (told,) = said(tmp_path, "name: reminders\n".encode(encoding))
    assert "save it as UTF-8" in told


def test_a_bomb_of_aliases_is_refused_by_arithmetic(tmp_path: Path) -> None:
    bomb = "x-0: &a0 [" + ",".join(["lol"] * 10) + "]\n"
    for level in range(1, 30):
        bomb += f"x-{level}: &a{level} [" + ",".join([f"*a{level - 1}"] * 10) + "]\n"
    (told,) = said(tmp_path, bomb)
    assert f"expected at most {MOST_NODES:,} values, aliases unfolded, got more" in told


def test_a_bomb_of_merges_is_refused_too(tmp_path: Path) -> None:
    keys = ", ".join(f"k{number}: v" for number in range(1_000))
    bomb = f"x: &x {{{keys}}}\n" + "".join(f"y{n}: {{<<: *x}}\n" for n in range(1_000))
    assert "aliases unfolded, got more" in said(tmp_path, bomb)[-1]


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 100_000, "a: " + "{" * 100_000, "- " * 100_000, "[\n" * 100_000]
)
def test_depth_is_bounded(tmp_path: Path, text: str) -> None:
    assert any("expected at most 20 levels" in told for told in said(tmp_path, text))


def test_size_is_bounded(tmp_path: Path) -> None:
    (told,) = said(tmp_path, "a: " + "x" * yaml_tree.LARGEST)
    assert "expected a campaign file of at most 1 MB" in told
    assert "contacts: people.csv" in told


def test_one_long_line_is_explained_as_fast_as_a_short_one(tmp_path: Path) -> None:
    (told,) = said(tmp_path, "a: " + "b" * 900_000 + ": {{ x")
    assert len(told) < 300


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(text=st.text(alphabet="ab:-{}[]*&!|>'\"%#,? \n\t<~@`0\\", max_size=60))
def test_no_text_makes_it_fall_over(tmp_path: Path, text: str) -> None:
    try:
        tree: Any = read(tmp_path, text).tree
    except DefinitionError as error:
        assert all("\n" not in str(fault) for fault in error.faults)  # noqa: PT017
    else:
        assert isinstance(tree, dict)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80))
def test_no_bytes_make_it_fall_over(tmp_path: Path, content: bytes) -> None:
    try:
        read(tmp_path, content)
    except DefinitionError as error:
        assert error.faults  # noqa: PT017
