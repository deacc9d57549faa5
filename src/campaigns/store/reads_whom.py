"""Reads on one number: every call to it, in all campaigns, and what comes next."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from campaigns.core import where
from campaigns.core.figures import LaneGroup, SuppressionLine
from campaigns.core.hours import Hours
from campaigns.core.instants import CAP_CALLS, CAP_PERIOD, Now
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.report import Situation
from campaigns.core.whom import Rules, Whom, WhomTask, comes_next
from campaigns.store.reads_base import key_of
from campaigns.store.reads_calls import CallReads
from campaigns.store.reads_campaigns import CampaignReads
from campaigns.store.tables import contact, dial_task, suppression

NEWEST = 200
"""Dial tasks, and calls, that are told of one number."""


class WhomReads(CallReads, CampaignReads):
    """One number."""

    def whom(self, number: str) -> Whom:
        """Everything about a number in E.164. It is found by its index, and kept nowhere."""
        now = self.tx.now()
        phone_id = self.tx.phone_of(number)
        if phone_id is None:
            return Whom(at=now.policy, to_number=number, known=False, calls_allowed=CAP_CALLS)
        recent = self.tx.recent_intents(phone_id, now.policy - CAP_PERIOD)
        over = len(recent) - CAP_CALLS
        rules = Rules(
            unwanted=self.tx.suppressed(phone_id),
            cap_until=recent[over] + CAP_PERIOD if over >= 0 else None,
            busy_until=self.tx.busy_until(phone_id, now.policy),
        )
        query = (
            select(
                dial_task,
                *(contact.c.key, contact.c.zones, contact.c.gone_at),
                *(contact.c.source, contact.c.source_line),
            )
            .join(contact, contact.c.id == dial_task.c.contact_id)
            .where(dial_task.c.phone_id == phone_id)
            .order_by(dial_task.c.id.desc())
            .limit(NEWEST + 1)
        )
        tasks = self.connection.execute(query).all()
        calls = self.calls_to(phone_id, limit=NEWEST + 1)
        where = {id: self._where(id, now) for id in {row.campaign_id for row in tasks}}
        return Whom(
            at=now.policy,
            to_number=number,
            known=True,
            suppression=self._suppression(phone_id, number),
            calls_used=len(recent),
            calls_allowed=CAP_CALLS,
            cap_until=rules.cap_until,
            busy_until=rules.busy_until,
            tasks=tuple(_task(row, *where[row.campaign_id], rules) for row in tasks[:NEWEST]),
            calls=tuple(calls[:NEWEST]),
            more=len(tasks) > NEWEST or len(calls) > NEWEST,
        )

    def _suppression(self, phone_id: int, number: str) -> SuppressionLine | None:
        query = select(suppression).where(suppression.c.phone_id == phone_id)
        row = self.connection.execute(query).one_or_none()
        if row is None:
            return None
        return SuppressionLine(
            to_number=number, reason=row.reason, source=row.source, added_at=row.added_at
        )

    def _where(self, campaign_id: int, now: Now) -> tuple[str, str, Situation]:
        """A campaign's name, its list, and what decides there when something leaves."""
        row = self.tx.campaign(campaign_id)
        definition, _ = self.tx.definition(row.id, row.version)
        situation = Situation(
            at=now.policy,
            hours=Hours.of(definition),
            state=row.state,
            pause_asked=self.tx.pause_asked(row.id),
            start=row.start_at,
            account=self.account_figures(row.account_id, now),
        )
        return row.name, self._source(row.id, row.version), situation


def _task(row: Row[Any], name: str, source: str, now: Situation, rules: Rules) -> WhomTask:
    state = TaskState(row.state)
    next_at, why = None, None
    if state is TaskState.WAITING:
        group = LaneGroup(
            where=where.read(row.zones),
            reason=row.wait_reason,
            eligible=row.eligible_at <= now.at,
            count=1,
            first=row.eligible_at,
            last=row.eligible_at,
        )
        found = comes_next(group, now, rules)
        next_at, why = found.next_at, row.stopped or found.reason
    return WhomTask(
        campaign=name,
        campaign_state=now.state,
        key=key_of(row.key, row.contact_id),
        touch=row.touch,
        state=state,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        reason=row.reason,
        attempts=row.attempts,
        due_at=row.due_at,
        next_at=next_at,
        why=why,
        source_file=row.source or source,
        source_line=row.source_line,
        withdrawn=row.gone_at is not None,
    )
