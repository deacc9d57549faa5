"""A row of a rule pack in words, and as a program reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from campaigns.core import durations
from campaigns.core.definition import PURPOSES
from campaigns.core.rules.row import ALL, Rule
from campaigns.core.week_words import DAYS, day_hours, week


def hours(rule: Rule) -> str:
    """`mon-sat 08:00-20:00, no holidays of US-AL`; empty where it has none."""
    if rule.hours is None:
        return ""
    holidays = rule.hours.holidays
    return week(rule.hours.days) + (f", no holidays of {', '.join(holidays)}" if holidays else "")


def caps(rule: Rule) -> str:
    """`3 calls in 24h; none within 7d after a conversation`; empty where it has none."""
    said = [f"{cap.calls} calls in {_length(cap.per)}" for cap in rule.caps]
    if rule.after_conversation is not None:
        said.append(f"none within {_length(rule.after_conversation)} after a conversation")
    return "; ".join(said)


def asks(rule: Rule) -> str:
    """`consent, disclosure`: what must be there before a campaign starts."""
    return ", ".join(word for word in ("consent", "disclosure") if getattr(rule, word))


def purposes(rule: Rule) -> str:
    """`marketing`, or `all`."""
    if rule.purposes == ALL:
        return "all"
    return ", ".join(word for word in PURPOSES if word in rule.purposes)


def as_json(rule: Rule) -> Mapping[str, Any]:
    """Every part of a row as JSON has it; a day not named is closed."""
    days = None
    if rule.hours is not None:
        days = {DAYS[day]: day_hours(spans) for day, spans in enumerate(rule.hours.days) if spans}
    after = rule.after_conversation
    return {
        "key": rule.key,
        "pack": rule.pack,
        "place": rule.place,
        "purposes": [word for word in PURPOSES if word in rule.purposes],
        "days": days,
        "holidays": list(rule.hours.holidays) if rule.hours else [],
        "caps": [{"calls": cap.calls, "per": _length(cap.per)} for cap in rule.caps],
        "after_conversation": None if after is None else _length(after),
        "consent": rule.consent,
        "disclosure": rule.disclosure,
        "says": rule.says,
        "source": rule.source,
        "as_of": rule.as_of.isoformat(),
        "review_by": rule.review_by.isoformat(),
        "certainty": rule.certainty.value,
    }


def _length(length: timedelta) -> str:
    written = durations.write(length)
    return "24h" if written == "1d" else written
