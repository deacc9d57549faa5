"""Rolling caps of one number, judged against a scan of every instant that matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.caps import (
    FILE_KEY,
    HOUSE,
    HOUSE_KEY,
    CapRule,
    Frequency,
    frequency,
    full_until,
    made_within,
    next_allowed,
    said,
)
from campaigns.core.definition import Cap
from campaigns.core.rules import Rule, rule

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
M = timedelta(minutes=1)
H = timedelta(hours=1)

caps = st.builds(Cap, calls=st.integers(1, 4), per=st.integers(1, 12).map(lambda n: n * M))
intents = st.lists(st.integers(-15, 0).map(lambda n: T0 + n * M), max_size=12).map(sorted)


def has_room(cap: Cap, made: Sequence[datetime], at: datetime) -> bool:
    """Whether the `per` that ends with one more call at `at` has no more than `calls`."""
    return sum(at - cap.per < one <= at for one in [*made, at]) <= cap.calls


@given(st.lists(caps, min_size=1, max_size=3), intents)
def test_the_next_call_goes_at_the_first_instant_at_which_every_cap_has_room(
    several: list[Cap], made: list[datetime]
) -> None:
    limits = [CapRule(key=str(n), cap=cap) for n, cap in enumerate(several)]
    found = next_allowed(limits, made, T0)
    edges = sorted({T0, *(one + cap.per for one in made for cap in several if one + cap.per > T0)})
    every = [at for at in edges if all(has_room(cap, made, at) for cap in several)]
    if found is None:
        assert every[0] == T0
        return
    key, at = found
    assert at == every[0]
    assert not all(has_room(cap, made, at - TICK) for cap in several)
    assert not has_room(several[int(key)], made, at - TICK)


@given(caps, st.lists(st.integers(0, 90), max_size=40))
def test_whoever_waits_as_told_never_has_more_calls_in_any_window(
    cap: Cap, asks: list[int]
) -> None:
    """Callers ask at any time and call at the instant that they are told."""
    made: list[datetime] = []
    for at in sorted(T0 + n * M for n in asks):
        told = next_allowed([CapRule(key=FILE_KEY, cap=cap)], made, max(at, *made, T0))
        made.append(max(at, *made, T0) if told is None else told[1])
    for last in made:
        assert sum(last - cap.per < one <= last for one in made) <= cap.calls


def test_a_call_leaves_its_window_at_the_very_instant() -> None:
    cap = Cap(calls=1, per=24 * H)
    assert full_until(cap, [T0], T0) == T0 + 24 * H
    assert full_until(cap, [T0], T0 + 24 * H - TICK) == T0 + 24 * H
    assert full_until(cap, [T0], T0 + 24 * H) is None
    assert made_within(cap, [T0], T0 + 24 * H - TICK) == 1
    assert made_within(cap, [T0], T0 + 24 * H) == 0


def test_the_cap_that_lets_go_last_is_named() -> None:
    short = CapRule(key="short", cap=Cap(calls=1, per=H))
    long = CapRule(key="long", cap=Cap(calls=2, per=24 * H))
    made = [T0 - 2 * H, T0 - M]
    assert next_allowed([short, long], made, T0) == ("long", T0 + 22 * H)
    assert next_allowed([short, long], made[1:], T0) == ("short", T0 + H - M)
    assert next_allowed([short, long], [], T0) is None


def row(key: str, *of: Cap, rest: timedelta | None = None) -> Rule:
    return replace(
        rule("us-fl-marketing"),
        key=key,
        caps=of,
        after_conversation=rest,
        review_by=date(2030, 1, 1),
    )


def test_without_caps_of_the_file_the_default_of_the_house_holds() -> None:
    assert frequency((), ()) == Frequency(limits=(CapRule(key=HOUSE_KEY, cap=HOUSE),))
    assert (HOUSE.calls, HOUSE.per) == (4, 24 * H)


def test_caps_of_the_file_replace_that_of_the_house_and_rules_hold_besides() -> None:
    generous, strict = Cap(calls=20, per=24 * H), Cap(calls=3, per=24 * H)
    found = frequency([generous], [row("florida", strict)])
    assert [(one.key, one.cap) for one in found.limits] == [
        (FILE_KEY, generous),
        ("florida", strict),
    ]
    made = [T0 - 3 * M, T0 - 2 * M, T0 - M]
    assert next_allowed(found.limits, made, T0) == ("florida", T0 - 3 * M + 24 * H)
    house = frequency((), [row("florida", strict)])
    assert [one.key for one in house.limits] == [HOUSE_KEY, "florida"]


def test_the_longest_rest_of_all_rules_holds_and_says_whose_it_is() -> None:
    rules = [row("a", rest=H), row("b", rest=7 * 24 * H), row("c"), row("d", rest=2 * H)]
    rest = frequency((), rules).rest
    assert rest is not None
    assert (rest.key, rest.after) == ("b", 7 * 24 * H)
    assert frequency((), [row("c")]).rest is None


@given(st.lists(caps, max_size=3), st.lists(st.lists(caps, max_size=2), max_size=3), intents)
def test_the_strictest_of_all_wins(
    stated: list[Cap], of_rules: list[list[Cap]], made: list[datetime]
) -> None:
    """One more rule never lets a call go earlier."""
    rules = [row(f"r{n}", *some) for n, some in enumerate(of_rules)]
    alone = next_allowed(frequency(stated, ()).limits, made, T0)
    together = next_allowed(frequency(stated, rules).limits, made, T0)
    each = [next_allowed([CapRule(key="", cap=cap)], made, T0) for some in of_rules for cap in some]
    latest = max(at for at in (T0, *(one[1] for one in (alone, *each) if one is not None)))
    assert (T0 if together is None else together[1]) == latest


@given(st.lists(caps, max_size=3), intents)
def test_calls_before_the_longest_cap_do_not_matter(
    stated: list[Cap], made: list[datetime]
) -> None:
    """Whoever reads the past reads no further back."""
    found = frequency(stated, ())
    recent = [one for one in made if one > T0 - found.longest]
    assert next_allowed(found.limits, recent, T0) == next_allowed(found.limits, made, T0)


def test_a_cap_reads_as_a_person_writes_it() -> None:
    assert said(Cap(calls=3, per=24 * H)) == "3 per 1d"
    assert said(Cap(calls=1, per=90 * M)) == "1 per 1h30m"
