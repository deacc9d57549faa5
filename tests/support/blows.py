"""What the nemesis will do, and when: a seeded schedule, known before anything runs.

Blows are dealt like cards: every kind comes once before any comes twice, so that a few minutes
meet all of them. Nobody is struck twice at a time; different victims may suffer at once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.support.proxy import AT_ONCE, Fault, Kind

WORKERS = ("worker0", "worker1", "worker2")
BEATS = ("beat0", "beat1")
SIDES = ("provider", "broker", "database")


class What(StrEnum):
    """Kinds of blows."""

    KILL = "kill -9"
    STOP = "SIGSTOP"
    FREEZE = "SIGSTOP between intent and POST"
    FLUSH = "FLUSHALL"
    KILL_SERVER = "kill -9 of the server"
    RESTART_SERVER = "restart of the server"
    WIRE = "proxy"
    ROLL = "rolling restart across a schema change"


@dataclass(frozen=True, kw_only=True)
class Blow:
    """One blow: `at` seconds after the beginning, for `lasts` seconds."""

    at: float
    what: What
    whom: str
    lasts: float = 0.0
    fault: Fault | None = None

    @property
    def kind(self) -> str:
        """As the figures count it."""
        if self.fault is not None:
            return f"{self.whom}: {self.fault.kind}"
        return f"{self.whom.rstrip('0123456789')}: {self.what}"

    def __str__(self) -> str:
        how = "" if self.fault is None else f" {self.fault}"
        return f"{self.at:7.1f} s  {self.whom}: {self.what} for {self.lasts:.1f} s{how}"


def schedule(seed: int, seconds: float, *, pause: tuple[float, float] = (0.5, 4.0)) -> list[Blow]:
    """Blows for so many seconds, and in the midst one rolling restart, which takes its own time."""
    dice = random.Random(seed)
    roll_at = seconds * dice.uniform(0.35, 0.65)
    rolled = False
    free: dict[str, float] = {}
    blows: list[Blow] = []
    clock, cards = 0.0, _cards(dice)
    while True:
        clock += dice.uniform(*pause)
        if not rolled and clock >= roll_at:
            rolled = True
            clock = max([clock, *free.values()]) + 0.5
            blows.append(Blow(at=clock, what=What.ROLL, whom="fleet"))
            continue
        what, whom, lasts, fault = next(cards)
        victims = _victims(what, whom)
        at = max([clock, *(free.get(victim, 0.0) for victim in victims)])
        if clock + lasts >= seconds:
            return sorted(blows, key=lambda blow: blow.at)
        if at + lasts >= seconds or (not rolled and at >= roll_at):
            continue
        blows.append(Blow(at=at, what=what, whom=whom, lasts=lasts, fault=fault))
        free |= dict.fromkeys(victims, at + lasts + 0.2)


def _victims(what: What, whom: str) -> Sequence[str]:
    return (*WORKERS, "database") if what is What.FREEZE else (whom,)


_Card = tuple[What, str, float, Fault | None]


def _cards(dice: random.Random) -> Iterator[_Card]:
    while True:
        deck = _deck(dice)
        dice.shuffle(deck)
        yield from deck


def _deck(dice: random.Random) -> list[_Card]:
    deck: list[_Card] = []
    for victims, kills, stops in ((WORKERS, 4, 2), (BEATS, 2, 1), (("serve",), 1, 1)):
        deck += [(What.KILL, dice.choice(victims), dice.uniform(0, 3), None) for _ in range(kills)]
        deck += [(What.STOP, dice.choice(victims), dice.uniform(2, 20), None) for _ in range(stops)]
    deck += [
        (What.FREEZE, "workers", dice.uniform(4.5, 6), None),
        (What.FLUSH, "redis", 0.0, None),
        (What.KILL_SERVER, "redis", dice.uniform(0.2, 5), None),
        (What.RESTART_SERVER, "redis", dice.uniform(0.2, 5), None),
        (What.KILL_SERVER, "postgres", dice.uniform(0.2, 4), None),
        (What.RESTART_SERVER, "postgres", dice.uniform(0.2, 4), None),
    ]
    for side in SIDES:
        for kind in Kind:
            lasts = 0.0 if kind in AT_ONCE else dice.uniform(1, 15)
            deck.append((What.WIRE, side, lasts, _fault(kind, dice)))
    return deck


def _fault(kind: Kind, dice: random.Random) -> Fault:
    share = dice.choice((1.0, 1.0, 0.5))
    match kind:
        case Kind.LATENCY:
            slow, jitter = dice.uniform(0.02, 0.8), dice.uniform(0, 0.4)
            return Fault(kind=kind, seconds=slow, jitter=jitter, share=share)
        case Kind.THROTTLE:
            return Fault(kind=kind, rate=dice.choice((300, 2_000, 20_000)), share=share)
        case Kind.LIMITED:
            return Fault(kind=kind, amount=dice.choice((0, 1, 40, 200, 1_000)), share=share)
        case _:
            return Fault(kind=kind, share=share)
