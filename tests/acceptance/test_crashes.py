"""A process dies beside every durable step, is started again, and nobody is called wrongly.

Each row is a campaign of a few contacts with a real engine, dialer and (where told) webhook door.
Its process is killed before the step is durable; the next one right after it is; the third runs
to the end. The simulator's ledger says whose phone rang.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.crash_points import AFTER, BEFORE, POST, SENT, transactions
from tests.support.crashes import Bench, Crash
from tests.support.postgres import Databases

pytestmark = pytest.mark.timeout(300)

GATE, CLAIM, RECORD = "dial._through_gate", "dispatch.dispatch", "answers._record"
LOST_CLAIMS, LOST_ANSWERS = "tick._lost_answers 1", "tick._lost_answers 2"

CRASHES = (
    # a file comes in
    Crash(point="submit._open", both=False),
    Crash(point="loading.phones", both=False),
    Crash(point="loading._store"),
    Crash(point="submit._publish"),
    # and comes in again, edited
    Crash(point="resubmit._accept", scenario="edited"),
    Crash(point="reconcile._withdraw", scenario="edited"),
    Crash(point="reconcile._write", scenario="edited"),
    Crash(point="resubmit._publish", scenario="edited"),
    # a phone rings
    Crash(point=CLAIM),
    Crash(point=GATE, doubts=1),
    Crash(point=POST, deaths=(BEFORE, SENT, AFTER), doubts=1),
    Crash(point=RECORD),
    # what is said of it, where nobody tells
    Crash(point="lookup.check"),
    Crash(point="slots.with_slot 1", both=False),
    Crash(point="slots.with_slot 2", both=False),
    Crash(point="lookup.learn", first=(POST, AFTER)),
    Crash(point="record.receive"),
    Crash(point="record.fold_events"),
    Crash(point="lookup._next"),
    Crash(point="lookup._again", deaths=(BEFORE,), both=False),
    Crash(point="lookup._again", deaths=(AFTER,), both=False),
    Crash(point="lookup._enrich", both=False),
    # and where webhooks do
    Crash(point=POST, deaths=(SENT, AFTER), scenario="told", both=False),
    Crash(point=RECORD, scenario="told", both=False),
    # It dies by the door's thread, and the one that dials may be between intent and POST.
    Crash(point="inbox._keep", scenario="told", doubts=2),
    Crash(point="record.fold_events", scenario="told", both=False),
    # what others left lying
    Crash(point=LOST_CLAIMS, first=(CLAIM, AFTER), both=False),
    Crash(point=LOST_ANSWERS, first=(POST, AFTER)),
    Crash(point="tick._overstayed", scenario="silent", both=False),
    Crash(point="record.give_up", scenario="silent"),
    # the end of a campaign
    Crash(point="tick._apply_pauses", scenario="refused"),
    Crash(point="tick._overdue", scenario="short"),
    Crash(point="tick._finish"),
)

ELSEWHERE = {
    "submission.let_go": "only where a load breaks off without a crash",
    "record.release": "who shares a number waits for its bound then: later, and nothing else",
    "tick._stranded": "only where the rules of time zones have changed under a campaign",
    "clock.begin": "what a clock showed is written down by the next process that begins",
    "tick.beat": "a sign of life, which nobody's call depends on",
    "tick.show_life 1": "a sign of life, which nobody's call depends on",
    "tick.show_life 2": "a sign of life, which nobody's call depends on",
    "absence.door_is_up": "a sign of life: where it is missing nothing is proven",
    "record.receive_unknown": "an event without its 2xx is sent again",
    **dict.fromkeys(
        ("incarnation.hold", "incarnation.stop_accounts"),
        "a hold that was not written is written by the next process that looks",
    ),
    **dict.fromkeys(
        (
            "sweep.sweep",
            "absence.settle_absence",
            "halfopen.look 1",
            "halfopen.look 2",
            "halfopen.look 3",
        ),
        "needs minutes of doubt: the simulation dies around it (tests/simulation)",
    ),
    **dict.fromkeys(
        ("refresh._claim", "refresh._prolong", "refresh._taken", "refresh._refused"),
        "whoever dies at a list is followed by another a minute later (test_refresh)",
    ),
    "runs.advance_run": "each makes a piece that the next one finds made (test_runs)",
    **dict.fromkeys(
        ("requests.once 1", "requests.once 2", "requests._drop"),
        "only what a repetition is answered: what it asks for is itself repeated without harm",
    ),
    "rehearsal.advance": "a real world's clock never jumps",
    "tryout._gate": "a person waits for it and sees it die",
    "tryout.try_out": "a person waits for it and sees it die",
    **dict.fromkeys(
        (
            "control.pause",
            "control.resume",
            "control.pause_account",
            "control.resume_account",
            "control.cancel",
            "approval.approve",
            "redial.redial",
            "redial._chunk",
            "control.suppress_all 1",
            "control.suppress_all 2",
            "erase.erase 1",
            "erase.erase 2",
            "erase.told",
            "unresolved.settle",
            "probing.probe",
            "recover._hold 1",
            "recover._hold 2",
            "recover.finish 1",
            "recover.finish 2",
            "recover.finish 3",
            "recover.finish 4",
            "recover_bind._bind",
            "control.unsuppress 1",
            "control.unsuppress 2",
            "people.write",
        ),
        "a person's decision, made by one commit and typed again where it was not",
    ),
}
"""Transactions without a row above, and why."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, postgres: Databases) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("crashes"), postgres)
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("crash", "database"),
    [
        *((crash, "sqlite") for crash in CRASHES),
        *((crash, "postgres") for crash in CRASHES if crash.both),
    ],
    ids=str,
)
def test_whoever_dies_here_rings_nobody_wrongly(bench: Bench, crash: Crash, database: str) -> None:
    assert bench.judged(crash, database) == []


def test_every_transaction_of_the_engine_is_here_or_has_a_reason() -> None:
    here = {crash.point for crash in CRASHES} - {POST}
    assert here | set(ELSEWHERE) == set(transactions().values())
    assert not here & set(ELSEWHERE)


def dies(point: str, when: str) -> Crash:
    return Crash(point=point, deaths=(when,))


@pytest.mark.parametrize(
    ("bug", "crash", "said"),
    [
        ("a lost answer counts as not sent", dies(POST, SENT), "rang again"),
        ("a lost answer counts as not sent", dies(POST, AFTER), "rang again"),
        ("a lost answer counts as not sent", dies(RECORD, BEFORE), "rang again"),
        ("a claim has no lease", dies(CLAIM, AFTER), "not everybody has an outcome"),
        ("a claim has no lease", dies(GATE, BEFORE), "not everybody has an outcome"),
        ("the POST comes before the intent", dies(GATE, BEFORE), "rang without an intent"),
    ],
    ids=str,
)
def test_an_engine_that_is_wrong_is_found_out(
    bench: Bench, bug: str, crash: Crash, said: str
) -> None:
    assert said in "; ".join(bench.judged(crash, "sqlite", bug=bug))
