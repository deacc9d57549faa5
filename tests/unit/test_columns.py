"""The header: which column holds what, and every fault of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from campaigns.core.contacts import Contact, ContactReader
from campaigns.core.definition import CallingHours, Contacts, Definition, Schedule
from campaigns.errors import DefinitionError

BOSTON = "+16175550100"


def reader(
    header: Sequence[str],
    *,
    contacts: Mapping[str, Any] | None = None,
    default_region: str | None = None,
    **more: Any,
) -> ContactReader:
    definition = Definition(
        name="reminders",
        agent_id=more.get("agent_id", "agent_reminder"),
        from_number=more.get("from_number", "+16175550199"),
        contacts=Contacts(**(contacts or {})),
        context=more.get("context"),
        schedule=Schedule(timezone=more.get("timezone")),
        calling_hours=CallingHours(timezone=more.get("hours_zone", "contact")),
    )
    return ContactReader(definition, header, default_region=default_region)


def accepted(of: ContactReader, **cells: str) -> Contact:
    entry = of.read(7, cells)
    assert isinstance(entry, Contact), entry
    assert entry.line == 7
    return entry


def faults(header: Sequence[str], **more: Any) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        reader(header, **more)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "column",
    ["to_number", "phone", "Phone Number", "PHONE_NUMBER", "mobile", "Number", "telephone", "Cell"],
)
def test_the_number_is_found_under_its_usual_names(column: str) -> None:
    of = reader(["name", column])
    assert of.number_column == column
    assert accepted(of, **{column: BOSTON}).to_number == BOSTON


def test_a_named_column_holds_the_number() -> None:
    of = reader(["phone", "work"], contacts={"to_number": "work"})
    assert accepted(of, phone="junk", work=BOSTON).to_number == BOSTON


def test_what_the_header_does_not_have_is_a_fault_with_the_near_name() -> None:
    assert faults(
        ["Mobile", "name", "id", "zone"],
        contacts={"to_number": "mobile", "key": "ids", "timezone": "clinic_tz"},
        context={"who": "{{ nmae }}"},
    ) == [
        "contacts.to_number: expected a column of the list, got mobile (did you mean Mobile?)",
        "contacts.key: expected a column of the list, got ids (did you mean id?)",
        (
            "contacts.timezone: expected a column of the list, got clinic_tz"
            " (the columns are Mobile, name, id, zone)"
        ),
        "context.who: expected a column of the list, got nmae (did you mean name?)",
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["name", "city"], "none among name, city"),
        (["phone", "mobile"], "phone, mobile"),
        ([], "none among"),
        (["phone", "phone"], "two columns named phone"),
        (["phone", "agent_id", "Agent ID"], "agent_id, Agent ID"),
    ],
)
def test_a_header_that_can_be_understood_two_ways_is_a_fault(
    header: Sequence[str], said: str
) -> None:
    assert any(said in fault for fault in faults(header))


def test_a_list_without_a_header_is_recognised_and_shows_no_number() -> None:
    (fault,) = faults(["Jane", BOSTON, "(617) 555-0142"])
    assert "looks like a contact" in fault
    assert "•0100" in fault
    assert "617" not in fault
