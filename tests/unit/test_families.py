"""Which rows of one number are one call: the rule, its laws, and what its templates may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.contacts import ContactReader
from campaigns.core.context import Templates, ThisCall, Unrenderable
from campaigns.core.definition import (
    Anchor,
    CallingHours,
    Contacts,
    Definition,
    Offset,
    SameNumber,
    Schedule,
    Touch,
)
from campaigns.core.families import MOST, Kin, fewer, one_call, refund, refunded_to, waits_for
from campaigns.core.lifecycle import AttemptState, TaskState
from campaigns.core.records import AttemptRow, TaskRow
from campaigns.core.settling import Ended, Retried, Settlement, combined
from campaigns.errors import DefinitionError
from tests.support.anchored import anchored

NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)  # in New York
VISIT = datetime(2026, 3, 12, 14, 0)  # noqa: DTZ001  # there
H, D = timedelta(hours=1), timedelta(days=1)


def task(n: int = 1, **changes: Any) -> TaskRow:
    values: dict[str, Any] = {
        "id": n,
        "campaign_id": 1,
        "account_id": 1,
        "contact_id": n,
        "phone_id": 1,
        "state": TaskState.WAITING,
        "due_at": NOON,
        "retry_at": None,
        "deadline_at": None,
        "eligible_at": NOON,
        "attempts": 0,
        "claim": 0,
        "from_number": None,
        "outcome": None,
        "reason": None,
    }
    return TaskRow(**{**values, **changes})


def kin(n: int = 1, visit: datetime | None = VISIT, **changes: Any) -> Kin:
    """The row on line n; of its task where that is not said otherwise."""
    own = {name: changes.pop(name) for name in ("barred", "line", "not_before") if name in changes}
    time = None if visit is None else anchored(visit, changes.pop("zone", "America/New_York"))
    values = {"occasion": time.occasion if time else "", **changes}
    return Kin(task=task(n, **values), time=time, **{"line": n, **own})


def call(claimed: Kin, *others: Kin, most: int = 3, at: datetime = NOON) -> list[int]:
    return [one.task.id for one in one_call(claimed, others, max_attempts=most, at=at)]


def test_the_rows_of_one_number_touch_and_day_are_one_call() -> None:
    assert call(kin(1), kin(2), kin(3)) == [1, 2, 3]


def test_its_lead_is_the_earliest_of_the_day_whichever_was_claimed() -> None:
    early, late = kin(2, VISIT - 3 * H), kin(1)
    assert call(late, early) == call(early, late) == [2, 1]
    assert call(kin(7, line=2), kin(3, line=9)) == [7, 3]  # the same time: by their lines


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"visit": VISIT + D}, "another day"),
        ({"touch": "same_day"}, "another touch"),
        ({"phone_id": 2}, "another number"),
        ({"campaign_id": 2}, "another campaign"),
        ({"state": TaskState.CALLING}, "it is being called"),
        ({"state": TaskState.DONE}, "it is done"),
        ({"stopped": "withdrawn"}, "it left the list"),
        ({"barred": True}, "its row cannot be read, or its hours are closed"),
        ({"deadline_at": NOON}, "it is too late for it"),
        ({"attempts": 3}, "it was tried as often as it may"),
        ({"retry_at": NOON + H}, "its own wait is not over"),
        ({"not_before": NOON + H}, "its row says not before then"),
        ({"occasion": "2026-03-13T18:00Z"}, "it was planned for a time that its row has no more"),
        ({"visit": None}, "its row has no time"),
    ],
)
def test_who_does_not_share_a_call(other: dict[str, Any], why: str) -> None:
    assert call(kin(1), kin(2, **other)) == [1], why


@pytest.mark.parametrize(
    "other",
    [
        {"due_at": NOON + 5 * H},  # one call that day, the earliest
        {"state": TaskState.CLAIMED},  # that worker finds nothing to do
        {"retry_at": NOON, "attempts": 2},
        {"retry_at": NOON, "attempts": 4, "spent": 3},  # its attempts of an earlier round
        {"not_before": NOON},
        {"deadline_at": NOON + timedelta(seconds=1)},
    ],
)
def test_who_shares_one(other: dict[str, Any]) -> None:
    assert call(kin(1), kin(2, **other)) == [1, 2]


def test_a_day_is_that_of_the_place() -> None:
    evening = datetime(2026, 3, 12, 22, 0)  # noqa: DTZ001  # the next day in UTC
    assert call(kin(1, evening), kin(2, evening - 12 * H)) == [2, 1]


def test_without_anchors_a_run_is_the_day_and_nobody_is_called_before_its_own_time() -> None:
    assert call(kin(1, None), kin(2, None)) == [1, 2]
    assert call(kin(1, None), kin(2, None, occasion="2026-03-10T15:00Z")) == [1]
    assert call(kin(1, None), kin(2, None, due_at=NOON + H)) == [1]


def turn(claimed: Kin, *others: Kin) -> datetime | None:
    return waits_for(claimed, others, max_attempts=3, at=NOON)


def test_who_comes_between_two_calls_has_its_turn_with_the_next() -> None:
    waits = kin(2, attempts=1, retry_at=NOON + H)
    assert turn(kin(1), waits, kin(3, attempts=1, retry_at=NOON + 2 * H)) == NOON + H
    assert turn(kin(1)) is None
    assert turn(kin(1), kin(2)) is None
    assert turn(kin(1), kin(2, attempts=1, retry_at=NOON)) is None  # that is now


@pytest.mark.parametrize(
    "other",
    [
        {"visit": VISIT + D},
        {"stopped": "withdrawn"},
        {"barred": True},
        {"attempts": 3},
        {"attempts": 4, "spent": 1},
        {"not_before": NOON + 2 * H},
        {"deadline_at": NOON + H},
        {"state": TaskState.CALLING},
    ],
)
def test_nobody_waits_for_a_call_that_is_not_made(other: dict[str, Any]) -> None:
    assert turn(kin(1), kin(2, **{"attempts": 1, "retry_at": NOON + H, **other})) is None


def test_who_was_called_before_waits_for_nobody() -> None:
    waits = kin(2, attempts=2, retry_at=NOON + H)
    assert turn(kin(1, attempts=1, retry_at=NOON), waits) is None
    assert turn(kin(1, attempts=1), waits) is None
    assert turn(kin(1, attempts=1, spent=1), waits) == NOON + H  # not in this round


def test_one_call_is_bounded_and_keeps_the_row_that_was_claimed() -> None:
    many = [kin(n, VISIT + n * timedelta(minutes=1)) for n in range(1, MOST + 20)]
    found = call(many[-1], *many)
    assert len(found) == MOST
    assert many[-1].task.id in found


def test_a_call_that_cannot_tell_all_leaves_the_last_out_but_never_the_claimed() -> None:
    rows = one_call(kin(3), [kin(1), kin(2)], max_attempts=3, at=NOON)
    claimed = rows[2]
    assert [one.task.id for one in fewer(rows, claimed)] == [1, 3]
    assert [one.task.id for one in fewer(fewer(rows, claimed), claimed)] == [3]


STATES = st.sampled_from([TaskState.WAITING, TaskState.CLAIMED, TaskState.CALLING, TaskState.DONE])
ROWS = st.builds(
    lambda day, hour, **changes: kin(1, VISIT + day * D + hour * H, **changes),
    st.integers(0, 1),
    st.integers(-3, 3),
    state=STATES,
    touch=st.sampled_from(["", "same_day"]),
    phone_id=st.integers(1, 2),
    attempts=st.integers(0, 3),
    stopped=st.sampled_from([None, None, "withdrawn"]),
    retry_at=st.sampled_from([None, NOON - H, NOON + H]),
    deadline_at=st.sampled_from([None, NOON, NOON + H]),
    barred=st.booleans(),
    not_before=st.sampled_from([None, NOON - H, NOON + H]),
)


@given(st.lists(ROWS, min_size=1, max_size=8), st.randoms())
def test_laws_of_one_call(rows: list[Kin], dice: Any) -> None:
    rows = [replace(one, task=replace(one.task, id=n), line=n) for n, one in enumerate(rows)]
    claimed = rows[0]
    found = one_call(claimed, rows[1:], max_attempts=3, at=NOON)
    ids = [one.task.id for one in found]
    assert claimed.task.id in ids
    assert len(set(ids)) == len(ids)
    assert {(one.task.phone_id, one.task.touch, one.day) for one in found} == {
        (claimed.task.phone_id, claimed.task.touch, claimed.day)
    }
    # Neither the order in which rows are read nor which of those that may be called was claimed.
    shuffled = rows[1:]
    dice.shuffle(shuffled)
    assert one_call(claimed, shuffled, max_attempts=3, at=NOON) == found
    for other in found:
        if other is not claimed:
            alone = one_call(other, rows, max_attempts=3, at=NOON)
            assert {one.task.id for one in alone} >= set(ids) - {claimed.task.id}


def attempt(proof: dict[str, object]) -> AttemptRow:
    values: dict[str, Any] = dict.fromkeys(AttemptRow.__dataclass_fields__)
    return AttemptRow(**{**values, "proof": proof})


def test_of_a_call_in_doubt_each_row_may_get_its_attempt_back_or_not() -> None:
    assert refund([1], of=1) == {"refunded": True}
    assert refund([], of=1) == {"refunded": False}
    some = attempt(refund([1, 3], of=3))
    assert [refunded_to(some, n) for n in (1, 2, 3)] == [True, False, True]
    assert refunded_to(attempt({"refunded": True}), 7)
    assert not refunded_to(attempt({**refund([1], of=2), "refunded": False}), 1)


def test_a_call_is_asked_about_as_soon_as_one_of_its_rows_needs_it() -> None:
    def one(task: Retried | Ended | None, check_at: datetime | None) -> Settlement:
        return Settlement(state=AttemptState.NO_ANSWER, open=False, task=task, check_at=check_at)

    again = Retried(at=NOON + H)
    assert combined([one(None, None), one(again, NOON + H), one(None, NOON)]) == one(again, NOON)
    assert combined([one(None, None)]) == one(None, None)


HEADER = ("phone", "id", "patient", "visit_at", "nickname", "_note")
ROWS_OF_CALL = (
    {"patient": "Ann", "visit_at": "2026-03-12 09:00", "nickname": "Annie"},
    {"patient": "ben", "visit_at": "2026-03-12 14:30"},
)


def definition(source: str, *, group: bool = True, **more: Any) -> Definition:
    return Definition(
        name="reminders",
        agent_id="agent_reminder",
        from_number="+16175550100",
        contacts=Contacts(
            to_number="phone",
            key="id",
            same_number=SameNumber.GROUP if group else SameNumber.SEPARATE,
        ),
        context={"told": source},
        schedule=Schedule(
            timezone="America/New_York",
            anchor=Anchor(column="visit_at"),
            touches=(Touch(name="day_before", offset=Offset(days=-1)),),
        ),
        calling_hours=CallingHours(always=True),
        **more,
    )


def told(source: str, *rows: dict[str, str]) -> str:
    rows = rows or ROWS_OF_CALL  # type: ignore[assignment]
    at = ThisCall(at=NOON, touch="day_before", rows=rows)
    return Templates.compile(definition(source), HEADER).render(rows[0], at)["told"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ group | map(attribute='patient') | join(' and ') }}", "Ann and ben"),
        ("{{ group | length }}", "2"),
        ("{{ 'both' if group | length == 2 else 'it' }}", "both"),
        ("{{ group | map(attribute='patient') | map('title') | join(', ') }}", "Ann, Ben"),
        ("{{ group | map(attribute='patient') | length }}", "2"),
        ("{{ group | map(attribute='patient') | last | upper }}", "BEN"),
        ("{{ group | map(attribute='nickname', default='-') | join }}", "Annie-"),
        ("{{ group | map(attribute='nickname', default=patient) | join(' ') }}", "Annie Ann"),
        (
            "{{ group | map(attribute='visit_at') | map('spoken') | join(' and ') }}",
            "Thursday, March 12 at 9 AM and Thursday, March 12 at 2:30 PM",
        ),
        (
            "{{ group | map(attribute='visit_at') | map('spoken', 'relative') | join(' and ') }}",
            "Thursday at 9 AM and Thursday at 2:30 PM",
        ),
        ("{{ patient }} of {{ group | length }}", "Ann of 2"),  # other columns are the lead's
    ],
)
def test_templates_see_the_rows_of_the_call(source: str, expected: str) -> None:
    assert told(source) == expected


def test_a_row_alone_is_a_group_of_one() -> None:
    assert told("{{ group | map(attribute='patient') | join }}", ROWS_OF_CALL[0]) == "Ann"
    alone = Templates.compile(definition("{{ group | length }}"), HEADER)
    assert alone.render(ROWS_OF_CALL[0], ThisCall(at=NOON)) == {"told": "1"}


def test_an_empty_cell_of_any_row_is_missing() -> None:
    with pytest.raises(Unrenderable) as caught:
        told("{{ group | map(attribute='nickname') | join }}")
    assert caught.value.column == "nickname"


def test_what_is_told_of_many_stays_bounded() -> None:
    with pytest.raises(Unrenderable, match="2,048 bytes"):
        told("{{ group | map(attribute='patient') | join }}", *[{"patient": "x" * 90}] * 30)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ group | map(attribute='patiant') | join }}", "did you mean patient?"),
        ("{{ group | map(attribute='__class__') | join }}", "underscore"),
        ("{{ group | map(attribute='patient.upper') | join }}", "a column of the list"),
        ("{{ group | map(attribute=patient) | join }}", "map with something else"),
        ("{{ group | map(attribute='patient', x=1) | join }}", "map with something else"),
        ("{{ group | map('patient') | join }}", "map(attribute='patient')"),
        ("{{ group | map('join') | join }}", "map takes spoken"),
        ("{{ group | map(attribute='patient') }}", "join(' and ')"),
        ("{{ group }}", "group alone"),
        ("{{ group | join(', ') }}", "group alone"),
        ("{{ group[0] }}", "part of a value"),
        ("{{ group.patient }}", "group alone"),
        ("{{ group | first }}", "group alone"),
        ("{{ group | length('x') }}", "group alone"),
        ("{{ group | map(attribute='patient') | map('spoken', locale='xx') | join }}", "a locale"),
    ],
)
def test_what_templates_may_not_do_with_them(source: str, expected: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Templates.compile(definition(source), HEADER)
    assert expected in str(caught.value)


def test_a_column_that_is_called_group_stays_a_column() -> None:
    header = (*HEADER, "group")
    templates = Templates.compile(definition("{{ group }}"), header)
    assert templates.render({"group": "blue"}, ThisCall(at=NOON)) == {"told": "blue"}
    with pytest.raises(DefinitionError, match="a column of the list that is called group"):
        Templates.compile(definition("{{ group | map(attribute='id') | join }}"), header)


def test_a_row_alone_does_not_know_who_shares_its_call() -> None:
    source = "{{ group | length > 1 }}"
    where = definition("x", group=True)
    where = where.model_copy(
        update={"contacts": where.contacts.model_copy(update={"where": source})}
    )
    with pytest.raises(DefinitionError, match="which only a call knows"):
        Templates.compile(where, HEADER)


def test_grouping_needs_a_key() -> None:
    keyless = definition("x")
    keyless = keyless.model_copy(
        update={"contacts": keyless.contacts.model_copy(update={"key": None})}
    )
    with pytest.raises(DefinitionError, match=r"contacts\.same_number: expected a key"):
        ContactReader(keyless, HEADER, default_region=None)
