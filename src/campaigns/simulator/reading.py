"""Scripts and faults as people write them: JSON text into values, every fault at once."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from campaigns.errors import ConfigurationError
from campaigns.errors import Fault as Wrong
from campaigns.simulator.faults import Fault
from campaigns.simulator.script import Script

_FAULTS = TypeAdapter(tuple[Fault, ...])


def script_from(text: str | bytes, *, at: str = "script") -> Script:
    """A script from JSON: `{"rules": [...]}` or the bare list. Raises ConfigurationError."""
    data = _json(text, at)
    try:
        return Script.model_validate({"rules": data} if isinstance(data, list) else data)
    except ValidationError as error:
        raise _wrong(error, at) from None


def faults_from(text: str | bytes, *, at: str = "faults") -> tuple[Fault, ...]:
    """Faults from JSON: `{"faults": [...]}` or the bare list. Raises ConfigurationError."""
    data = _json(text, at)
    try:
        return _FAULTS.validate_python(data.get("faults") if isinstance(data, dict) else data)
    except ValidationError as error:
        raise _wrong(error, at) from None


def _json(text: str | bytes, at: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError([Wrong(at=at, expected="JSON", hint=str(error))]) from None


def _wrong(error: ValidationError, at: str) -> ConfigurationError:
    return ConfigurationError(
        [
            Wrong(
                at=at,
                key=".".join(str(step) for step in one["loc"]),
                expected=_sentence(one["msg"]),
                hint="docs/simulator.md lists what may stand here",
            )
            for one in error.errors(include_url=False, include_input=False)
        ]
    )


def _sentence(text: str) -> str:
    return text.removeprefix("Value error, ").removeprefix("Input should be ")
