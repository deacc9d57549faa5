"""Where one contact stands: what the book, its number and its campaign say of it at one instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.core.hours import Hours
from campaigns.core.lifecycle import CampaignState, TaskState
from campaigns.core.people import LiveCall, Standing, Told, told
from campaigns.core.reconcile import BookContact, BookTask, Effect
from campaigns.core.records import CampaignRow
from campaigns.engine.parts import Parts
from campaigns.errors import UnknownName
from campaigns.ports import Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One contact as it is in the book, and what follows for it."""

    key: str = field(repr=False)
    row: Mapping[str, str] = field(repr=False)
    to_number: str = field(repr=False)
    zones: tuple[str, ...]
    line: int
    updated_at: datetime | None
    held: bool
    withdrawn: bool
    tasks: tuple[BookTask, ...]
    told: Told


def named(tx: Transaction, name: str) -> CampaignRow:
    """The campaign of that name. Raises UnknownName."""
    row = tx.campaign_named(name)
    if row is None:
        raise UnknownName(f"no campaign is called {name!r}: see `campaigns list`")
    return row


def person(name: str, key: str, parts: Parts) -> Person:
    """One contact of a campaign. Raises UnknownName."""
    with parts.store.read() as tx:
        campaign = named(tx, name)
        known = tx.book(campaign.id, [key]).get(key)
        if known is None:
            raise UnknownName(f"{campaign.name} has no such contact")
        there = tx.contact(known.id)
        one, hours = standing(tx, campaign, known, parts)
        return Person(
            key=there.key,
            row=there.fields,
            to_number=there.e164,
            zones=there.where.zones,
            line=known.line,
            updated_at=known.said_at,
            held=known.held,
            withdrawn=known.gone,
            tasks=tuple(one.tasks),
            told=told(Effect.UNCHANGED, one, hours, tx.now().policy),
        )


def standing(
    tx: Transaction, campaign: CampaignRow, known: BookContact, parts: Parts
) -> tuple[Standing, Hours]:
    """What is known of a contact, and its campaign's hours."""
    there = tx.contact(known.id)
    tasks = tx.tasks_of([known.id])[known.id]
    phone_id = tx.phone_of(there.e164) if there.e164 else None
    one = Standing(
        tasks=tasks,
        occasion=tasks[-1].occasion if campaign.run and tasks else known.occasion,
        where=there.where,
        start=campaign.start_at,
        suppressed=phone_id is None or tx.suppressed(phone_id, campaign.id),
        held=known.held,
        gone=known.gone,
        stopped=_stopped(tx, campaign),
        live=_live(tx, tasks),
    )
    return one, parts.versions.get(tx, campaign.id, campaign.version).hours


def _stopped(tx: Transaction, campaign: CampaignRow) -> str | None:
    if campaign.state in (CampaignState.RUNNING, CampaignState.FINISHED):
        if tx.pause_asked(campaign.id):
            return "the campaign is paused"
        paused = tx.account(campaign.account_id).paused_why is not None
        return "the voice account is paused" if paused else None
    return f"the campaign is {campaign.state.value}"


def _live(tx: Transaction, tasks: Sequence[BookTask]) -> LiveCall | None:
    for task in tasks:
        if task.state is TaskState.CALLING:
            attempt = tx.latest_attempt(task.id)
            if attempt is not None and attempt.open:
                return LiveCall(attempt_id=attempt.id, since=attempt.intent_at)
    return None
