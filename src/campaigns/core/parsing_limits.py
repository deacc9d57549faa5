"""The sections of a campaign file that bound it: pacing, budget, caps, and who opts out."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from campaigns.core import fields
from campaigns.core.definition import Budget, Cap, Failing, OptOut, Pacing
from campaigns.core.parsing_calls import known
from campaigns.core.reading import Path, Reading, Refused, duration, one_line, text, whole_number

MOST_CALLS = 14_400
"""Ten starts a minute, all day."""
LONGEST_CAP = timedelta(days=366)
_OF = re.compile(r"(?P<share>[0-9.]+ ?%) of (?P<of>[0-9]{1,3})")
_MONEY = re.compile(r"(?P<amount>[0-9]{1,7}(?:[.][0-9]{1,2})?) ?(?P<currency>[A-Za-z$€₹£]*)")
_FEWEST, _MOST = 2, 500
PRIORITIES = {"high": 3, "normal": 5, "low": 7}
LEAST_WEIGHT, MOST_WEIGHT = 0.1, 100.0
_WEIGHT = re.compile(r"[0-9]{1,3}(?:[.][0-9]{1,3})?")


def pacing(value: Any, reading: Reading) -> Pacing:
    """What holds this campaign back besides its account's limit."""
    path: Path = ("pacing",)
    section = reading.section(value, path)
    if section is None:
        return Pacing()
    known(section, path, reading)

    def calls(value: Any) -> int:
        return whole_number(value, 1, 1_000)

    usual: Failing | None = Failing()
    return Pacing(
        first=reading.take(section, path, "first", fields.first_calls, None),
        starts_per_minute=reading.take(section, path, "starts_per_minute", calls, None),
        concurrent_calls=reading.take(section, path, "concurrent_calls", calls, None),
        pause_when_failing=reading.take(section, path, "pause_when_failing", failing, usual),
        priority=reading.take(section, path, "priority", priority, Pacing().priority),
        weight=reading.take(section, path, "weight", weight, Pacing().weight),
    )


def priority(value: Any) -> int:
    """From 1, which goes first, to 9; or one of three words."""
    written = text(value).lower()
    if written in PRIORITIES:
        return PRIORITIES[written]
    try:
        return whole_number(value, 1, 9)
    except Refused:
        raise Refused("a whole number from 1 (first) to 9 (last), or high, normal or low") from None


def weight(value: Any) -> float:
    """A share among equals."""
    written = text(value)
    if not _WEIGHT.fullmatch(written) or not LEAST_WEIGHT <= float(written) <= MOST_WEIGHT:
        raise Refused("a number from 0.1 to 100")
    return float(written)


def failing(value: Any) -> Failing | None:
    """`50% of 20`, or never."""
    written = text(value)
    if written == "never":
        return None
    found = _OF.fullmatch(written)
    if found is None:
        raise Refused("a share of so many calls, such as 50% of 20, or never")
    share, of = fields.share(found["share"]), int(found["of"])
    if not share:
        raise Refused("a share above 0%", hint="`never` switches it off")
    if not _FEWEST <= of <= _MOST:
        raise Refused(f"a share of {_FEWEST} to {_MOST} calls")
    return Failing(share=share, of=of)


def budget(value: Any, reading: Reading) -> Budget:
    """What one day may take."""
    path: Path = ("budget",)
    section = reading.section(value, path)
    if section is None:
        return Budget()
    known(section, path, reading)
    found = Budget(
        calls_per_day=reading.take(
            section, path, "calls_per_day", lambda one: whole_number(one, 1, MOST_CALLS), None
        ),
        cost_per_day=reading.take(section, path, "cost_per_day", dollars, None),
        cost_per_call=reading.take(section, path, "cost_per_call", dollars, None),
    )
    if not section:
        reading.fault(path, "calls_per_day or cost_per_day", got="nothing")
    if found.cost_per_call is not None and "cost_per_day" not in section:
        reading.fault((*path, "cost_per_call"), "cost_per_day beside it", got="none")
    if (
        found.cost_per_call is not None
        and found.cost_per_day is not None
        and found.cost_per_call > found.cost_per_day
    ):
        reading.fault(
            (*path, "cost_per_day"),
            "enough for one call",
            got=f"{found.cost_per_day:g} USD, less than cost_per_call",
        )
    return found


def dollars(value: Any) -> float:
    """`60 USD`."""
    expected = "an amount in US dollars such as 60 USD"
    found = _MONEY.fullmatch(text(value))
    if found is None:
        raise Refused(expected)
    currency = found["currency"].upper().replace("$", "USD")
    if not currency:
        raise Refused(expected, hint=f"write {found['amount']} USD")
    if currency != "USD":
        raise Refused(expected, got=one_line(text(value)), hint="calls are priced in US dollars")
    amount = float(found["amount"])
    if not amount:
        raise Refused("an amount above 0", hint="`campaigns pause` stops every call")
    return amount


def caps(value: Any, reading: Reading) -> tuple[Cap, ...]:
    """A cap, or a list of them."""
    path: Path = ("caps",)
    found: dict[timedelta, Cap] = {}
    items = list(reading.items(value, path))
    if not items:
        reading.fault(path, "a list of caps", got="nothing", hint="write - {calls: 3, per: 24h}")
    for item, where in items:
        section = reading.section(item, where)
        if section is None:
            continue
        for key in section:
            if key not in ("calls", "per"):
                reading.fault((*where, key), "calls and per", got="another key")
        missing = [key for key in ("calls", "per") if key not in section]
        if missing:
            hint = "write - {calls: 3, per: 24h}"
            reading.fault(where, "calls and per", got=f"no {missing[0]}", hint=hint)
        calls = reading.take(section, where, "calls", _calls, None)
        per = reading.take(section, where, "per", _per, None)
        if per in found:
            reading.fault((*where, "per"), "each length of time once", got="one again")
        elif calls is not None and per is not None:
            found[per] = Cap(calls=calls, per=per)
    return tuple(found.values())


def _calls(value: Any) -> int:
    if text(value) == "0":
        raise Refused(
            "at least 1 call", got="0", hint="a cap of 0 calls nobody: pause the campaign instead"
        )
    return whole_number(value, 1, 1_000)


def _per(value: Any) -> timedelta:
    found = duration(value)
    if not timedelta(minutes=1) <= found <= LONGEST_CAP:
        raise Refused("a duration from 1m to 366d")
    return found


def opt_out(value: Any, reading: Reading) -> OptOut:
    """What means it besides the built-in list."""
    path: Path = ("opt_out",)
    section = reading.section(value, path)
    if section is None:
        return OptOut()
    known(section, path, reading)

    def words(key: str) -> tuple[str, ...]:
        found = [
            reading.value(item, where, _words, "")
            for item, where in reading.items(section.get(key, []), (*path, key))
        ]
        return tuple(dict.fromkeys(filter(None, found)))

    return OptOut(tags=words("tags"), phrases=words("phrases"))


def _words(value: Any) -> str:
    written = text(value)
    if not any(map(str.isalnum, written)) or len(written) > 100:
        raise Refused("a few words")
    return written
