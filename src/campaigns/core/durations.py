"""Durations as people type them: `45s`, `30m`, `4h`, `2d`, `1w`, `1h30m`.

Every duration in a file, a cell or an option is read here, so that `30` never means minutes in
one place and seconds in another: a bare number is refused unless the key says plain seconds.
"""

from __future__ import annotations

import re
from datetime import timedelta

FORMS = "45s, 30m, 4h, 2d, 1w or 1h30m"

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WRITTEN = re.compile(
    r"(?:(?P<w>[0-9]{1,6})w)? ?(?:(?P<d>[0-9]{1,6})d)? ?(?:(?P<h>[0-9]{1,6})h)?"
    r" ?(?:(?P<m>[0-9]{1,6})m)? ?(?:(?P<s>[0-9]{1,9})s)?"
)
_PLAIN = re.compile(r"[0-9]{1,9}")
_SPOKEN = re.compile(
    r"(?P<count>[0-9]{1,6}) ?"
    r"(?P<unit>w|d|h|m|s|sec|second|min|minute|mins|hr|hour|hrs|day|week)s?",
    re.IGNORECASE,
)
_ISO = re.compile(r"P(?P<days>[0-9]+D)?(?:T(?P<time>[0-9HMS]+))?", re.IGNORECASE)
_LONGEST_TEXT = 40


class NotADuration(ValueError):
    """A text that is no duration. `hint` is what was probably meant, or empty."""

    def __init__(self, hint: str = "") -> None:
        self.hint = hint
        super().__init__(f"a duration such as {FORMS}")


def parse(text: str, *, plain_seconds: bool = False) -> timedelta:
    """The duration in a text. `plain_seconds` also reads a bare number, as seconds."""
    text = text.strip()
    if len(text) > _LONGEST_TEXT:
        raise NotADuration
    if _PLAIN.fullmatch(text):
        if plain_seconds:
            return timedelta(seconds=int(text))
        raise NotADuration(f"write a unit: {int(text)}m or {int(text)}s")
    found = _WRITTEN.fullmatch(text)
    if not text or found is None:
        raise NotADuration(_meant(text))
    return timedelta(seconds=sum(int(found[unit] or 0) * _UNITS[unit] for unit in _UNITS))


def write(duration: timedelta) -> str:
    """The text that `parse` reads back as this duration: `1d6h`, `30m`, `0s`."""
    rest = duration // timedelta(seconds=1)
    if rest < 0 or timedelta(seconds=rest) != duration:
        raise ValueError("only whole seconds from 0 up have a text")
    written = []
    for unit in "dhms":
        count, rest = divmod(rest, _UNITS[unit])
        if count:
            written.append(f"{count}{unit}")
    return "".join(written) or "0s"


def _meant(text: str) -> str:
    """What a near miss was meant to say."""
    if found := _SPOKEN.fullmatch(text):
        return f"write {found['count']}{found['unit'][0].lower()}"
    if (found := _ISO.fullmatch(text)) and len(text) > 1:
        parts = (found["days"] or "", found["time"] or "")
        return f"write {''.join(parts).lower()}" if any(parts) else ""
    if text.startswith(("-", "+")):
        return "a wait has no sign"
    if re.fullmatch(r"[0-9]+[.,][0-9]+ ?[a-z]*", text):
        return "write whole units: 1h30m, not 1.5h"
    return ""
