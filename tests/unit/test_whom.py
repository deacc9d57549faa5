"""What comes next for one number: its own reason, or what holds for it over all campaigns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.core.admission import WaitReason
from campaigns.core.caps import HOUSE, HOUSE_KEY, CapRule, Frequency, Rest
from campaigns.core.definition import CallingHours, Cap, Span
from campaigns.core.figures import AccountFigures, LaneGroup, Waiting
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.lifecycle import CampaignState
from campaigns.core.report import STARTING, Situation
from campaigns.core.where import Where
from campaigns.core.whom import NumberRules, comes_next, resting, used

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # 11:00 in New York
H = timedelta(hours=1)
ACCOUNT = AccountFigures(
    id=1,
    name="default",
    limit=10,
    window=timedelta(seconds=60),
    spacing=timedelta(seconds=1),
    slots_busy=0,
    next_start_at=T0,
    last_start_at=None,
    last_429_at=None,
    held_until=None,
    held_why=None,
    probing=False,
    paused_why=None,
    paused_by=None,
    paused_at=None,
)
NOW = Situation(
    at=T0,
    hours=Hours(CallingHours(days=((Span(start=9 * 60, end=17 * 60),),) * 7)),
    state=CampaignState.RUNNING,
    pause_asked=False,
    start=None,
    account=ACCOUNT,
)
TASK = LaneGroup(
    where=Where(("America/New_York",)), reason="due", eligible=True, count=1, first=T0, last=T0
)
FREE = NumberRules(unwanted=False)


def test_a_number_that_is_free_is_called_as_its_campaign_says() -> None:
    assert comes_next(TASK, NOW, FREE).reason == STARTING


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"cap_until": T0 + H}, WaitReason.CAP),
        ({"rest_until": T0 + H}, WaitReason.REST),
        ({"busy_until": T0 + H}, WaitReason.NUMBER_BUSY),
    ],
)
def test_what_holds_for_the_number_comes_first_where_it_ends_later(
    rules: dict[str, datetime], reason: WaitReason
) -> None:
    held = replace(FREE, **rules)  # type: ignore[arg-type]  # a test helper
    assert comes_next(TASK, NOW, held) == Waiting(reason=reason, count=1, next_at=T0 + H)
    later = replace(TASK, eligible=False, first=T0 + 2 * H)
    assert comes_next(later, NOW, held).reason == "due"


def test_a_cap_that_ends_in_closed_hours_waits_for_the_opening() -> None:
    full = replace(FREE, cap_until=T0 + 12 * H)
    found = comes_next(TASK, NOW, full)
    assert (found.reason, found.next_at) == ("cap", T0 + 22 * H + EDGE_MARGIN)


def test_what_only_a_person_ends_is_said_before_the_cap() -> None:
    full = replace(FREE, cap_until=T0 + H)
    paused = replace(NOW, state=CampaignState.PAUSED)
    assert comes_next(TASK, paused, full) == Waiting(reason="paused", count=1, next_at=None)


def test_a_number_on_the_do_not_call_list_is_never_called() -> None:
    found = comes_next(TASK, NOW, replace(FREE, unwanted=True))
    assert found == Waiting(reason="suppressed", count=1, next_at=None)


def test_each_cap_is_told_with_how_far_it_is_used() -> None:
    three = Cap(calls=2, per=6 * H)
    often = Frequency(limits=(CapRule(key=HOUSE_KEY, cap=HOUSE), CapRule(key="caps", cap=three)))
    house, own = used(often, [T0 - 20 * H, T0 - 5 * H, T0 - H], T0)
    assert (house.rule, house.used, house.calls, house.full_until) == (HOUSE_KEY, 3, 4, None)
    assert (own.rule, own.used, own.calls, own.full_until) == ("caps", 2, 2, T0 + H)


def test_a_rest_is_told_until_it_is_over() -> None:
    often = Frequency(limits=(), rest=Rest(key="us-reg-f", after=7 * 24 * H))
    assert resting(often, None, T0) is None
    assert resting(often, T0 - 7 * 24 * H, T0) is None
    found = resting(often, T0 - H, T0)
    assert found is not None
    assert (found.rule, found.until) == ("us-reg-f", T0 - H + 7 * 24 * H)
    assert resting(Frequency(limits=()), T0 - H, T0) is None
