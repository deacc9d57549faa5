"""The laws of a forecast: nobody is lost or invented, and no rule of the engine is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.assumptions import ASSUMED, Assumptions, Ended, learned
from campaigns.core.backlog import Batch, Budget, Going
from campaigns.core.definition import CallingHours, Cap, Retry, Span
from campaigns.core.forecast import Forecast, forecast
from campaigns.core.hours import Hours
from campaigns.core.instants import DRIFT
from campaigns.core.lifecycle import AttemptState, Outcome
from campaigns.core.outlook import Outlook, going
from campaigns.core.schedule import CLOSED, TouchPlan
from campaigns.core.side import Account
from campaigns.core.virtual import BUDGET, CAP, PRECISE, SLOT
from campaigns.core.where import Where
from campaigns.simulator.script import DEFAULT_SCRIPT, dice_for
from tests.support.engine import definition
from tests.support.plainly import Person, one_by_one

H, M, S = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # a Tuesday, 11:00 in New York
NEW_YORK, DENVER = Where(("America/New_York",)), Where(("America/Denver",))
LUNCH = CallingHours(days=((Span(start=540, end=750), Span(start=810, end=1140)),) * 7)
ALWAYS = CallingHours(always=True)
ONCE, THRICE = Retry(max_attempts=1), Retry(max_attempts=3)


def campaign(
    hours: CallingHours = ALWAYS, retry: Retry = ONCE, id: int = 1, **more: object
) -> Going:
    return Going(id=id, hours=Hours(hours), retry=lambda _: retry, **more)  # type: ignore[arg-type]


def certain(outcome: Outcome) -> Assumptions:
    return replace(ASSUMED, shares={outcome: 1.0})


def of(
    *batches: Batch,
    campaigns: Sequence[Going] = (),
    account: Account = Account(limit=10),  # noqa: B008  # frozen
    assumed: Assumptions = ASSUMED,
    now: datetime = NOW,
) -> Forecast:
    return forecast(batches, campaigns or [campaign()], account, now=now, assumed=assumed)


def batch(count: float = 1, where: Where = NEW_YORK, **more: object) -> Batch:
    values: dict[str, object] = {"campaign_id": 1, "due": NOW, **more}
    return Batch(where=where, count=count, **values)  # type: ignore[arg-type]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Batch], Going]:
    batches = []
    for _ in range(draw(st.integers(1, 6))):
        due = NOW + draw(st.integers(-60, 1500)) * M
        deadline = draw(
            st.one_of(st.none(), st.integers(1, 2000).map(lambda m, due=due: due + m * M))
        )
        where = draw(st.sampled_from([NEW_YORK, DENVER, Where(("America/Los_Angeles",))]))
        count = draw(st.integers(1, 60))
        batches.append(batch(count, where, due=due, deadline=deadline))
    retry = Retry(max_attempts=draw(st.integers(1, 4)), voicemail=(2 * H,))
    return batches, campaign(draw(st.sampled_from([ALWAYS, LUNCH])), retry)


@given(worlds())
@settings(max_examples=20, deadline=None)
def test_every_dial_task_has_exactly_one_outcome(world: tuple[list[Batch], Going]) -> None:
    batches, one = world
    found = of(*batches, campaigns=[one])
    tasks = sum(each.count for each in batches)
    assert found.contacts == pytest.approx(tasks, abs=1e-6)
    assert sum(found.outcomes.values()) == pytest.approx(tasks, abs=1e-6)
    assert sum(each.calls for each in found.hours) == pytest.approx(found.calls, abs=1e-6)
    never = found.outcomes.get(Outcome.EXPIRED, 0) + found.outcomes.get(Outcome.SKIPPED, 0)
    assert sum(found.missed_by.values()) == pytest.approx(never, abs=1e-6)
    assert of(*batches, campaigns=[one]) == found


@given(worlds())
@settings(max_examples=25, deadline=None)
def test_more_starts_a_minute_never_end_later_nor_miss_more(
    world: tuple[list[Batch], Going],
) -> None:
    batches, one = world
    one = replace(
        one, retry=lambda _: ONCE
    )  # a retry may fall into a closed hour just by earliness
    few = of(*batches, campaigns=[one], account=Account(limit=5))
    many = of(*batches, campaigns=[one], account=Account(limit=10))
    assert many.outcomes.get(Outcome.EXPIRED, 0) <= few.outcomes.get(Outcome.EXPIRED, 0) + 1e-6
    if not few.missed_by:
        assert few.finish_at is not None
        assert many.finish_at is not None
        assert many.finish_at <= few.finish_at


@pytest.mark.parametrize("hours", [ALWAYS, LUNCH])
@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.NO_ANSWER, Outcome.BUSY])
@pytest.mark.parametrize("attempts", [1, 3])
def test_certain_people_are_called_just_as_one_by_one(
    hours: CallingHours, outcome: Outcome, attempts: int
) -> None:
    retry = Retry(max_attempts=attempts)
    people, batches = [], []
    for n in range(70):
        where = NEW_YORK if n % 3 else DENVER
        deadline = NOW + 90 * M if n % 5 == 0 else None
        due = NOW + (n % 7) * 10 * M
        people.append(Person(due=due, n=n, where=where, deadline=deadline))
        batches.append(batch(1, where, due=due, deadline=deadline))
    sure = certain(outcome)
    starts, end = one_by_one(people, Hours(hours), lambda _: retry, sure, lambda: outcome, NOW)
    found = of(*batches, campaigns=[campaign(hours, retry)], assumed=sure)
    by_hour: dict[datetime, int] = {}
    for at in starts:
        hour = at.replace(minute=0, second=0, microsecond=0)
        by_hour[hour] = by_hour.get(hour, 0) + 1
    assert {one.at: round(one.calls, 6) for one in found.hours} == by_hour
    assert found.first_call_at == starts[0]
    assert found.finish_at == end


def test_the_finish_is_the_median_of_what_dice_make_of_it() -> None:
    dice, hours = Random(1), Hours(LUNCH)
    words = list(ASSUMED.shares)
    ends = []
    for _ in range(60):
        people = [Person(due=NOW, n=n, where=NEW_YORK, deadline=None) for n in range(40)]

        def drawn() -> Outcome:
            return dice.choices(words, [ASSUMED.shares[word] for word in words])[0]

        _, end = one_by_one(people, hours, lambda _: THRICE, ASSUMED, drawn, NOW)
        ends.append(end)
    found = of(batch(40), campaigns=[campaign(LUNCH, THRICE)])
    assert found.finish_at is not None
    assert found.finish_early is not None
    assert found.finish_late is not None
    assert 20 <= sum(end <= found.finish_at for end in ends) <= 40
    within = sum(found.finish_early - M <= end <= found.finish_late + M for end in ends)
    assert 40 <= within <= 58


def test_no_start_is_outside_open_hours_in_any_zone() -> None:
    hours = CallingHours(days=((Span(start=540, end=600),),) * 7)  # 9 to 10: one hour of UTC each
    found = of(batch(4000, DENVER), campaigns=[campaign(hours)], now=NOW)
    assert {one.at.hour for one in found.hours} == {15}  # 9 in Denver
    assert found.finish_at is not None
    assert found.finish_at - NOW > timedelta(days=4)


@given(st.integers(1, 30), st.integers(0, 3), st.integers(1, 80))
@settings(max_examples=30, deadline=None)
def test_never_more_than_the_limit_in_an_hour(limit: int, spacing: int, people: int) -> None:
    account = Account(limit=limit, spacing=spacing * S)
    found = of(batch(people * 20), account=account)
    slot = (account.window + ASSUMED.latency + DRIFT) / S
    for one in found.hours:
        assert one.calls <= limit * (3600 / slot) + limit


def test_ten_a_minute_begin_in_ten_seconds_and_again_when_their_slots_are_free() -> None:
    found = of(batch(20), assumed=certain(Outcome.COMPLETED))
    second = 60 * S + ASSUMED.latency + DRIFT
    last = NOW + second + 9 * S
    assert found.finish_at == last + ASSUMED.latency + ASSUMED.length(Outcome.COMPLETED)


def test_who_misses_is_told_with_the_reason() -> None:
    """Ten starts a minute: of 1,000 who are due until noon most are not reached by then."""
    late = batch(1000, deadline=NOW + 30 * M, touch="first", keys=("ann",))
    found = of(late, assumed=certain(Outcome.COMPLETED))
    assert found.missed_by == {SLOT: pytest.approx(700, abs=10)}
    assert found.missed[0].touch == "first"
    assert found.missed_keys == {SLOT: ("ann",)}
    night = batch(5, DENVER, deadline=NOW + H, due=NOW)
    shut = CallingHours(days=((Span(start=1080, end=1140),),) * 7)
    assert of(night, campaigns=[campaign(shut)]).missed_by == {CLOSED: pytest.approx(5)}


def test_a_cap_of_one_call_a_day_moves_the_retry_to_the_next_day() -> None:
    said = definition(retry=Retry(max_attempts=2), caps=(Cap(calls=1, per=24 * H),))
    one = going(said, id=1, mine=True, wheres=[NEW_YORK])
    nobody = certain(Outcome.NO_ANSWER)
    found = of(batch(1), campaigns=[one], assumed=nobody)
    assert found.finish_at == NOW + 24 * H + nobody.latency + nobody.length(Outcome.NO_ANSWER)
    too_late = of(batch(1, deadline=NOW + 20 * H), campaigns=[one], assumed=nobody)
    assert too_late.cut_short == {CAP: pytest.approx(1)}
    assert too_late.outcomes == {Outcome.NO_ANSWER: pytest.approx(1)}


def test_who_could_be_called_again_and_found_no_start_was_not_capped() -> None:
    """Their cap has passed at noon; until their deadline there are ten starts for a hundred."""
    said = definition(retry=ONCE, caps=(Cap(calls=1, per=24 * H),))
    one = going(said, id=1, mine=True, wheres=[NEW_YORK], before=1)
    rung = batch(100, intents=(NOW - 20 * H,), deadline=NOW + 4 * H + 30 * S)
    found = of(rung, campaigns=[one], assumed=certain(Outcome.COMPLETED))
    assert found.missed_by == {SLOT: pytest.approx(90)}
    tight = replace(rung, deadline=NOW + 3 * H)
    assert of(tight, campaigns=[one]).missed_by == {CAP: pytest.approx(100)}


def test_a_budget_of_money_without_a_price_has_no_finish_that_anybody_knows() -> None:
    money = campaign(budget=Budget(cost=5.0))
    blind = of(batch(70), campaigns=[money])
    assert (blind.blind, blind.finish_at, blind.finish_early, blind.finish_late) == (
        *(True, None),
        *(None, None),
    )
    stated = of(batch(70), campaigns=[campaign(budget=Budget(cost=5.0, per_call=0.1))])
    assert not stated.blind
    assert stated.finish_at is not None


def test_a_budget_of_a_day_goes_on_when_the_next_one_begins() -> None:
    one = campaign(budget=Budget(calls=30))
    found = of(batch(70), campaigns=[one])
    days: dict[int, float] = {}
    for hour in found.hours:
        days[hour.at.day] = days.get(hour.at.day, 0) + hour.calls
    assert days == {10: pytest.approx(30), 11: pytest.approx(30), 12: pytest.approx(10)}
    tight = of(batch(70, deadline=NOW + 5 * H), campaigns=[one])
    assert tight.missed_by == {BUDGET: pytest.approx(40)}


@pytest.mark.parametrize("ceiling", [{"starts_per_minute": 2}, {"concurrent_calls": 2}])
def test_a_ceiling_of_the_campaign_makes_it_slower(ceiling: dict[str, float]) -> None:
    free = of(batch(60), assumed=certain(Outcome.COMPLETED))
    held = of(batch(60), campaigns=[campaign(**ceiling)], assumed=certain(Outcome.COMPLETED))
    assert free.finish_at is not None
    assert held.finish_at is not None
    assert held.finish_at - NOW > 3 * (free.finish_at - NOW)


def test_other_campaigns_of_the_account_are_load() -> None:
    alone = of(batch(100))
    other = campaign(id=2, mine=False)
    found = of(batch(100), batch(100, campaign_id=2), campaigns=[campaign(), other])
    assert found.contacts == pytest.approx(100)
    assert alone.finish_at is not None
    assert found.finish_at is not None
    assert found.finish_at - NOW > 1.7 * (alone.finish_at - NOW)
    assert sum(one.others for one in found.hours) > 80


def test_who_first_gets_the_slot_has_the_higher_priority() -> None:
    first = campaign(id=2, mine=False, priority=1)
    found = of(batch(50), batch(100, campaign_id=2), campaigns=[campaign(), first])
    assert found.first_call_at is not None
    assert found.first_call_at - NOW >= 9 * M


def test_a_long_list_is_told_as_exactly_as_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    one = campaign(LUNCH, Retry(max_attempts=2))
    batches = [batch(1500, where) for where in (NEW_YORK, DENVER)]
    exact = of(*batches, campaigns=[one])
    monkeypatch.setattr("campaigns.core.virtual.PRECISE", PRECISE // 10)
    rough = of(*batches, campaigns=[one])
    assert (exact.rounded, rough.rounded is None) == (None, False)
    assert rough.calls == pytest.approx(exact.calls, rel=1e-6)
    assert exact.finish_at is not None
    assert rough.finish_at is not None
    assert abs(rough.finish_at - exact.finish_at) < 0.02 * (exact.finish_at - NOW)
    told = {one.at: one.calls for one in rough.hours}
    off = sum(abs(told.get(one.at, 0.0) - one.calls) for one in exact.hours)
    assert off < 0.05 * exact.calls


def test_a_limit_of_zero_calls_nobody() -> None:
    found = of(batch(3), account=Account(limit=0))
    assert (found.calls, found.contacts) == (0, pytest.approx(3))


def test_touches_that_are_over_before_they_begin_are_told() -> None:
    past = {("day_before", "past_due", Outcome.SKIPPED): 4}
    found = forecast([], [campaign()], Account(limit=10), now=NOW, left_out=past)
    assert found.missed_by == {"past_due": 4}
    assert found.outcomes == {Outcome.SKIPPED: 4}


def test_what_is_assumed_is_what_the_simulator_does_by_default() -> None:
    counts: dict[str, int] = {}
    for n in range(100):
        number = f"+16175550{n:03d}"
        word = DEFAULT_SCRIPT.becomes(number, "agent", 1, dice_for(1, number, 1)).status
        counts[word] = counts.get(word, 0) + 1
    assert {outcome.value: share * 100 for outcome, share in ASSUMED.shares.items()} == counts


def ended(outcome: AttemptState, count: int, **more: object) -> list[Ended]:
    return [Ended(state=outcome, **more) for _ in range(count)]  # type: ignore[arg-type]


def test_history_tells_more_than_an_assumption_from_fifty_calls_on() -> None:
    spoken = ended(AttemptState.COMPLETED, 30, talked_s=120.0, cost=0.5, currency="USD")
    unanswered = ended(AttemptState.NO_ANSWER, 20, took_s=31.0)
    assert learned((*spoken, *unanswered[:19]), "this campaign") is None
    found = learned((*spoken, *unanswered), "this campaign")
    assert found is not None
    assert found.shares == {Outcome.COMPLETED: 0.6, Outcome.NO_ANSWER: 0.4}
    assert found.talk == 120 * S
    assert found.length(Outcome.NO_ANSWER) == 31 * S
    assert found.per_minute == pytest.approx(0.25)
    assert found.sources["outcomes"] == "history of 50 calls of this campaign"
    assert found.cost(100, 50) == (pytest.approx(50), pytest.approx(50))


def test_a_price_is_never_invented() -> None:
    assert of(batch(5)).cost is None
    few = ended(AttemptState.COMPLETED, 60, talked_s=60.0)
    found = learned(few, "this account")
    assert found is not None
    assert found.cost(10, 10) is None
    assert found.sources["price"] == "unknown"


def test_prices_that_differ_give_a_range_around_their_mean() -> None:
    calls = [
        Ended(state=AttemptState.COMPLETED, cost=cost, currency="USD") for cost in (0.1, 0.3) * 50
    ]
    found = learned(calls, "this account")
    assert found is not None
    low, high = found.cost(100, 0) or (0, 0)
    assert (low + high) / 2 == pytest.approx(20)
    assert 2 < high - low < 8


def test_rows_that_share_a_call_are_one_of_it() -> None:
    plan = (TouchPlan(name="", occasion="", due_at=NOW, deadline_at=None, expires_as="x"),)
    outlook = Outlook()
    for key in ("ann", "ben"):
        outlook.take(NEW_YORK, plan, key, together=lambda _: "their phone")
    outlook.take(NEW_YORK, plan, "cid", together=lambda _: "another phone")
    assert [one.count for one in outlook.batches(1)] == [2]
