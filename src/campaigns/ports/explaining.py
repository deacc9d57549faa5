"""What is remembered of one contact, as whoever explains its calls asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from campaigns.core.explanation import Past, Subject
from campaigns.core.suppression import SuppressionLine


class ExplainBook(Protocol):
    """One contact and its calls. Nothing is locked for it."""

    def subject(self, campaign_id: int, key: str) -> Subject | None:
        """Also one that was erased, by the name that it has since."""

    def past(self, task_id: int) -> Sequence[Past]:
        """Every attempt of a dial task, also those it shared, oldest first."""

    def lists_of(self, phone_id: int) -> Sequence[SuppressionLine]:
        """The do-not-call lists that a number is on: that of all campaigns first."""

    def source_of(self, campaign_id: int, version: int) -> str:
        """The list that a version was submitted with."""

    def rows_beside(self, campaign_id: int) -> int:
        """Rows of its list that became no contact."""
