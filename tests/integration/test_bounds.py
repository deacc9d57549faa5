"""What bounds a campaign on a whole engine: ceilings, budgets, caps, rests, and who opts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.core.calls import Blame, CallStatus, Rejected, Session, Unknown
from campaigns.core.definition import (
    Budget,
    CallingHours,
    Cap,
    Consent,
    Failing,
    OptOut,
    Pacing,
    Schedule,
    Span,
)
from campaigns.engine import control
from campaigns.engine.tick import tick
from campaigns.errors import UnknownName
from campaigns.store import schema
from campaigns.store.tables import attempt, audit
from tests.support.engine import START, World, contact

SAME = contact(0).to_number
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def pacing(**changes: Any) -> Pacing:
    """Without the pause that is on by default."""
    return Pacing(**{"pause_when_failing": None, **changes})


def rung(world: World) -> list[timedelta]:
    """When phones rang, after the start."""
    return [at - START for at, _ in world.provider.rung]


def numbers(world: World) -> Counter[str]:
    return Counter(request.to_number for _, request in world.provider.rung)


def end_all(world: World, status: CallStatus = CallStatus.COMPLETED, **more: Any) -> None:
    """Every call that is open ends so."""
    for one in world.attempts():
        if one["open"]:
            world.say(str(one["id"]), status, **{"duration": 60.0, **more})


def reasons(world: World) -> Counter[object]:
    return Counter(one["wait_reason"] for one in world.tasks() if one["state"] == "waiting")


def most_within(times: Iterable[timedelta], window: timedelta) -> int:
    every = sorted(times)
    return max((sum(one - window < other <= one for other in every) for one in every), default=0)


def test_a_campaign_has_a_rate_of_its_own_under_that_of_its_account() -> None:
    world = World()
    world.submit(6, pacing=pacing(starts_per_minute=2))
    world.submit([contact(n) for n in range(10, 14)], name="two", digest="d2")
    world.run_for(59)
    assert numbers(world).keys() >= {contact(n).to_number for n in range(10, 14)}
    assert len(world.provider.rung) == 2 + 4
    world.run_for(150)
    slow = [
        one
        for one, (_, request) in zip(rung(world), world.provider.rung, strict=True)
        if request.to_number < contact(10).to_number
    ]
    assert len(slow) == 6
    assert most_within(slow, timedelta(seconds=60)) == 2


def test_a_call_that_ends_lets_another_go() -> None:
    world = World()
    world.submit(4, pacing=pacing(concurrent_calls=2))
    world.run_for(120)
    assert len(world.provider.rung) == 2
    world.say(str(world.attempts()[0]["id"]), CallStatus.NO_ANSWER)
    world.run_for(5)
    assert len(world.provider.rung) == 3
    world.run_for(60)
    assert len(world.provider.rung) == 3


def test_a_call_that_nobody_speaks_of_is_live_until_its_bound() -> None:
    """Answers that say nothing included: the phone may be ringing."""
    world = World()
    world.provider.answers.append(Unknown(why="reset"))
    world.submit(2, pacing=pacing(concurrent_calls=1))
    world.run_for(600, step=10)
    assert len(world.provider.rung) == 1
    world.run_for(600, step=10)
    assert len(world.provider.rung) == 2


def test_so_many_calls_of_an_account_at_once_whatever_their_campaigns() -> None:
    world = World(concurrent_calls=3)
    world.submit(3)
    world.submit([contact(n) for n in range(10, 13)], name="two", digest="d2")
    world.run_for(90)
    assert len(world.provider.rung) == 3
    end_all(world)
    world.run_for(60)
    assert len(world.provider.rung) == 6


def test_the_calls_of_a_day_are_those_of_its_own_clock() -> None:
    """START is 11:00 in New York: midnight there is 13 hours ahead, at 04:00 UTC."""
    world = World()
    world.submit(
        5,
        budget=Budget(calls_per_day=2),
        schedule=Schedule(timezone="America/New_York"),
        pacing=pacing(),
    )
    world.run_for(60)
    assert len(world.provider.rung) == 2
    end_all(world)
    world.run_for(12.9 * 3600, step=60)
    assert len(world.provider.rung) == 2
    world.run_for(0.2 * 3600, step=10)
    assert len(world.provider.rung) == 4
    midnight = datetime(2026, 3, 11, 4, 0, tzinfo=UTC) - START
    assert midnight <= rung(world)[2] < midnight + 15 * SECOND
    end_all(world)
    world.run_for(24 * 3600, step=60)
    assert len(world.provider.rung) == 5
    assert rung(world)[4] >= midnight + DAY


def test_what_rang_nobody_is_not_taken_from_the_budget() -> None:
    world = World()
    refused = Rejected(blame=Blame.CONTACT, status=422, detail="to_number")
    world.provider.answers.extend([refused, refused])
    world.submit(4, budget=Budget(calls_per_day=2), pacing=pacing())
    world.run_for(60)
    assert len(world.provider.rung) == 2
    assert len(world.attempts()) == 4


def priced(world: World, cost: float, *, seconds: float = 60.0) -> None:
    """Every open call ends, and the provider tells what it cost."""
    for one in world.attempts():
        if one["open"]:
            id = str(one["call_id"])
            world.provider.told[id] = Session(
                id=id, status=CallStatus.COMPLETED, word="completed", cost=cost, currency="USD"
            )
            world.say(str(one["id"]), CallStatus.COMPLETED, duration=seconds)
    world.run_for(10)


def test_money_is_spent_only_as_far_as_it_is_known_to_last() -> None:
    """1 USD a day, a call of at most 2 minutes, 0.10 USD a minute: 0.20 USD are reserved."""
    world = World()
    world.submit(
        20,
        budget=Budget(cost_per_day=1.0),
        max_duration=timedelta(minutes=2),
        pacing=pacing(),
    )
    world.run_for(60)
    assert len(world.provider.rung) == 1, "no price is known: one call at a time"
    priced(world, 0.1)
    world.run_for(60)
    assert len(world.provider.rung) == 1 + 4, "0.10 are spent, four more reserve 0.80"
    priced(world, 0.1)
    world.run_for(60)
    assert len(world.provider.rung) == 5 + 2, "0.50 are spent, two more reserve 0.40"
    priced(world, 0.1)
    world.run_for(60)
    for _ in range(3):
        priced(world, 0.1)
        world.run_for(60)
    spent = sum(float(str(one["cost"] or 0)) for one in world.attempts())
    assert spent == pytest.approx(0.9), "0.10 are left, and one more might cost 0.20"
    assert len(world.provider.rung) == 9
    world.run_for(9 * 3600, step=60)  # the day of UTC ends
    assert len(world.provider.rung) > 8


def test_a_row_that_may_last_longer_reserves_more() -> None:
    """1 USD a minute and 10 USD a day: an hour does not fit into any day, and a person hears it."""
    world = World()
    people = [contact(n, max_duration_s=3600 if n else None) for n in range(3)]
    world.submit(people, budget=Budget(cost_per_day=10.0), max_duration=timedelta(minutes=1))
    world.run_for(30)
    assert len(world.provider.rung) == 1
    priced(world, 1.0)
    world.run_for(600, step=10)
    assert len(world.provider.rung) == 1
    assert reasons(world)["budget"] >= 1
    (campaign,) = world.rows("SELECT state, paused_why FROM campaign")
    assert campaign["state"] == "paused"
    assert "60.00 USD, more than budget.cost_per_day (10.00 USD)" in str(campaign["paused_why"])


@pytest.mark.parametrize("price", [0.0, -3.0])
def test_a_call_for_nothing_tells_no_price_and_gives_nothing_back(price: float) -> None:
    world = World()
    world.submit(9, budget=Budget(cost_per_day=10.0), max_duration=timedelta(hours=1))
    world.run_for(30)
    priced(world, price)
    world.run_for(60)
    assert len(world.provider.rung) == 2  # still one at a time


def test_a_budget_that_no_call_fits_pauses_and_says_so() -> None:
    """10 minutes at 0.60 USD are 6 USD: no day of 5 USD lets one go."""
    world = World()
    world.submit(9, budget=Budget(cost_per_day=5.0))
    world.run_for(30)
    priced(world, 0.6)
    world.run_for(60)
    (campaign,) = world.rows("SELECT state, paused_why FROM campaign")
    assert campaign["state"] == "paused"
    assert "6.00 USD, more than budget.cost_per_day (5.00 USD)" in str(campaign["paused_why"])
    assert len(world.provider.rung) == 1


def test_what_a_call_may_cost_can_be_stated() -> None:
    world = World()
    world.submit(9, budget=Budget(cost_per_day=1.0, cost_per_call=0.3), pacing=pacing())
    world.run_for(60)
    assert len(world.provider.rung) == 3


def other_account(world: World) -> int:
    return schema.ensure_account(
        world.store, "other", limits=world.limits, spacing=timedelta(seconds=1)
    )


def moved(world: World, campaign_id: int, account_id: int) -> None:
    """A campaign of another account."""
    with world.store.write() as tx:
        for table in ("dial_task", "lane"):
            columns = [
                row[1] for row in tx.connection.exec_driver_sql(f"PRAGMA table_info({table})")
            ]
            if "account_id" in columns:
                tx.connection.exec_driver_sql(
                    f"UPDATE {table} SET account_id = {account_id}"
                    f" WHERE campaign_id = {campaign_id}"
                )
        tx.connection.exec_driver_sql(
            f"UPDATE campaign SET account_id = {account_id} WHERE id = {campaign_id}"
        )


def test_a_cap_holds_over_campaigns_and_accounts() -> None:
    """The one number is in three campaigns, one of another account."""
    world = World()
    caps = (Cap(calls=1, per=DAY),)
    for n, name in enumerate(("one", "two", "three")):
        found = world.submit([contact(0)], name=name, digest=f"d{n}", caps=caps, pacing=pacing())
        if name == "three":
            moved(world, found.campaign_id, other_account(world))
    for _ in range(3):
        world.run_for(20)
        end_all(world)
    assert len(world.provider.rung) == 1
    assert reasons(world) == {"cap": 2}
    world.run_for(24 * 3600 - 120, step=60)
    assert len(world.provider.rung) == 1
    world.run_for(120)
    assert len(world.provider.rung) == 2
    assert rung(world)[1] - rung(world)[0] >= DAY - SECOND


def test_the_stricter_campaign_waits_for_calls_of_the_other() -> None:
    world = World()
    world.submit([contact(n, to_number=SAME) for n in range(3)], name="lax", pacing=pacing())
    for _ in range(3):
        world.run_for(20)
        end_all(world)
    assert len(world.provider.rung) == 3
    world.submit(
        [contact(9, to_number=SAME)], name="strict", digest="d2", caps=(Cap(calls=3, per=HOUR),)
    )
    world.run_for(3400, step=10)
    assert len(world.provider.rung) == 3
    assert reasons(world) == {"cap": 1}
    world.run_for(300)
    assert len(world.provider.rung) == 4


def test_a_file_may_allow_more_than_the_house() -> None:
    world = World()
    people = [contact(n, to_number=SAME) for n in range(6)]
    world.submit(people, caps=(Cap(calls=6, per=DAY),), pacing=pacing())
    for _ in range(6):
        world.run_for(20)
        end_all(world)
    assert len(world.provider.rung) == 6


DEBT: Mapping[str, Any] = {
    "purpose": "debt",
    "calling_hours": CallingHours(days=((Span(start=8 * 60, end=21 * 60),),) * 7),
    "disclosure": "This is an attempt to collect a debt.",
    "pacing": pacing(),
}


def test_who_was_talked_to_about_a_debt_is_left_alone_for_a_week() -> None:
    world = World()
    world.submit([contact(0), contact(1)], **DEBT)
    world.run_for(10)
    talked, missed = world.attempts()
    world.say(str(talked["id"]), CallStatus.IN_PROGRESS)
    world.clock.forward(minutes=5)
    world.say(str(talked["id"]), CallStatus.COMPLETED, duration=300.0)
    world.say(str(missed["id"]), CallStatus.NO_ANSWER)
    ended = world.clock.at
    second = [contact(0, key="again"), contact(1, key="other")]
    world.submit(second, name="second", digest="d2", **DEBT)
    world.run_for(60)
    assert numbers(world) == {contact(0).to_number: 1, contact(1).to_number: 2}
    assert reasons(world)["after_conversation"] == 1
    end_all(world, CallStatus.NO_ANSWER)
    world.run_for((ended + 7 * DAY - world.clock.at) / SECOND - 120, step=60)
    assert numbers(world)[contact(0).to_number] == 1
    world.run_for(2 * 3600, step=30)
    again = [at for at, request in world.provider.rung if request.to_number == SAME]
    assert len(again) == 2
    assert again[1] >= ended + 7 * DAY - SECOND


def test_other_purposes_do_not_rest() -> None:
    world = World()
    world.submit([contact(0)], pacing=pacing())
    world.run_for(5)
    end_all(world)
    world.submit([contact(0, key="again")], name="second", digest="d2", pacing=pacing())
    world.run_for(20)
    assert numbers(world) == {SAME: 2}


def state(world: World) -> object:
    return world.rows("SELECT state FROM campaign")[0]["state"]


HALF_OF_4 = Pacing(pause_when_failing=Failing(share=0.5, of=4))


@pytest.mark.parametrize(
    ("status", "seconds", "paused"),
    [
        (CallStatus.COMPLETED, 2.0, True),
        (CallStatus.COMPLETED, 60.0, False),
        (CallStatus.FAILED, None, True),
        (CallStatus.NO_ANSWER, None, False),
        (CallStatus.BUSY, None, False),
        (CallStatus.VOICEMAIL, 2.0, False),
    ],
)
def test_a_campaign_whose_calls_go_wrong_is_paused(
    status: CallStatus, seconds: float | None, paused: bool
) -> None:
    world = World(limit=4)
    world.submit(20, pacing=HALF_OF_4)
    world.run_for(10)
    assert len(world.provider.rung) == 4
    end_all(world, status, duration=seconds)
    world.run_for(120)
    assert state(world) == ("paused" if paused else "running")
    assert (len(world.provider.rung) == 4) is paused
    if paused:
        (why,) = (one["paused_why"] for one in world.rows("SELECT paused_why FROM campaign"))
        assert why == (
            "4 of the last 4 calls failed, were refused or ended within 5 s"
            " (pacing.pause_when_failing)"
        )


def test_after_a_resume_only_newer_calls_count() -> None:
    world = World(limit=4)
    world.submit(20, pacing=HALF_OF_4)
    world.run_for(10)
    end_all(world, CallStatus.FAILED)
    world.run_for(5)
    assert state(world) == "paused"
    control.resume("reminders", world.parts, who="me")
    world.run_for(70)
    assert len(world.provider.rung) == 8
    open_ = [str(one["id"]) for one in world.attempts() if one["open"]]
    for one in open_[:3]:
        world.say(one, CallStatus.FAILED)
    world.run_for(5)
    assert state(world) == "running", "three newer calls tell nothing yet"
    world.say(open_[3], CallStatus.FAILED)
    world.run_for(5)
    assert state(world) == "paused"


def test_answers_that_say_nothing_and_refusals_count() -> None:
    world = World(limit=20, spacing=0)
    refused = Rejected(blame=Blame.CONTACT, status=422, detail="to_number")
    world.provider.answers.extend([refused, Unknown(why="reset")])
    world.submit(20, pacing=Pacing(pause_when_failing=Failing(share=1.0, of=2)))
    world.run_for(30)
    assert state(world) == "paused"


def test_never_switches_it_off() -> None:
    world = World(limit=20)
    world.submit(30, pacing=pacing())
    world.run_for(30)
    end_all(world, CallStatus.FAILED)
    world.run_for(5)
    assert state(world) == "running"


def said(world: World, **raw: Any) -> None:
    """The first call was answered; its enriched call tells this."""
    (one, *_) = world.attempts()
    world.provider.told[str(one["call_id"])] = Session(
        id=str(one["call_id"]), status=CallStatus.COMPLETED, word="completed", raw=raw
    )
    world.say(str(one["id"]), CallStatus.COMPLETED, duration=30.0)
    world.run_for(10)


def listed(world: World) -> list[tuple[object, object]]:
    return [(one["reason"], one["source"]) for one in world.rows("SELECT * FROM suppression")]


@pytest.mark.parametrize(
    ("raw", "how"),
    [
        ({"analysis": {"tags": ["happy", "Opt-Out"]}}, "tag opt_out"),
        (
            {"transcript": [{"role": "user", "content": "Please take me off your list."}]},
            "asked in the call",
        ),
        ({"transcript": [{"role": "user", "text": "stop calling"}]}, "asked in the call"),
        ({"transcript": [{"role": "user", "content": "no interest"}]}, "asked in the call"),
        ({"analysis": {"tags": ["Never again"]}}, "tag never_again"),
    ],
)
def test_who_asks_in_a_call_is_never_called_again(raw: dict[str, Any], how: str) -> None:
    """Not in this campaign, nor in any other."""
    world = World()
    more = OptOut(tags=("never again",), phrases=("no interest",))
    world.submit(1, opt_out=more, pacing=pacing())
    later = Schedule(start=START + timedelta(minutes=2))
    for n, name in enumerate(("two", "three"), 1):
        again = [contact(n, to_number=SAME)]
        world.submit(again, name=name, digest=name, schedule=later, pacing=pacing())
    world.run_for(20)
    assert numbers(world) == {SAME: 1}
    said(world, **raw)
    world.run_for(200)
    assert listed(world) == [(how, "call")]
    assert numbers(world) == {SAME: 1}
    ends = Counter(one["outcome"] for one in world.tasks())
    assert ends == {"completed": 1, "suppressed": 2}


@pytest.mark.parametrize(
    "raw",
    [
        {"transcript": [{"role": "assistant", "content": "Say stop calling, and I will."}]},
        {"transcript": [{"role": "user", "content": "no interest"}]},
        {"analysis": {"tags": ["never again"]}},
        {"transcript": "stop calling", "analysis": ["opt_out"]},
        {},
    ],
)
def test_what_does_not_ask_changes_nothing(raw: dict[str, Any]) -> None:
    world = World()
    world.submit(1, pacing=pacing())
    world.run_for(5)
    said(world, **raw)
    assert not listed(world)
    assert world.attempts()[0]["enriched"] is not None


WISH = {"analysis": {"tags": ["dnc"]}}
WHOLE: dict[str, Any] = {"analysis": {}, "transcript": [], "cost": {}}


def looked(world: World) -> int:
    return sum(one.startswith("call ") for one in world.provider.asked)


def tells(world: World, **values: Any) -> None:
    """From now on the provider tells more of its first call."""
    id = str(world.attempts()[0]["call_id"])
    world.provider.told[id] = replace(world.provider.told[id], **values)


@pytest.mark.parametrize("late", [WISH, {"transcript": [{"role": "user", "text": "remove me"}]}])
def test_a_wish_that_is_told_hours_after_the_call_is_heard(late: dict[str, Any]) -> None:
    world = World()
    world.submit(1, pacing=pacing())
    world.run_for(5)
    said(world)
    world.run_for(2 * 3600, step=60)
    assert not listed(world)
    tells(world, raw=late)
    world.run_for(2 * 3600, step=60)
    assert len(listed(world)) == 1


def test_what_is_known_is_kept_at_once_and_never_lost_again() -> None:
    world = World()
    world.submit(1, pacing=pacing())
    world.run_for(5)
    said(world, analysis={"mood": "good"})
    tells(world, cost=0.5, currency="USD", recording_id="r1")
    world.run_for(200)
    tells(world, cost=None, recording_id=None, raw={"transcript": []})
    world.run_for(300)
    (one,) = world.attempts()
    assert (one["cost"], one["currency"], one["recording_id"]) == (0.5, "USD", "r1")
    with world.store.read() as tx:
        row = tx.attempt(str(one["id"]))
    assert row is not None
    assert row.enriched == {"analysis": {"mood": "good"}, "awaited": ["cost"]}


def test_the_first_whole_answer_is_the_last_that_is_asked_for() -> None:
    world = World()
    world.submit(1, pacing=pacing())
    world.run_for(5)
    said(world, **WHOLE)
    world.run_for(3 * 3600, step=60)
    assert looked(world) == 1
    assert world.attempts()[0]["check_at"] is None


def test_what_is_never_told_is_asked_for_during_a_day() -> None:
    world = World()
    world.submit(1, pacing=pacing())
    world.run_for(5)
    said(world)
    world.run_for(26 * 3600, step=60)
    assert looked(world) == 8  # after 2 s, and then 2, 5, 15 and 60 min, 3, 12 and 24 h
    assert world.attempts()[0]["check_at"] is None


def test_an_opt_out_is_obeyed_once_however_often_it_is_read() -> None:
    world = World()
    world.submit(1, pacing=pacing())
    world.run_for(5)
    said(world, analysis={"tags": ["dnc"]})
    (only,) = world.attempts()
    with world.store.write() as tx:
        row = tx.attempt(str(only["id"]))
        assert row is not None
        tx.change_attempt(row.id, row.state, enriched=None, check_at=tx.now().policy)
    world.run_for(10)
    assert listed(world) == [("tag dnc", "call")]


def test_nothing_that_somebody_said_is_kept_with_the_wish() -> None:
    world = World()
    world.submit(1, pacing=pacing())
    world.run_for(5)
    said(world, transcript=[{"role": "user", "content": "Maria here, stop calling 617 555 0100"}])
    kept = [*world.rows("SELECT * FROM audit"), *world.rows("SELECT * FROM suppression")]
    assert listed(world)
    assert "Maria" not in str(kept)
    assert "0100" not in str(kept)


def test_a_list_of_one_campaign_ends_its_calls_alone() -> None:
    world = World()
    later = Schedule(start=START + timedelta(minutes=1))
    world.submit([contact(0), contact(1)], schedule=later, pacing=pacing())
    world.submit([contact(0)], name="two", digest="d2", schedule=later, pacing=pacing())
    done = control.suppress([SAME], world.parts, who="me", reason="asked", campaign="reminders")
    assert done == (1, 1)
    world.run_for(90)
    assert numbers(world) == {contact(0).to_number: 1, contact(1).to_number: 1}
    called = {one["campaign_id"] for one in world.attempts() if one["phone_id"] == 1}
    assert called == {2}
    assert control.unsuppress(SAME, world.parts, who="me", campaign="reminders")
    assert not control.unsuppress(SAME, world.parts, who="me", campaign="reminders")
    assert not control.unsuppress(SAME, world.parts, who="me")


def test_a_later_row_with_a_listed_number_is_not_called_either() -> None:
    world = World()
    world.submit([contact(1)], pacing=pacing())
    control.suppress([SAME], world.parts, who="me", reason="asked", campaign="reminders")
    world.submit([contact(1), contact(0)], digest="d2", pacing=pacing())
    world.run_for(60)
    assert numbers(world) == {contact(1).to_number: 1}


def test_a_list_of_a_campaign_that_there_is_not_is_refused() -> None:
    world = World()
    with pytest.raises(UnknownName):
        control.suppress([SAME], world.parts, who="me", reason="asked", campaign="nobody's")


def test_who_answers_for_the_rules_is_kept_of_each_submission() -> None:
    world = World()
    world.submit(1, calling_hours=CallingHours(always=True))
    world.submit(
        1,
        digest="d2",
        purpose="debt",
        caps=(Cap(calls=3, per=DAY), Cap(calls=7, per=7 * DAY)),
        consent=Consent(column="agreed_on", attested="as Maria Gomez signed"),
        disclosure="I am a machine.",
        calling_hours=PLAIN.model_copy(update={"rules": ("us-debt",)}),
    )
    world.submit(1, digest="d3", calling_hours=PLAIN.model_copy(update={"rules_off": True}))
    with world.store.read() as tx:
        query = select(audit.c.detail).where(audit.c.what == "submit").order_by(audit.c.id)
        first, second, third = tx.connection.execute(query).scalars()
    assert first == {"zone_evidence": "both", "always": True}
    assert (
        second.items()
        >= {
            "purpose": "debt",
            "rules": ["us-debt"],
            "consent_attested": True,
            "consent_column": "agreed_on",
            "disclosure": True,
            "caps": ["3 per 1d", "7 per 7d"],
        }.items()
    )
    assert not {"always", "rules_off"} & set(second)
    assert "Maria" not in str(second)
    assert third["rules_off"] is True


PLAIN = CallingHours(days=((Span(start=8 * 60, end=21 * 60),),) * 7)


def test_what_allowed_a_call_is_kept_with_it() -> None:
    world = World()
    caps = (Cap(calls=3, per=7 * DAY),)
    people = [
        contact(
            n, to_number=SAME, places=("US", "US-FL"), zones=("America/New_York", "America/Chicago")
        )
        for n in range(2)
    ]
    world.submit(
        people,
        caps=caps,
        purpose="marketing",
        disclosure="I am a machine.",
        consent={"attested": "in writing"},
        calling_hours=PLAIN,
        pacing=pacing(),
    )
    for _ in range(2):
        world.run_for(30)
        end_all(world, CallStatus.NO_ANSWER)
    first, second = (
        one["admitted"] for one in world.opened(select(attempt).order_by(attempt.c.intent_at))
    )
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert set(first) == {"places", "hours", "caps", "zone_source", "max_duration_s"}
    assert (first["places"], first["zone_source"]) == (["US", "US-FL"], "number")
    looks = [(one["rule"], one["zone"], one["local"][:13]) for one in first["hours"]]
    rules = {rule for rule, _, _ in looks}
    assert rules >= {"calling_hours", "us-fl-marketing", "us-federal-marketing"}
    assert {(zone, local) for _, zone, local in looks} == {
        ("America/New_York", "2026-03-10T11"),
        ("America/Chicago", "2026-03-10T10"),
    }
    made = [[(one["rule"], one["made"]) for one in kept["caps"]] for kept in (first, second)]
    assert made[0] == [("caps", 0), ("us-fl-marketing", 0)]
    assert made[1] == [("caps", 1), ("us-fl-marketing", 1)]
    assert first["caps"][0] | {"made": 0} == {
        "rule": "caps",
        "calls": 3,
        "per_s": 7 * 86_400,
        "made": 0,
    }
    for kept in (first, second):
        assert SAME[-4:] not in str(kept)
        assert not {"Person", "k0", "k1"} & set(str(kept).replace("'", " ").split())


def test_without_caps_of_the_file_that_of_the_house_is_kept() -> None:
    world = World()
    world.submit(1)
    world.run_for(5)
    (kept,) = (one["admitted"] for one in world.opened(select(attempt)))
    assert isinstance(kept, dict)
    assert kept["caps"] == [{"rule": "house_cap", "calls": 4, "per_s": 86_400, "made": 0}]
    assert kept["hours"] == []  # always


def test_who_waits_for_a_ceiling_is_not_asked_about_in_vain() -> None:
    """A campaign that may start 1 a minute does not take the heartbeats of the others."""
    world = World()
    world.submit(50, pacing=pacing(starts_per_minute=1))
    world.run_for(30)
    for _ in range(5):
        tick(world.parts)
    claimed = [one for one in world.tasks() if one["state"] == "claimed"]
    assert len(claimed) <= 10
