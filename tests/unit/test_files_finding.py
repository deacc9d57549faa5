"""A pattern means the newest file by its name; a refresh reads it from where it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns.core.contacts import Contact
from campaigns.errors import DefinitionError
from campaigns.files.again import read_again
from campaigns.files.finding import newest
from tests.support.trees import PEOPLE, campaign, complaints, fault, written

PATTERN = "contacts: visits-*.csv\n"


def test_the_last_by_name_is_read_whenever_it_was_written(tmp_path: Path) -> None:
    for day in ("09", "11", "10"):
        written(tmp_path, PEOPLE.replace("Ann", f"Ann{day}"), f"visits-2026-03-{day}.csv")
    written(tmp_path, PEOPLE, ".visits-2026-03-99.csv")
    (tmp_path / "visits-2026-04-01.csv").mkdir()
    source = campaign(tmp_path, PATTERN)
    assert source.contacts_path.name == "visits-2026-03-11.csv"
    assert source.row_at(2).endswith("visits-2026-03-11.csv:2")
    assert source.definition.contacts.owner == "visits-*.csv"


def test_a_file_that_is_really_called_so_is_meant(tmp_path: Path) -> None:
    written(tmp_path, PEOPLE, "a*.csv")
    written(tmp_path, PEOPLE, "ab.csv")
    assert newest(tmp_path, "a*.csv")[0].name == "a*.csv"


def test_no_file_of_a_pattern_is_told_where_it_is_named(tmp_path: Path) -> None:
    (told,) = complaints(tmp_path, campaign, PATTERN)
    assert told == "c.yaml:4: contacts: expected a file of this pattern, got none"
    assert "expected a pattern in the file's own name" in fault(contacts="*/people.csv")


def test_it_is_read_again_with_all_that_was_said_beside_it(tmp_path: Path) -> None:
    written(tmp_path, PEOPLE, "visits-1.csv")
    first = campaign(tmp_path, PATTERN, region="US")
    again = read_again(first.definition, first.origin)
    assert again.digest == first.digest
    assert again.name == "visits-1.csv"
    assert again.written_at <= datetime.now(UTC)
    written(tmp_path, PEOPLE + "617 555 0142,Cat\n", "visits-2.csv")
    other = read_again(first.definition, first.origin)
    assert other.digest != first.digest
    assert other.digest == campaign(tmp_path, PATTERN, region="US").digest
    for _ in range(2):
        entries = list(other.entries)
        assert [one.line for one in entries] == [2, 3, 4]
        assert isinstance(entries[2], Contact)
        assert entries[2].to_number == "+16175550142"


def test_a_list_that_lost_its_columns_is_no_list_of_this_campaign(tmp_path: Path) -> None:
    source = campaign(tmp_path, 'contacts: people.csv\ncontext: {who: "{{ name }}"}\n')
    written(tmp_path, "to_number,nam\n+16175550100,Ann\n")
    with pytest.raises(DefinitionError, match="name"):
        read_again(source.definition, source.origin)
