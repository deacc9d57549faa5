"""A CSV alone is a campaign: named by its content, told who calls by arguments or columns."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from campaigns.core.definition import HOUSE_HOURS
from campaigns.files.campaign_file import load
from tests.support.trees import PEOPLE, TODAY, alone, complaints, written


def test_a_csv_alone_is_a_campaign(tmp_path: Path) -> None:
    source = alone(tmp_path, PEOPLE)
    definition = source.definition
    assert definition.context == "all"
    assert definition.contacts.file == "people.csv"
    assert definition.calling_hours == HOUSE_HOURS
    assert definition.agent_id == "agent_reminder"
    assert source.header == ("to_number", "name")
    assert source.at("context") == f"{tmp_path}/people.csv:1"
    assert len(list(source.rows())) == 2


def test_its_name_is_made_of_the_file_the_date_and_the_content(tmp_path: Path) -> None:
    name = alone(tmp_path, PEOPLE).definition.name
    assert re.fullmatch(r"people-2026-03-09-[0-9a-f]{8}", name)
    assert alone(tmp_path, PEOPLE).definition.name == name
    assert alone(tmp_path, PEOPLE + "x,y\n").definition.name != name
    assert alone(tmp_path, PEOPLE, today=date(2026, 3, 10)).definition.name != name
    assert alone(tmp_path, PEOPLE, name="mine").definition.name == "mine"


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("Patients (März) 2.csv", "patients-marz-2"),
        ("名簿.csv", "list"),
        ("-.csv", "list"),
        ("x" * 100 + ".CSV", "x" * 43),
    ],
)
def test_any_file_name_makes_a_name(tmp_path: Path, file: str, stem: str) -> None:
    path = written(tmp_path, PEOPLE, file)
    source = load(path, agent_id="a", from_number="+16175550199", today=TODAY)
    assert source.definition.name.startswith(f"{stem}-2026-03-09-")
    assert len(source.definition.name) <= 63
    assert source.definition.contacts.file == file


def test_who_calls_comes_from_an_argument_or_a_column(tmp_path: Path) -> None:
    path = written(tmp_path, "to_number,Agent ID,from_number\n1,a,+16175550199\n")
    source = load(path, today=TODAY)
    assert (source.definition.agent_id, source.definition.from_number) == ("", "")
    told = complaints(tmp_path, alone, PEOPLE, agent_id=None, from_number=None)
    for line, key, option in zip(
        told, ("agent_id", "from_number"), ("--agent-id", "--from-number"), strict=True
    ):
        hint = f"(give {option}, or add a column {key})"
        assert line == f"people.csv: {key}: expected a value, got none {hint}"


def test_a_wrong_argument_for_a_csv_is_named_as_it_was_typed(tmp_path: Path) -> None:
    told = complaints(tmp_path, alone, PEOPLE, from_number="5550142", name="X", region="XX")
    assert [one.partition(":")[0] for one in told] == ["--name", "--from-number", "--region"]
    assert "5550142" not in "".join(told)
    assert complaints(tmp_path, alone, PEOPLE, region="XX")[0].startswith("--region: expected")


def test_the_digest_of_a_csv_knows_its_arguments_but_not_the_day(tmp_path: Path) -> None:
    first = alone(tmp_path, PEOPLE).digest
    assert alone(tmp_path, PEOPLE, today=date(2027, 1, 1)).digest == first
    assert alone(tmp_path, PEOPLE, agent_id="other").digest != first
