"""JSON is read as texts, like YAML: what a value means is decided by its key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from campaigns.errors import DefinitionError
from campaigns.files import campaign_file, json_tree
from campaigns.files.rows import Row

CAMPAIGN = {
    "name": "visits",
    "agent_id": "agent_reminder",
    "from_number": "+16175550199",
    "recording": False,
    "max_duration": 120,
    "contacts": {"key": "id", "rows": [{"id": 7, "to_number": "+16175550100", "paid": 12.50}]},
}


def said(content: bytes) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        json_tree.read(content, "body")
    return [str(fault) for fault in caught.value.faults]


def test_numbers_and_words_stay_as_they_are_written() -> None:
    content = b'{"a": 1800, "b": 12.50, "c": true, "d": null, "e": [1e3, "x"], "f": -0}'
    assert json_tree.read(content, "body").tree == {
        "a": "1800",
        "b": "12.50",
        "c": "true",
        "d": "",
        "e": ["1e3", "x"],
        "f": "-0",
    }


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "expected JSON"),
        (b'{"a": 007}', "body: expected JSON, got something else in line 1, column 8"),
        (b"[1]", "expected keys and values"),
        (b'{"a": "\xff"}', "expected text in utf-8, got the byte 0xff"),
        (b'{"a": {"b/c": 1, "b/c": 2}}', "/a/b~1c: expected each key once, got it again"),
        (b'{"a": "\\u0000"}', "/a: expected a text"),
        (b'{"a": ["\\ud800"]}', "/a/0: expected a text"),
        (b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}", "expected at most 20 levels"),
        (b"[" * 100_000, "expected at most 20 levels, got a deeper one"),
        (b'{"a": [' + b"0," * 100_000 + b"0]}", "expected at most 100,000 values"),
    ],
)
def test_what_cannot_be_read_says_where(content: bytes, why: str) -> None:
    (only,) = said(content)
    assert why in only


def test_the_order_of_keys_is_no_change() -> None:
    texts = (b'{"a":1,"b":2}', b'{"b":2, "a":1}', b'{"a":1,"b":3}')
    one, same, other = (json_tree.read(text, "body").digest for text in texts)
    assert one == same != other


def campaign(**more: Any) -> campaign_file.Source:
    content = json.dumps({**CAMPAIGN, **more}).encode()
    return campaign_file.of_document(json_tree.read(content, "body"), files=False)


def test_a_campaign_may_come_as_json() -> None:
    source = campaign()
    assert source.definition.max_duration.total_seconds() == 120
    assert source.definition.recording is False
    (row,) = source.rows()
    assert row == Row(line=1, cells={"id": "7", "to_number": "+16175550100", "paid": "12.5"})


def test_people_who_come_one_at_a_time_need_columns_and_no_row() -> None:
    source = campaign(contacts={"key": "id", "columns": ["id", "to_number"], "rows": []})
    assert (source.header, list(source.rows())) == (("id", "to_number"), [])


@pytest.mark.parametrize("contacts", ["people.csv", {"file": "/etc/passwd"}])
def test_no_file_of_this_machine_is_read(contacts: object) -> None:
    with pytest.raises(DefinitionError) as caught:
        campaign(contacts=contacts)
    (fault,) = caught.value.faults
    assert fault.at.startswith("/contacts")
    assert "no file is read here" in fault.hint
    assert "passwd" not in str(fault)


def test_a_row_is_of_texts() -> None:
    assert json_tree.row(b'{"n": 1}', "row") == {"n": "1"}
    with pytest.raises(DefinitionError, match="/n: n: expected a text"):
        json_tree.row(b'{"n": [1]}', "row")
