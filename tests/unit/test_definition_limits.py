"""The keys that bound a campaign: what they mean, and each bad value with its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.core.definition import Budget, Cap, Failing, OptOut, Pacing
from tests.support.trees import campaign, complaints, definition, fault, faults

DAY = timedelta(days=1)


def test_a_campaign_that_says_nothing_is_bounded_by_its_account_alone() -> None:
    plain = definition()
    assert plain.pacing == Pacing(pause_when_failing=Failing(share=0.5, of=20))
    assert (plain.budget, plain.caps, plain.opt_out) == (Budget(), (), OptOut())


def test_all_of_them_are_read() -> None:
    found = definition(
        pacing={
            "starts_per_minute": "4",
            "concurrent_calls": "20",
            "pause_when_failing": "12.5 % of 8",
        },
        budget={"calls_per_day": "700", "cost_per_day": "60 USD", "cost_per_call": "0.50 USD"},
        caps=[{"calls": "1", "per": "24h"}, {"calls": "3", "per": "7d"}],
        opt_out={"tags": ["stop", "stop", "no more"], "phrases": "kein Interesse"},
    )
    assert found.pacing == Pacing(
        starts_per_minute=4, concurrent_calls=20, pause_when_failing=Failing(share=0.125, of=8)
    )
    assert found.budget == Budget(calls_per_day=700, cost_per_day=60.0, cost_per_call=0.5)
    assert found.caps == (Cap(calls=1, per=DAY), Cap(calls=3, per=7 * DAY))
    assert found.opt_out == OptOut(tags=("stop", "no more"), phrases=("kein Interesse",))


def test_never_switches_the_pause_off() -> None:
    assert definition(pacing={"pause_when_failing": "never"}).pacing.pause_when_failing is None


def test_one_cap_needs_no_list() -> None:
    assert definition(caps={"calls": "1", "per": "24h"}).caps == (Cap(calls=1, per=DAY),)


@pytest.mark.parametrize(
    ("written", "amount"),
    [("60 USD", 60.0), ("60USD", 60.0), ("0.5 usd", 0.5), ("60 $", 60.0), ("1234567 USD", 1234567)],
)
def test_money(written: str, amount: float) -> None:
    assert definition(budget={"cost_per_day": written}).budget.cost_per_day == amount


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("60", "write 60 USD"),
        ("60 EUR", "got 60 EUR (calls are priced in US dollars)"),
        ("5000 INR", "got 5000 INR (calls are priced in US dollars)"),
        ("€60", "an amount in US dollars such as 60 USD"),
        ("0 USD", "an amount above 0"),
        ("0.00 USD", "an amount above 0"),
        ("-5 USD", "an amount in US dollars"),
        ("1,000 USD", "an amount in US dollars"),
        ("0.001 USD", "an amount in US dollars"),
        ("much", "an amount in US dollars"),
        ("nan USD", "an amount in US dollars"),
        (["60 USD"], "expected"),
        ({"usd": "60"}, "expected"),
    ],
)
def test_other_money_is_refused(written: Any, said: str) -> None:
    sentence = fault(budget={"cost_per_day": written})
    assert sentence.startswith("budget.cost_per_day: ")
    assert said in sentence


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({}, "budget: expected calls_per_day or cost_per_day, got nothing"),
        ({"calls_per_day": "0"}, "budget.calls_per_day: expected a whole number from 1 to 14400"),
        ({"calls_per_day": "14401"}, "budget.calls_per_day: expected a whole number from 1"),
        ({"calls_per_day": "1.5"}, "budget.calls_per_day: expected a whole number"),
        ({"calls_per_day": ""}, "budget.calls_per_day: expected a whole number"),
        ({"cost_per_call": "1 USD"}, "budget.cost_per_call: expected cost_per_day beside it"),
        (
            {"cost_per_day": "1 USD", "cost_per_call": "1.01 USD"},
            "budget.cost_per_day: expected enough for one call, got 1 USD, less than cost_per_call",
        ),
        ({"calls_per_hour": "3"}, "budget.calls_per_hour"),
        ("700", "budget: expected"),
        (["calls_per_day"], "budget: expected"),
    ],
)
def test_a_budget_that_bounds_nothing_or_everything_is_refused(budget: Any, said: str) -> None:
    assert fault(budget=budget).startswith(said)


def test_a_call_may_cost_as_much_as_the_whole_day() -> None:
    both = definition(budget={"cost_per_day": "1 USD", "cost_per_call": "1 USD"}).budget
    assert both == Budget(cost_per_day=1, cost_per_call=1)


@pytest.mark.parametrize(
    ("caps", "key", "said"),
    [
        ([], "caps", "expected a list of caps, got nothing"),
        ([{"calls": "0", "per": "24h"}], "caps.calls", "expected at least 1 call, got 0"),
        ([{"calls": "-1", "per": "24h"}], "caps.calls", "expected a whole number from 1 to 1000"),
        ([{"calls": "1001", "per": "24h"}], "caps.calls", "expected a whole number from 1 to 1000"),
        ([{"calls": "1.0", "per": "24h"}], "caps.calls", "expected a whole number"),
        ([{"calls": "1", "per": "0s"}], "caps.per", "expected a duration from 1m to 366d"),
        ([{"calls": "1", "per": "59s"}], "caps.per", "expected a duration from 1m to 366d"),
        ([{"calls": "1", "per": "367d"}], "caps.per", "expected a duration from 1m to 366d"),
        ([{"calls": "1", "per": "a day"}], "caps.per", "expected"),
        ([{"calls": "1"}], "caps", "expected calls and per, got no per"),
        ([{"per": "1h"}], "caps", "expected calls and per, got no calls"),
        ([{"calls": "1", "per": "1h", "for": "x"}], "caps.for", "got another key"),
        (
            [{"calls": "1", "per": "24h"}, {"calls": "2", "per": "1d"}],
            "caps.per",
            "expected each length of time once, got one again",
        ),
        ("3 per day", "caps", "expected"),
        ([["1", "24h"]], "caps", "expected"),
    ],
)
def test_a_cap_that_is_none_is_refused(caps: Any, key: str, said: str) -> None:
    sentence = fault(caps=caps)
    assert sentence.startswith(key.split(".", maxsplit=1)[0])
    assert said in sentence
    assert key.rsplit(".", maxsplit=1)[-1] in sentence.partition(" expected")[0]


def test_the_edges_of_a_cap_are_read() -> None:
    found = definition(caps=[{"calls": "1000", "per": "1m"}, {"calls": "1", "per": "366d"}]).caps
    assert found == (Cap(calls=1000, per=timedelta(minutes=1)), Cap(calls=1, per=366 * DAY))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("50% of 1", "a share of 2 to 500 calls"),
        ("50% of 501", "a share of 2 to 500 calls"),
        ("50% of 0", "a share of 2 to 500 calls"),
        ("0% of 20", "a share above 0%, got 0% of 20 (`never` switches it off)"),
        ("101% of 20", "a share from 0% to 100%"),
        ("1.2.3% of 20", "a share from 0% to 100%"),
        ("50%", "a share of so many calls, such as 50% of 20, or never"),
        ("10 of 20", "a share of so many calls, such as 50% of 20, or never"),
        ("half of 20", "a share of so many calls, such as 50% of 20, or never"),
        ("no", "a share of so many calls, such as 50% of 20, or never"),
    ],
)
def test_a_share_of_calls_that_says_nothing_is_refused(written: str, said: str) -> None:
    sentence = fault(pacing={"pause_when_failing": written})
    assert sentence.startswith("pacing.pause_when_failing: expected ")
    assert said in sentence


@pytest.mark.parametrize("key", ["starts_per_minute", "concurrent_calls"])
@pytest.mark.parametrize("written", ["0", "-1", "1001", "1.5", "many", "", ["1"], {}])
def test_a_ceiling_is_a_number_of_calls(key: str, written: Any) -> None:
    assert fault(pacing={key: written}).startswith(f"pacing.{key}: expected")


@pytest.mark.parametrize("key", ["tags", "phrases"])
@pytest.mark.parametrize("written", ["!?", "", "x" * 101, [[]], [{"a": "b"}]])
def test_what_means_an_opt_out_is_a_few_words(key: str, written: Any) -> None:
    (sentence, *more) = faults(opt_out={key: written})
    assert sentence.startswith(f"opt_out.{key}")
    assert not more


def test_another_key_is_named_with_the_near_one() -> None:
    assert "opt_out.tag" in fault(opt_out={"tag": "stop"})
    assert "starts_per_minute" in fault(pacing={"start_per_minute": "3"})


def test_every_fault_has_the_line_it_is_in(tmp_path: Path) -> None:
    said = complaints(
        tmp_path,
        campaign,
        "contacts: people.csv\n"  # line 4
        "pacing:\n"
        "  starts_per_minute: 0\n"
        "  pause_when_failing: 50% of 1\n"
        "budget:\n"
        "  calls_per_day: 0\n"
        "  cost_per_day: 60 EUR\n"
        "caps:\n"
        "  - {calls: 0, per: 24h}\n"
        "  - calls: 1\n"
        "    per: 0s\n"
        "  - {calls: 1, per: 24h}\n"
        "  - {calls: 2, per: 1d}\n"
        "opt_out:\n"
        "  phrases: ['?']\n",
    )
    assert [one.partition(": expected")[0] for one in said] == [
        "c.yaml:6: pacing.starts_per_minute",
        "c.yaml:7: pacing.pause_when_failing",
        "c.yaml:9: budget.calls_per_day",
        "c.yaml:10: budget.cost_per_day",
        "c.yaml:12: caps[1].calls",
        "c.yaml:14: caps[2].per",
        "c.yaml:16: caps[4].per",
        "c.yaml:18: opt_out.phrases[1]",
    ]
