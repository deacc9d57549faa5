"""Fetch the engine, call one use case. Every task is idempotent.

Each is bounded under 19 seconds, but for one that reads a list: that ends with its process.
"""

from __future__ import annotations

import threading

import structlog

from campaigns.core.records import Claim
from campaigns.engine.dial import dial as dial_use_case
from campaigns.engine.dispatch import dispatch as dispatch_use_case
from campaigns.engine.halfopen import look as look_use_case
from campaigns.engine.lookup import check as check_use_case
from campaigns.engine.record import fold_events
from campaigns.engine.refresh import refresh as refresh_use_case
from campaigns.engine.tick import beat
from campaigns.errors import CampaignsError
from workers import process
from workers.app import app

log = structlog.get_logger(__name__)
_ticking, _reading = threading.Lock(), threading.Lock()


@app.task(name="workers.tasks.dial", acks_late=False, max_retries=0, ignore_result=True)
def dial(task_id: int, claim: int) -> None:
    """Ring one claimed contact. Acknowledged early: a dial is never repeated by the broker."""
    with _survived("dial"):
        dial_use_case(Claim(task_id=task_id, claim=claim), process.parts())


@app.task(name="workers.tasks.fold", acks_late=True, max_retries=0, ignore_result=True)
def fold(attempt_id: str) -> None:
    """Fold what was said about one attempt."""
    with _survived("fold"):
        fold_events(attempt_id, process.parts())


@app.task(name="workers.tasks.check", acks_late=True, max_retries=0, ignore_result=True)
def check(attempt_id: str) -> None:
    """Look one attempt up."""
    with _survived("check"):
        check_use_case(attempt_id, process.parts())


@app.task(name="workers.tasks.dispatch", acks_late=True, max_retries=0, ignore_result=True)
def dispatch(account_id: int) -> None:
    """Fill the free slots of one account."""
    with _survived("dispatch"):
        dispatch_use_case(account_id, process.parts())


@app.task(name="workers.tasks.look", acks_late=True, max_retries=0, ignore_result=True)
def look(account_id: int) -> None:
    """Ask the provider of a held account something that rings nobody."""
    with _survived("look"):
        look_use_case(account_id, process.parts())


@app.task(name="workers.tasks.refresh", acks_late=True, max_retries=0, ignore_result=True)
def refresh(campaign_id: int) -> None:
    """Read a campaign's list again. A long one is given up when this process is told to end."""
    if not _reading.acquire(blocking=False):
        return  # the heartbeat asks again; a worker that only reads lists dials nobody
    try:
        with _survived("refresh"):
            refresh_use_case(campaign_id, process.parts())
    finally:
        _reading.release()


@app.task(name="workers.tasks.tick", acks_late=True, max_retries=0, ignore_result=True)
def tick() -> None:
    """The heartbeat.

    One at a time in a process: an outage leaves thousands of ticks in the queue, and all threads
    of all workers would tick against each other while nobody dials.
    """
    if not _ticking.acquire(blocking=False):
        return
    try:
        with _survived("tick"):
            beat(process.parts())
    finally:
        _ticking.release()


class _survived:  # noqa: N801  # reads as a word in `with`
    """Whatever fails is told here and tried again by the heartbeat.

    Celery itself would log the text of the exception, and a driver's text quotes rows.
    """

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, CampaignsError):
            log.warning("put_off", task=self.what, why=str(error))
            return True
        if isinstance(error, Exception):
            log.error("task_failed", task=self.what, kind=type(error).__name__, exc_info=error)
            return True
        return False
