"""Nothing that identifies a person, and no secret, leaves by a log, figure, message or refusal.

A world whose every value is known lives through faults that quote them, with logs at debug; then
everything it wrote is searched for each value.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from campaigns import logs
from campaigns.core.calls import Accepted, Answer, CallStatus, DialRequest
from campaigns.engine.tick import tick
from campaigns.provider.messages import read_dial
from campaigns.store.database import SqlTransaction
from tests.support.engine import World, contact
from tests.support.hooks import SECRET, SIGNING, Door, signed

KEY = "an-api-key-that-nobody-may-see"
NAME, ADDRESS, ROW_KEY = "Zebediah Quill", "12 Larkspur Lane", "patient-4711"
NUMBERS = [f"+1617555{n:04d}" for n in range(4)]
NEVER = [
    *(number[-10:] for number in NUMBERS),
    *(NAME, "Zebediah", "Quill", ADDRESS, "Larkspur", ROW_KEY, KEY, SECRET, SIGNING),
]


def quoting(status: int) -> Callable[[DialRequest], Answer]:
    """The provider refuses, and repeats everything it was told; read as from the wire."""

    def refuse(request: DialRequest) -> Answer:
        detail = f"to_number {request.to_number}: {' of '.join(request.context.values())}"
        body = json.dumps({"detail": detail}).encode()
        return read_dial(status, {}, body, request, now=datetime.now(UTC), hide=[KEY])

    return refuse


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_life_with_faults_tells_nobody_who_was_called(
    form: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure("debug", form)
    logging.getLogger("httpx").setLevel("WARNING")  # the client of this test says what it asks
    world = World()
    fields = {"name": NAME, "key": ROW_KEY}
    world.submit(
        [contact(n, fields=fields, key=f"{ROW_KEY}-{n}") for n in range(4)],
        context={"name": "{{ name }}", "address": ADDRESS},
    )
    world.provider.answers.extend(
        [
            Accepted(call_id="call_1"),
            *(quoting(status) for status in (500, 422, 402)),
        ]
    )
    messages: list[str] = []
    for _ in range(8):
        tick(world.parts)
        messages += map(repr, world.bell.rung)
        world.settle()
        world.clock.forward(seconds=2)
    attempt = str(world.attempts()[0]["id"])
    door = Door(world, CAMPAIGNS_API_KEYS=KEY, CAMPAIGNS_WEBHOOK_SIGNING_SECRET=SIGNING)
    seen: list[str] = []
    body = f'{{"to": "{NUMBERS[0]}", "name": "{NAME}", "status": "ringing"}}'.encode()
    address = door.address(attempt)
    for path, headers in (
        (address, {}),
        (f"{address[:-1]}!", {}),
        (f"/hooks/v1/{NUMBERS[0]}/{NAME}/x", {}),
        ("/hooks/v1/account", signed(body, world.clock.at)),
        ("/hooks/v1/account", {"X-Webhook-Signature": SIGNING}),
        (f"/v1/numbers/{NUMBERS[0]}", {"Authorization": f"Bearer {KEY}x"}),
    ):
        answer = door.ask("POST", path, body, headers)
        seen.append(answer.text + repr(answer.headers))
    shown = {"Authorization": f"Bearer {KEY}"}
    seen += [door.ask("GET", path, headers=shown).text for path in ("/metrics", "/readyz")]

    def fails(*_: object, **__: object) -> None:
        raise IntegrityError("INSERT", {}, Exception(f"row contains ({NAME}, {NUMBERS[0]})"))

    world.say(attempt, CallStatus.RINGING, settle=False)
    with monkeypatch.context() as broken:
        broken.setattr(SqlTransaction, "evidence", fails)
        tick(world.parts)
        broken.setattr("campaigns.web.hooks.receive", fails)
        seen.append(door.post(attempt, body).text)
    door.close()
    out, err = capfd.readouterr()
    assert "heartbeat_step_failed" in err
    assert "web_fault" in err
    everything = "\n".join([out, err, *messages, *seen])
    token = address.rpartition("/")[2]
    assert [value for value in [*NEVER, token] if value in everything] == []
    assert messages
