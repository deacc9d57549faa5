"""Errors are one tree; each is a sentence for a person, and says with what a program exits."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from campaigns import errors
from campaigns.errors import (
    CampaignsError,
    ConfigurationError,
    Conflict,
    DefinitionError,
    Fault,
    InputError,
    WorldError,
)

FAULTS = (
    Fault(at="people.csv:3", key="to_number", expected="a phone number", got="'abc'"),
    Fault(at="", expected="at least one contact", hint="is the file empty?"),
)


def raised() -> Iterator[type[CampaignsError]]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, CampaignsError):
            yield kind


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = re.findall(r"^[\s│├└─]*(\w+)", str(errors.__doc__), re.MULTILINE)
    assert {kind.__name__ for kind in raised()} <= set(drawn)


@pytest.mark.parametrize("kind", list(raised()), ids=lambda kind: str(kind.__name__))
def test_the_wrong_input_exits_with_1_and_everything_else_with_3(
    kind: type[CampaignsError],
) -> None:
    assert kind.exit_code == (1 if issubclass(kind, InputError) else 3)


def test_the_inputs_fault_and_the_worlds_fault_are_told_apart() -> None:
    assert issubclass(Conflict, InputError)
    assert not issubclass(InputError, WorldError)
    assert not issubclass(WorldError, InputError)


@pytest.mark.parametrize("kind", [DefinitionError, ConfigurationError])
def test_all_faults_are_carried_and_told_at_once(
    kind: type[DefinitionError | ConfigurationError],
) -> None:
    error = kind(list(FAULTS))
    assert error.faults == FAULTS
    assert str(error).splitlines() == [str(fault) for fault in FAULTS]


def test_a_fault_says_where_what_was_expected_what_was_there_and_what_to_do() -> None:
    fault = Fault(at="a.yaml:3", key="retry", expected="a list", got="'x'", hint="write [30m]")
    assert str(fault) == "a.yaml:3: retry: expected a list, got 'x' (write [30m])"


def test_what_a_fault_does_not_know_is_left_out() -> None:
    assert str(Fault(at="", expected="a list")) == "expected a list"
    assert str(FAULTS[1]) == "expected at least one contact (is the file empty?)"


def test_an_error_is_one_line_for_a_person() -> None:
    assert str(Conflict("reminders was cancelled: use another name")).count("\n") == 0
