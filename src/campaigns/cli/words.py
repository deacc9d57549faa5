"""Definitions and reasons as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from campaigns.cli import screen
from campaigns.core import caps, durations, public_holidays, week_words
from campaigns.core.admission import WaitReason
from campaigns.core.anchor import Anchored
from campaigns.core.definition import CallingHours, Definition, Retry, Schedule
from campaigns.core.figures import Waiting
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.report import STARTING
from campaigns.core.runs import following
from campaigns.core.schedule import NO_TOUCH, TouchPlan
from campaigns.core.suppression import SuppressionLine

WAITS = {
    WaitReason.DUE: "not due yet",
    WaitReason.RETRY: "for the next attempt",
    WaitReason.HOURS: "calling hours are closed",
    WaitReason.NUMBER_BUSY: "another call to the same number",
    WaitReason.CAP: "the number was called as often as it may be",
    WaitReason.SLOT: "the account's limit",
    WaitReason.HELD: "the account is held",
    WaitReason.PAUSED: "the campaign is paused",
    WaitReason.APPROVAL: "a person approves the first calls",
    WaitReason.ACCOUNT_PAUSED: "the account is paused",
    WaitReason.STALE: "about to be looked at again",
    WaitReason.UNREADABLE: "its row cannot be read any more",
    WaitReason.NOT_PLACED: "its last call was never placed",
    WaitReason.REST: "too soon after a conversation",
    WaitReason.CAMPAIGN_RATE: "the campaign's starts per minute",
    WaitReason.CONCURRENCY: "as many calls at once as there may be",
    WaitReason.BUDGET: "the budget of the day",
}


def approval(name: str) -> str:
    """What a campaign waits for whose first calls are made."""
    return f"its first calls are made: listen to them, then `campaigns approve {name}`"


def wait(reason: str, *, idle: bool = False) -> str:
    """Why something waits. `idle`: no heartbeat is heard, so nothing starts by itself."""
    if reason == STARTING and idle:
        return "nothing is running: start `campaigns run` or a worker"
    try:
        return WAITS[WaitReason(reason)]
    except ValueError:
        return reason


def waiting(one: Waiting, now: datetime, *, idle: bool = False) -> str:
    """Why some wait, and when the next of them could leave."""
    later = one.next_at is not None and one.next_at > now
    until = f", next {screen.moment(one.next_at, now)}" if later and one.next_at else ""
    return f"{wait(one.reason, idle=idle)}{until}"


def lists(found: Iterable[SuppressionLine]) -> list[str]:
    """Do-not-call lists by their names."""
    return [
        "the list of all campaigns" if one.campaign is None else f"that of {one.campaign}"
        for one in found
    ]


def hours(calling: CallingHours) -> str:
    """`mon-fri 09:00-12:30, 13:30-19:00; sat 10:00-14:00, in each person's zone`."""
    if calling.always:
        return "at any hour of any day (calling_hours: always)"
    where = "in each person's zone" if calling.timezone == "contact" else f"in {calling.timezone}"
    exceptions = len(calling.closed) + len(calling.open)
    more = f", {exceptions} exception{'s' * (exceptions > 1)} by date" if exceptions else ""
    if calling.holidays:
        more = f", closed on public holidays of {' and '.join(calling.holidays)}{more}"
    return f"{week_words.week(calling.days) or 'only on the dates under `open`'}, {where}{more}"


def holidays(definition: Definition, now: datetime) -> Mapping[date, str]:
    """The public holidays on which a campaign is closed, until its end or two months ahead."""
    hours, when = definition.calling_hours, definition.schedule
    first = max(filter(None, (now, when.start)))
    last = when.end or first + public_holidays.LOOK
    found = {
        day: name
        for place in hours.holidays
        for day, name in public_holidays.between(place, first.date(), last.date())
        if day not in hours.open
    }
    return dict(sorted(found.items()))


def retry(policy: Retry) -> str:
    """`up to 3 calls each: no answer after 30m then 4h; busy, failed, voicemail never`."""
    if policy.max_attempts == 1:
        return "one call each, never repeated"
    waits = {
        "no answer": policy.no_answer,
        "busy": policy.busy,
        "failed": policy.failed,
        "voicemail": policy.voicemail,
    }
    again = [f"{word} after {_then(some)}" for word, some in waits.items() if some]
    never = [word for word, some in waits.items() if not some]
    said = ", ".join(again) or "nothing is repeated"
    rest = f"; {', '.join(never)} never" if never and again else ""
    return f"up to {policy.max_attempts} calls each: {said}{rest}"


def limits(definition: Definition) -> str:
    """`1 call per 24h and 3 per 7d to a number; 12 calls a day`."""
    often = " and ".join(caps.said(cap) for cap in definition.caps or (caps.HOUSE,))
    pacing, budget = definition.pacing, definition.budget
    money = None if budget.cost_per_day is None else f"{budget.cost_per_day:g} USD a day"
    said = [
        f"calls to one number: {often}",
        pacing.starts_per_minute and f"{pacing.starts_per_minute} starts a minute",
        pacing.concurrent_calls and f"{pacing.concurrent_calls} calls at once",
        budget.calls_per_day and f"{budget.calls_per_day} calls a day",
        money,
    ]
    return "; ".join(str(one) for one in said if one)


def _then(waits: Sequence[timedelta]) -> str:
    return " then ".join(durations.write(one) for one in waits)


def schedule(when: Schedule, now: datetime, moment: str | None) -> str:
    """From when until when; `moment` is the first instant at which anybody can be called."""
    if when.cron is not None:
        begins = following(when, now)
        firing = f"{begins.at:%Y-%m-%d %H:%M}Z" if begins else "none is left"
        start = f"a run at each firing of `{when.cron}` in {when.timezone}, the next {firing}"
    elif when.start is not None and when.start > now:
        start = f"starts {when.start:%Y-%m-%d %H:%M}Z"
    else:
        start = "starts at once"
    end = f", ends {when.end:%Y-%m-%d %H:%M}Z" if when.end is not None else ""
    if when.end is not None and when.end <= now:
        end = f", but ended {when.end:%Y-%m-%d %H:%M}Z: nobody would be called"
    first = f"; the first call could leave {moment}" if moment else ""
    return f"{start}{end}{first}"


def touch(plan: TouchPlan, anchor: Anchored) -> str:
    """`same_day: due Tue 2026-03-10 11:00 -0400, until 13:15 …`, on the anchor's clock."""
    name = plan.name or "call"
    due = f"{plan.due_at.astimezone(anchor.place):%a %Y-%m-%d %H:%M %z}"
    if plan.reason is not None:
        return f"{name}: not made, {NO_TOUCH.get(plan.reason, plan.reason)} (due {due})"
    waits = ""
    if plan.opens_at is not None and plan.opens_at - plan.due_at > EDGE_MARGIN:
        waits = f", opens {plan.opens_at.astimezone(anchor.place):%a %H:%M}"
    until = ""
    if plan.deadline_at is not None:
        until = f", until {plan.deadline_at.astimezone(anchor.place):%a %Y-%m-%d %H:%M}"
    return f"{name}: due {due}{waits}{until}"
