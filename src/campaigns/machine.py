"""This machine as the engine's clock and dice, and a doorbell for processes that ring nobody."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

from campaigns.core.records import Claim


class MachineClock:
    """The Clock port: this machine's monotonic clock."""

    def __init__(self) -> None:
        self.host = _host()

    def monotonic(self) -> float:
        """Seconds since some instant; never steps."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        time.sleep(seconds)


def _host() -> str:
    """This machine since its last start; where that cannot be told, this machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return os.uname().nodename


class SystemDice:
    """The Dice port: the operating system's randomness."""

    def uuid(self) -> str:
        """A random UUID: an id that is never given twice, also after a restore."""
        return str(uuid.uuid4())


class SilentDoorbell:
    """Rings nobody: the heartbeat finds everything within a second anyway."""

    def dial(self, claim: Claim) -> None:
        """A claim nobody is told about goes back when its lease ends."""

    def fold(self, attempt_id: str) -> None:
        """The heartbeat folds what is unfolded."""

    def check(self, attempt_id: str) -> None:
        """The heartbeat rings again."""

    def dispatch(self, account_id: int) -> None:
        """The heartbeat dispatches each second."""

    def look(self, account_id: int) -> None:
        """The heartbeat rings again."""

    def refresh(self, campaign_id: int) -> None:
        """The heartbeat rings again."""
