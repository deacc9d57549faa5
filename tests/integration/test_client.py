"""`Client` against a served application, and the same from a program without one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

import campaigns
from campaigns import Client
from campaigns.core.difference import Difference
from campaigns.errors import Conflict, DefinitionError, InputError, UnknownName, WorldError
from tests.support.cli import Shell
from tests.support.engine import World
from tests.support.hooks import Door

KEY = "vck_one_0123456789abcdef"
CAMPAIGN: dict[str, Any] = {
    "agent_id": "agent_reminder",
    "from_number": "+16175550199",
    "calling_hours": "always",
    "contacts": {
        "key": "id",
        "rows": [
            {"id": 1, "to_number": "+16175550101", "name": "Ann"},
            {"id": 2, "to_number": "+16175550102", "name": "Ben"},
        ],
    },
    "context": {"name": "{{ name }}"},
}
NEWS = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door(World(), CAMPAIGNS_API_KEYS=KEY)
    yield door
    door.close()


@pytest.fixture
def url(door: Door) -> Iterator[str]:
    """Where the application is served, by the server that `campaigns serve` runs it under."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(door.app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, KEY) as client:
        yield client


def test_a_campaign_is_planned_put_looked_at_and_decided_on(client: Client) -> None:
    planned = client.plan("visits", CAMPAIGN)
    assert planned.forecast is not None
    assert [one["key"] for one in planned.warnings]
    assert (planned.effect, planned.added, planned.refused) == ("created", 2, None)
    with pytest.raises(UnknownName):
        client.campaign("visits")
    put = client.put_campaign("visits", CAMPAIGN, idempotency_key="k1")
    assert (put.effect, put.added) == ("created", 2)
    assert client.put_campaign("visits", CAMPAIGN, idempotency_key="k1") == put
    assert client.put_campaign("visits", CAMPAIGN).effect == "unchanged"
    found = client.campaign("visits")
    assert (found.state, found.tasks.waiting, found.account) == ("running", 2, "default")
    assert client.pause("visits", "lunch") == "paused"
    assert client.campaign("visits").paused_why == "lunch"
    assert client.resume("visits") == "running"
    (one,) = client.campaigns().items
    assert (one.name, one.created_at.tzinfo) == ("visits", UTC)
    assert client.cancel("visits") == "cancelled"
    with pytest.raises(Conflict, match="another name"):
        client.put_campaign("visits", CAMPAIGN)


def test_one_contact_is_put_looked_at_and_withdrawn(client: Client, door: Door) -> None:
    client.put_campaign("visits", CAMPAIGN)
    told = client.put_contact(
        "visits", "a/7 é", {"to_number": "+16175550107", "name": 1800}, updated_at=NEWS
    )
    assert (told.effect, told.live_call, told.why) == ("added", None, None)
    assert told.next_call_at is not None
    person = client.contact("visits", "a/7 é")
    assert (person.row["name"], person.updated_at, person.held) == ("1800", NEWS, False)
    with pytest.raises(Conflict, match="newer"):
        client.withdraw_contact("visits", "a/7 é", updated_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert client.explain("visits", "a/7 é")["tasks"][0]["next"]["needs"] == []
    door.world.settle()
    gone = client.withdraw_contact("visits", "a/7 é")
    assert (gone.effect, gone.why) == ("withdrawn", "it was withdrawn")
    assert gone.live_call is not None
    assert [one["key"] for one in client.all_contacts("visits")] == ["1", "2", "a/7 é"]
    assert client.contacts("visits", limit=1).next is not None


def test_numbers_are_suppressed_and_let_go(client: Client) -> None:
    assert client.suppress("+16175550101", "asked") is True
    assert client.suppress("+16175550101") is False
    client.unsuppress("+16175550101")
    client.put_campaign("visits", CAMPAIGN)
    assert client.suppress("+16175550101", campaign="visits") is True
    assert client.suppressions().items == ()
    (one,) = client.suppressions(campaign="visits").items
    assert one["campaign"] == "visits"
    client.unsuppress("+16175550101", campaign="visits")
    with pytest.raises(UnknownName):
        client.unsuppress("+16175550101")


def test_everything_is_paused_and_goes_on(client: Client, door: Door) -> None:
    client.put_campaign("visits", CAMPAIGN)
    client.pause_all("storm")
    door.world.settle(ticks=2)
    assert door.world.provider.rung == []
    client.resume_all(account="default")
    door.world.settle(ticks=2)
    assert len(door.world.provider.rung) == 2


def test_a_file_may_be_sent(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "visits.yaml"
    path.write_text(
        'agent_id: a\nfrom_number: "+16175550199"\ncontacts: {columns: [to_number], rows: []}\n'
    )
    assert client.put_campaign("visits", path, paused=True).effect == "created"
    assert client.campaign("visits").state == "paused"


def test_what_is_refused_is_an_error_of_ours(client: Client) -> None:
    with pytest.raises(DefinitionError) as caught:
        client.put_campaign("visits", {**CAMPAIGN, "max_retries": 3})
    (fault,) = caught.value.faults
    assert (fault.at, fault.key) == ("/max_retries", "max_retries")
    client.put_campaign("visits", CAMPAIGN)
    with pytest.raises(InputError, match="held"):
        client.put_contact("visits", "1", {"to_number": "12"})
    with pytest.raises(InputError, match="zone"):
        client.put_contact("visits", "1", {}, updated_at=datetime(2026, 3, 1))  # noqa: DTZ001


def test_whoever_has_no_key_is_told_so(url: str) -> None:
    with Client(url) as client, pytest.raises(InputError, match="CAMPAIGNS_API_KEYS"):
        client.campaigns()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(503, json={"detail": "the database does not answer"}), WorldError),
        (httpx.Response(500, json={"title": "Internal Server Error"}), WorldError),
        (httpx.Response(200, text="<html>"), WorldError),
        (httpx.Response(200, json=[]), InputError),
        (httpx.Response(413, json={"title": "Content Too Large"}), InputError),
    ],
)
def test_a_server_that_cannot_or_is_none_of_ours(
    answer: httpx.Response, kind: type[Exception]
) -> None:
    transport = httpx.MockTransport(lambda request: answer)
    with Client("http://x", transport=transport) as client, pytest.raises(kind):
        client.campaigns()


def test_a_server_that_does_not_answer() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with (
        Client("http://x", transport=httpx.MockTransport(away)) as client,
        pytest.raises(WorldError, match="does not answer"),
    ):
        client.campaigns()


def test_a_program_plans_and_submits_a_dict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shell(tmp_path, monkeypatch)
    tree = {
        **CAMPAIGN,
        "name": "visits",
        "schedule": {"start": NEWS},
    }
    assert campaigns.load(tree).definition.name == "visits"
    assert campaigns.plan(tree) == Difference(lines=2, added=2)
    assert campaigns.submit(tree).effect == "created"
    more = [*CAMPAIGN["contacts"]["rows"], {"id": 3, "to_number": "+16175550103", "name": "C"}]
    planned = campaigns.plan({**tree, "contacts": {"key": "id", "rows": more}})
    assert (planned.added, planned.unchanged) == (1, 2)
    with pytest.raises(DefinitionError, match="/max_retries"):
        campaigns.load({**tree, "max_retries": 3})
