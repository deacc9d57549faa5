"""The rows of Canada, India and Australia."""

from __future__ import annotations

from campaigns.core.rules.row import (
    ALL_DAY,
    CLOSED,
    DEBT,
    MARKETING,
    SURVEY,
    Certainty,
    Rule,
    at,
    daily,
    week,
)

A, B, C = Certainty.A, Certainty.B, Certainty.C

ELSEWHERE: tuple[Rule, ...] = (
    Rule(
        key="ca-marketing",
        pack="canada",
        place="CA",
        purposes=MARKETING,
        hours=week(at(9, 21, 30), at(10, 18), at(10, 18)),
        consent=True,
        says="Monday to Friday 9 to 21:30, weekends 10 to 18; a machine's voice solicits with"
        " express consent only, an existing relationship is none; registration with the DNCL;"
        " opt-outs within 14 days; at most 5 % abandoned in a month.",
        source="CRTC Unsolicited Telecommunications Rules (2007-48, 2009-200, 2014-155)",
        certainty=A,
    ),
    Rule(
        key="ca-bc-holidays",
        pack="canada",
        place="CA-BC",
        purposes=MARKETING,
        hours=daily(ALL_DAY, "CA-BC"),
        says="British Columbia: no holiday.",
        source="a secondary source",
        certainty=B,
    ),
    Rule(
        key="in-marketing",
        pack="india",
        place="IN",
        purposes=MARKETING,
        hours=daily(at(9, 21)),
        says="Never from 21 to 9 by the official older rule; numbers are screened against the"
        " preference register or have digital consent; a registered sender, 140 numbers for"
        " promotion and 1600 for service; an auto-dialer has duties of its own.",
        source="TCCCPR 2018 with the amendment of 2025",
        certainty=A,
    ),
    Rule(
        key="in-marketing-10",
        pack="india",
        place="IN",
        purposes=MARKETING,
        hours=daily(at(10, 21)),
        says="10 to 21, as the default bands of the newer rule are read.",
        source="TCCCPR 2018; sources conflict on the bands",
        certainty=C,
    ),
    Rule(
        key="in-loan-recovery",
        pack="india-loans",
        place="IN",
        purposes=DEBT,
        hours=daily(at(8, 19)),
        says="Recovery of loans from 8 to 19; persistent calling is barred.",
        source="RBI circular of 2022-08-12",
        certainty=A,
    ),
    Rule(
        key="au-marketing",
        pack="australia",
        place="AU",
        purposes=MARKETING,
        hours=week(at(9, 20), at(9, 17), CLOSED, "AU"),
        says="Monday to Friday 9 to 20, Saturday 9 to 17, no Sunday and no national holiday; the"
        " caller's number shows and answers for 30 days; a call ends when asked; the register is"
        " screened.",
        source="Telemarketing and Research Calls Industry Standard 2017 (donotcall.gov.au)",
        certainty=A,
    ),
    Rule(
        key="au-research",
        pack="australia",
        place="AU",
        purposes=SURVEY,
        hours=week(at(9, 20, 30), at(9, 17), at(9, 17), "AU"),
        says="Research: Monday to Friday 9 to 20:30, weekends 9 to 17, no national holiday.",
        source="Telemarketing and Research Calls Industry Standard 2017 (donotcall.gov.au)",
        certainty=A,
    ),
)
