"""Every (state, event) pair is decided: it is in the table, or it raises."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from campaigns.core.lifecycle import (
    ATTEMPT_TABLE,
    RANG_NOBODY,
    TASK_TABLE,
    TERMINAL,
    AttemptState,
    TaskEvent,
    TaskState,
    advance_attempt,
    advance_task,
)
from campaigns.errors import EngineFault

CHART = Path(__file__).parents[2] / "docs" / "lifecycle.md"


@pytest.mark.parametrize(("state", "event"), list(product(TaskState, TaskEvent)))
def test_every_pair_of_a_dial_task(state: TaskState, event: TaskEvent) -> None:
    if (state, event) in TASK_TABLE:
        assert advance_task(state, event) is TASK_TABLE[state, event]
    else:
        with pytest.raises(EngineFault):
            advance_task(state, event)


@pytest.mark.parametrize(("state", "to"), list(product(AttemptState, AttemptState)))
def test_every_pair_of_an_attempt(state: AttemptState, to: AttemptState) -> None:
    if state is to or (state, to) in ATTEMPT_TABLE:
        assert advance_attempt(state, to) is to
    else:
        with pytest.raises(EngineFault):
            advance_attempt(state, to)


def test_done_is_left_only_where_nobody_was_reached_or_by_a_person() -> None:
    leaving = [e for (s, e), to in TASK_TABLE.items() if s is TaskState.DONE and to is not s]
    assert leaving == [
        TaskEvent.REINSTATED,
        TaskEvent.REOPENED,
        TaskEvent.REDIALLED,
        TaskEvent.RELISTED,
    ]


def test_only_evidence_of_the_call_itself_outweighs_that_nobody_was_rung() -> None:
    after = {to for state, to in ATTEMPT_TABLE if state in RANG_NOBODY}
    assert not after & {AttemptState.DIALING, AttemptState.UNKNOWN, *RANG_NOBODY}


def test_an_ending_is_never_taken_back() -> None:
    """From an ending only another ending of higher rank follows."""
    assert all(to in TERMINAL for state, to in ATTEMPT_TABLE if state in TERMINAL)


def test_doubt_never_leads_back_to_dialing() -> None:
    assert not [pair for pair in ATTEMPT_TABLE if pair[1] is AttemptState.DIALING]


def test_the_drawn_chart_of_dial_tasks_is_the_table() -> None:
    drawn = set(re.findall(r"^\s*(\w+) --> (\w+): (\w+)$", CHART.read_text(), flags=re.MULTILINE))
    table = {(s.value, to.value, e.value) for (s, e), to in TASK_TABLE.items()}
    assert drawn == table
    assert len(drawn) == len(TASK_TABLE)


def test_the_drawn_chart_of_attempts_is_the_table() -> None:
    text = CHART.read_text()
    drawn: set[tuple[str, str]] = set()
    for state, targets in re.findall(r"^\| `(\w+)` \| (.*?) \|", text, flags=re.MULTILINE):
        drawn |= {(state, to) for to in re.findall(r"`(\w+)`", targets)}
    assert drawn == {(state.value, to.value) for state, to in ATTEMPT_TABLE}
