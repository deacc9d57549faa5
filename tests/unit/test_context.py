"""Templates: what an agent is told, checked before the first call and bounded at every one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.core.context import FILTERS, MissingValue, Templates, ThisCall, Unrenderable
from campaigns.core.definition import (
    Anchor,
    CallingHours,
    Contacts,
    Definition,
    Offset,
    Schedule,
    Touch,
)
from campaigns.core.filters import AS_TEXT, EACH, FILLED, functions
from campaigns.errors import DefinitionError, InputError

CALL = ThisCall(at=datetime(2026, 3, 9, 15, 0, tzinfo=UTC))  # 11:00 in New York, a Monday
HEADER = ("phone", "patient", "language", "appointment_at", "tags", "First Name")
ROW = {
    "phone": "+16175550100",
    "patient": "jane doe",
    "language": "es",
    "appointment_at": "2026-03-10 14:00",
    "tags": "a; b",
    "First Name": "Jane",
}


def definition(
    context: Mapping[str, str] | str | None = None, *, where: str | None = None, **more: Any
) -> Definition:
    return Definition(
        name="reminders",
        agent_id=more.get("agent_id", "agent_reminder"),
        from_number=more.get("from_number", "+16175550100"),
        contacts=Contacts(where=where),
        context=context,
        schedule=Schedule(timezone=more.get("timezone", "America/New_York")),
        calling_hours=CallingHours(always=True),
    )


def render(source: str, row: Mapping[str, str] = ROW) -> str:
    return Templates.compile(definition({"told": source}), HEADER).render(row, CALL)["told"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("plain text", "plain text"),
        ("", ""),
        ("{{ patient }}", "jane doe"),
        ("Hello {{ patient }}, call {{ phone }}.", "Hello jane doe, call +16175550100."),
        ("{{ row['First Name'] }}", "Jane"),
        ('{{ row["patient"] | title }}', "Jane Doe"),
        ("{{ patient | split | first | capitalize }}", "Jane"),
        ("{{ patient | split | last | upper }}", "DOE"),
        ("{{ patient | replace('doe', 'roe') }}", "jane roe"),
        ("{{ patient | length }}", "8"),
        ("{{ patient | truncate(4) }}", "jane"),
        ("{{ tags | split(';') | join(' and ') }}", "a and b"),
        ("{{ [patient, language] | join(', ') | upper }}", "JANE DOE, ES"),
        ("{{ appointment_at | spoken }}", "Tuesday, March 10 at 2 PM"),
        ("{{ 'Hola' if language == 'es' else 'Hello' }}", "Hola"),
        ("{{ 'a' if language in ['en', 'fr'] else 'b' }}", "b"),
        ("{{ 'a' if not language == 'en' and patient is defined else 'b' }}", "a"),
        ("{{ patient ~ ' / ' ~ language }}", "jane doe / es"),
        ("{{ '12.346' | round(2) }} {{ '12.6' | round }}", "12.35 13"),
        ("{{ '41' | int + 1 }}", "42"),
        ("{{ '1.5' | float - 1 }}", "0.5"),
        ("{{ 'n/a' | int(0) }}", "0"),
        ("{{ ' x ' | trim }}", "x"),
        ("a {# said to nobody #}b", "a b"),
        ("line\n{{ patient }}\tend\x00", "line jane doe end"),
    ],
)
def test_what_the_agent_is_told(source: str, told: str) -> None:
    assert render(source) == told


def test_every_filter_has_one_line_and_a_function() -> None:
    assert set(FILTERS) == {*functions(None), "map"} - {AS_TEXT, EACH, FILLED}
    assert all("\n" not in line and line for line in FILTERS.values())


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("{{ patient }}", "patient"),
        ("Hello {{ patient }}", "patient"),
        ("{{ patient | upper }}", "patient"),
        ("{{ patient | length }}", "patient"),
        ("{{ patient | join(',') }}", "patient"),
        ("{{ patient | int(3) }}", "patient"),
        ("{{ appointment_at | spoken }}", "appointment_at"),
        ("{{ 'a' if language == 'es' else 'b' }}", "language"),
        ("{{ 'a' if language in ['es'] else 'b' }}", "language"),
        ("{{ language ~ patient }}", "language"),
        ("{{ row['First Name'] }}", "First Name"),
    ],
)
@pytest.mark.parametrize("empty", [{}, {"patient": "", "language": "", "First Name": ""}])
def test_an_empty_cell_is_missing_and_says_which(
    source: str, column: str, empty: Mapping[str, str]
) -> None:
    with pytest.raises(MissingValue) as caught:
        render(source, empty)
    assert (caught.value.column, caught.value.key) == (column, "context.told")
    assert isinstance(caught.value, InputError)
    assert "default" in str(caught.value)


def test_a_default_or_a_question_makes_an_empty_cell_harmless() -> None:
    assert render("{{ patient | default('there') }}", {}) == "there"
    assert render("{{ patient | trim | default('there') }}", {"patient": "x"}) == "x"
    assert render("{{ patient | default(language) }}", {"language": "es"}) == "es"
    assert render("{{ patient if patient is defined else 'nobody' }}", {}) == "nobody"
    assert render("{{ 'none' if patient is not defined else 'one' }}", {}) == "none"


def test_all_faults_come_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        Templates.compile(
            definition(
                {"a": "{{ nobody }}", "b": "{% x %}", "c": "{{ patient }}"},
                where="{{ nothing == 1 }}",
                agent_id="{{ agent }}",
                from_number="{{ clinic }}",
            ),
            HEADER,
        )
    assert [fault.key for fault in caught.value.faults] == [
        "context.a",
        "context.b",
        "contacts.where",
        "agent_id",
        "from_number",
    ]


def test_a_field_is_two_kilobytes_at_most() -> None:
    assert render("{{ patient }}", {"patient": "é" * 1024}) == "é" * 1024
    with pytest.raises(Unrenderable, match="2,048 bytes"):
        render("{{ patient }}", {"patient": "é" * 1025})


def test_nothing_is_sent_unless_asked() -> None:
    assert Templates.compile(definition(None), HEADER).render(ROW, CALL) == {}


def test_all_sends_the_spare_columns_and_leaves_out_empty_cells() -> None:
    header = (*HEADER, "agent_id", "Max Duration", "timezone", "key", "note")
    templates = Templates.compile(definition("all"), header)
    row = {**ROW, "agent_id": "x", "Max Duration": "2m", "timezone": "UTC", "key": "k", "note": ""}
    assert templates.render(row, CALL) == {name: ROW[name] for name in HEADER if name != "phone"}
    with pytest.raises(Unrenderable, match="note"):
        templates.render({"note": "x" * 2049}, CALL)


@pytest.mark.parametrize(
    ("where", "row", "kept"),
    [
        ("{{ language == 'es' }}", {"language": "es"}, True),
        ("{{ language == 'es' }}", {"language": "en"}, False),
        ("{{ language == 'es' }}", {}, False),
        ("{{ language != 'es' }}", {}, True),
        ("{{ language == '' }}", {}, True),
        ("{{ language }}", {"language": "yes"}, True),
        ("{{ language }}", {"language": "No"}, False),
        ("{{ language }}", {}, False),
        ("{{ language is defined }}", {}, False),
        ("{{ language | default('es') == 'es' }}", {}, True),
        ("{{ tags | int(0) > 3 }}", {"tags": "10"}, True),
        ("{{ language == 'es' and not patient == 'x' }}", {"language": "es"}, True),
        ("{{ true }}", {}, True),
    ],
)
def test_where_keeps_rows(where: str, row: Mapping[str, str], kept: bool) -> None:
    assert Templates.compile(definition(where=where), HEADER).where(row) is kept


def test_where_takes_no_text_for_a_yes() -> None:
    templates = Templates.compile(definition(where="{{ language }}"), HEADER)
    with pytest.raises(Unrenderable, match="neither yes nor no"):
        templates.where({"language": "es"})
    for where in ("language == 'es'", "x {{ language }}", "", "{{ language }}{{ tags }}"):
        with pytest.raises(DefinitionError, match="text around it or none"):
            Templates.compile(definition(where=where), HEADER)


def test_no_where_keeps_every_row() -> None:
    assert Templates.compile(definition(), HEADER).where({})


def test_agent_and_caller_may_be_templates() -> None:
    plain = Templates.compile(definition(), HEADER)
    assert plain.agent_id(ROW) is None
    assert plain.from_number(ROW) is None
    chosen = Templates.compile(
        definition(
            agent_id="{{ 'agent_es' if language == 'es' else 'agent_en' }}",
            from_number="{{ phone }}",
        ),
        HEADER,
    )
    assert chosen.agent_id(ROW) == "agent_es"
    assert chosen.from_number(ROW) == "+16175550100"
    with pytest.raises(MissingValue, match="language"):
        chosen.agent_id({})


VISITS = ("phone", "visit_at", "tz", "language", "plain_at")
VISIT = {
    "visit_at": "10.03.2026 14:00",
    "tz": "America/New_York",
    "language": "es",
    "plain_at": "2026-03-12 09:30",
}


def told(source: str, call: ThisCall = CALL, **row: str) -> str:
    anchor = Anchor(column="visit_at", timezone="tz", format="%d.%m.%Y %H:%M")
    touches = (Touch(name="day_before", offset=Offset(days=-1)),)
    made = Definition(
        name="visits",
        agent_id="agent_reminder",
        from_number="+16175550100",
        contacts=Contacts(),
        context={"told": source},
        schedule=Schedule(timezone="Asia/Tokyo", anchor=anchor, touches=touches),
        calling_hours=CallingHours(always=True),
    )
    return Templates.compile(made, VISITS).render({**VISIT, **row}, call)["told"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ visit_at | spoken }}", "Tuesday, March 10 at 2 PM"),
        ("{{ visit_at | default('soon') | spoken }}", "Tuesday, March 10 at 2 PM"),
        ("{{ visit_at | spoken('relative') }}", "tomorrow at 2 PM"),
        ("{{ visit_at | spoken('relative', 'es') }}", "mañana a las 14:00"),
        ("{{ visit_at | spoken('relative', locale=language) }}", "mañana a las 14:00"),
        ("{{ visit_at | spoken(locale='de') }}", "Dienstag, 10. März um 14 Uhr"),
        ("{{ visit_at }}", "10.03.2026 14:00"),
        # 15:00 UTC is the 10th in Tokyo already
        ("{{ plain_at | spoken('relative') }}", "Thursday at 9:30 AM"),
        ("{{ plain_at | spoken }}", "Thursday, March 12 at 9:30 AM"),
        ("{{ touch.name }}, attempt {{ attempt }}", "day_before, attempt 1"),
        ("{{ 'again' if attempt > 1 else touch.name | upper }}", "DAY_BEFORE"),
    ],
)
def test_a_call_tells_its_touch_and_its_time(source: str, said: str) -> None:
    call = ThisCall(at=CALL.at, touch="day_before", attempt=1)
    assert told(source, call) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 3, 10, 3, 59, tzinfo=UTC), "tomorrow at 2 PM"),  # 23:59 on the 9th there
        (datetime(2026, 3, 10, 4, 0, tzinfo=UTC), "today at 2 PM"),
        (datetime(2026, 3, 4, 15, 0, tzinfo=UTC), "Tuesday at 2 PM"),  # six days before
        (datetime(2026, 3, 3, 15, 0, tzinfo=UTC), "Tuesday, March 10 at 2 PM"),  # a week
        (datetime(2026, 3, 11, 15, 0, tzinfo=UTC), "Tuesday, March 10 at 2 PM"),  # the day after
    ],
)
def test_near_days_are_said_as_of_the_call_on_the_anchor_s_calendar(
    at: datetime, said: str
) -> None:
    assert told("{{ visit_at | spoken('relative') }}", ThisCall(at=at)) == said


def test_a_column_of_that_name_comes_first() -> None:
    made = definition({"told": "{{ touch }} {{ attempt }}"})
    templates = Templates.compile(made, ("touch", "attempt"))
    assert templates.render({"touch": "soft", "attempt": "third"}, CALL)["told"] == "soft third"


def test_what_a_call_knows_is_not_there_when_rows_are_chosen() -> None:
    for source in ("{{ attempt > 1 }}", "{{ patient | spoken('relative') == 'today' }}"):
        with pytest.raises(DefinitionError, match="which only a call knows"):
            Templates.compile(definition(where=source), HEADER)


def test_a_language_that_nobody_speaks_makes_a_row_faulty() -> None:
    with pytest.raises(Unrenderable, match="not a language that can be spoken"):
        told("{{ visit_at | spoken(locale=language) }}", language="tlh")
