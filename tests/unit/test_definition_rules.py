"""The keys of a campaign file that turn rules on, and that answer what they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.core.definition import HOUSE_HOURS, CallingHours, Consent, Definition
from tests.support.trees import definition, fault, faults

HOURS = {"mon-fri": "09:00-17:00"}


def hours(**keys: Any) -> CallingHours:
    return definition(calling_hours={**HOURS, **keys}).calling_hours


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        ("us-tcpa", ("us-tcpa",)),
        (["us-tcpa", "us-ut-marketing"], ("us-tcpa", "us-ut-marketing")),
        (["eu", "eu"], ("eu",)),
    ],
)
def test_rules_are_packs_or_rows(value: Any, rules: tuple[str, ...]) -> None:
    assert hours(rules=value).rules == rules
    assert not hours(rules=value).rules_off


def test_none_switches_every_rule_off() -> None:
    assert hours(rules="none") == hours().model_copy(update={"rules_off": True})
    assert "got both" in fault(calling_hours={**HOURS, "rules": ["none", "eu"]})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("us_tcpa", "calling_hours.rules: expected a rule pack such as us-tcpa, or the key of one"),
        ("us_tcpa", "got us_tcpa (did you mean us-tcpa?)"),
        (["eu", "frence"], "calling_hours.rules[2]: expected a rule pack"),
        (["eu", "frence"], "(did you mean france?)"),
        ([], "got nothing (`campaigns rules list` names them; none switches every rule off)"),
    ],
)
def test_an_unknown_rule_is_told_the_near_one(value: Any, said: str) -> None:
    assert said in fault(calling_hours={**HOURS, "rules": value})


def test_rules_alone_leave_the_hours_of_the_house() -> None:
    alone = definition(calling_hours={"rules": "us-tcpa"}).calling_hours
    assert alone == HOUSE_HOURS.model_copy(update={"rules": ("us-tcpa",)})
    both = definition(calling_hours={"rules": "none", "ambiguous_timezone": "skip"}).calling_hours
    assert (both.days, both.stated) == (HOUSE_HOURS.days, False)
    assert "the days on which phones may ring" in fault(
        calling_hours={"rules": "eu", "holidays": "FR"}
    )


@pytest.mark.parametrize("word", ["intersect", "skip", "America/Chicago"])
def test_an_ambiguous_zone(word: str) -> None:
    assert hours(ambiguous_timezone=word).ambiguous_timezone == word


def test_an_ambiguous_zone_that_nobody_knows() -> None:
    said = fault(calling_hours={**HOURS, "ambiguous_timezone": "Chicago"})
    assert said.startswith("calling_hours.ambiguous_timezone: expected intersect, skip, or an IANA")
    assert "did you mean America/Chicago?" in said


def test_consent_is_a_word_or_a_column() -> None:
    assert definition(consent={"attested": "form 7"}).consent == Consent(attested="form 7")
    assert definition(consent={"column": "agreed"}).consent == Consent(column="agreed")
    assert definition().consent is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "consent: expected either `attested` or `column`, got neither"),
        ({"attested": "a", "column": "b"}, "either `attested` or `column`, got both"),
        ("yes", "consent: expected keys and values"),
        ({"attested": " "}, "consent.attested: expected a text"),
        ({"colum": "b", "attested": "a"}, "did you mean column?"),
    ],
)
def test_a_consent_that_says_nothing_is_refused(value: Any, said: str) -> None:
    assert any(said in one for one in faults(consent=value))


def test_another_disclosure_asks_for_approval_again() -> None:
    before = definition(disclosure="a robot", pacing={"first": "5"})
    same = definition(disclosure="a robot", pacing={"first": "5"}, contacts="others.csv")
    other = definition(disclosure="a person", pacing={"first": "5"})
    assert not same.asks_again(before)
    assert other.asks_again(before)


def test_what_was_stored_before_there_were_rules_is_read() -> None:
    old = definition(calling_hours=HOURS).model_dump(mode="json")
    for key in ("consent", "disclosure"):
        del old[key]
    del old["contacts"]["state"]
    for key in ("rules", "rules_off", "ambiguous_timezone"):
        del old["calling_hours"][key]
    assert Definition.model_validate(old) == definition(calling_hours=HOURS)
