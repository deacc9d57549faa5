"""What is remembered of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.core import caps
from campaigns.core.definition import Definition


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditLine:
    """What somebody, or the engine, did. `campaign`, `account`: their names, where it was one's."""

    at: datetime
    who: str
    what: str
    campaign: str | None
    account: str | None
    detail: Mapping[str, Any]


def answered_for(definition: Definition) -> dict[str, Any]:
    """What a file says of whose rules hold, kept of each submission: proof of who decided it.

    What it does not say is left out. Of an attestation and a disclosure only that they are there:
    their words are in the definition.
    """
    hours, consent = definition.calling_hours, definition.consent
    said: dict[str, Any] = {
        "purpose": definition.purpose,
        "rules": list(hours.rules),
        "rules_off": hours.rules_off,
        "always": hours.always,
        "consent_attested": consent is not None and consent.attested is not None,
        "consent_column": consent.column if consent is not None else None,
        "disclosure": definition.disclosure is not None,
        "caps": [caps.said(cap) for cap in definition.caps],
    }
    return {
        "zone_evidence": definition.contacts.zone_evidence,
        **{name: value for name, value in said.items() if value},
    }
