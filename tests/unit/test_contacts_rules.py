"""What a row says for the rules: its state, its consent, and a zone that its number leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.core.contacts import Contact, ContactReader, RejectedRow
from campaigns.core.context import ThisCall
from campaigns.core.zones import one_clock
from campaigns.errors import DefinitionError
from tests.support.trees import definition

BOSTON, TAMPA, SYDNEY, IDAHO = "+16175550100", "+18135550100", "+61412345678", "+12085550100"
TORONTO, PUNE, AT_SEA = "+14165550100", "+919876543210", "+870773111632"


def reader(*header: str, **keys: Any) -> ContactReader:
    contacts = {"file": "people.csv", **keys.pop("contacts", {})}
    header = ("to_number", *header)
    return ContactReader(definition(contacts=contacts, **keys), header, default_region=None)


def read(of: ContactReader, to_number: str, **cells: str) -> Contact | RejectedRow:
    entry = of.read(2, {"to_number": to_number, **cells})
    assert isinstance(entry, Contact | RejectedRow)
    return entry


def places(of: ContactReader, to_number: str, state: str = "") -> tuple[str, ...]:
    entry = read(of, to_number, state=state)
    assert isinstance(entry, Contact), entry
    return entry.places


def test_number_and_stated_state_are_both_places() -> None:
    of = reader("state", contacts={"state": "state"})
    assert places(of, TAMPA) == ("US", "US-FL")
    assert places(of, BOSTON, "Florida") == ("US", "US-FL", "US-MA")
    assert places(of, TAMPA, "fl") == ("US", "US-FL")
    assert places(of, TORONTO, "US-NY") == ("CA", "CA-ON", "US", "US-NY")
    assert places(of, SYDNEY, "New South Wales") == ("AU", "AU-NSW")
    assert places(of, PUNE, "IN-MH") == ("IN", "IN-MH")


def test_a_column_that_nobody_named_is_no_state() -> None:
    assert places(reader("state"), TAMPA, "shipped") == ("US", "US-FL")


def test_a_state_that_cannot_be_read_rejects_its_row() -> None:
    of = reader("state", contacts={"state": "state"})
    entry = read(of, TAMPA, state="Flordia")
    assert isinstance(entry, RejectedRow)
    assert (entry.column, entry.reason) == (
        "state",
        "expected a state of US such as AL, Alabama or US-AL (did you mean US-FL?)",
    )
    entry = read(of, PUNE, state="Maharashtra")
    assert isinstance(entry, RejectedRow)
    assert entry.reason == "expected the code of ISO 3166-2 such as IN-MH"


@pytest.mark.parametrize("cell", ["yes", "TRUE", "1", "x", "X", "2026-03-10", "2026-03-10 14:00"])
def test_a_consent(cell: str) -> None:
    of = reader("agreed", consent={"column": "agreed"})
    assert isinstance(read(of, BOSTON, agreed=cell), Contact)


@pytest.mark.parametrize("cell", ["", "  ", "no", "False", "0", "N"])
def test_silence_and_no_are_no_consent(cell: str) -> None:
    entry = read(reader("agreed", consent={"column": "agreed"}), BOSTON, agreed=cell)
    assert isinstance(entry, RejectedRow)
    assert (entry.column, entry.reason) == ("agreed", "no consent")


@pytest.mark.parametrize("cell", ["opted in", "maybe", "3/4/2026", "2", "14:00", "revoked"])
def test_what_may_be_no_consent_is_none(cell: str) -> None:
    entry = read(reader("agreed", consent={"column": "agreed"}), BOSTON, agreed=cell)
    assert isinstance(entry, RejectedRow)
    assert entry.reason.startswith("neither consent nor none: expected yes, true, 1, x or a date")


def test_columns_of_consent_and_state_must_be_there_and_are_not_told() -> None:
    with pytest.raises(DefinitionError) as caught:
        reader("name", consent={"column": "agreed"}, contacts={"state": "state"})
    assert {fault.key for fault in caught.value.faults} == {"consent.column", "contacts.state"}
    of = reader(
        *("agreed", "state", "name"),
        consent={"column": "agreed"},
        contacts={"state": "state"},
        context="all",
    )
    entry = read(of, BOSTON, agreed="yes", state="MA", name="Ann")
    assert isinstance(entry, Contact)
    assert entry.context == {"name": "Ann"}


def zones(to_number: str, word: str, **cells: str) -> tuple[tuple[str, ...], str]:
    hours = {"mon-sun": "09:00-17:00", "ambiguous_timezone": word}
    entry = read(reader("timezone", calling_hours=hours), to_number, **cells)
    assert isinstance(entry, Contact)
    return entry.zones, entry.zone_source


def test_a_number_of_several_clocks() -> None:
    assert [len(zones(one, "intersect")[0]) for one in (IDAHO, SYDNEY)] == [2, 8]
    found, source = zones(IDAHO, "intersect")
    assert source == "number"
    assert not one_clock(found)
    assert one_clock(("America/Boise", "America/Denver"))
    assert zones(IDAHO, "skip") == ((), "ambiguous")
    assert zones(IDAHO, "America/Boise") == (("America/Boise",), "file")


def test_a_zone_that_the_phone_cannot_be_in_decides_nothing() -> None:
    assert zones(IDAHO, "Asia/Tokyo") == zones(IDAHO, "intersect")
    assert zones(IDAHO, "America/Denver") == (("America/Denver",), "file"), "the clock of Boise"


EASTERN, CENTRAL, PACIFIC = "America/New_York", "America/Chicago", "America/Los_Angeles"


def with_state(
    to_number: str, state: str, word: str = "intersect", **cells: str
) -> tuple[tuple[str, ...], str]:
    hours = {"mon-sun": "09:00-17:00", "ambiguous_timezone": word}
    evidence = {"zone_evidence": "stated"} if cells.pop("trusted", "") else {}
    of = reader(
        *("timezone", "state"), calling_hours=hours, contacts={"state": "state", **evidence}
    )
    entry = read(of, to_number, state=state, **cells)
    assert isinstance(entry, Contact), entry
    return entry.zones, entry.zone_source


def test_a_stated_state_is_where_the_phone_may_be_too() -> None:
    assert with_state(BOSTON, "CA") == ((PACIFIC, EASTERN), "number+state")
    assert with_state(BOSTON, "MA") == ((EASTERN,), "number+state")
    assert with_state(BOSTON, "") == ((EASTERN,), "number")
    assert with_state(TAMPA, "FL") == ((CENTRAL, EASTERN), "number+state")
    assert with_state(TORONTO, "US-CA") == ((PACIFIC, "America/Toronto"), "number+state")
    assert with_state(AT_SEA, "US-CA") == ((PACIFIC,), "state")


def test_a_state_of_a_country_without_a_table_has_the_zones_of_that_country() -> None:
    assert with_state(PUNE, "IN-MH") == (("Asia/Kolkata",), "number+state")
    assert with_state(BOSTON, "IN-MH") == ((EASTERN, "Asia/Kolkata"), "number+state")
    assert "America/Manaus" in with_state("+551155501234", "BR-AM")[0]


def test_a_stated_zone_is_one_more_unless_it_alone_is_trusted() -> None:
    row = {"timezone": "America/Denver"}
    assert with_state(BOSTON, "CA", **row) == (
        ("America/Denver", PACIFIC, EASTERN),
        "column+number+state",
    )
    assert with_state(AT_SEA, "US-CO", **row) == (("America/Denver",), "column+state")
    assert with_state(BOSTON, "CA", trusted="yes", **row) == (("America/Denver",), "column")
    assert with_state(BOSTON, "CA", trusted="yes") == ((PACIFIC, EASTERN), "number+state")


def test_the_word_of_the_file_never_removes_what_number_or_state_say() -> None:
    assert with_state(BOSTON, "CA", EASTERN) == ((PACIFIC, EASTERN), "number+state")
    assert with_state(TAMPA, "FL", EASTERN) == ((EASTERN,), "file")
    assert with_state(BOSTON, "FL", CENTRAL) == ((CENTRAL, EASTERN), "number+state")
    assert with_state(BOSTON, "CA", "skip") == ((), "ambiguous")


def test_a_stated_zone_and_one_clock_are_not_ambiguous() -> None:
    stated = zones(IDAHO, "skip", timezone="America/Boise")
    assert stated[1] == "column+number"
    assert len(stated[0]) > 1
    assert zones(BOSTON, "skip") == (("America/New_York",), "number")
    assert zones(BOSTON, "Asia/Tokyo") == (("America/New_York",), "number")
    assert zones(AT_SEA, "Asia/Tokyo") == ((), "number"), "no zone is not several"


def test_two_names_of_one_clock_are_one() -> None:
    assert one_clock(())
    assert one_clock(("America/New_York", "America/Toronto"))
    assert not one_clock(("America/Denver", "America/Phoenix")), "the same in winter only"
    assert not one_clock(("Europe/London", "Europe/Lisbon", "Atlantic/Reykjavik"))


def test_the_agent_gets_the_disclosure() -> None:
    of = reader("name", disclosure="The assistant of {{ name }}.", context={"who": "{{ name }}"})
    entry = read(of, BOSTON, name="Harbor Dental")
    assert isinstance(entry, Contact)
    assert entry.context == {
        "who": "Harbor Dental",
        "disclosure": "The assistant of Harbor Dental.",
    }
    alone = read(reader(disclosure="A robot calls."), BOSTON)
    assert isinstance(alone, Contact)
    assert alone.context == {"disclosure": "A robot calls."}
    missing = read(of, BOSTON)
    assert isinstance(missing, RejectedRow)


@pytest.mark.parametrize(
    ("context", "key", "hint"),
    [
        ({"disclosure": "{{ name }}"}, "context.disclosure", "remove one of them"),
        ("all", "context", "rename the column"),
    ],
)
def test_no_other_disclosure_stands_beside_it(context: Any, key: str, hint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        reader("name", "disclosure", disclosure="A robot calls.", context=context)
    (fault,) = caught.value.faults
    assert (fault.key, fault.hint) == (key, hint)
    of = reader("name", "disclosure", context=context)
    assert of.templates.render({"name": "Ann", "disclosure": "I"}, ThisCall.__new__(ThisCall))
