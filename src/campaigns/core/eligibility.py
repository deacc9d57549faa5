"""When a call may go: the rules of the gate, asked as if the dial task were claimed now.

Whoever is told an instant is told the first one at which everything that time can lift has lifted:
the same rules (admission.checks) are asked again on a clock that moves from one answer to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from campaigns.core.admission import (
    Admit,
    Check,
    Drop,
    Finish,
    GiveBack,
    Lift,
    WaitReason,
    checks,
)
from campaigns.core.budget import Spent
from campaigns.core.explanation import Asked, CalendarLook, Need, Next, Said
from campaigns.core.facts import Facts
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN, Now

DISPATCH = "looked_at_again"
"""What holds a dial task that dispatch does not look at before an instant: no rule of the gate."""
_SUPPOSED = "claim"
_STEPS = 50
"""Answers that are followed to the next one; after these nobody can tell."""
_DAY = timedelta(days=1)


def asked(facts: Facts, hours: Hours, now: Now) -> tuple[Asked, ...]:
    """Every rule of the gate, in its order, to its end; but for the claim, which is supposed."""
    return tuple(_said(one) for one in checks(facts, hours, now) if one.rule != _SUPPOSED)


def calendars(facts: Facts, hours: Hours, at: datetime) -> tuple[CalendarLook, ...]:
    """Every calendar in every zone that has a say, with its own clock."""
    return tuple(
        CalendarLook(
            rule=look.rule,
            zone=look.zone,
            local="" if look.local is None else look.local.isoformat(timespec="seconds"),
            open=look.open,
        )
        for look in hours.looks(at, facts.where, EDGE_MARGIN)
    )


def coming(
    facts: Facts,
    hours: Hours,
    now: Now,
    *,
    looked_at: datetime | None = None,
    waits_for: str | None = None,
) -> Next:
    """The first instant at which a call could go, if nothing happens until then.

    `looked_at`: dispatch does not look before, and `waits_for` is why.
    """
    found = _walk(facts, hours, now, Next(at=now.policy))
    if found.at is not None and looked_at is not None and found.at < looked_at:
        held = Next(at=looked_at, rule=DISPATCH, reason=waits_for or WaitReason.DUE.value)
        found = _walk(facts, hours, _moved(now, looked_at), held)
    if any(need.lifted_by is Lift.PERSON for need in found.needs):
        found = replace(found, at=None, rule=None, reason=None)
    return found


def later(facts: Facts, at: datetime) -> Facts:
    """The same as it would be read at `at`, had nothing happened until then."""

    def ahead(until: datetime | None) -> datetime | None:
        return until if until is not None and until > at else None

    purse = facts.ceilings.purse
    while purse is not None and purse.day_ends <= at:
        spent = Spent(dearest=purse.spent.dearest)
        purse = replace(purse, spent=spent, day_ends=purse.day_ends + _DAY)
    return replace(
        facts,
        busy_until=ahead(facts.busy_until),
        unsettled_until=ahead(facts.unsettled_until),
        run_at=ahead(facts.run_at),
        ceilings=replace(facts.ceilings, purse=purse),
    )


def _walk(facts: Facts, hours: Hours, now: Now, since: Next) -> Next:
    """From one answer to the next: each names the first instant at which its rule can pass."""
    found, at = since, now.policy
    for _ in range(_STEPS):
        then = later(facts, at)
        needs: list[Need] = []
        for one in _verdicts(then, hours, _moved(now, at)):
            if one.said is Said.ENDS:
                return Next(at=None, rule=one.rule, reason=one.reason, outcome=one.outcome)
            if one.lifted_by is Lift.TIME and one.until is not None:
                at = one.until
                found = Next(at=at, rule=one.rule, reason=one.reason)
                break
            assert one.reason is not None
            assert one.lifted_by is not None
            needs.append(Need(rule=one.rule, reason=one.reason, lifted_by=one.lifted_by))
        else:
            return replace(found, at=at, needs=tuple(needs))
    return Next(at=None, rule=found.rule, reason=found.reason)


def _verdicts(facts: Facts, hours: Hours, now: Now) -> Iterator[Asked]:
    for check in checks(facts, hours, now):
        one = _said(check)
        if one.said is not Said.PASSES:
            yield one


def _said(check: Check) -> Asked:
    match check.verdict:
        case None | Admit():
            return Asked(rule=check.rule, said=Said.PASSES, inputs=check.inputs)
        case Finish(outcome=outcome, reason=reason):
            return Asked(
                rule=check.rule,
                said=Said.ENDS,
                reason=reason,
                outcome=outcome,
                inputs=check.inputs,
            )
        case GiveBack(reason=why, lifted_by=lifted_by, lifts_at=until):
            return Asked(
                rule=check.rule,
                said=Said.WAITS,
                reason=why.value,
                until=until,
                lifted_by=lifted_by,
                inputs=check.inputs,
            )
        case Drop():
            return Asked(
                rule=check.rule,
                said=Said.WAITS,
                reason=WaitReason.STALE.value,
                lifted_by=Lift.CALLS,
                inputs=check.inputs,
            )


def _moved(now: Now, at: datetime) -> Now:
    return Now(real=now.real + now.until(at), policy=at, speed=now.speed)
