"""Who calls a contact: the nearest word wins, and a number that was seen is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from campaigns.core.callers import caller_of, of_task, one_of
from campaigns.core.context import Templates, Unrenderable
from campaigns.core.definition import Anchor, Contacts, Definition, Schedule, Touch
from campaigns.core.lifecycle import TaskState
from campaigns.core.offsets import read
from campaigns.core.records import ContactRow, TaskRow
from campaigns.core.where import Where
from tests.support.engine import NEW_YORK, START, definition

A, B, C = "+16175550101", "+16175550102", "+16175550103"
HEADER = ("key", "name", "to_number", "language", "clinic", "visit_at")
CONTACT = ContactRow(
    id=1,
    key="k1",
    e164="+16175550199",
    where=Where(NEW_YORK),
    settings={},
    fields={"language": "es", "clinic": C},
    line=2,
)
TASK = TaskRow(
    id=1,
    campaign_id=1,
    account_id=1,
    contact_id=1,
    phone_id=1,
    state=TaskState.CLAIMED,
    due_at=START,
    retry_at=None,
    deadline_at=None,
    eligible_at=START,
    attempts=0,
    claim=1,
    from_number=None,
    outcome=None,
    reason=None,
)


def file(**changes: object) -> Definition:
    return definition(contacts=Contacts(file="people.csv", key="key"), **changes)


def ask(made: Definition, contact: ContactRow = CONTACT, task: TaskRow = TASK) -> tuple[str, str]:
    return of_task(made, Templates.compile(made, HEADER), contact, task)


def test_an_agent_is_the_rows_own_then_the_touchs_then_the_templates_then_the_files() -> None:
    touches = (
        Touch(name="early", offset=read("-1d")),
        Touch(name="late", offset=read("-3h"), agent_id="agent_late"),
    )
    schedule = Schedule(anchor=Anchor(column="visit_at", timezone="UTC"), touches=touches)
    chosen = file(agent_id="agent_{{ language }}", schedule=schedule)
    early, late = replace(TASK, touch="early"), replace(TASK, touch="late")
    assert ask(chosen, task=early)[0] == "agent_es"
    assert ask(chosen, task=late)[0] == "agent_late"
    own = replace(CONTACT, settings={"agent_id": "agent_own"})
    assert ask(chosen, own, late)[0] == "agent_own"
    assert ask(file(schedule=schedule), task=early)[0] == "agent_reminder"


def test_a_caller_is_the_rows_own_then_the_templates_then_the_files() -> None:
    assert ask(file(from_number=A))[1] == A
    assert ask(file(from_number="{{ clinic }}"))[1] == C
    own = replace(CONTACT, settings={"from_number": B})
    assert ask(file(from_number="{{ clinic }}"), own)[1] == B
    assert ask(file(from_number=A, from_numbers=(A, C)), own)[1] == B


def test_a_retry_shows_the_number_that_was_seen() -> None:
    again = replace(TASK, from_number=B)
    assert ask(file(from_number=A), task=again)[1] == B
    assert ask(file(from_number="{{ clinic }}"), task=again)[1] == B


def listed(*numbers: str) -> Definition:
    return file(from_number=numbers[0], from_numbers=numbers)


def test_of_a_list_a_contact_keeps_the_one_it_saw_first_in_every_touch() -> None:
    for seen in (A, B, C):
        known = replace(CONTACT, from_number=seen)
        assert ask(listed(A, B, C), known)[1] == seen
        assert ask(listed(C, B, A, "+16175550104"), known)[1] == seen


def test_a_number_that_left_the_list_is_never_shown_again() -> None:
    """It may not be ours any more: the provider would refuse it, or somebody else answer."""
    known = replace(CONTACT, from_number=A)
    assert ask(listed(B), known, replace(TASK, from_number=A))[1] == B


def test_the_choice_is_the_same_each_time_and_even() -> None:
    keys = [f"appointment-{n}" for n in range(3_000)]
    chosen = [one_of((A, B, C), key) for key in keys]
    assert chosen == [one_of((A, B, C), key) for key in keys]
    assert all(900 < count < 1_100 for count in Counter(chosen).values())
    assert [one_of((A, B, C), key) for key in ("k1", "k2", "k3")] == [B, C, B]  # and in every year


def test_a_template_that_a_stored_row_cannot_fill_calls_nobody() -> None:
    made = file(from_number="{{ clinic }}", agent_id="{{ language }}")
    for missing in ("clinic", "language"):
        fields = {name: text for name, text in CONTACT.fields.items() if name != missing}
        with pytest.raises(Unrenderable):
            ask(made, replace(CONTACT, fields=fields))


def test_an_old_number_is_not_asked_for_where_there_is_no_list() -> None:
    made = file(from_number=A)
    templates = Templates.compile(made, HEADER)
    said = caller_of(made, templates, key="k", own=None, seen=B, fields={}, region=None)
    assert said == A
