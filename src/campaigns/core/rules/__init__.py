"""Rule packs: what the law asks of calls, as dated rows with source and certainty.

Not legal advice. The strictest of all rows that hold wins; a row of certainty C is off until a
campaign names it; a country without a row is closed. Every row expires (`review_by`).
"""

from campaigns.core.rules.book import (
    GRACE,
    Rules,
    of_places,
    overdue,
    packs,
    rows,
    rule,
    rule_named,
)
from campaigns.core.rules.row import Certainty, Rule

__all__ = [
    "GRACE",
    "Certainty",
    "Rule",
    "Rules",
    "of_places",
    "overdue",
    "packs",
    "rows",
    "rule",
    "rule_named",
]
