"""A request that is sent twice: whose it is while the first one has not ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.engine.requests import LAPSED, once
from campaigns.errors import Conflict, WorldError
from tests.support.engine import World


def test_a_request_that_fails_late_leaves_it_to_the_one_that_took_it_over() -> None:
    world = World()

    def first() -> tuple[int, Any]:
        world.clock.at += LAPSED + timedelta(seconds=1)
        with world.store.write() as tx:
            at = tx.now().real
            assert tx.take_request("k", "d", at, at - LAPSED)  # the second one begins
        raise WorldError("the first one was frozen, and fails now")

    def third() -> tuple[int, Any]:
        raise AssertionError("done beside the second one")

    with pytest.raises(WorldError):
        once("k", "d", first, world.parts)
    with pytest.raises(Conflict, match="under way"):
        once("k", "d", third, world.parts)
