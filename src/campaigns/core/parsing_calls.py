"""The parts of a campaign file about the calls themselves: retries, and what holds them back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, cast

from campaigns.core import fields
from campaigns.core.definition import Consent, Retry
from campaigns.core.reading import Path, Reading, one_of, text
from campaigns.core.vocabulary import unknown


def known(section: Mapping[str, Any], path: Path, reading: Reading) -> None:
    """Refuse every key of a section that this version does not read."""
    for key, value in section.items():
        refused = unknown(".".join(map(str, path)), key, value, hints=not reading.full)
        if refused is not None:
            reading.fault((*path, key), refused.expected, got=refused.got, hint=refused.hint)


def retry(value: Any, reading: Reading) -> Retry:
    """How a call that was not answered is tried again."""
    if isinstance(value, str) and value.strip() == "never":
        return Retry(max_attempts=1, no_answer=(), busy=())
    path: Path = ("retry",)
    section = reading.section(value, path, "`never`")
    if section is None:
        return Retry()
    known(section, path, reading)
    usual = Retry()
    waits = {
        key: _waits(section[key], reading, (*path, key)) if key in section else getattr(usual, key)
        for key in ("no_answer", "busy", "failed", "voicemail")
    }
    attempts = reading.take(section, path, "max_attempts", fields.max_attempts, usual.max_attempts)
    redial = reading.take(
        section, path, "redial_after_unknown", one_of("proven", "never"), "proven"
    )
    return Retry(
        max_attempts=attempts,
        redial_after_unknown=cast(Literal["proven", "never"], redial),
        **waits,
    )


def consent(value: Any, reading: Reading) -> Consent | None:
    """Whose word it is that people agreed."""
    path: Path = ("consent",)
    section = reading.section(value, path)
    if section is None:
        return None
    known(section, path, reading)
    if ("attested" in section) == ("column" in section):
        got = "both" if "attested" in section else "neither"
        reading.fault(path, "either `attested` or `column`", got=got)
    return Consent(
        attested=reading.take(section, path, "attested", text, None),
        column=reading.take(section, path, "column", text, None),
    )


def _waits(value: Any, reading: Reading, path: Path) -> tuple[timedelta, ...]:
    if isinstance(value, str) and value.strip() == "never":
        return ()
    found = [
        reading.value(item, where, fields.wait, None) for item, where in reading.items(value, path)
    ]
    if not found:
        reading.fault(path, "waits such as [30m, 4h], or never", got="nothing")
    return tuple(wait for wait in found if wait is not None)
