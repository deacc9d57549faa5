"""The rows of the European Union, of its member states, and of the United Kingdom."""

from __future__ import annotations

from datetime import timedelta

from campaigns.core.definition import Cap
from campaigns.core.rules.row import ALL, CLOSED, MARKETING, Certainty, Rule, at, daily, week

A, B, C = Certainty.A, Certainty.B, Certainty.C
_WORKDAYS_9_20_SAT_10_19 = week(at(9, 20), at(10, 19), CLOSED)

MEMBERS = frozenset(
    {
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    }
)
"""The member states, for which the rows of `EU` hold."""

EUROPE: tuple[Rule, ...] = (
    Rule(
        key="uk-marketing",
        pack="uk",
        place="GB",
        purposes=MARKETING,
        hours=week(at(9, 20), at(10, 17), CLOSED),
        says="No statutory hours; these are a policy. Live calls are screened against TPS and CTPS"
        " and show a number; any pattern of silent or abandoned calls can be misuse.",
        source="PECR 2003 reg. 21; Ofcom, Persistent Misuse 2016",
        certainty=A,
    ),
    Rule(
        key="uk-automated-marketing",
        pack="uk",
        place="GB",
        purposes=MARKETING,
        consent=True,
        says="Recorded or automated marketing needs specific consent; whether a talking agent is an"
        " automated call is open.",
        source="PECR 2003 reg. 19",
        certainty=C,
    ),
    Rule(
        key="eu-automated-marketing",
        pack="eu",
        place="EU",
        purposes=MARKETING,
        consent=True,
        says="Automated calling machines need prior consent; hours and caps are national.",
        source="Directive 2002/58/EC art. 13(1)",
        certainty=A,
    ),
    Rule(
        key="eu-ai-act",
        pack="eu",
        place="EU",
        purposes=ALL,
        disclosure=True,
        says="Since 2026-08-02 people are told that they talk to an AI.",
        source="Regulation (EU) 2024/1689 art. 50(1)",
        certainty=A,
    ),
    Rule(
        key="fr-marketing",
        pack="france",
        place="FR",
        purposes=MARKETING,
        hours=week((*at(10, 13), *at(14, 20)), CLOSED, CLOSED, "FR"),
        caps=(Cap(calls=4, per=timedelta(days=30)),),
        consent=True,
        says="Monday to Friday 10 to 13 and 14 to 20, no holiday; 4 calls in 30 days, none for 60"
        " days after a refusal; consent since 2026-08-11, at most a year old, its proof kept for 3"
        " years. Whether consent lifts the hours is unsure, so they hold.",
        source="décret 2022-1313; loi 2025-594",
        certainty=A,
    ),
    Rule(
        key="es-marketing",
        pack="spain",
        place="ES",
        purposes=MARKETING,
        hours=week(at(9, 21), CLOSED, CLOSED, "ES"),
        consent=True,
        says="Monday to Friday 9 to 21, no holiday; automated calls need express prior consent.",
        source="LGDCU art. 96.2-96.3; LGTel art. 66",
        certainty=A,
    ),
    Rule(
        key="de-marketing",
        pack="germany",
        place="DE",
        purposes=MARKETING,
        hours=daily(at(9, 20)),
        consent=True,
        says="No statutory hours; these are a policy. Express prior consent, documented for 5"
        " years.",
        source="UWG §§ 7, 7a",
        certainty=B,
    ),
    Rule(
        key="it-marketing",
        pack="italy",
        place="IT",
        purposes=MARKETING,
        hours=_WORKDAYS_9_20_SAT_10_19,
        says="Monday to Friday 9 to 20, Saturday 10 to 19, no Sunday; numbers are screened against"
        " the register of objections.",
        source="the Italian code of conduct, as reported",
        certainty=C,
    ),
    Rule(
        key="nl-marketing",
        pack="netherlands",
        place="NL",
        purposes=MARKETING,
        hours=_WORKDAYS_9_20_SAT_10_19,
        consent=True,
        says="A policy as in Italy: Monday to Friday 9 to 20, Saturday 10 to 19, no Sunday; people"
        " opt in.",
        source="a single source",
        certainty=C,
    ),
)
