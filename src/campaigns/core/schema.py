"""What a campaign file may say, printed: for an editor, for a terminal, for the handbook.

All three are made from the vocabulary that the reader itself obeys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from campaigns.core.keys import Key
from campaigns.core.vocabulary import KEYS, NOT_YET, children, planned
from campaigns.core.week_words import DAYS
from campaigns.errors import UnknownName

_ANY_NAME = "^.{1,63}$"
_DAY_KEYS = f"^({'|'.join(DAYS)})[a-z]*([ ,-]+[a-z]+)*$"


_TOUCHES = "schedule.touches."


def json_schema() -> dict[str, Any]:
    """JSON Schema of a campaign file, as YAML language servers read it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Campaign",
        "description": "A scheduled outbound campaign.",
        **_section(""),
        "required": ["name", "agent_id", "from_number", "contacts"],
        "patternProperties": {"^x-": True},
    }


def describe(path: str) -> str:
    """One key for a person: what it says, takes and defaults to, and an example.

    Raises UnknownName for a key that does not exist, with the near one.
    """
    key = _found(path)
    if key is None:
        instead = planned(path)
        if instead is not None:
            return f"{path}\n  not yet supported: {instead}"
        near = get_close_matches(path, [*KEYS, *NOT_YET], n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(children(''))}"
        raise UnknownName(f"no key {path} in a campaign file ({hint})")
    lines = [
        key.path,
        f"  {key.says}",
        f"  takes:   {key.takes}",
        f"  default: {key.default}",
        "  example:",
        *(f"    {line}" for line in key.example.splitlines()),
    ]
    below = [name for name in children(key.path) if name != "DAYS"]
    if below:
        lines.append(f"  keys:    {', '.join(below)}")
    return "\n".join(lines)


def reference() -> str:
    """Every key in Markdown, and what is not there yet."""
    return "\n".join([*_described(), "", *_missing()]) + "\n"


def _section(path: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    patterns: dict[str, Any] = {}
    for name in children(path):
        key = KEYS[f"{path}.{name}" if path else name]
        if name == "DAYS":
            patterns[_DAY_KEYS] = _fragment(key)
        elif name == "NAME":
            patterns[_ANY_NAME] = _fragment(key)
        else:
            properties[name] = _fragment(key)
    section: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**section, "patternProperties": patterns} if patterns else section


def _fragment(key: Key) -> dict[str, Any]:
    described = {"description": f"{key.says} Default: {key.default}."}
    shape: Mapping[str, Any] = _section(key.path) if children(key.path) else key.schema
    if key.word.isupper():
        return {"anyOf": [dict(key.schema), shape], **described}
    if key.word:
        return {"anyOf": [{"const": key.word}, shape], **described}
    return {**shape, **described}


def _found(path: str) -> Key | None:
    if path in KEYS:
        return KEYS[path]
    if path.startswith(_TOUCHES):
        name, _, last = path.removeprefix(_TOUCHES).partition(".")
        return KEYS.get(f"{_TOUCHES}NAME{last and '.'}{last}") if name else None
    section, _, last = path.rpartition(".")
    day = last[:3].lower() in DAYS and section in {"", "calling_hours"}
    return KEYS["calling_hours.DAYS"] if day else None


def _described() -> Iterator[str]:
    for key in KEYS.values():
        yield f"{'###' if '.' in key.path else '##'} `{key.path}`"
        yield ""
        yield key.says
        yield ""
        yield f"- takes: {key.takes}"
        yield f"- default: {key.default}"
        yield ""
        yield "```yaml"
        yield key.example
        yield "```"
        yield ""
    yield "## `x-…`"
    yield ""
    yield "Keys of the top level that start with `x-` are yours; the engine does not read them."


def _missing() -> Iterator[str]:
    yield "## Not yet"
    yield ""
    yield "These keys are refused until the engine obeys them; what holds without each:"
    yield ""
    yield "| key | without it |"
    yield "|---|---|"
    for path, instead in NOT_YET.items():
        yield f"| `{path}` | {instead} |"
