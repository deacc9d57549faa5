"""Files and events from anywhere: each line ends in one place, and nothing costs too much.

From the bytes of a list to the rows of the store, by the reader that `submit` uses.
"""

from __future__ import annotations

import codecs
import json
import tracemalloc
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from campaigns.core import cells
from campaigns.core.contacts import Contact, RejectedRow
from campaigns.engine.submit import Submission, submit
from campaigns.errors import CampaignsError, DefinitionError
from campaigns.files import csv_table, yaml_tree
from campaigns.files.campaign_file import load as load_source
from campaigns.files.rows import BadRow
from campaigns.loading import entries, load
from campaigns.provider.webhooks import digest, read_event
from campaigns.web.body import as_text
from tests.support.engine import World
from tests.support.trees import SMALL_YAML, TODAY, written

MEGABYTE = 1 << 20
DIRECTORY = [HealthCheck.function_scoped_fixture]

# Cells that have broken readers before: right to left, emoji, NUL, quotes, formulas, lone marks.
NASTY = st.sampled_from(
    (
        '"', '""', "'", ",", ";", "\t", "|", "\0", "\x1a", "\x0b", "\x0c", "\x1c", "\x85",
        "\u2028", "\ufeff", "\u200f", "\u202e", "שלום", "مرحبا", "👩‍👩‍👧", "e\u0301", "=1+1",
        "{{ name }}", "{% raw %}", "\\", "\\N", "NULL", "-", " ", "\u00a0", "0", "+1", "é", "ﷺ",
    )
)  # fmt: skip
TEXTS = st.lists(NASTY | st.text(max_size=3), max_size=4).map("".join)
ENDS = st.sampled_from(("\n", "\r\n", "\r"))


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def line_of(kind: str, n: int, note: str) -> str:
    """A line of the list `key,to_number,name`, of which we know what must become of it."""
    number = f"+1617555{n:04d}"
    seen = note.replace("\0", "")
    clean = quoted(seen) if cells.clean(seen) else "x"
    match kind:
        case "good":
            return f"k{n},{number},{clean}"
        case "repeated":
            return f"k0,{number},{clean}"
        case "no number":
            return f"k{n},,{clean}"
        case "bad number":
            return f"k{n},+1617,{clean}"
        case "no key":
            return f",{number},{clean}"
        case "left out":
            return f"k{n},{number},skip"
        case "too wide":
            return f"k{n},{number},x,y"
        case "too narrow":
            return f"k{n},{number}"
        case "bare quote":
            return f'k{n},{number},"x"y'
        case "nul":
            return f"k{n},{number},a\0b"
    raise AssertionError(kind)


BECOMES = {
    "good": "accepted",
    "repeated": "duplicate",
    "left out": "filtered",
}
KINDS = st.sampled_from(
    (
        "good", "good", "repeated", "no number", "bad number", "no key", "left out", "too wide",
        "too narrow", "bare quote", "nul",
    )
)  # fmt: skip
LISTED = (
    "contacts:\n  file: people.csv\n  key: key\n  where: \"{{ name != 'skip' }}\"\n"
    "calling_hours: always\ncontext:\n  name: '{{ name }}'\n"
)


@settings(suppress_health_check=DIRECTORY, max_examples=40)
@given(
    rows=st.lists(st.tuples(KINDS, TEXTS), min_size=1, max_size=12),
    end=ENDS,
    mark=st.booleans(),
    last=st.booleans(),
)
@example(rows=[("good", "\0"), ("good", "\u200f")], end="\n", mark=False, last=False)
def test_every_line_of_a_list_becomes_one_thing(
    tmp_path: Path, rows: list[tuple[str, str]], end: str, mark: bool, last: bool
) -> None:
    lines = ["key,to_number,name", "k0,+16175559999,first"]
    lines += [line_of(kind, n, note) for n, (kind, note) in enumerate(rows, start=1)]
    content = end.join(lines) + (end if last else "")
    written(tmp_path, codecs.BOM_UTF8 * mark + content.encode("utf-8", "replace"))
    loaded = load(written(tmp_path, SMALL_YAML + LISTED, "c.yaml"))
    world = World()
    counts = submit(loaded.submission(), world.parts, who="test", looked=True).counts
    meant = Counter(BECOMES.get(kind, "rejected") for kind, _ in rows)
    assert counts.lines == len(rows) + 1
    assert counts.accepted == meant["accepted"] + 1
    assert (counts.duplicate, counts.filtered) == (meant["duplicate"], meant["filtered"])
    assert counts.rejected == meant["rejected"]
    kept = [row["source_line"] for row in world.rows("SELECT source_line FROM contact")]
    kept += [row["line"] for row in world.rows("SELECT line FROM rejected_row")]
    assert len(kept) == len(set(kept)) == counts.lines


