"""What the rules refuse a campaign for, and what they warn of; each under the file's own key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from campaigns.core.contacts import Contact, Entry, RejectedRow
from campaigns.core.rules import GRACE, rule
from campaigns.core.rules.demands import Watched, demands
from campaigns.errors import DefinitionError
from tests.support.trees import definition

FLORIDA, UTAH = ("US", "US-FL"), ("US", "US-UT")
NOW = date(2026, 11, 26)
WORD = {"attested": "signed at the desk"}
SAID = "This is the automated assistant of Harbor Dental."


def told(
    *places: tuple[str, ...], on: date = NOW, **keys: Any
) -> tuple[dict[str, str], dict[str, str]]:
    """Faults and warnings, each as its key with its sentence."""
    faults, warnings = demands(definition(**keys), places, on)
    assert all(one.at == "" for one in (*faults, *warnings))
    by_key = [{one.key: str(one) for one in some} for some in (faults, warnings)]
    assert [len(one) for one in by_key] == [len(faults), len(warnings)]
    return by_key[0], by_key[1]


def test_marketing_without_consent_is_refused() -> None:
    faults, _ = told(FLORIDA, purpose="marketing", disclosure=SAID)
    assert faults == {
        "consent": "consent: expected the consent that us-ai-voice-marketing, us-fl-marketing"
        " demand, got none (say whose word it is: consent: {attested: how they agreed}, or"
        " {column: agreed_on})"
    }


@pytest.mark.parametrize("consent", [WORD, {"column": "agreed"}])
def test_marketing_with_consent_and_disclosure_is_not(consent: dict[str, str]) -> None:
    assert told(FLORIDA, purpose="marketing", disclosure=SAID, consent=consent) == ({}, {})


def test_no_consent_is_asked_for_other_calls_or_elsewhere() -> None:
    assert told(FLORIDA, purpose="appointment", disclosure=SAID) == ({}, {})
    assert told(("AU",), purpose="marketing") == ({}, {})
    assert "consent" not in told(FLORIDA, disclosure=SAID)[0]
    assert told(purpose="marketing") == ({}, {}), "nobody is called yet"


def test_a_missing_disclosure_refuses_marketing_and_is_warned_of_otherwise() -> None:
    faults, warnings = told(FLORIDA, purpose="marketing", consent=WORD)
    assert set(faults) == {"disclosure"}
    assert not warnings
    faults, warnings = told(FLORIDA, purpose="appointment")
    assert not faults
    assert warnings["disclosure"].startswith(
        "disclosure: expected the disclosure that us-ai-voice demands, got none (write what"
    )
    assert set(told(("FR",), purpose="service")[1]) == {"disclosure"}


def test_a_missing_purpose_is_warned_of_where_rules_depend_on_it() -> None:
    assert "purpose" in told(FLORIDA)[1]
    assert "purpose" not in told(("JP",))[1]
    assert told(FLORIDA)[0] == {}


def test_an_unsure_row_that_is_off_is_named_and_one_that_is_on_demands() -> None:
    _, warnings = told(UTAH, purpose="appointment", disclosure=SAID)
    assert "got us-ut-ai off, of certainty C" in warnings["calling_hours.rules"]
    named = {"calling_hours": {"rules": "us-ut-ai"}}
    assert told(UTAH, purpose="appointment", disclosure=SAID, **named) == ({}, {})
    automated = {"calling_hours": {"rules": ["uk-automated-marketing"]}}
    assert set(told(("GB",), purpose="marketing", **automated)[0]) == {"consent"}


def test_of_many_rows_the_first_are_named() -> None:
    unsure = ("MA", "NV", "MI", "MN", "NM", "WY", "UT", "SD", "NE", "IL")
    everywhere = [("US", f"US-{code}") for code in unsure]
    _, warnings = told(*everywhere, purpose="marketing", disclosure=SAID, consent=WORD)
    assert "us-wy-marketing and 5 more off" in warnings["calling_hours.rules"]


def test_countries_without_a_row_are_warned_of() -> None:
    _, warnings = told(("JP",), ("KR",), FLORIDA, (), purpose="appointment", disclosure=SAID)
    assert warnings["contacts"].startswith(
        "contacts: expected countries with a rule of their own, got JP, KR without one and numbers"
        " of no country (they are closed, nobody there is called;"
    )
    _, warnings = told(("PL",), purpose="service", disclosure=SAID)
    assert "name the pack eu" in warnings["contacts"]
    named = {"calling_hours": {"rules": "eu"}}
    assert told(("PL",), purpose="service", disclosure=SAID, **named) == ({}, {})


def test_a_row_past_its_review_warns_for_a_month_and_then_refuses() -> None:
    said: dict[str, Any] = {"purpose": "marketing", "disclosure": SAID, "consent": WORD}
    due = rule("us-fl-marketing").review_by
    assert told(FLORIDA, on=date(2027, 1, 31), **said) == ({}, {})
    faults, warnings = told(FLORIDA, on=due + GRACE, **said)
    assert not faults
    assert "us-fl-marketing by 2027-11-01" in warnings["calling_hours.rules"]
    faults, _ = told(FLORIDA, on=due + GRACE + timedelta(days=1), **said)
    assert "{rules: none} takes all of it upon yourself" in faults["calling_hours.rules"]


def test_a_list_that_is_read_again_is_not_asked_for_review_dates() -> None:
    """It may take people back, and what it would be refused for stops no call."""
    said = definition(purpose="marketing", disclosure=SAID, consent=WORD)
    assert demands(said, [FLORIDA], date(2099, 1, 1))[0]
    assert demands(said, [FLORIDA], None) == ((), ())


def test_an_old_row_that_asks_for_nothing_never_refuses() -> None:
    late = date(2027, 6, 1)
    assert rule("us-opt-out").review_by < late - GRACE
    faults, warnings = told(FLORIDA, on=late, purpose="appointment", disclosure=SAID)
    assert not faults
    assert "us-opt-out by 2027-01-31" in warnings["calling_hours.rules"]


def test_none_demands_nothing_and_is_said() -> None:
    none = {"calling_hours": {"rules": "none"}}
    faults, warnings = told(FLORIDA, ("JP",), purpose="marketing", on=date(2099, 1, 1), **none)
    assert not faults
    assert warnings == {
        "calling_hours.rules": "calling_hours.rules: expected rules that hold, got none: no rule"
        " pack holds (hours, caps, consent and disclosure of every law are yours to keep)"
    }


def test_always_is_said_where_the_law_has_hours() -> None:
    said: dict[str, Any] = {"purpose": "marketing", "disclosure": SAID, "consent": WORD}
    _, warnings = told(FLORIDA, calling_hours="always", **said)
    assert (
        "got always, so us-federal-marketing, us-fl-marketing hold no hours"
        in (warnings["calling_hours"])
    )
    assert told(("FR",), calling_hours="always", purpose="service", disclosure=SAID) == ({}, {})


def test_always_opens_countries_without_a_rule_and_they_are_named() -> None:
    _, warnings = told(("JP",), FLORIDA, calling_hours="always", purpose="debt", disclosure=SAID)
    assert warnings["contacts"] == (
        "contacts: expected countries with a rule of their own, got JP without one (calling_hours:"
        " always opens them day and night, and nobody here knows their law)"
    )


def test_a_country_whose_rows_are_off_is_told_the_pack_that_opens_it() -> None:
    keys: dict[str, Any] = {"purpose": "marketing", "consent": WORD, "disclosure": SAID}
    _, warnings = told(("IT",), **keys)
    assert "got IT without one" in warnings["contacts"]
    assert (
        "off: naming the pack italy under calling_hours.rules opens its country"
        in warnings["contacts"]
    )
    assert told(("IT",), calling_hours={"rules": "italy"}, **keys) == ({}, {})


def test_a_country_among_others_of_one_contact_is_named() -> None:
    _, warnings = told(("JP", "US", "US-FL"), purpose="appointment", disclosure=SAID)
    assert "got JP without one (they are closed" in warnings["contacts"]


def test_a_name_that_turns_nothing_on_is_warned_of() -> None:
    named = {"calling_hours": {"rules": ["us-debt"]}}
    _, warnings = told(FLORIDA, purpose="appointment", disclosure=SAID, **named)
    assert "got us-debt (purpose: appointment has no row" in warnings["calling_hours.rules"]


def contact(line: int, *places: str) -> Contact:
    return Contact(
        line=line, key=str(line), to_number="+1", zones=(), zone_source="number", places=places
    )


def test_a_list_is_read_to_its_end_before_the_rules_refuse_it() -> None:
    list_ = [contact(2, "AU"), RejectedRow(line=3, column="x", reason="y"), contact(4, "US")]
    seen: list[Entry] = []

    def read(entries: Iterator[Entry]) -> None:
        seen.extend(entries)

    refused = Watched(list_, definition(purpose="marketing"), NOW)
    for _ in range(2):
        seen.clear()
        with pytest.raises(DefinitionError) as caught:
            read(iter(refused))
        assert seen == list_
        assert [fault.key for fault in caught.value.faults] == ["consent", "disclosure"]
    assert list(Watched(list_[:2], definition(purpose="marketing"), NOW)) == list_[:2]


def shut(*places: tuple[str, ...], **hours: Any) -> tuple[list[str], list[str]]:
    """Which rules leave no minute open: those that refuse, those that are warned of."""
    faults, warnings = told(*places, calling_hours=hours, purpose="debt")
    said = [some.get("calling_hours", "") for some in (faults, warnings)]
    return tuple([one] if "leave" in one else [] for one in said)  # type: ignore[return-value]


EARLY = {"mon-sun": "05:00-07:30"}


def test_hours_that_no_rule_leaves_open_are_refused() -> None:
    faults, warnings = shut(("US",), **EARLY)
    hint = "widen the hours of the file; `campaigns rules show` tells those of a rule"
    said = "calling_hours: expected a minute that us-reg-f leaves open, got no minute of the week"
    assert faults == [f"{said} ({hint})"]
    assert not warnings


def test_two_minutes_in_common_leave_no_instant_between_their_edges() -> None:
    assert shut(("US",), **{"mon-sun": "05:00-08:02"})[0]
    assert shut(("US",), mon="20:58-22:00")[0]


def test_hours_that_are_open_elsewhere_are_warned_of() -> None:
    """Of two countries one has hours that early."""
    faults, warnings = shut(("US",), ("BR",), **EARLY)
    assert not faults
    assert len(warnings) == 1


@pytest.mark.parametrize(
    "hours",
    [
        {"mon-sun": "05:00-08:03"},
        {"mon": "20:57-22:00"},
        {**EARLY, "open": {"2026-12-24": "09:00-10:00"}},
        {**EARLY, "timezone": "Asia/Tokyo"},
        {**EARLY, "rules": "none"},
    ],
)
def test_three_minutes_are_enough_and_another_clock_may_have_one(hours: dict[str, Any]) -> None:
    assert shut(("US",), **hours) == ([], [])


def test_several_rules_that_share_no_minute_with_the_file_together() -> None:
    """Each leaves some of it open; the row after which nothing is left is named."""
    keys = {"purpose": "marketing", "consent": WORD, "disclosure": SAID}
    faults, _ = told(("US", "US-RI"), calling_hours={"sat": "08:00-09:30"}, **keys)
    assert "us-ri-marketing leaves open" in faults["calling_hours"]
