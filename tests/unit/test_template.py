"""What a template may do: little, checked before anything runs, and always bounded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.context import FILTERS, OUTPUT_LIMIT, Templates, ThisCall, Unrenderable
from campaigns.core.definition import CallingHours, Contacts, Definition, Schedule
from campaigns.core.template import CELL_LIMIT
from campaigns.errors import DefinitionError, Fault

CALL = ThisCall(at=datetime(2026, 3, 9, 15, 0, tzinfo=UTC))
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


def faults(source: str) -> list[Fault]:
    with pytest.raises(DefinitionError) as caught:
        Templates.compile(definition({"told": source}), HEADER)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% if patient %}x{% endif %}", "statement"),
        ("{% for x in patient %}{% endfor %}", "statement"),
        ("{% raw %}x{% endraw %}", "statement"),
        ("{% import 'os' as os %}", "statement"),
        ("{% set x = 1 %}{{ x }}", "statement"),
        ("{{ patient.upper() }}", "a call"),
        ("{{ range(1000000000) }}", "a call"),
        ("{{ cycler('a') }}", "a call"),
        ("{{ lipsum(100) }}", "a call"),
        ("{{ patient() }}", "a call"),
        ("{{ patient.__class__ }}", "underscore"),
        ("{{ ''.__class__.__mro__ }}", "underscore"),
        ("{{ patient.upper }}", "part of a value"),
        ("{{ patient['__class__'] }}", "part of a value"),
        ("{{ patient[0] }}", "part of a value"),
        ("{{ patient[:3] }}", "part of a value"),
        ("{{ row[language] }}", "part of a value"),
        ("{{ row }}", "row"),
        ("{{ row.patient }}", "part of a value"),
        ("{{ patient * 1000000 }}", "operator *"),
        ("{{ 9 ** 999999999 }}", "operator **"),
        ("{{ '%1000000000d' % 1 }}", "operator %"),
        ("{{ 7 // 2 }}", "operator //"),
        ("{{ {'a': patient} }}", "dict"),
        ("{{ none }}", "none"),
        ("{{ patient | attr('__class__') }}", "attr"),
        ("{{ [patient] | selectattr('x') }}", "not yet"),
        ("{{ [patient] | map('upper') }}", "join it"),
        ("{{ [patient] | map('default') | join }}", "map takes spoken, capitalize"),
        ("{{ [patient] | map('upper', 1) | join }}", "more arguments"),
        ("{{ [patient] | map('patient') | join }}", "map(attribute='patient')"),
        ("{{ [patient] | map(attribute='patient') | join }}", "only group has columns"),
        ("{{ [patient] | map(*tags) | join }}", "spread"),
        ("{{ [patient] | map | join }}", "map with something else"),
        ("{{ group | map(attribute='patient') | join }}", "set contacts.same_number: group"),
        ("{{ group | length }}", "set contacts.same_number: group"),
        ("{{ patient | format(1) }}", "format"),
        ("{{ patient | lower | uper }}", "did you mean upper?"),
        ("{{ patient | default(value='x') }}", "named"),
        ("{{ patient | default(*tags) }}", "spread"),
        ("{{ appointment_at | spoken(locale='xx') }}", "a locale out of en, es, fr, de, pt, it"),
        ("{{ appointment_at | spoken('relative', 'es-MX') }}", "write es"),
        ("{{ appointment_at | spoken('short') }}", "spoken with something else"),
        ("{{ appointment_at | spoken('relative', 'es', 1) }}", "spoken with something else"),
        ("{{ appointment_at | spoken(zone='UTC') }}", "spoken with something else"),
        ("{{ touch.name }}", "there are no schedule.touches"),
        ("{{ touch }}", "write touch.name"),
        ("{{ touch.at }}", "part of a value"),
        ("{{ group }}", "set contacts.same_number: group"),
        ("{{ group.patient }}", "set contacts.same_number: group"),
        ("{{ patiant }}", "did you mean patient?"),
        ("{{ Patient }}", "did you mean patient?"),
        ("{{ first_name }}", "row['First Name']"),
        ("{{ row['Firstname'] }}", "row['First Name']"),
        ("{{ row['zzz'] }}", "the columns are"),
        ("{{ First Name }}", "row['First Name']"),
        ("{{ _patient }}", "underscore"),
        ("{{ self }}", "self"),
        ("{{ config }}", "config"),
        ("{{ patient", "end of"),
        ("{{ }}", "a template"),
        ("{{ patient is none }}", "is none"),
        ("{{ patient is sameas(1) }}", "is sameas"),
        ("{{ 'a' if language == 'es' }}", "else"),
        ("{{ 'a' if patient else 'b' }}", "count as yes"),
        ("{{ patient or 'x' }}", "default"),
        ("{{ not patient }}", "count as yes"),
        ("{{ patient " + "| upper " * 40 + "}}", "simpler"),
        ("{{ " + "(" * 900 + "1" + ")" * 900 + " }}", "simpler"),
        ("{{ " + "not " * 400 + "true }}", "simpler"),
        ("{{ " + "-" * 1500 + "1 }}", "simpler"),
        ("{{ " + "[" * 900 + "]" * 900 + " }}", "simpler"),
        ("x" * 2001, "at most 2,000"),
    ],
)
def test_what_a_template_may_not_do_is_refused_before_anything_runs(
    source: str, expected: str
) -> None:
    (fault,) = faults(source)
    assert expected in str(fault)
    assert fault.key == "context.told"
    assert "\n" not in str(fault)
    assert len(str(fault)) < 500


def test_names_that_mean_something_to_jinja_are_only_columns() -> None:
    header = ("self", "loop", "caller", "class", "row", "varargs", "c0", "c1")
    row = {name: name.upper() for name in header}
    templates = Templates.compile(
        definition({name: f"{{{{ {name} | lower }}}}" for name in header}), header
    )
    assert templates.render(row, CALL) == {name: name for name in header}


@pytest.mark.parametrize(
    "source",
    [
        "{{ 1 / 0 }}",
        "{{ patient / 2 }}",
        "{{ patient + 1 }}",
        "{{ 'a' if patient < 3 else 'b' }}",
        "{{ 'a' if 3 in patient | int(1) else 'b' }}",
        "{{ patient | int }}",
        "{{ 'nan' | float }}",
        "{{ '1e999' | float }}",
        "{{ '1e9999' | int }}",
        "{{ patient | round }}",
        "{{ 1.5 | round(99) }}",
        "{{ patient | replace('', 'x') }}",
        "{{ patient | split('') }}",
        "{{ patient | join(',') }}",
        "{{ patient | split }}",
        "{{ [] | first }}",
        "{{ patient | truncate('x') }}",
        "{{ patient | truncate }}",
        "{{ patient | spoken }}",
        "{{ [1, 2] | upper }}",
        "{{ [1, 2] ~ 'x' }}",
        "{{ (tags | split(';')) ~ 'x' }}",
        "{{ tags | split(';') }}",
    ],
)
def test_values_that_do_not_fit_are_a_fault_of_the_row(source: str) -> None:
    with pytest.raises(Unrenderable) as caught:
        render(source)
    assert "jane" not in str(caught.value).lower()
    assert "\n" not in str(caught.value)


BOMBS = [
    "{{ patient" + " | replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')" * 25 + " }}",
    "{{ " + "['', '', '', '', '', '', '', ''] | join(" * 12 + "patient" + ")" * 12 + " }}",
    "{{ " + " ~ ".join(["patient"] * 190) + " }}",
    "{{ patient" + " | upper | lower" * 13 + " }}",
    "{{ '9' | int" + " + 99999999999999999999999999999999999999" * 25 + " }}",
    "{{ [" + ", ".join(["patient"] * 200) + "] | join(patient) }}",
    "{{ patient | split('a') | join(patient) | split('a') | join(patient) }}",
    "{{ '" + "9" * 1900 + "' | int }}",
    "{{ " + "9" * 1900 + " }}",
    "{{ 'a' if patient in patient ~ patient else patient }}",
]


@pytest.mark.parametrize("source", BOMBS)
@pytest.mark.parametrize("cell", ["a" * CELL_LIMIT, "a" * (CELL_LIMIT + 1), "ŉa" * 600, "a"])
def test_no_template_grows_without_end(source: str, cell: str) -> None:
    try:
        templates = Templates.compile(definition({"told": source}), HEADER)
        told = templates.render({"patient": cell}, CALL)["told"]
    except (DefinitionError, Unrenderable):
        return
    assert len(told.encode()) <= OUTPUT_LIMIT


EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["patient", "language", "tags", "'x'", "''", "3", "2.5", "true", "row['tags']"]
    ),
    lambda inner: st.one_of(
        st.builds(
            "({} {} {})".format, inner, st.sampled_from(["~", "+", "-", "/", "and", "=="]), inner
        ),
        st.builds(
            "({} | {})".format,
            inner,
            st.sampled_from([*sorted(FILTERS), "replace('a', 'bb')", "default('d')", "int(1)"]),
        ),
        st.builds("({} if {} == 'a' else {})".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({} | join({}))".format, inner, inner),
        st.builds("({} | replace({}, {}))".format, inner, inner, inner),
    ),
    max_leaves=12,
)
CELLS = st.text(max_size=3000)


@given(expression=EXPRESSIONS, cells=st.dictionaries(st.sampled_from(HEADER), CELLS))
def test_any_expression_over_any_cells_ends_in_a_short_clean_text_or_a_fault(
    expression: str, cells: dict[str, str]
) -> None:
    try:
        templates = Templates.compile(definition({"told": f"{{{{ {expression} }}}}"}), HEADER)
        told = templates.render(cells, CALL)["told"]
    except (DefinitionError, Unrenderable):
        return
    assert len(told.encode()) <= OUTPUT_LIMIT
    assert not any(ord(char) < 32 or char in "\x7f\u2028\u2029\u202e" for char in told)


@given(source=st.text(alphabet="{}%#|'[]()._ abprow0*~=\n", max_size=60))
def test_any_source_compiles_or_is_refused(source: str) -> None:
    try:
        Templates.compile(definition({"told": source}), ("a", "b", "row"))
    except DefinitionError:
        return


@given(patient=CELLS, language=CELLS)
def test_the_short_way_says_what_jinja_says(patient: str, language: str) -> None:
    row = {"patient": patient, "language": language}
    plain, worked_out = "{{ patient }}, {{ language }}!", "{{ patient ~ ', ' ~ language }}!"
    answers = []
    for source in (plain, worked_out):
        try:
            answers.append(render(source, row))
        except Unrenderable as fault:
            answers.append(f"{type(fault).__name__} {fault.column}")
    assert answers[0] == answers[1]