@settings(suppress_health_check=DIRECTORY, max_examples=80)
@given(
    cells=st.lists(TEXTS, max_size=12),
    between=st.lists(st.sampled_from((",", ";", "\t", "\n", "\r\n", "\r", '"')), min_size=1),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")),
)
def test_whatever_stands_in_a_list_is_counted_once_or_refused_in_our_words(
    tmp_path: Path, cells: list[str], between: list[str], encoding: str
) -> None:
    body = "".join(cell + between[n % len(between)] for n, cell in enumerate(cells))
    head = "key,to_number,name\nk,+16175559999,first\n"
    written(tmp_path, (head + body).encode(encoding, "replace"))
    try:
        loaded = load(written(tmp_path, SMALL_YAML + LISTED, "c.yaml"))
        listed = list(entries(loaded))
    except DefinitionError:
        return
    places = [entry.line for entry in listed]
    assert places == sorted(set(places))
    world = World()
    submission = Submission(
        definition=loaded.definition,
        digest="d",
        header=loaded.source.header,
        source="people.csv",
        entries=listed,
    )
    counts = submit(submission, world.parts, who="test", looked=True).counts
    stored = len(world.tasks()) + len(world.rows("SELECT line FROM rejected_row"))
    assert stored == counts.lines == len(listed)
    for entry in listed:
        if isinstance(entry, Contact):
            json.dumps(dict(entry.fields)).encode()
        if isinstance(entry, RejectedRow):
            assert "+1617555" not in entry.reason


YAML_LINES = (
    *(SMALL_YAML + LISTED).splitlines(),
    "retry:", "  no_answer: [30m, 4h]", "- x", "  - y: [", "&a [*a]", "<<: *a", "? x", "!!python/x",
    "\t", "a: b: c", "%YAML 9.9", "---", "...", "'", '"', "{", "#", ": ", "🙂: 🙃", "\u202e: x",
    "name: ''", "contacts: []", "schedule: {start: 2026-13-45}", "context: {a: '{{ 1/0 }}'}",
)  # fmt: skip


@settings(suppress_health_check=DIRECTORY)
@given(lines=st.lists(st.sampled_from(YAML_LINES) | TEXTS, max_size=14), end=ENDS)
def test_a_campaign_file_of_any_lines_is_read_or_refused_in_our_words(
    tmp_path: Path, lines: list[str], end: str
) -> None:
    written(tmp_path, "key,to_number,name\nk,+16175559999,first\n")
    path = written(tmp_path, end.join(lines).encode("utf-8", "replace"), "c.yaml")
    with suppress(DefinitionError):
        assert load_source(path, today=TODAY).definition.name


DEEP = st.integers(1, 40_000)


@given(
    depth=DEEP,
    opening=st.sampled_from((b"[", b'{"data":', b'{"status":[')),
    tail=st.binary(max_size=8),
)
def test_an_event_however_deep_can_be_stored(depth: int, opening: bytes, tail: bytes) -> None:
    body = (opening * depth + tail)[: 64 * 1024]
    event = read_event(body)
    assert "\0" not in event.word + as_text(body)
    as_text(body).encode()
    digest(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"status": "\\ud800", "call_id": "\\udfff"}',
        b'{"status": "completed", "status": "busy"}',
        b'{"duration": 1e999, "timestamp": -1e308}',
        b'{"call_id": ' + b"9" * 60_000 + b"}",
        b'{"data": {"status": {"status": "completed"}}}',
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"event": "call.completed"}',
        b'{"event": "call.completed", "x": "' + b"\\u0000" * 9_000 + b'"}',
    ],
)
def test_strange_events_are_read_and_can_be_stored(body: bytes) -> None:
    event = read_event(body)
    event.word.encode()
    (event.call_id or "").encode()
    assert "\0" not in as_text(body)
    digest(body)


def peak(do: Callable[[], object]) -> int:
    """The most memory that was held at once while it was done."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(do: Callable[[], object]) -> Callable[[], None]:
    def doing() -> None:
        with pytest.raises(CampaignsError):
            do()

    return doing


def test_a_row_of_a_million_columns_costs_no_more_than_its_line(tmp_path: Path) -> None:
    wide = written(tmp_path, "key,to_number\nk,+16175550100\n" + "," * 999_000 + "x\n")
    table = csv_table.read(wide, "people.csv")
    found: list[object] = []
    assert peak(lambda: found.extend(table.rows())) < 40 * MEGABYTE
    assert [isinstance(row, BadRow) for row in found] == [False, True]


def test_a_list_of_quotes_costs_no_more_than_a_chunk(tmp_path: Path) -> None:
    hostile = written(tmp_path, "key,to_number\nk,+16175550100\n" + '"\n' * 200_001)
    table = csv_table.read(hostile, "people.csv")
    assert peak(lambda: Counter(type(row) for row in table.rows())) < 16 * MEGABYTE


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: &a [x]\n" + "".join(f"k{n}: [{'*a, ' * 50}]\n" for n in range(2_000)),
        "\n".join(f"k{n}: " + "x" * 100 for n in range(20_000)),
    ],
)
def test_a_hostile_campaign_file_is_refused_within_bounds(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text, "c.yaml")
    assert peak(refused(lambda: yaml_tree.read(path, "c.yaml"))) < 64 * MEGABYTE


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 65_536,
        b"[" + b"[]," * 21_000 + b"[]]",
        b'{"' + b'":{"' * 16_000,
        b'"' + b"\\u0000" * 10_000 + b'"',
    ],
)
def test_an_event_of_the_largest_size_costs_little(body: bytes) -> None:
    assert peak(lambda: (read_event(body), digest(body), as_text(body))) < 12 * MEGABYTE
