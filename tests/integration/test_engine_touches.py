"""Touches on a whole engine and virtual time: when each rings, how often, and what ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaigns.core.calls import CallStatus
from campaigns.core.contacts import Contact
from campaigns.core.definition import Anchor, Retry, Schedule, Touch
from campaigns.core.offsets import read
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.store.reads import Reads
from tests.support.anchored import anchored
from tests.support.engine import START, World, contact

ZONE = "America/New_York"
HEADER = ("key", "name", "to_number", "visit_at")
VISIT = datetime(2026, 3, 12, 14, 0)  # noqa: DTZ001  # two days after START, in New York
DAY_BEFORE = datetime(2026, 3, 11, 21, 30, tzinfo=UTC)  # 17:30 there
SAME_DAY = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)  # three hours before
H = timedelta(hours=1)


def visitor(n: int = 0, visit: datetime = VISIT) -> Contact:
    fields = {"name": f"Person {n}", "key": f"k{n}", "visit_at": f"{visit:%Y-%m-%d %H:%M}"}
    return contact(n, anchor=anchored(visit), fields=fields)


def visits(**changes: object) -> Schedule:
    values: dict[str, object] = {
        "anchor": Anchor(column="visit_at", timezone=ZONE),
        "touches": (
            Touch(name="day_before", offset=read("-1d at 17:30")),
            Touch(name="same_day", offset=read("-3h")),
        ),
        "deadline": read("-45m"),
    }
    return Schedule(**{**values, **changes})  # type: ignore[arg-type]  # a test helper


CONTEXT = {
    "touch": "{{ touch.name }} {{ attempt }}",
    "when": "{{ visit_at | spoken('relative') }}",
}


def world(people: int = 1, *, retry: Retry | None = None, **changes: object) -> World:
    made = World()
    made.submit(
        [visitor(n) for n in range(people)],
        header=HEADER,
        schedule=visits(**changes),
        context=CONTEXT,
        retry=retry or Retry(),
    )
    return made


def until(made: World, at: datetime) -> None:
    """Let time pass with a heartbeat every half minute where something may happen."""
    made.run_for((at - made.clock.at).total_seconds(), step=30)


def ended(made: World, status: CallStatus) -> None:
    """The newest call ends so, and a look-up would say the same."""
    newest = made.attempts()[-1]
    made.say(str(newest["id"]), status, duration=40 if status is CallStatus.COMPLETED else None)


def said(made: World) -> list[tuple[str, str]]:
    """(touch and attempt, when) as the agents were told."""
    return [(one.context["touch"], one.context["when"]) for _, one in made.provider.rung]


def outcomes(made: World) -> list[tuple[object, object, object]]:
    return [(task["touch"], task["outcome"], task["reason"]) for task in made.tasks()]


def test_each_touch_rings_when_it_is_due_and_knows_what_it_is() -> None:
    made = world()
    until(made, DAY_BEFORE - timedelta(seconds=40))
    assert not made.provider.rung
    until(made, DAY_BEFORE + timedelta(minutes=2))
    ended(made, CallStatus.COMPLETED)
    until(made, SAME_DAY + timedelta(minutes=2))
    ended(made, CallStatus.COMPLETED)
    until(made, SAME_DAY + 24 * H)
    assert said(made) == [
        ("day_before 1", "tomorrow at 2 PM"),
        ("same_day 1", "today at 2 PM"),
    ]
    for (rang, _), due in zip(made.provider.rung, (DAY_BEFORE, SAME_DAY), strict=True):
        assert timedelta(0) <= rang - due < timedelta(minutes=1)
    assert outcomes(made) == [
        ("day_before", "completed", "answered"),
        ("same_day", "completed", "answered"),
    ]
    assert {task["occasion"] for task in made.tasks()} == {"2026-03-12T18:00Z"}


def test_attempts_count_for_each_touch_by_itself() -> None:
    made = world(retry=Retry(max_attempts=2, no_answer=(H,)))
    for at in (DAY_BEFORE, DAY_BEFORE + H, SAME_DAY, SAME_DAY + H):
        until(made, at + timedelta(minutes=2))
        ended(made, CallStatus.NO_ANSWER)
    until(made, SAME_DAY + 24 * H)
    assert [touch for touch, _ in said(made)] == [
        "day_before 1",
        "day_before 2",
        "same_day 1",
        "same_day 2",
    ]
    assert outcomes(made) == [
        ("day_before", "no_answer", "exhausted"),
        ("same_day", "no_answer", "exhausted"),
    ]


def test_a_touch_has_its_own_attempts_and_agent() -> None:
    short = Touch(name="same_day", offset=read("-3h"), max_attempts=1, agent_id="agent_short")
    made = world(touches=(short,), retry=Retry(max_attempts=3, no_answer=(H / 2,)))
    until(made, SAME_DAY + timedelta(minutes=2))
    ended(made, CallStatus.NO_ANSWER)
    until(made, SAME_DAY + 24 * H)
    assert [one.agent_id for _, one in made.provider.rung] == ["agent_short"]
    assert outcomes(made) == [("same_day", "no_answer", "exhausted")]


def test_a_retry_that_would_come_after_the_next_touch_is_not_waited_for() -> None:
    made = world(retry=Retry(no_answer=(20 * H,)))
    until(made, DAY_BEFORE + timedelta(minutes=2))
    ended(made, CallStatus.NO_ANSWER)
    until(made, DAY_BEFORE + timedelta(minutes=15))
    assert outcomes(made)[0] == ("day_before", "no_answer", "superseded")
    until(made, SAME_DAY + timedelta(minutes=2))
    assert [touch for touch, _ in said(made)] == ["day_before 1", "same_day 1"]


def test_a_touch_that_waits_for_its_retry_ends_when_the_next_comes_due() -> None:
    made = world(retry=Retry(no_answer=(16 * H,)))
    until(made, DAY_BEFORE + timedelta(minutes=2))
    ended(made, CallStatus.NO_ANSWER)
    control.pause("reminders", made.parts, who="test", reason="lunch")
    until(made, SAME_DAY - timedelta(minutes=2))
    assert made.tasks()[0]["state"] == "waiting"
    until(made, SAME_DAY + timedelta(minutes=2))
    assert outcomes(made)[0] == ("day_before", "no_answer", "superseded")
    control.resume("reminders", made.parts, who="test")
    until(made, SAME_DAY + timedelta(minutes=5))
    assert [touch for touch, _ in said(made)] == ["day_before 1", "same_day 1"]


def test_a_touch_that_never_got_its_turn_expires_and_the_last_by_the_deadline() -> None:
    made = world()
    control.pause("reminders", made.parts, who="test", reason="away")
    until(made, SAME_DAY + 3 * H)
    assert not made.provider.rung
    assert outcomes(made) == [
        ("day_before", "expired", "superseded"),
        ("same_day", "expired", "deadline"),
    ]


def test_the_last_touch_rings_until_the_deadline_and_not_after() -> None:
    made = world()
    control.pause("reminders", made.parts, who="test", reason="away")
    until(made, SAME_DAY + 2 * H)
    control.resume("reminders", made.parts, who="test")
    until(made, SAME_DAY + 2 * H + timedelta(minutes=2))
    assert [touch for touch, _ in said(made)] == ["same_day 1"]


def test_a_call_that_lives_when_the_next_touch_comes_due_goes_on_and_the_next_waits() -> None:
    touches = tuple(Touch(name=one, offset=read(one)) for one in ("-4h", "-2h"))
    made = world(touches=touches, min_gap=H)
    control.pause("reminders", made.parts, who="test", reason="away")
    until(made, SAME_DAY + timedelta(minutes=58))  # two minutes before the second
    control.resume("reminders", made.parts, who="test")
    until(made, SAME_DAY + timedelta(minutes=62))
    assert [touch for touch, _ in said(made)] == ["-4h 1"]
    ended(made, CallStatus.COMPLETED)
    until(made, SAME_DAY + timedelta(minutes=64))
    assert [touch for touch, _ in said(made)] == ["-4h 1", "-2h 1"]


def test_what_is_past_when_the_list_comes_is_kept_with_its_reason() -> None:
    made = World()
    submitted = made.submit(
        [visitor(0, datetime(2026, 3, 11, 16, 0)), visitor(1, datetime(2026, 3, 10, 9, 0))],  # noqa: DTZ001
        header=HEADER,
        schedule=visits(),
        context=CONTEXT,
    )
    assert (submitted.counts.accepted, submitted.counts.skipped) == (2, 1)
    assert outcomes(made) == [
        ("day_before", None, None),
        ("same_day", None, None),
        ("day_before", "skipped", "past_due"),
        ("same_day", "skipped", "past_due"),
    ]


def test_an_appointment_without_touches_is_called_for_once_until_it_begins() -> None:
    made = World()
    people = [visitor(0), visitor(1)]
    made.submit(people, header=HEADER, schedule=visits(touches=()))
    control.pause("reminders", made.parts, who="test", reason="away")
    until(made, START + H)
    control.resume("reminders", made.parts, who="test")
    until(made, START + H + timedelta(minutes=2))
    assert len(made.provider.rung) == 2
    assert {task["expires_as"] for task in made.tasks()} == {"deadline"}


def stop(made: World, reason: str = "withdrawn") -> None:
    with made.store.write() as tx:
        tx.connection.execute(text("UPDATE dial_task SET stopped = :why"), {"why": reason})


def test_a_stopped_task_that_waits_is_ended_by_the_heartbeat() -> None:
    made = world()
    stop(made)
    made.settle()
    assert {one[1:] for one in outcomes(made)} == {("cancelled", "withdrawn")}


def test_a_stopped_task_that_is_claimed_is_ended_by_the_gate() -> None:
    made = World()
    made.submit(1)
    dispatch(made.account_id, made.parts)
    (claim,) = [id for what, id in made.bell.rung if what == "dial" and isinstance(id, Claim)]
    stop(made, "moved")
    dial(claim, made.parts)
    assert not made.provider.rung
    assert outcomes(made) == [("", "cancelled", "moved")]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (CallStatus.COMPLETED, ("", "completed", "answered")),
        (CallStatus.NO_ANSWER, ("", "no_answer", "withdrawn")),
    ],
)
def test_a_stopped_task_that_is_being_called_keeps_its_own_outcome_and_is_not_retried(
    status: CallStatus, outcome: tuple[object, object, object]
) -> None:
    made = World()
    made.submit(1, retry=Retry(no_answer=(H,)))
    made.run_for(5)
    stop(made)
    ended(made, status)
    made.run_for(2 * 3600, step=30)
    assert len(made.provider.rung) == 1
    assert outcomes(made) == [outcome]


def test_show_contacts_and_results_say_the_touch() -> None:
    made = world()
    until(made, DAY_BEFORE + timedelta(minutes=2))
    ended(made, CallStatus.COMPLETED)
    with made.store.read() as tx:
        reads = Reads(tx)
        figures = reads.campaign_figures("reminders")
        assert figures.touches == {"day_before": {"completed": 1}, "same_day": {"open": 1}}
        lines = reads.contacts("reminders", limit=10).items
        assert [one.touch for one in lines] == ["day_before", "same_day"]
        results = reads.results("reminders", limit=10).items
        assert [(one["touch"], one["due_at"]) for one in results] == [
            ("day_before", DAY_BEFORE),
            ("same_day", SAME_DAY),
        ]
        (call,) = reads.calls("reminders", limit=10).items
        assert call.touch == "day_before"
