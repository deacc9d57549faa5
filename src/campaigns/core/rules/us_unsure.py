"""Rows of states of which sources conflict or one alone speaks: off until a person turns one on."""

from __future__ import annotations

from datetime import date

from campaigns.core.definition import CallingHours
from campaigns.core.rules.row import (
    ALL,
    ALL_DAY,
    CLOSED,
    MARKETING,
    REVIEW,
    Certainty,
    Rule,
    at,
    daily,
    mon_sat,
    week,
)

_TABLES = "trade tables"


def _state(
    code: str,
    hours: CallingHours | None,
    says: str,
    *,
    what: str = "marketing",
    source: str = _TABLES,
    purposes: frozenset[str] = MARKETING,
    consent: bool = False,
    disclosure: bool = False,
    review_by: date = REVIEW,
) -> Rule:
    return Rule(
        key=f"us-{code.lower()}-{what}",
        pack="us-tcpa",
        place=f"US-{code}",
        purposes=purposes,
        hours=hours,
        consent=consent,
        disclosure=disclosure,
        says=says,
        source=source,
        review_by=review_by,
        certainty=Certainty.C,
    )


UNSURE_STATES: tuple[Rule, ...] = (
    _state("MA", daily(at(8, 20)), "Massachusetts: 8 to 20."),
    _state("NV", daily(at(9, 20)), "Nevada: 9 to 20."),
    _state("MI", daily(at(9, 21)), "Michigan: 9 to 21."),
    _state("MN", daily(at(9, 21)), "Minnesota: 9 to 21."),
    _state("NM", daily(at(9, 21)), "New Mexico: 9 to 21."),
    _state("WY", daily(at(8, 20)), "Wyoming: 8 to 20."),
    _state(
        "MS",
        daily(ALL_DAY, "US-MS"),
        "Mississippi: no holiday; sources conflict.",
        what="holidays",
    ),
    _state(
        "PA",
        mon_sat(at(8, 21)),
        "Pennsylvania: no Sunday, since 2026-10-18 as one tool says.",
        what="sunday",
        source="one tool, on 73 P.S. 2241 ff",
        review_by=date(2027, 1, 31),  # a statute so new will be printed by then
    ),
    _state(
        "UT",
        mon_sat(at(9, 21), "US-UT"),
        "Utah: 9 to 21, no Sunday and no holiday.",
        source="memory and trade tables",
    ),
    _state(
        "SD",
        mon_sat(at(9, 21), "US-SD"),
        "South Dakota: 9 to 21, no Sunday and no holiday.",
        source="memory and trade tables",
    ),
    _state(
        "ME",
        week(at(9, 17), CLOSED, CLOSED),
        "Maine, automated calls: Monday to Friday 9 to 17.",
        source="10 M.R.S. 1498 by a secondary source",
    ),
    _state(
        "NE",
        week(at(8, 21), at(8, 21), at(13, 21), "US-NE"),
        "Nebraska, recorded messages: 8 to 21, on Sundays and holidays from 13; holidays are closed"
        " here.",
    ),
    _state("IL", daily(at(9, 21)), "Illinois, recorded messages: 9 to 21."),
    _state(
        "CA",
        None,
        "California: a natural voice announces a recorded message and asks for consent first, so an"
        " artificial one may not be able to begin a call at all.",
        what="natural-voice",
        source="PUC 2874",
        consent=True,
        disclosure=True,
    ),
    _state(
        "UT",
        None,
        "Utah: people are told that they talk to an AI; the duties vary.",
        what="ai",
        source="a single source",
        purposes=ALL,
        disclosure=True,
    ),
    _state(
        "ME",
        None,
        "Maine: people are told that they talk to an AI; the duties vary.",
        what="ai",
        source="a single source",
        purposes=ALL,
        disclosure=True,
    ),
)
