"""Every key that the handbook promises is read or refused with "not yet", never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from campaigns.core.parsing import parse
from campaigns.core.schema import describe
from campaigns.core.vocabulary import KEYS, NOT_YET
from campaigns.errors import DefinitionError
from tests.support.trees import SMALL, definition

# The whole language, as the product's handbook lists it, with a value it shows for each.
PROMISED: dict[str, Any] = {
    "name": "harbor-dental-reminders",
    "account": "default",
    "purpose": "appointment",
    "consent.attested": "patients gave this number for appointment calls",
    "consent.column": "consent",
    "disclosure": "This is the automated assistant of Harbor Dental.",
    "agent_id": "agent_reminder",
    "from_number": "+16175550199",
    "max_duration": "2m",
    "recording": "false",
    "contacts.file": "appointments.csv",
    "contacts.rows": [{"to_number": "+16175550100"}],
    "contacts.columns": ["to_number", "name"],
    "contacts.refresh": "30 2 * * *",
    "contacts.file_is": "whole_list",
    "contacts.max_withdrawn": "20%",
    "contacts.max_rejected": "10%",
    "contacts.max_age": "26h",
    "contacts.to_number": "mobile",
    "contacts.key": "appointment_id",
    "contacts.timezone": "clinic_tz",
    "contacts.state": "state",
    "contacts.region": "US",
    "contacts.where": "{{ status == 'booked' }}",
    "contacts.same_number": "group",
    "contacts.encoding": "utf-8",
    "contacts.zone_evidence": "both",
    "context": {"patient": "{{ patient }}"},
    "schedule.start": "2026-03-09T09:00Z",
    "schedule.end": "2026-03-12T18:00Z",
    "schedule.timezone": "America/New_York",
    "schedule.cron": "0 10 1 * *",
    "schedule.anchor": "appointment_at",
    "schedule.anchor.column": "appointment_at",
    "schedule.anchor.timezone": "clinic_tz",
    "schedule.anchor.format": "%Y-%m-%d %H:%M",
    "schedule.touches": ["-48h", "-2h"],
    "schedule.touches.two_days_before": "-2d at 17:30",
    "schedule.touches.same_day.at": "-3h",
    "schedule.touches.same_day.max_attempts": "1",
    "schedule.deadline": "-45m",
    "schedule.past_due": "skip",
    "schedule.when_closed": "earlier",
    "schedule.min_gap": "4h",
    "schedule.when_moved": "restart",
    "calling_hours.timezone": "contact",
    "calling_hours.mon-fri": "09:00-12:30, 13:30-19:00",
    "calling_hours.sat": "10:00-14:00",
    "calling_hours.holidays": "US-MA",
    "calling_hours.closed": ["2026-11-27", "2026-12-24/2027-01-01"],
    "calling_hours.open": {"2026-10-12": "09:00-17:00"},
    "calling_hours.rules": ["us-tcpa"],
    "calling_hours.ambiguous_timezone": "intersect",
    "retry.max_attempts": "2",
    "retry.no_answer": ["20h"],
    "retry.busy": ["10m"],
    "retry.failed": "never",
    "retry.voicemail": "never",
    "retry.redial_after_unknown": "proven",
    "pacing.starts_per_minute": "10",
    "pacing.concurrent_calls": "20",
    "pacing.priority": "5",
    "pacing.weight": "1",
    "pacing.first": "10",
    "pacing.pause_when_failing": "50% of 20",
    "budget.calls_per_day": "700",
    "budget.cost_per_day": "60 USD",
    "caps": [{"calls": "1", "per": "24h"}],
    "dispositions": [{"when": {"analysis.tags": "callback"}, "then": {"call_again": "2h"}}],
    "opt_out.tags": ["stop"],
    "opt_out.phrases": ["take me off"],
    "notify": [{"when": ["reschedule"], "email": "desk@example.com"}],
    "store.transcript": "true",
    "store.recording": "false",
    "store.keep": "30d",
}

NOW = {
    *("name", "purpose", "agent_id", "from_number", "max_duration", "recording", "context"),
    *("consent.attested", "consent.column", "disclosure", "contacts.state"),
    *("calling_hours.rules", "calling_hours.ambiguous_timezone"),
    *("contacts.file", "contacts.rows", "contacts.to_number", "contacts.key", "contacts.timezone"),
    "contacts.columns",
    *("contacts.region", "contacts.where", "contacts.same_number", "contacts.encoding"),
    *("contacts.file_is", "contacts.max_withdrawn", "contacts.max_rejected"),
    *("contacts.refresh", "contacts.max_age"),
    *("contacts.zone_evidence", "schedule.start", "schedule.end", "schedule.timezone"),
    *("calling_hours.timezone", "calling_hours.mon-fri", "calling_hours.sat"),
    "calling_hours.holidays",
    *("calling_hours.closed", "calling_hours.open", "retry.max_attempts", "retry.no_answer"),
    *(path for path in PROMISED if path.startswith("schedule.")),
    *("retry.busy", "retry.failed", "retry.voicemail", "retry.redial_after_unknown"),
    *("pacing.first", "pacing.starts_per_minute", "pacing.concurrent_calls"),
    *("pacing.priority", "pacing.weight"),
    *("pacing.pause_when_failing", "budget.calls_per_day", "budget.cost_per_day", "caps"),
    *("opt_out.tags", "opt_out.phrases"),
}

ANCHORED = {
    *(path for path in PROMISED if path.startswith("schedule.touches")),
    *("schedule.deadline", "schedule.past_due", "schedule.when_closed", "schedule.min_gap"),
    "schedule.when_moved",
}
"""Keys that mean nothing without an anchor."""


def with_key(path: str, value: Any) -> dict[str, Any]:
    """The smallest valid campaign that also says this."""
    *sections, last = path.split(".")
    tree: dict[str, Any] = dict(SMALL)
    if path == "contacts.rows":
        tree["contacts"] = {}
    elif path == "contacts.columns":
        tree["contacts"] = {"rows": []}
    elif sections[:1] == ["contacts"]:
        tree["contacts"] = {"file": "people.csv"}
    elif path in ANCHORED:
        tree["schedule"] = {"anchor": "visit_at"}
    elif path.startswith("schedule.anchor."):
        tree["schedule"] = {"anchor": {"column": "visit_at"}, "timezone": "Asia/Tokyo"}
    elif sections[:1] == ["calling_hours"]:
        tree["calling_hours"] = {"sun": "10:00-11:00"}
    if path in ("contacts.refresh", "contacts.max_age", "schedule.cron"):
        tree["schedule"] = {"timezone": "America/New_York"}
    if path == "contacts.max_age":
        tree["contacts"] = {"file": "people.csv", "refresh": "0 3 * * *"}
    if path.startswith("schedule.touches.same_day."):
        tree["schedule"]["touches"] = {"same_day": {"at": "-1d"}}
    here = tree
    for section in sections:
        here = here.setdefault(section, {})
    here[last] = value
    return tree


@pytest.mark.parametrize("path", PROMISED)
def test_a_promised_key_is_read_or_refused(path: str) -> None:
    tree = with_key(path, PROMISED[path])
    if path in NOW:
        changed = parse(tree, lambda _: "c.yaml:1")
        assert changed
        return
    with pytest.raises(DefinitionError) as caught:
        parse(tree, lambda _: "c.yaml:1")
    (fault,) = caught.value.faults
    assert "not yet" in str(fault)
    assert path == fault.key or path.startswith(f"{fault.key}.")
    assert fault.hint


@pytest.mark.parametrize("path", sorted(NOW - {"name", "agent_id", "from_number"}))
def test_a_key_that_is_read_changes_the_definition(path: str) -> None:
    other = {
        "contacts.file": "other.csv",
        "contacts.encoding": "cp1252",
        "contacts.zone_evidence": "stated",
        "contacts.file_is": "additions",
        "contacts.max_withdrawn": "50%",
        "contacts.max_rejected": "0%",
        "recording": "true",
        "calling_hours.timezone": "Asia/Tokyo",
        "calling_hours.ambiguous_timezone": "skip",
        "retry.failed": "1h",
        "retry.voicemail": "1h",
        "retry.busy": "11m",
        "retry.redial_after_unknown": "never",
        "schedule.past_due": "now",
        "schedule.min_gap": "5h",
        "schedule.when_moved": "keep",
        "pacing.pause_when_failing": "never",
        "pacing.priority": "high",
        "pacing.weight": "2.5",
    }
    tree = with_key(path, other.get(path, PROMISED[path]))
    plain: Mapping[str, Any] = (
        {**SMALL, "calling_hours": {"sun": "10:00-11:00"}}
        if path.startswith("calling_hours")
        else with_key("schedule.anchor", "visit_at")
        if path in ANCHORED
        else SMALL
    )
    assert parse(tree, str) != parse(plain, str)


def test_planned_keys_are_not_read_and_read_keys_are_not_planned() -> None:
    assert not set(KEYS) & set(NOT_YET)
    promised = {path for path in PROMISED if path not in NOW}
    assert all(any(p == one or p.startswith(f"{one}.") for p in promised) for one in NOT_YET)


@pytest.mark.parametrize("path", PROMISED)
def test_every_promised_key_can_be_asked_about(path: str) -> None:
    told = describe(path)
    assert ("not yet supported" in told) == (path not in NOW)


def test_a_word_for_a_whole_section_is_read() -> None:
    assert definition(calling_hours="always").calling_hours.always
    assert definition(context="all").context == "all"
    assert definition(retry="never").retry.max_attempts == 1


@pytest.mark.parametrize(
    ("written", "priority"),
    [("1", 1), ("9", 9), ("high", 3), ("Normal", 5), ("low", 7)],
)
def test_a_priority_is_a_number_or_one_of_three_words(written: str, priority: int) -> None:
    assert definition(pacing={"priority": written}).pacing.priority == priority


@pytest.mark.parametrize(
    ("key", "written"),
    [
        *(("priority", wrong) for wrong in ("0", "10", "-1", "1.5", "urgent", "", ["1"])),
        *(("weight", wrong) for wrong in ("0", "0.09", "100.1", "-1", "1e1", "nan", "half", "")),
    ],
)
def test_what_is_no_priority_or_weight_is_refused(key: str, written: object) -> None:
    with pytest.raises(DefinitionError) as caught:
        definition(pacing={key: written})
    assert [fault.key for fault in caught.value.faults] == [f"pacing.{key}"]
