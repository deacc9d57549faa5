"""Which rows hold for a campaign where: by place, purpose, certainty, and what the file names."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.definition import PURPOSES, CallingHours
from campaigns.core.reading import Refused
from campaigns.core.rules import GRACE, Certainty, Rules, overdue, packs, rows, rule, rule_named

FLORIDA, UTAH, GERMANY = ("US", "US-FL"), ("US", "US-UT"), ("DE",)
PLACES = sorted({"PL", "JP", "US-NY", *(row.place for row in rows() if row.place != "EU")})
SOME_PLACES = st.lists(st.sampled_from(PLACES), max_size=4).map(
    lambda found: tuple(sorted({*found, *(place[:2] for place in found)}))
)
SOME_NAMES = st.lists(st.sampled_from([*packs(), *(row.key for row in rows())]), max_size=3).map(
    tuple
)
PURPOSE = st.sampled_from([None, *PURPOSES])


def keys(of: Rules, places: tuple[str, ...]) -> set[str]:
    return {row.key for row in of.in_force(places)}


def test_the_rows_of_country_and_state_hold_together() -> None:
    assert keys(Rules("marketing"), FLORIDA) == {
        *("us-federal-marketing", "us-ai-voice", "us-ai-voice-marketing", "us-opt-out"),
        "us-fl-marketing",
    }
    assert keys(Rules("marketing"), ("US",)) == keys(Rules("marketing"), FLORIDA) - {
        "us-fl-marketing"
    }


def test_the_purpose_chooses_the_rows() -> None:
    assert keys(Rules("appointment"), FLORIDA) == {"us-ai-voice", "us-opt-out"}
    assert keys(Rules("debt"), FLORIDA) == {"us-ai-voice", "us-opt-out", "us-reg-f"}
    assert keys(Rules("survey"), ("AU",)) == {"au-research"}
    assert keys(Rules("debt"), ("IN",)) == {"in-loan-recovery"}


def test_without_a_purpose_the_rows_of_marketing_hold() -> None:
    for places in (FLORIDA, UTAH, GERMANY, ("AU",)):
        assert keys(Rules(None), places) == keys(Rules("marketing"), places)


def test_member_states_have_the_rows_of_the_union_and_others_do_not() -> None:
    assert keys(Rules("marketing"), GERMANY) == {
        *("eu-automated-marketing", "eu-ai-act", "de-marketing"),
    }
    assert keys(Rules("service"), ("PL",)) == {"eu-ai-act"}
    assert keys(Rules("service"), ("GB",)) == set()
    assert keys(Rules("service"), ("CH",)) == set()


@pytest.mark.parametrize("named", ["us-ut-marketing", "us-tcpa"])
def test_an_unsure_row_holds_once_it_or_its_pack_is_named(named: str) -> None:
    assert "us-ut-marketing" not in keys(Rules("marketing"), UTAH)
    off = {row.key for row in Rules("marketing").switched_off(UTAH)}
    assert off == {"us-ut-marketing", "us-ut-ai"}
    on = Rules("marketing", (named,))
    assert "us-ut-marketing" in keys(on, UTAH)
    left = {"us-ut-ai"} if named == "us-ut-marketing" else set()
    assert {row.key for row in on.switched_off(UTAH)} == left


def test_a_name_turns_nothing_on_for_another_purpose_and_that_can_be_asked() -> None:
    rules = Rules("appointment", ("us-debt", "us-tcpa", "us-ut-marketing"))
    assert "us-reg-f" not in keys(rules, UTAH)
    assert rules.unused() == ("us-debt", "us-ut-marketing")


def test_a_country_without_a_row_of_its_own_is_not_covered() -> None:
    rules = Rules("appointment")
    closed = ("PL", "JP", "IT", "NL")
    assert all(rules.covered((place[:2],)) for place in PLACES if place not in closed)
    assert not rules.covered(("JP",))
    assert not rules.covered(())
    assert not rules.covered(("PL",)), "hours are national"
    assert Rules("appointment", ("eu",)).covered(("PL",))
    assert not Rules("appointment", ("eu",)).covered(("JP",))


def test_every_country_needs_a_row_and_none_opens_another() -> None:
    rules = Rules("appointment")
    assert rules.covered(("CA", "CA-ON", "US", "US-FL"))
    assert not rules.covered(("JP", "US", "US-FL"))
    assert not Rules("appointment", ("eu",)).covered(("JP", "PL"))


@pytest.mark.parametrize(("country", "pack"), [("IT", "italy"), ("NL", "netherlands")])
def test_a_row_that_is_off_opens_no_country_until_it_is_named(country: str, pack: str) -> None:
    for purpose in PURPOSES:
        assert not Rules(purpose).covered((country,))
        assert not Rules(purpose, ("uk",)).covered((country,))
        assert Rules(purpose, (pack,)).covered((country,))
        assert Rules(purpose, (f"{country.lower()}-marketing",)).covered((country,))


@given(PURPOSE, SOME_NAMES, SOME_PLACES)
def test_places_are_covered_where_each_of_their_countries_is(
    purpose: str | None, named: tuple[str, ...], places: tuple[str, ...]
) -> None:
    rules = Rules(purpose, named)
    countries = {place[:2] for place in places}
    each = bool(places) and all(rules.covered((country,)) for country in countries)
    assert rules.covered(places) == each


def test_none_switches_everything_off() -> None:
    rules = Rules("marketing", off=True)
    for places in (FLORIDA, UTAH, ("JP",), ()):
        assert rules.covered(places)
        assert rules.in_force(places) == rules.switched_off(places) == ()
        assert not rules.depends_on_purpose(places)
    assert rules.expired(date(2099, 1, 1)) == ()


def test_what_depends_on_the_purpose() -> None:
    assert Rules(None).depends_on_purpose(("US",))
    assert Rules(None).depends_on_purpose(("GB",))
    assert not Rules(None).depends_on_purpose(("JP",))
    assert Rules(None).depends_on_purpose(("PL",)), "marketing needs consent there"


def test_rules_are_equal_by_what_they_were_made_of() -> None:
    one, same = Rules("debt", ("eu", "uk")), Rules("debt", ("uk", "eu"))
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same, Rules("debt"), Rules(None), Rules("debt", off=True)}) == 4
    assert Rules.of("debt", CallingHours(rules=("eu",))) == Rules("debt", ("eu",))
    assert Rules.of(None, CallingHours(rules_off=True)) == Rules(None, off=True)
    with pytest.raises(ValueError, match="no purpose"):
        Rules("sales")


def test_a_row_past_its_review_is_warned_of_and_then_refused() -> None:
    row = rule("us-fl-marketing")
    assert timedelta(days=30) == GRACE
    assert overdue(row, row.review_by) is None
    assert overdue(row, row.review_by + timedelta(days=1)) == "warn"
    assert overdue(row, row.review_by + GRACE) == "warn"
    assert overdue(row, row.review_by + GRACE + timedelta(days=1)) == "refuse"
    assert Rules("marketing").expired(date(2026, 12, 1)) == ()
    expired = Rules("appointment").expired(date(2027, 2, 1))
    assert [one.key for one in expired] == ["us-opt-out"]


def test_an_unknown_name_is_answered_with_the_near_one() -> None:
    for read in (rule, rule_named):
        with pytest.raises(Refused) as caught:
            read("us-fl-marketng")
        assert caught.value.hint == "did you mean us-fl-marketing?"
    with pytest.raises(Refused) as caught:
        rule_named("us_tcpa")
    assert caught.value.hint == "did you mean us-tcpa?"
    assert [rule_named(name) for name in ("us-tcpa", "us-reg-f")] == ["us-tcpa", "us-reg-f"]


@given(purpose=PURPOSE, named=SOME_NAMES, places=SOME_PLACES, more=SOME_PLACES)
def test_another_place_or_name_never_takes_a_row_away(
    purpose: str | None, named: tuple[str, ...], places: tuple[str, ...], more: tuple[str, ...]
) -> None:
    rules, wider = Rules(purpose, named), tuple(sorted({*places, *more}))
    assert keys(rules, places) <= keys(rules, wider)
    assert keys(Rules(purpose), places) <= keys(rules, places)


@given(purpose=PURPOSE, named=SOME_NAMES, places=SOME_PLACES)
def test_every_row_of_a_place_is_on_off_or_of_another_purpose(
    purpose: str | None, named: tuple[str, ...], places: tuple[str, ...]
) -> None:
    rules = Rules(purpose, named)
    on, off = set(rules.in_force(places)), set(rules.switched_off(places))
    assert not on & off
    assert all(row.certainty is Certainty.C for row in off)
    chosen = {row for row in rows() if (purpose or "marketing") in row.purposes}
    here = {row for row in chosen if row.place in places}
    assert here <= on | off <= chosen
    by_name = set(
        chain.from_iterable(
            packs().get(name, (rule(name),) if name not in packs() else ()) for name in named
        )
    )
    assert not off & by_name
