"""Ring workers in the background: a broker that is away must not delay an answer.

Everything here may be lost: the heartbeat folds whatever no ring has told anyone about.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import structlog

from campaigns.core.records import Claim
from campaigns.ports import Doorbell

log = structlog.get_logger(__name__)

Ring = tuple[str, Claim | str | int]


class Noted:
    """A doorbell that only takes notes, each ring once: inside a transaction nothing is rung."""

    def __init__(self) -> None:
        self.rings: dict[Ring, None] = {}

    def dial(self, claim: Claim) -> None:
        """Note a claim."""
        self.rings["dial", claim] = None

    def fold(self, attempt_id: str) -> None:
        """Note that an attempt has unfolded events."""
        self.rings["fold", attempt_id] = None

    def check(self, attempt_id: str) -> None:
        """Note that an attempt is to be looked up."""
        self.rings["check", attempt_id] = None

    def dispatch(self, account_id: int) -> None:
        """Note that an account may start more."""
        self.rings["dispatch", account_id] = None

    def look(self, account_id: int) -> None:
        """Note that a held account is to be looked up."""
        self.rings["look", account_id] = None

    def refresh(self, campaign_id: int) -> None:
        """Note that a list is to be read again."""
        self.rings["refresh", campaign_id] = None


class Ringer:
    """Rings the real doorbell from a thread of its own, oldest first, at most `most` pending."""

    def __init__(self, bell: Doorbell, *, most: int = 10_000) -> None:
        self._bell = bell
        self._most = most
        self._pending: dict[Ring, None] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def ring(self, rings: Iterable[Ring]) -> None:
        """Ring these soon; the oldest are forgotten when there are too many."""
        with self._changed:
            if self._closed:
                return
            self._pending.update(dict.fromkeys(rings))
            while len(self._pending) > self._most:
                del self._pending[next(iter(self._pending))]
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="ringer", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, within: float = 0.5) -> None:
        """Stop; what is still pending is left to the heartbeat."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(within)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closed)
                if self._closed:
                    return
                name, about = ring = next(iter(self._pending))
                del self._pending[ring]
            try:
                getattr(self._bell, name)(about)
            except Exception as error:
                # This thread is all there is: whatever a broker's client raises, the next rings.
                log.warning("ring_lost", bell=name, error=type(error).__name__)
