"""What stops when an answer is nobody's fault here: holds, the breaker, pauses.

Every function is called under the account's lock, in the transaction that records the answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.core.breaker import (
    LAST,
    REFUSALS,
    REFUSALS_WHY,
    not_sent_hold,
    refusals_pause,
    trips,
)
from campaigns.core.calls import Accepted, Answer, Blame, NotSent, Rejected, SlowDown, Unknown
from campaigns.core.failing import is_failing, why
from campaigns.core.instants import BREAKER_HOLD, STRICT_FOR, Now
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import AccountRow, AttemptRow
from campaigns.core.runs import over
from campaigns.engine.parts import Versions
from campaigns.ports import Transaction


def hold(
    tx: Transaction,
    account: AccountRow,
    attempt: AttemptRow,
    answer: Answer,
    now: Now,
    window: timedelta,
) -> None:
    """Holds and the breaker."""
    values: dict[str, object] = {}
    match answer:
        case NotSent(why=why):
            streak = account.not_sent_streak + 1
            values = _held(account, now.policy + not_sent_hold(streak), f"not sent: {why}")
            values["not_sent_streak"] = streak
        case SlowDown(retry_after=seconds):
            wait = max(timedelta(seconds=seconds or 0), window)
            values = _held(account, now.policy + wait, "429: the provider's limit")
            values |= {"last_429_at": now.policy, "strict_until": now.policy + STRICT_FOR}
        case Unknown(why=why):
            newest = tx.answers(account.id, account.unknown_since, LAST)
            unknown = [True, *(one == "unknown" for one in newest)]
            if account.probing or trips(unknown):
                values = _held(
                    account, now.policy + BREAKER_HOLD, f"answers that say nothing: {why}"
                )
                # Nobody is rung before a look-up has worked: a GET rings no phone.
                values |= {"probing": True, "looked_at": None, "look_at": None}
        case Accepted() | Rejected():
            values = {"not_sent_streak": 0}
            begun_since = account.not_before is None or attempt.intent_at >= account.not_before
            if account.probing and begun_since:  # the probe itself, not a call from before
                values |= {"probing": False, "unknown_since": now.policy, "held_why": None}
    if values:
        tx.change_account(account.id, **values)


def _held(account: AccountRow, until: datetime, why: str) -> dict[str, object]:
    later = max(until, account.not_before or until)
    return {"not_before": later, "held_why": why[:200]}


def lock_refused(tx: Transaction, attempt: AttemptRow) -> None:
    """Lock what `refusals` may give back beside the tasks of this attempt, before those.

    In the order of their ids, as whoever locks several does: two that lock them never deadlock.
    """
    if attempt.campaign_id is None:
        return
    ids = {task.id for task in tx.called(attempt)}
    for id, _, _ in tx.campaign_answers(attempt.campaign_id, None, REFUSALS):
        refused = tx.attempt(id)
        ids |= {task.id for task in tx.called(refused)} if refused is not None else set()
    for task_id in sorted(ids):
        tx.lock_task(task_id)


def refusals(tx: Transaction, attempt: AttemptRow, now: Now, versions: Versions) -> None:
    """Three contacts refused in a row: pause the campaign and give all three back.

    Of a campaign that comes in runs, three of the run under way: one that is over stays over.
    """
    if attempt.campaign_id is None:
        return
    campaign = tx.campaign(attempt.campaign_id)
    answers = tx.campaign_answers(attempt.campaign_id, campaign.vouched_at, 50)
    if campaign.vouched_at is not None and all(answer != "accepted" for _, answer, _ in answers):
        return  # a person has seen such refusals and resumed: they are the contacts' own
    newest = answers[:REFUSALS]
    if refusals_pause([answer == "rejected" and blame == "contact" for _, answer, blame in newest]):
        calls = [call for id, _, _ in newest if (call := tx.attempt(id)) is not None]
        each = [(call, tx.called(call)) for call in calls]
        if campaign.run:
            schedule = versions.get(tx, campaign.id, campaign.version).definition.schedule
            tasks = [task for _, its in each for task in its]
            if any(over(schedule, campaign.run, task.occasion) for task in tasks):
                return
        tx.ask_pause(attempt.campaign_id, REFUSALS_WHY, now.policy)
        for refused, its in each:
            reinstated = [tx.reinstate(task.id, now.policy) for task in its]
            if any(reinstated):
                # Given back like every refusal that is not the contact's: should its phone
                # have rung after all, it counts again.
                tx.change_attempt(refused.id, refused.state, answer_blame=Blame.CAMPAIGN.value)


def failing(tx: Transaction, attempt: AttemptRow, now: Now, versions: Versions) -> None:
    """Too many of the newest calls went wrong: pause the campaign until a person has looked.

    Called where one more has. A person who resumes it has seen those before.
    """
    if attempt.campaign_id is None:
        return
    campaign = tx.campaign(attempt.campaign_id)
    policy = versions.get(tx, campaign.id, campaign.version).definition.pacing.pause_when_failing
    if policy is None or campaign.state is not CampaignState.RUNNING or tx.pause_asked(campaign.id):
        return
    newest = tx.endings(campaign.id, tx.resumed_at(campaign.id), policy.of)
    if is_failing(policy, newest):
        tx.ask_pause(campaign.id, why(policy, newest), now.policy)


def stop(
    tx: Transaction, attempt: AttemptRow, account: AccountRow, answer: Rejected, now: Now
) -> None:
    """A refusal that is the account's or the campaign's: pause that."""
    why = f"{answer.status} from the provider: {answer.detail}"
    if answer.blame is Blame.ACCOUNT:
        tx.change_account(
            account.id, paused_why=why[:200], paused_by="engine", paused_at=now.policy
        )
    elif attempt.campaign_id is not None:
        tx.ask_pause(attempt.campaign_id, why, now.policy)
