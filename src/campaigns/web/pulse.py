"""Say every few seconds that the webhook door is up: a gap means that events may have been missed.

From its own thread, because the event loop may be busy with a burst and is up all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from campaigns.engine.absence import door_is_up
from campaigns.engine.parts import Parts
from campaigns.errors import CampaignsError

log = structlog.get_logger(__name__)

PULSE = 5.0
"""Seconds between two pulses; thirty without one are a gap."""


@contextmanager
def pulsing(parts: Parts, *, every: float = PULSE) -> Iterator[None]:
    """Pulse for as long as the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=_pulse, args=(parts, stop, every), name="door", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=1)


def _pulse(parts: Parts, stop: threading.Event, every: float) -> None:
    while True:
        try:
            door_is_up(parts)
        except CampaignsError as error:
            log.warning("no_pulse", why=str(error))
        if stop.wait(every):
            return
