"""A key nobody knows is answered in the person's own word, also when it is another tool's."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.parsing import parse
from campaigns.errors import DefinitionError
from tests.support.trees import SMALL, definition, fault, faults

SAYS = [
    # a slip of the finger
    ({"recordng": "yes"}, "did you mean recording?"),
    ({"colour": "red"}, "known here: "),
    ({"max-duration": "2m"}, "did you mean max_duration?"),
    ({"retry": {"no_anwser": "1h"}}, "did you mean no_answer?"),
    ({"calling_hours": {"mon": "09:00-10:00", "close": "2026-11-27"}}, "did you mean closed?"),
    # the right key in the wrong place
    ({"max_attempts": "3"}, "write it under retry"),
    ({"start": "2026-03-09T09:00Z"}, "write it under schedule"),
    ({"timezone": "Asia/Tokyo"}, "write it under contacts or schedule or calling_hours"),
    ({"schedule": {"recording": "no"}}, "write it under the top level"),
    ({"weekdays": "09:00-17:00"}, "known here: name"),
    # the words of other tools
    (
        {"max_retries": "3"},
        "under retry, max_attempts counts the first call: write max_attempts: 4",
    ),
    ({"retry": {"max_retries": "0"}}, "max_attempts counts the first call: write max_attempts: 1"),
    ({"retries": "many"}, "under retry, max_attempts counts the first call: write one more"),
    ({"phone": "mobile"}, "write to_number under contacts"),
    ({"phone_number": "mobile"}, "write to_number under contacts"),
    ({"caller_id": "+16175550100"}, "it is called from_number here"),
    ({"phone_number_id": "pn_1"}, "it is called from_number here"),
    ({"assistant_id": "a"}, "it is called agent_id here"),
    ({"prompt": "Hi"}, "the prompt belongs to the agent at the provider; send data with `context`"),
    ({"first_message": "Hi"}, "the prompt belongs to the agent"),
    ({"variables": {}}, "it is called context here"),
    ({"dynamic_variables": {}}, "it is called context here"),
    ({"csv": "people.csv"}, "it is called contacts here"),
    ({"recipients": []}, "it is called contacts here"),
    ({"call_window": "9-17"}, "it is called calling_hours here"),
    ({"start_time": "x"}, "write start under schedule"),
    ({"retry_delay": "1h"}, "write no_answer under retry"),
    ({"webhook_url": "https://x"}, "it is called notify here; that is not yet supported either"),
    ({"concurrency": "3"}, "write concurrent_calls under pacing"),
    ({"pacing": {"pilot": "10"}}, "it is called first here"),
    ({"description": "about"}, "keys for your own use start with x-: x-description"),
    ({"contacts": {"file": "a.csv", "id": "k"}}, "it is called key here"),
    ({"contacts": {"file": "a.csv", "delimiter": ";"}}, "remove it: the delimiter is found"),
    ({"contacts": {"path": "a.csv", "file": "b.csv"}}, "it is called file here"),
    ({"retry": {"delay": "1h"}}, "it is called no_answer here"),
    ({"retry": {"completed": "1h"}}, "a call that was answered is never repeated"),
    ({"schedule": {"hours": "x"}}, "write calling_hours at the top level"),
    ({"zzz": "1"}, "known here: name, purpose, agent_id, from_number"),
]


@pytest.mark.parametrize(("keys", "hint"), SAYS, ids=lambda value: str(value)[:40])
def test_an_unknown_key_is_told_the_known_one(keys: dict[str, Any], hint: str) -> None:
    said = fault(**keys)
    assert "got an unknown one" in said
    assert f"({hint}" in said


def test_every_word_of_other_tools_is_answered_with_a_real_key() -> None:
    from campaigns.core.vocabulary import _FOREIGN, KEYS, NOT_YET

    for section, words in _FOREIGN.items():
        for path in words:
            assert path in KEYS or path in NOT_YET, path
        theirs = [word for many in words.values() for word in many.split()]
        ours = {path.rpartition(".")[2] for path in (*KEYS, *NOT_YET) if _parent(path) == section}
        assert len(theirs) == len(set(theirs)), section
        assert not ours & set(theirs), section


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def test_keys_of_ones_own_start_with_x() -> None:
    assert definition(**{"x-team": ["a", {"b": "c"}]}) == definition()
    assert "retry.x-why" in fault(retry={"x-why": "y"})


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"purpose": "sales"}, "purpose: expected one of appointment, service, survey"),
        ({"purpose": "surveys"}, "(did you mean survey?)"),
        ({"agent_id": "my agent"}, "agent_id: expected an id without spaces, got my agent"),
        ({"agent_id": ""}, "agent_id: expected a text, got nothing"),
        ({"agent_id": ["a"]}, "agent_id: expected a text, got a list"),
        ({"recording": "perhaps"}, "recording: expected true or false, got perhaps"),
        ({"contacts": ""}, "contacts: expected a text, got nothing"),
        ({"contacts": ["a.csv"]}, "contacts: expected keys and values, or a file name, got a list"),
        ({"contacts": {}}, "contacts: expected either `file` or `rows`, got neither"),
        (
            {"contacts": {"file": "a.csv", "rows": [{"a": "b"}]}},
            "contacts: expected either `file` or `rows`, got both",
        ),
        ({"contacts": {"rows": []}}, "contacts.rows: expected a list of contacts, got nothing"),
        ({"contacts": {"rows": {"a": "b"}}}, "contacts.rows: expected a list of contacts"),
        (
            {"contacts": {"rows": [], "columns": []}},
            "contacts.columns: expected a list of columns, got nothing",
        ),
        (
            {"contacts": {"file": "a.csv", "columns": ["to_number"]}},
            "contacts.columns: expected nothing beside `file`, got a list",
        ),
        ({"contacts": {"rows": ["x"]}}, "contacts.rows[1]: expected keys and values, got x"),
        (
            {"contacts": {"rows": [{"a": "b"}, {"a": ["c"]}]}},
            "contacts.rows[2].a: expected a text, got a list",
        ),
        (
            {"contacts": {"file": "a.csv", "region": "UK"}},
            "contacts.region: expected a country by its two letters, such as US, got UK (write GB)",
        ),
        ({"contacts": {"file": "a.csv", "encoding": "ansi"}}, "write cp1252"),
        ({"contacts": {"file": "a.csv", "encoding": "rot13"}}, "got rot13"),
        ({"contacts": {"file": "a.csv", "encoding": "idna"}}, "got idna"),
        ({"contacts": {"file": "a.csv", "encoding": "a\0b"}}, "got a·b"),
        ({"contacts": {"file": "a.csv", "same_number": "separately"}}, "did you mean separate?"),
        ({"contacts": {"file": "a.csv", "zone_evidence": "none"}}, "one of both, stated"),
        ({"context": "some"}, "context: expected keys and values, or `all`, got some"),
        ({"context": {"a": {"b": "c"}}}, "context.a: expected a text, got keys and values"),
        ({"context": {"a": ""}}, "context.a: expected a text, got nothing"),
        ({"context": {" ": "x"}}, "context: expected a name for each value"),
        ({"retry": "3"}, "retry: expected keys and values, or `never`, got 3"),
        ({"retry": {"max_attempts": "0"}}, "expected a whole number from 1 to 20, got 0"),
        ({"retry": {"max_attempts": "21"}}, "expected a whole number from 1 to 20, got 21"),
        ({"retry": {"max_attempts": "2.0"}}, "expected a whole number from 1 to 20, got 2.0"),
        ({"retry": {"max_attempts": "٣"}}, "expected a whole number from 1 to 20"),
        ({"retry": {"busy": "30"}}, "got 30 (write a unit: 30m or 30s)"),
        ({"retry": {"busy": "31d"}}, "retry.busy: expected a wait of at most 30d, got 31d"),
        ({"retry": {"busy": "0s"}}, "expected a wait of at least 1s, got 0s (`never` switches"),
        ({"retry": {"busy": []}}, "retry.busy: expected waits such as [30m, 4h], or never"),
        ({"retry": {"busy": "30m, 4h"}}, "got 30m, 4h (write [30m, 4h])"),
        ({"retry": {"busy": ["30m", "never"]}}, "retry.busy[2]: expected a duration such as"),
        ({"max_duration": "soon"}, "max_duration: expected a duration such as 45s, 30m"),
    ],
)
def test_a_value_is_told_what_was_expected(keys: dict[str, Any], says: str) -> None:
    assert says in "\n".join(faults(**keys))


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("16175550100", "got •••••••0100 (no country: write it with + and country code"),
        ("1.61756E+10", "a spreadsheet shortened the number"),
        ("+1617555", "(too few digits"),
        ("+16175550100 ext 5", "(an extension cannot be dialled"),
        ("call me", "got call me (letters where digits belong"),
    ],
)
def test_a_caller_s_number_is_e164_and_never_quoted_whole(number: str, says: str) -> None:
    said = fault(from_number=number)
    assert said.startswith("from_number: expected a number in E.164 such as +16175550100, got ")
    assert says in said
    # What has too few digits for a phone is nobody's number, and its writer must see the slip.
    assert f"got {number}" not in said or sum(map(str.isdigit, number)) < 7


def test_a_caller_s_number_may_be_spaced() -> None:
    assert definition(from_number="+1 (617) 555-0199").from_number == "+16175550199"


def test_what_is_quoted_back_is_short_and_on_one_line() -> None:
    said = fault(recording="x\n\x1b[31m" + "y" * 500)
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) < 150


TREES = st.recursive(
    st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["contacts", "context", "schedule", "calling_hours", "retry", "max_duration", "name"]
        ),
        TREES
        | st.dictionaries(
            st.sampled_from(
                ["rows", "file", "mon-fri", "open", "closed", "start", "timezone", "busy", "where"]
            ),
            TREES,
        ),
        max_size=4,
    )
)
def test_no_tree_makes_it_fall_over(keys: dict[str, Any]) -> None:
    with suppress(DefinitionError):
        parse({**SMALL, **keys}, lambda _: "x:1")
