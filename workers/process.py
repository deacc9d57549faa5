"""One engine per worker process, made at the first use, and the signs of life it gives."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from celery.signals import (
    before_task_publish,
    celeryd_init,
    setup_logging,
    task_prerun,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from campaigns import logs
from campaigns.bootstrap import Installation, connect
from campaigns.engine.parts import Parts
from campaigns.engine.tick import show_life
from campaigns.errors import CampaignsError
from workers.app import app, settings
from workers.bell import CeleryDoorbell

log = structlog.get_logger(__name__)

PULSE = 5.0
"""Seconds between two signs of life."""
STATEMENT = 12.0
"""Seconds for one statement: a task that waits for a database that hangs still ends in time for a
drain."""
IDLE = 60.0
"""Seconds without a message after which a worker that hears a heartbeat counts as stuck."""


class _Process:
    """What this process knows of itself; every change under the lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.installation: Installation | None = None
        self.stop = threading.Event()
        self.posting = 0
        self.finishing = 0
        self.heard_at = time.monotonic()


_this = _Process()


def parts() -> Parts:
    """This process's engine."""
    with _this.lock:
        if _this.installation is None:
            _this.installation = connect(
                settings,
                doorbell=CeleryDoorbell(app),
                leased_only="CAMPAIGNS_RUN_ID" in os.environ,
                statement_s=STATEMENT,
                around_post=posting,
                stopping=_this.stop.is_set,
            )
        return _this.installation.parts


@contextmanager
def posting() -> Iterator[None]:
    """Count the POSTs under way: a drain says how many it waited for."""
    with _this.lock:
        _this.posting += 1
    try:
        yield
    finally:
        with _this.lock:
            _this.posting -= 1


@setup_logging.connect
def _logging(**_: Any) -> None:
    logs.configure(settings.log_level, settings.log_format)
    # One line per task and per beat says nothing that a figure would not say better.
    for chatty in ("celery.app.trace", "celery.worker.strategy", "celery.beat"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@celeryd_init.connect
def _no_gossip(**_: Any) -> None:
    """As with remote control (see app.py), whatever flags a worker was started with."""
    from celery.worker.consumer.gossip import Gossip  # noqa: PLC0415  # a beat does without

    Gossip.compatible_transports = set()


@worker_ready.connect
def _ready(**_: Any) -> None:
    threading.Thread(target=_pulse, name="pulse", daemon=True).start()


@task_prerun.connect
def _heard(**_: Any) -> None:
    _this.heard_at = time.monotonic()


@before_task_publish.connect(sender="workers.tasks.tick")
def _beaten(**_: Any) -> None:
    """A beat is alive as long as it sends ticks."""
    _touch()


@worker_shutting_down.connect
def _draining(**_: Any) -> None:
    with _this.lock:
        _this.finishing = _this.posting
    _this.stop.set()


@worker_shutdown.connect
def _drained(**_: Any) -> None:
    said = f"drained: {_this.finishing} calls finished their POST, {_this.posting} unknown"
    log.info(said)
    if _this.installation is not None:
        _this.installation.close()


def _pulse() -> None:
    """Tell the database and the health check that this worker works; tick where beats are silent.

    The file is touched for progress, not for existence: a worker whose connection hangs while
    others hear the heartbeat goes stale.
    """
    name = f"worker@{os.uname().nodename}:{os.getpid()}"
    wait = 0.0  # the first at once: a step of the clock is seen by the next process only so
    while not _this.stop.wait(wait):
        wait = PULSE
        try:
            ticked_itself = show_life(parts(), process=name, kind="worker") is not None
        except CampaignsError as error:
            log.warning("no_pulse", why=str(error))
            continue
        except Exception as error:
            # This thread is the worker's only sign of life: it must not end, nor print its rows.
            log.error("no_pulse", kind=type(error).__name__, exc_info=error)
            continue
        if ticked_itself or time.monotonic() - _this.heard_at < IDLE:
            _touch()


def _touch() -> None:
    name = os.environ.get("CAMPAIGNS_ALIVE_FILE")
    if name:
        try:
            Path(name).touch()
        except OSError as error:
            log.warning("no_alive_file", why=error.strerror)
