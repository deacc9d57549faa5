"""What a forecast needs of the book: who waits, what the account has free, how calls ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from campaigns.core import where
from campaigns.core.assumptions import ASSUMED, Assumptions, Ended, learned
from campaigns.core.backlog import Batch
from campaigns.core.calls import Limit
from campaigns.core.definition import Definition
from campaigns.core.forecast import Forecast, forecast
from campaigns.core.lifecycle import (
    RANG_NOBODY,
    TERMINAL,
    AttemptState,
    CampaignState,
    Outcome,
    TaskState,
)
from campaigns.core.outlook import Outlook, going, zone_of
from campaigns.core.records import CampaignRow
from campaigns.core.side import Account
from campaigns.errors import DefinitionError
from campaigns.store.reads_base import BaseReads
from campaigns.store.tables import account, attempt, campaign, dial_task, lane

_NEWEST = 5_000
"""Calls that say how calls end: older ones say less of tomorrow."""
_NEW = 0
"""The campaign that is not in the book yet."""

_OPEN = dial_task.c.state.in_((TaskState.WAITING.value, TaskState.CLAIMED.value))
_HOUR = timedelta(hours=1)
_REACH = timedelta(days=366)
"""Mechanical: calls before count for no cap that a file or a rule states."""


class ForecastReads(BaseReads):
    """The future, as far as the book tells."""

    def forecast_of(self, name: str) -> tuple[Forecast, tzinfo]:
        """What a campaign of the book will do from now on, and its clock. Raises UnknownName."""
        row = self.campaign_row(name)
        definition, _ = self.tx.definition(row.id, row.version)
        return self.forecast(definition, Outlook(), row), zone_of(definition)

    def forecast(
        self,
        definition: Definition,
        outlook: Outlook,
        row: CampaignRow | None,
        account_name: str = "default",
    ) -> Forecast:
        """The future of a list that is submitted now, beside what waits in the book.

        `row`: the campaign where it is known; then `outlook` is what would be added to it.
        """
        now = self.tx.now().policy
        mine = _NEW if row is None else row.id
        by_name = select(account.c.id).where(account.c.name == account_name)
        if row is None:
            account_id = self.connection.execute(by_name).scalar_one()
        else:
            account_id = row.account_id
        definitions = {mine: definition}
        for id in set(self._running(account_id)) - {mine}:
            # What no program here can read nobody dispatches either.
            with suppress(ValueError, DefinitionError):
                definitions[id], _ = self.tx.definition(id, self.tx.campaign(id).version)
        waiting = self._waiting(account_id, mine)
        batches = [
            *outlook.batches(mine),
            *(one for one in waiting if one.campaign_id in definitions),
        ]
        campaigns = [
            going(
                said,
                id=id,
                mine=id == mine,
                wheres={one.where for one in batches if one.campaign_id == id},
                before=max(
                    (len(one.intents) for one in batches if one.campaign_id == id), default=0
                ),
            )
            for id, said in sorted(definitions.items())
        ]
        assumed = self._assumed(account_id, row)
        return forecast(
            batches,
            campaigns,
            self._account_now(account_id),
            now=now,
            assumed=assumed.within(definition.max_duration),
            left_out=outlook.left_out,
        )

    def _account_now(self, account_id: int) -> Account:
        row, at = self.tx.account(account_id), self.tx.now().policy
        slots = self.tx.slots(account_id, Limit.START)
        clear = [] if row.not_before is None else [row.not_before]
        if row.last_intent_at is not None:
            clear.append(row.last_intent_at + row.spacing)
        return Account(
            limit=len(slots),
            window=max((slot.window for slot in slots), default=timedelta(minutes=1)),
            spacing=row.spacing,
            busy=tuple(slot.free_at for slot in slots if slot.free_at > at),
            clear=max(clear, default=None),
            at_once=row.concurrent_calls,
        )

    def _running(self, account_id: int) -> Iterable[int]:
        query = select(campaign.c.id).where(
            campaign.c.account_id == account_id, campaign.c.state == CampaignState.RUNNING.value
        )
        return self.connection.execute(query).scalars()

    def _rung(self, since: datetime) -> dict[int, tuple[datetime, ...]]:
        """The calls to each number after `since` that may have rung, oldest first.

        To the hour, never earlier: so that numbers with a past are few kinds of numbers.
        """
        query = (
            select(attempt.c.phone_id, attempt.c.intent_at)
            .where(
                attempt.c.phone_id.in_(select(dial_task.c.phone_id).where(_OPEN)),
                attempt.c.intent_at > since,
                attempt.c.state.not_in([state.value for state in RANG_NOBODY]),
            )
            .order_by(attempt.c.intent_at)
        )
        found: dict[int, tuple[datetime, ...]] = {}
        for phone_id, at in self.connection.execute(query):
            hour = at.replace(minute=0, second=0, microsecond=0)
            found[phone_id] = (*found.get(phone_id, ()), hour if hour == at else hour + _HOUR)
        return found

    def _waiting(self, account_id: int, mine: int) -> Iterable[Batch]:
        """The open dial tasks of the account's running campaigns, and of ours in any state."""
        due = case(
            (dial_task.c.retry_at > dial_task.c.due_at, dial_task.c.retry_at),
            else_=dial_task.c.due_at,
        )
        tries = dial_task.c.attempts - dial_task.c.spent
        alike = (
            *(dial_task.c.campaign_id, lane.c.zones, due, dial_task.c.deadline_at),
            *(dial_task.c.expires_as, dial_task.c.touch, tries),
        )
        since = self.tx.now().policy - _REACH
        recent = select(attempt.c.phone_id).where(attempt.c.intent_at > since)
        rung = dial_task.c.phone_id.in_(recent)
        phone_id = case((rung, dial_task.c.phone_id), else_=None)
        waiting = (
            select(*alike, phone_id, func.count())
            .join(lane, lane.c.id == dial_task.c.lane_id)
            .join(campaign, campaign.c.id == dial_task.c.campaign_id)
            .where(
                campaign.c.account_id == account_id,
                _OPEN,
                dial_task.c.stopped.is_(None),
                or_(campaign.c.state == CampaignState.RUNNING.value, campaign.c.id == mine),
            )
            .group_by(*alike, phone_id)
            .order_by(*alike, phone_id)
        )
        past = self._rung(since)
        counts: dict[tuple[Any, ...], int] = {}
        for *kind, phone, count in self.connection.execute(waiting):
            key = (*kind, past.get(phone, ()))
            counts[key] = counts.get(key, 0) + count
        for (
            id,
            place,
            due_at,
            deadline,
            expires_as,
            touch,
            tried,
            intents,
        ), count in counts.items():
            yield Batch(
                campaign_id=id,
                where=where.read(place),
                due=due_at,
                deadline=deadline,
                expires_as=expires_as,
                touch=touch,
                tries=tried,
                intents=intents,
                last=Outcome.NO_ANSWER if tried else None,  # most of those who wait again
                count=count,
            )

    def _assumed(self, account_id: int, row: CampaignRow | None) -> Assumptions:
        """By the campaign's own calls, else by the account's, else as assumed."""
        found = None
        if row is not None:
            found = learned(self._ended(attempt.c.campaign_id == row.id), "this campaign")
        if found is None:
            found = learned(self._ended(attempt.c.account_id == account_id), "this account")
        return found or ASSUMED

    def _ended(self, which: ColumnElement[bool]) -> Sequence[Ended]:
        states = [state.value for state in (*TERMINAL, AttemptState.REJECTED)]
        query = (
            select(
                attempt.c.state,
                attempt.c.answered_at,
                attempt.c.terminal_at,
                attempt.c.duration_s,
                attempt.c.cost,
                attempt.c.currency,
            )
            .where(which, attempt.c.state.in_(states))
            .order_by(attempt.c.intent_at.desc(), attempt.c.id)
            .limit(_NEWEST)
        )
        return [
            Ended(
                state=AttemptState(state),
                took_s=(over - answered).total_seconds() if over and answered else None,
                talked_s=talked,
                cost=cost,
                currency=currency,
            )
            for state, answered, over, talked, cost, currency in self.connection.execute(query)
        ]
