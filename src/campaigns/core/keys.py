"""What is known about one key of a campaign file, and the pieces its JSON Schema is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Fragment = Mapping[str, Any]

TEXT: Fragment = {"type": "string", "minLength": 1}
NUMBER: Fragment = {"type": ["string", "integer"]}  # an editor reads +1617… as an integer
ZONE: Fragment = {"type": "string", "minLength": 1, "examples": ["America/New_York"]}
INSTANT: Fragment = {"type": "string", "examples": ["2026-03-09T09:00"]}
SHARE: Fragment = {"type": "string", "pattern": "^[0-9]{1,3}([.][0-9]{1,3})? ?%$"}
DATES: Fragment = {"type": "string", "examples": ["2026-11-27", "2026-12-24/2027-01-01"]}
HOURS: Fragment = {"type": "string", "examples": ["09:00-12:30, 13:30-19:00", "closed"]}
WAIT: Fragment = {"type": "string", "pattern": "^([0-9]+[wdhms] ?)+$", "examples": ["30m", "4h"]}
OFFSET: Fragment = {
    "type": "string",
    "pattern": "^[+-] ?[0-9wdhms ]+( at [0-9]{1,2}:[0-9]{2})?$",
    "examples": ["-2d at 17:30", "-3h"],
}


def or_list(fragment: Fragment) -> Fragment:
    """One of these, or a list of them."""
    return {"anyOf": [fragment, {"type": "array", "items": fragment, "minItems": 1}]}


WAITS: Fragment = {"anyOf": [{"const": "never"}, *or_list(WAIT)["anyOf"]]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key that this version reads. `example` is a piece of a file, from the top level down."""

    path: str
    says: str
    takes: str
    default: str
    example: str
    schema: Fragment
    # What can stand for a whole section: a word (always, all, never), or in capitals what it is.
    word: str = ""
