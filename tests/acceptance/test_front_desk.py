"""The example whose people come one at a time over HTTP: a fleet, judged on what phones heard."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from campaigns import Client
from campaigns.errors import Conflict
from tests.support.processes import wait_until
from tests.support.rehearsed import rehearsed

pytestmark = pytest.mark.timeout(600)

EXAMPLE = Path(__file__).parents[2] / "examples" / "campaigns" / "front-desk.yaml"
PLACE = ZoneInfo("America/New_York")
NAME = "front-desk"


def row(number: int, patient: str, visit_at: datetime) -> dict[str, str]:
    return {
        "to_number": f"+161755501{number:02}",
        "patient": patient,
        "visit_at": f"{visit_at:%Y-%m-%d %H:%M}",
    }


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez").is_success
    except httpx.TransportError:
        return False


def test_who_is_booked_is_called_twice_and_who_cancels_not_at_all() -> None:
    with rehearsed() as world:
        world.fleet.start(workers=1, beats=1)
        url = f"http://127.0.0.1:{world.fleet.port}"
        wait_until(lambda: answers(url), within=60, what="the API")
        with Client(url) as client:
            made = client.put_campaign(NAME, EXAMPLE, paused=True, idempotency_key="once")
            assert made == client.put_campaign(NAME, EXAMPLE, paused=True, idempotency_key="once")
            with world.fleet.installation.database.read() as tx:
                now = tx.now().policy
            visit = (now + timedelta(days=4)).astimezone(PLACE)
            visit = visit.replace(hour=14, minute=0, second=0, microsecond=0, tzinfo=None)
            news = datetime(2026, 1, 1, tzinfo=UTC)
            for key, number, patient in (("V-1", 0, "Ann"), ("V-2", 1, "Ben"), ("V-3", 2, "Cleo")):
                told = client.put_contact(NAME, key, row(number, patient, visit), updated_at=news)
                assert told.effect == "added"
            assert client.withdraw_contact(NAME, "V-2").effect == "withdrawn"
            later = visit + timedelta(days=2)
            moved = client.put_contact(
                NAME, "V-3", row(2, "Cleo", later), updated_at=news + timedelta(hours=1)
            )
            assert (moved.effect, moved.live_call) == ("moved", None)
            with pytest.raises(Conflict, match="newer"):
                client.put_contact(NAME, "V-3", row(2, "Cleo", visit), updated_at=news)
            assert client.resume(NAME) == "running"
            world.fleet.wait_done(within=240)
            rings = world.simulator.ledger.rings()
            assert Counter(ring.to_number[-2:] for ring in rings) == {"00": 2, "02": 2}
            assert world.simulator.ledger.rung_while_live() == 0
            for number, when in (("00", visit), ("02", later)):
                first, second = sorted(
                    ring.placed_at.astimezone(PLACE).replace(tzinfo=None)
                    for ring in rings
                    if ring.to_number.endswith(number)
                )
                day_before = (when - timedelta(days=1)).replace(hour=16)
                assert day_before <= first < when - timedelta(hours=2)
                assert when - timedelta(hours=2) <= second < when - timedelta(minutes=30)
            assert client.contact(NAME, "V-1").next_call_at is None
