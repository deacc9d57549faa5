"""The simulator over real sockets: lost, cut and dripping answers, and many at once."""

import asyncio
import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from campaigns.errors import InputError
from campaigns.simulator.faults import Fault, FaultKind
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.limits import Kind
from campaigns.simulator.main import SimulatorServer, serve
from campaigns.simulator.server import SimulatorApp
from campaigns.simulator.settings import SimulatorSettings
from campaigns.simulator.wire import ConnectionDropped
from tests.support.simulated import KEY, Hand, body, dial, until


def faulty(kind: FaultKind, **more: Any) -> SimulatorServer:
    return SimulatorServer(faults=(Fault(fault=kind, **more),))


class TestSockets:
    def test_a_call_from_dial_to_transcript(self) -> None:
        with SimulatorServer(pace=0.0) as sim, httpx.Client(headers=KEY, trust_env=False) as client:
            answer = client.post(f"{sim.url}/voice/outbound/dial", json=body())
            assert answer.headers["x-simulator"] == "1"
            call_id = answer.json()["call_id"]
            assert client.get(f"{sim.url}/voice/status/{call_id}").json()["status"] == "completed"
            assert client.get(f"{sim.url}/voice/sessions?limit=1").json()["total"] == 1
            assert client.get(f"{sim.url}/v1/widget/transcript/{call_id}").status_code == 200
            assert client.get(f"{sim.url}/_sim/stats").json()["starts"]["arrived"] == 1
            assert client.get(f"{sim.url}/nothing").headers["x-simulator"] == "1"
            assert len(sim.ledger.rings("+14155551200")) == 1

    @pytest.mark.parametrize("reset", [False, True])
    def test_an_answer_lost_after_ringing(self, reset: bool) -> None:
        with faulty(FaultKind.LOST_AFTER_RINGING, reset=reset) as sim:
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                dial(sim.url)
            assert len(sim.ledger.rings()) == 1

    def test_a_request_lost_before_it_was_placed(self) -> None:
        with faulty(FaultKind.LOST_BEFORE_PLACING) as sim:
            with pytest.raises(httpx.RemoteProtocolError):
                dial(sim.url)
            assert not sim.ledger.rings()
            assert sim.ledger.requests()[0].status is None

    def test_an_answer_cut_off(self) -> None:
        with faulty(FaultKind.CUT_OFF) as sim:
            with pytest.raises(httpx.RemoteProtocolError):
                dial(sim.url)
            assert len(sim.ledger.rings()) == 1

    def test_a_page_of_html(self) -> None:
        with faulty(FaultKind.HTML) as sim:
            answer = dial(sim.url)
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["x-simulator"] == "1"

    def test_dripping_headers_outlast_a_read_timeout_and_arrive_whole(self) -> None:
        with faulty(FaultKind.DRIP, seconds=0.5) as sim:
            answer = dial(sim.url)
            assert answer.json()["status"] == "initiating"
            assert sim.ledger.requests()[0].client_left_s is None

    @pytest.mark.parametrize("kind", [FaultKind.DRIP, FaultKind.SLOW])
    def test_the_ledger_says_when_the_client_gave_up(self, kind: FaultKind) -> None:
        with faulty(kind, seconds=60) as sim:
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(
                    f"{sim.url}/voice/outbound/dial",
                    json=body(),
                    headers=KEY,
                    timeout=0.2 if kind is FaultKind.SLOW else httpx.Timeout(0.2, read=0.05),
                )
            until(lambda: sim.ledger.requests()[0].client_left_s is not None)
            assert len(sim.ledger.rings()) == 1

    def test_a_request_that_never_arrived_whole_is_not_counted(self) -> None:
        with SimulatorServer() as sim:
            port = httpx.URL(sim.url).port

            async def leave() -> None:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(
                    b"POST /voice/outbound/dial HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
                )
                await writer.drain()
                writer.close()
                await writer.wait_closed()

            asyncio.run(leave())
            assert dial(sim.url).status_code == 200
            assert len(sim.ledger.requests()) == 1

    def test_a_client_that_leaves_after_its_request_has_still_rung(self) -> None:
        with SimulatorServer() as sim:
            raw = json.dumps(body()).encode()
            head = (
                "POST /voice/outbound/dial HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sim_x\r\n"
            )
            with socket.create_connection(("127.0.0.1", httpx.URL(sim.url).port or 0)) as client:
                client.sendall(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
            until(sim.ledger.rings)

    def test_latency_passes_before_and_after_the_arrival(self) -> None:
        with SimulatorServer(latency=timedelta(milliseconds=200)) as sim:
            sent = datetime.now(UTC)
            dial(sim.url)
            (arrived,) = sim.ledger.arrivals(Kind.START)
            assert arrived - sent >= timedelta(milliseconds=100)
            assert datetime.now(UTC) - arrived >= timedelta(milliseconds=100)

    def test_a_port_that_is_taken(self) -> None:
        with SimulatorServer() as sim:
            port = httpx.URL(sim.url).port
            with pytest.raises(InputError, match="name another port"):
                serve(SimulatorSettings(port=port or 0))

    def test_a_hundred_at_once(self) -> None:
        with SimulatorServer(limits={"start": 1000}) as sim:

            async def storm() -> list[int]:
                limits = httpx.Limits(max_connections=20)
                async with httpx.AsyncClient(headers=KEY, limits=limits, timeout=30) as client:
                    answers = await asyncio.gather(
                        *(
                            client.post(
                                f"{sim.url}/voice/outbound/dial", json=body(f"+14155550{n:03d}")
                            )
                            for n in range(100, 200)
                        )
                    )
                    return [answer.status_code for answer in answers]

            assert set(asyncio.run(storm())) == {200, 422}
            assert len(sim.ledger.rings()) == 99
            assert len(sim.ledger.requests()) == 100


class TestInProcess:
    async def _ask(self, app: SimulatorApp, client: str, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://sim") as http:
            return await http.post(path, json=body(), headers=KEY)

    def test_the_control_door_answers_loopback_only(self) -> None:
        app = SimulatorApp(SimulatorSettings(), Ledger(), Hand())
        ask = self._ask
        assert asyncio.run(ask(app, "203.0.113.9", "/_sim/reset")).status_code == 403
        assert asyncio.run(ask(app, "::1", "/_sim/reset")).status_code == 200
        assert asyncio.run(ask(app, "203.0.113.9", "/voice/outbound/dial")).status_code == 200

    def test_a_lost_answer_needs_a_socket(self) -> None:
        lost = Fault(fault=FaultKind.LOST_AFTER_RINGING)
        app = SimulatorApp(SimulatorSettings(faults=(lost,)), Ledger(), Hand())
        with pytest.raises(ConnectionDropped):
            asyncio.run(self._ask(app, "::1", "/voice/outbound/dial"))

    def test_a_broken_simulator_still_answers(self, caplog: pytest.LogCaptureFixture) -> None:
        ledger = Ledger()
        app = SimulatorApp(SimulatorSettings(), ledger, Hand())
        ledger.close()
        answer = asyncio.run(self._ask(app, "::1", "/voice/outbound/dial"))
        assert (answer.status_code, answer.headers["x-simulator"]) == (500, "1")
        assert "+1415" not in caplog.text
