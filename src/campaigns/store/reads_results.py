"""Reads the results of a campaign: one row per dial task, in the columns that a test pins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from campaigns.core import where
from campaigns.core.figures import Page
from campaigns.core.lifecycle import RANG_NOBODY, AttemptState, Outcome
from campaigns.core.outcomes import OUTCOME_OF
from campaigns.store.base import key_of
from campaigns.store.calls import TAKING_PART
from campaigns.store.reads_base import page_of
from campaigns.store.reads_people import PeopleReads
from campaigns.store.tables import attempt, contact, dial_task, phone

Result = Mapping[str, object]
"""Column → value, instants as datetimes; None is unknown."""


class ResultReads(PeopleReads):
    """Results."""

    def results(
        self,
        name: str,
        *,
        since: datetime | None = None,
        outcomes: Collection[Outcome] = (),
        after: str | None = None,
        limit: int,
    ) -> Page[Result]:
        """Results in the order of the list; open dial tasks too, unless a filter asks for an end.

        `since`: only what ended at or after this instant. Raises UnknownName.
        """
        row = self.campaign_row(name)
        query = (
            select(
                dial_task,
                contact.c.key,
                contact.c.zones,
                contact.c.zone_source,
                contact.c.settings,
                contact.c.source_line,
                phone.c.e164,
            )
            .join(contact, contact.c.id == dial_task.c.contact_id)
            .join(phone, phone.c.id == dial_task.c.phone_id)
            .where(self.tasks_after(row.id, after))
        )
        if since is not None:
            query = query.where(dial_task.c.ended_at >= since)
        if outcomes:
            query = query.where(dial_task.c.outcome.in_([outcome.value for outcome in outcomes]))
        rows = self.connection.execute(query.order_by(dial_task.c.id).limit(limit + 1)).all()
        calls = self._calls_of([one.id for one in rows[:limit]])
        source = self.tx.source_of(row.id, row.version)

        def make(one: Row[Any]) -> Result:
            run = one.occasion if row.run else ""
            return _result(one, calls.get(one.id, ()), name, source, run)

        return page_of(rows, limit, make, lambda one: one.id)

    def _calls_of(self, task_ids: Sequence[int]) -> Mapping[int, Sequence[Any]]:
        """Attempts that may have rung, oldest first, by dial task."""
        query = (
            select(
                TAKING_PART.c.task_id,
                attempt.c.task_id.label("lead"),
                attempt.c.state,
                attempt.c.intent_at,
                attempt.c.in_progress_at,
                attempt.c.terminal_at,
                attempt.c.duration_s,
                attempt.c.call_id,
                attempt.c.recording_id,
                attempt.c.cost,
                attempt.c.currency,
            )
            .join(TAKING_PART, TAKING_PART.c.attempt_id == attempt.c.id)
            .where(
                TAKING_PART.c.task_id.in_(task_ids),
                attempt.c.state.not_in([state.value for state in RANG_NOBODY]),
            )
            .order_by(TAKING_PART.c.task_id, attempt.c.intent_at)
        )
        calls: dict[int, list[Any]] = {}
        for row in self.connection.execute(query):
            calls.setdefault(row.task_id, []).append(row)
        return calls


def _result(row: Row[Any], calls: Sequence[Any], campaign: str, source: str, run: str) -> Result:
    call = _deciding(row.outcome, calls)
    first, last = (calls[0].intent_at, calls[-1].intent_at) if calls else (None, None)
    # A call for several rows is paid for once: with the row that led it.
    costs = [one.cost for one in calls if one.cost is not None and one.lead == row.id]
    return {
        "campaign": campaign,
        "run": run or None,
        "key": key_of(row.key, row.contact_id),
        "touch": row.touch or None,
        "to_number": row.e164 or None,
        "from_number": row.from_number or row.settings.get("from_number"),
        "outcome": row.outcome,
        "disposition": None,
        "reason": row.reason,
        "attempts": row.attempts,
        "due_at": row.due_at,
        "first_called_at": first,
        "last_called_at": last,
        "answered_at": call.in_progress_at if call else None,
        "ended_at": (call.terminal_at if call else None) or row.ended_at,
        "duration_s": call.duration_s if call else None,
        "cost": round(sum(costs), 6) if costs else None,
        "currency": next((one.currency for one in calls if one.currency), None),
        "call_id": call.call_id if call else None,
        "recording_id": call.recording_id if call else None,
        "timezone": " ".join(where.read(row.zones).zones) or None,
        "timezone_source": row.zone_source,
        "late_s": None if first is None else round((first - row.due_at).total_seconds(), 1),
        "source_file": source if row.source_line else None,  # told one at a time: of no file
        "source_line": row.source_line or None,
    }


def _deciding(outcome: str | None, calls: Sequence[Any]) -> Any:
    """The call that gave the outcome: late evidence may have come for an earlier one."""
    if not calls:
        return None
    for one in reversed(calls):
        if outcome is not None and OUTCOME_OF.get(AttemptState(one.state)) == Outcome(outcome):
            return one
    return calls[-1]
