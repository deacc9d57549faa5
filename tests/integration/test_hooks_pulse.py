"""The process that serves the webhook door says so, for as long as it serves."""

from __future__ import annotations

from datetime import timedelta

from campaigns.engine.absence import DOOR
from campaigns.web.pulse import pulsing
from tests.support.engine import START, World
from tests.support.simulated import until


def test_the_door_pulses_while_it_is_served_and_no_longer() -> None:
    world = World()

    def since() -> object:
        with world.store.read() as tx:
            return tx.door_since(DOOR, tx.now().real)

    assert since() is None
    with pulsing(world.parts, every=0.01):
        until(lambda: since() == START)
    world.clock.forward(seconds=61)
    assert since() is None
    with pulsing(world.parts, every=0.01):
        until(lambda: since() == START + timedelta(seconds=61))
