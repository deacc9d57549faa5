"""What is printed about the language is what the reader obeys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from campaigns.core.parsing import parse
from campaigns.core.schema import describe, json_schema, reference
from campaigns.core.vocabulary import KEYS, NOT_YET, children
from campaigns.errors import UnknownName
from campaigns.files import yaml_tree
from tests.support.trees import SMALL, written

HANDBOOK = Path(__file__).parents[2] / "docs" / "campaign-file.md"
MARK = "<!-- every key: written by `python -m tests.unit.test_definition_schema` -->\n"


@pytest.mark.parametrize("path", KEYS)
def test_the_example_of_every_key_is_read(path: str, tmp_path: Path) -> None:
    document = yaml_tree.read(written(tmp_path, KEYS[path].example, "c.yaml"), "c.yaml")
    parse({**SMALL, **document.tree}, document.at)
    here: Any = document.tree
    steps = path.replace("NAME", "same_day").split(".")
    for name in steps if not path.endswith("DAYS") else steps[:-1]:
        assert name in here, "the example shows another key"
        here = here[name]


def test_the_schema_has_every_key_that_is_read_and_no_other() -> None:
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["additionalProperties"] is False
    assert schema["patternProperties"] == {"^x-": True}

    def below(fragment: dict[str, Any], path: str) -> Iterator[str]:
        for alternative in (fragment, *fragment.get("anyOf", ())):
            if alternative.get("additionalProperties") is False:
                named = dict(alternative["properties"])
                for one in alternative.get("patternProperties", {}).values():
                    named["DAYS" if path == "calling_hours" else "NAME"] = one
                for name, lower in named.items():
                    here = f"{path}.{name}"
                    yield here
                    yield from below(lower, here)

    found = set(schema["properties"])
    for name, fragment in schema["properties"].items():
        found |= set(below(fragment, name))
    assert found == set(KEYS)


def test_every_fragment_says_what_it_is_for() -> None:
    for fragment in json_schema()["properties"].values():
        assert "Default: " in fragment["description"]


def test_one_key_is_described_with_an_example() -> None:
    assert describe("retry.max_attempts") == (
        "retry.max_attempts\n"
        "  How often one contact is called at most, the first call INCLUDED.\n"
        "  takes:   a whole number from 1 to 20\n"
        "  default: 3\n"
        "  example:\n"
        "    retry:\n"
        "      max_attempts: 2"
    )


def test_a_section_names_its_keys() -> None:
    keys = "max_attempts, no_answer, busy, failed, voicemail, redial_after_unknown"
    assert describe("retry").endswith(f"keys:    {keys}")


@pytest.mark.parametrize("day", ["mon-fri", "calling_hours.sat", "sunday"])
def test_days_are_described_by_any_of_their_names(day: str) -> None:
    assert "half-open" in describe(day)


def test_a_planned_key_says_what_holds_until_then() -> None:
    assert describe("account") == ("account\n  not yet supported: the account `default` dials")


@pytest.mark.parametrize(
    ("path", "hint"),
    [("retry.max_atempts", "did you mean retry.max_attempts?"), ("zzz", "the keys are name, ")],
)
def test_an_unknown_key_is_told_the_near_one(path: str, hint: str) -> None:
    with pytest.raises(UnknownName) as caught:
        describe(path)
    assert hint in str(caught.value)


def test_each_key_is_told_below_its_section() -> None:
    assert children("")[:3] == ("name", "purpose", "agent_id")
    for path in KEYS:
        parent = path.rpartition(".")[0]
        assert not parent or parent in KEYS


def test_the_handbook_is_current() -> None:
    _, mark, rest = HANDBOOK.read_text(encoding="utf-8").partition(MARK)
    assert mark, "the mark is gone"
    assert rest == reference(), "run python -m tests.unit.test_definition_schema"
    assert all(f"`{path}`" in rest for path in (*KEYS, *NOT_YET))


def _write_handbook() -> None:
    before, mark, _ = HANDBOOK.read_text(encoding="utf-8").partition(MARK)
    HANDBOOK.write_text(before + mark + reference(), encoding="utf-8")


if __name__ == "__main__":
    _write_handbook()
