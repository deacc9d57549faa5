"""A row becomes a contact, or one sentence with the column that is at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.contacts import Contact, ContactReader, FilteredRow, RejectedRow
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


def rejected(of: ContactReader, **cells: str) -> tuple[str, str]:
    entry = of.read(7, cells)
    assert isinstance(entry, RejectedRow), entry
    assert entry.line == 7
    assert not any(len(cell) > 3 and cell in entry.reason for cell in cells.values())
    return entry.column, entry.reason


def faults(header: Sequence[str], **more: Any) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        reader(header, **more)
    return [str(fault) for fault in caught.value.faults]


def test_regions_and_zones_of_the_definition_are_checked() -> None:
    found = faults(["phone"], contacts={"region": "USA"}, timezone="EST", hours_zone="Europe/Berln")
    assert [fault.partition(":")[0] for fault in found] == [
        "contacts.region",
        "schedule.timezone",
        "calling_hours.timezone",
    ]
    assert "America/New_York" in found[1]
    assert "Europe/Berlin" in found[2]


def test_national_numbers_need_a_region() -> None:
    national = {"phone": "(617) 555-0100"}
    assert rejected(reader(["phone"]), **national)[0] == "phone"
    assert accepted(reader(["phone"], default_region="US"), **national).to_number == BOSTON
    of = reader(["phone"], contacts={"region": "US"}, default_region="DE")
    assert accepted(of, **national).to_number == BOSTON


def test_the_key_is_its_column_or_the_number() -> None:
    assert accepted(reader(["phone"]), phone="+1 617 555 0100").key == BOSTON
    assert accepted(reader(["phone", "key"]), phone=BOSTON, key=" k1 ").key == "k1"
    of = reader(["phone", "key", "id"], contacts={"key": "id"})
    assert of.key_column == "id"
    assert accepted(of, phone=BOSTON, key="k1", id="7").key == "7"
    assert rejected(of, phone=BOSTON, key="k1", id=" ")[0] == "id"
    assert rejected(of, phone=BOSTON, id="7" * 201)[0] == "id"


SETTINGS = (
    *("phone", "agent_id", "from_number", "max_duration", "recording", "scheduled_at", "timezone"),
)


def test_settings_of_one_contact() -> None:
    contact = accepted(
        reader(SETTINGS),
        phone=BOSTON,
        agent_id="agent_2",
        from_number="+1 (617) 555-0142",
        max_duration="2m",
        recording="Yes",
        scheduled_at="2026-03-10T14:00-05:00",
        timezone="America/Chicago",
    )
    assert contact.agent_id == "agent_2"
    assert contact.from_number == "+16175550142"
    assert contact.max_duration_s == 120
    assert contact.recording is True
    assert contact.not_before == datetime(2026, 3, 10, 19, tzinfo=UTC)
    assert contact.zones == ("America/Chicago", "America/New_York")


def test_an_empty_setting_leaves_it_to_the_campaign() -> None:
    contact = accepted(reader(SETTINGS), phone=BOSTON, agent_id="", recording=" ")
    assert contact.agent_id is None
    assert contact.from_number is None
    assert contact.max_duration_s is None
    assert contact.recording is None
    assert contact.not_before is None
    assert contact.zone_source == "number"


def test_settings_may_be_written_as_a_spreadsheet_would() -> None:
    of = reader(["Phone", "Agent ID", "Max Duration"])
    contact = accepted(of, **{"Phone": BOSTON, "Agent ID": "a", "Max Duration": "90"})
    assert (contact.agent_id, contact.max_duration_s) == ("a", 90)


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ({"phone": ""}, "phone", "empty"),
        ({"phone": "1.61756E+10"}, "phone", "spreadsheet"),
        ({"from_number": "12345"}, "from_number", "country"),
        ({"max_duration": "soon"}, "max_duration", "duration"),
        ({"max_duration": "0"}, "max_duration", "4h"),
        ({"max_duration": "2d"}, "max_duration", "4h"),
        ({"recording": "maybe"}, "recording", "neither"),
        ({"scheduled_at": "tomorrow"}, "scheduled_at", "not a date"),
        ({"scheduled_at": "14:00"}, "scheduled_at", "without a date"),
        ({"scheduled_at": "2026-03-10 14:00"}, "scheduled_at", "schedule.timezone"),
        ({"scheduled_at": "9999-12-31T23:59-12:00"}, "scheduled_at", "calendar"),
        ({"timezone": "EST"}, "timezone", "America/New_York"),
        ({"timezone": "Jane Doe"}, "timezone", "such as"),
    ],
)
def test_a_bad_cell_rejects_its_row(cells: Mapping[str, str], column: str, said: str) -> None:
    where, reason = rejected(reader(SETTINGS), **{"phone": BOSTON, **cells})
    assert where == column
    assert said in reason


def test_a_time_without_offset_is_on_the_clock_of_the_schedule() -> None:
    of = reader(SETTINGS, timezone="America/New_York")
    assert accepted(of, phone=BOSTON, scheduled_at="2026-03-10 14:00").not_before == datetime(
        2026, 3, 10, 18, tzinfo=UTC
    )


def test_both_zones_must_be_open_unless_the_stated_one_is_trusted() -> None:
    header = ["phone", "clinic_tz"]
    row = {"phone": BOSTON, "clinic_tz": "US/Pacific"}
    both = reader(header, contacts={"timezone": "clinic_tz"})
    assert accepted(both, **row).zones == ("America/Los_Angeles", "America/New_York")
    assert accepted(both, **row).zone_source == "column+number"
    assert accepted(both, phone=BOSTON).zone_source == "number"
    stated = reader(header, contacts={"timezone": "clinic_tz", "zone_evidence": "stated"})
    assert accepted(stated, **row).zones == ("America/Los_Angeles",)
    assert accepted(stated, **row).zone_source == "column"
    assert accepted(stated, phone=BOSTON).zones == ("America/New_York",)


def test_a_number_of_no_known_place_has_only_what_is_stated() -> None:
    of = reader(["phone", "timezone"])
    assert accepted(of, phone="+15555550142").zones == ()
    contact = accepted(of, phone="+15555550142", timezone="America/Denver")
    assert (contact.zones, contact.zone_source) == (("America/Denver",), "column")


def test_a_zone_for_the_hours_of_the_whole_file_says_nothing_about_the_phone() -> None:
    """The rules of law are still read on the clocks beside it."""
    contact = accepted(reader(["phone"], hours_zone="Asia/Calcutta"), phone=BOSTON)
    assert (contact.zones, contact.zone_source) == (("America/New_York",), "number")


def test_where_leaves_rows_out_before_anything_else_is_asked_of_them() -> None:
    of = reader(["phone", "status"], contacts={"where": "{{ status == 'booked' }}"})
    assert of.read(3, {"phone": "junk", "status": "cancelled"}) == FilteredRow(line=3)
    assert of.read(4, {"phone": BOSTON}) == FilteredRow(line=4)
    assert accepted(of, phone=BOSTON, status="booked")
    unclear = reader(["phone", "status"], contacts={"where": "{{ status }}"})
    assert rejected(unclear, phone=BOSTON, status="booked")[0] == "status"


def test_a_row_whose_context_cannot_be_rendered_is_rejected_with_its_column() -> None:
    of = reader(["phone", "name", "at"], context={"who": "{{ name }}", "when": "{{ at | spoken }}"})
    column, reason = rejected(of, phone=BOSTON, at="2026-03-10")
    assert column == "name"
    assert "context.who" in reason
    assert rejected(of, phone=BOSTON, name="Jane", at="next week")[0] == "at"
    contact = accepted(of, phone=BOSTON, name="Jane", at="2026-03-10")
    assert contact.context == {"who": "Jane", "when": "Tuesday, March 10"}


def test_all_sends_what_is_spare() -> None:
    of = reader(["phone", "name", "key", "Recording", "note", ""], context="all")
    assert of.spare_columns == ("name", "note")
    contact = accepted(of, phone=BOSTON, name="Jane", key="k", note="")
    assert contact.context == {"name": "Jane"}


def test_the_columns_that_identify_and_place_a_contact_are_not_spare() -> None:
    of = reader(
        ["cell", "id", "tz", "timezone", "name"],
        contacts={"to_number": "cell", "key": "id", "timezone": "tz"},
    )
    assert of.spare_columns == ("name",)


def test_agent_and_caller_templates_are_worked_out_per_row() -> None:
    of = reader(
        ["phone", "language", "clinic_phone", "agent_id"],
        agent_id="{{ 'agent_es' if language == 'es' else 'agent_en' }}",
        from_number="{{ clinic_phone }}",
        contacts={"region": "US"},
    )
    contact = accepted(of, phone=BOSTON, language="es", clinic_phone="617 555 0142")
    assert (contact.agent_id, contact.from_number) == (None, None)  # not of its own
    assert (of.agent(contact, ""), of.caller(contact)) == ("agent_es", "+16175550142")
    own = accepted(of, phone=BOSTON, clinic_phone="617 555 0142", agent_id="agent_own")
    assert of.agent(own, "") == "agent_own"
    assert rejected(of, phone=BOSTON, language="es")[0] == "clinic_phone"
    assert rejected(of, phone=BOSTON, language="es", clinic_phone="main desk")[0] == "from_number"


@pytest.mark.parametrize(
    ("keys", "cells", "column", "said"),
    [
        ({"agent_id": "{{ agent | default('') }}"}, {}, "agent_id", "names no agent"),
        ({"agent_id": "{{ agent }}"}, {}, "agent", ""),
        ({"agent_id": "{{ agent }} two"}, {"agent": "one"}, "agent_id", "without spaces"),
        ({"from_number": "{{ caller | default('') }}"}, {}, "from_number", "gives no number"),
        ({"from_number": "{{ caller }}"}, {"caller": "617 555 0142"}, "from_number", "country"),
    ],
)
def test_a_template_that_gives_no_agent_or_caller_rejects_its_row(
    keys: dict[str, str], cells: dict[str, str], column: str, said: str
) -> None:
    of = reader(["phone", "agent", "caller"], **keys)
    found, reason = rejected(of, phone=BOSTON, **cells)
    assert found == column
    assert said in reason


def test_a_template_with_a_column_nobody_has_is_a_fault_of_the_file() -> None:
    with pytest.raises(DefinitionError) as caught:
        reader(["phone", "language"], agent_id="{{ langage }}", from_number="{{ clinic }}")
    assert [fault.key for fault in caught.value.faults] == ["agent_id", "from_number"]


def test_cells_are_kept_clean_and_empty_ones_are_absent() -> None:
    of = reader(["phone", "name", "note"], context="all")
    contact = accepted(
        of,
        phone=f" {BOSTON}\u202c ",
        name=" Jane\r\n\x00Doe\u00a0",
        note="\u200b \t",
        other="x",
    )
    assert contact.fields == {"phone": BOSTON, "name": "Jane Doe"}
    assert contact.context == {"name": "Jane Doe"}


def test_a_contact_shows_nothing_of_the_person() -> None:
    contact = accepted(reader(["phone", "name"], context="all"), phone=BOSTON, name="Jane")
    assert "617" not in repr(contact)
    assert "Jane" not in repr(contact)


CELLS = st.one_of(st.text(max_size=40), st.sampled_from([BOSTON, "yes", "2m", "UTC", "2026-03-10"]))


@given(row=st.dictionaries(st.sampled_from([*SETTINGS, "name", "extra"]), CELLS))
def test_any_row_is_an_entry_and_no_reason_repeats_a_cell(row: dict[str, str]) -> None:
    of = reader([*SETTINGS, "name"], context={"who": "{{ name | default('you') }}"})
    match of.read(2, row):
        case Contact(zones=zones, fields=fields):
            assert list(zones) == sorted(set(zones))
            assert set(fields) <= {*SETTINGS, "name"}
        case RejectedRow(column=column, reason=reason):
            assert column in SETTINGS
            assert len(reason) < 200
            cell = row.get(column, "").strip()
            # Longer than any word of our own sentences.
            assert len(cell) < 20 or cell not in reason
        case FilteredRow():
            pytest.fail("nothing filters here")


@pytest.mark.parametrize(
    ("column", "other"), [("agent_id", "from_number"), ("from_number", "agent_id")]
)
def test_a_row_that_nothing_gives_an_agent_or_a_caller_is_rejected(column: str, other: str) -> None:
    """A list alone may say them in columns; an empty cell there must never reach the provider."""
    cells = {
        "to_number": "+16175550100",
        "agent_id": "a",
        "from_number": "+16175550199",
        column: "",
    }
    made = Definition(
        name="list",
        agent_id="",
        from_number="",
        contacts=Contacts(file="x.csv"),
        calling_hours=CallingHours(always=True),
    )
    reader = ContactReader(made, tuple(cells), default_region=None)
    entry = reader.read(2, cells)
    assert isinstance(entry, RejectedRow)
    assert entry.column == column
    assert isinstance(reader.read(3, {**cells, column: cells[other]}), Contact | RejectedRow)
