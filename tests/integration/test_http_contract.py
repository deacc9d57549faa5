"""Every route of `serve` against its contract, with whatever schemathesis can think of.

The contract is an OpenAPI document of what the application answers today; each answer must be a
documented one, no answer is a 5xx, every refusal is an RFC 9457 problem, and no request without
proof of who it is gets past the door.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case

from campaigns.provider.webhooks import verify
from tests.support.engine import World
from tests.support.hooks import SIGNING, Door

TEXT = {"type": "string"}
REFUSAL = {
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status"],
                "properties": {
                    "type": {"const": "about:blank"},
                    "title": TEXT,
                    "status": {"type": "integer"},
                    "detail": TEXT,
                },
            }
        }
    },
    "description": "refused",
}
SAID = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"enum": ["ok", "degraded"]},
                    "reasons": {"type": "array", "items": TEXT},
                },
            }
        }
    },
    "description": "done",
}
EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["call.ringing", "call.completed", "call.no_answer", "x"]},
        "call_id": {"type": ["string", "integer", "null"]},
        "status": TEXT,
        "duration": {"type": ["number", "string", "null"]},
        "timestamp": {"type": ["string", "number", "null"]},
        "data": {"type": ["object", "array", "null"]},
    },
}


def _route(*statuses: int, body: bool = False, **parameters: str) -> dict[str, Any]:
    route: dict[str, Any] = {
        "responses": {
            str(status): SAID if status == HTTPStatus.OK else REFUSAL for status in statuses
        },
        "parameters": [
            {"name": name, "in": where, "required": where == "path", "schema": TEXT}
            for name, where in parameters.items()
        ],
    }
    if body:
        route["requestBody"] = {"content": {"application/json": {"schema": EVENT}}}
    return route


CONTRACT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "campaigns", "version": "1"},
    "paths": {
        "/hooks/v1/{key_id}/{attempt_id}/{mac}": {
            "post": _route(
                200, 400, 404, 408, 413, 429,
                body=True, key_id="path", attempt_id="path", mac="path",
            )
        },
        "/hooks/v1/account": {
            "post": _route(
                200, 404,
                body=True,
                **{
                    "X-Webhook-Signature": "header",
                    "X-Webhook-Timestamp": "header",
                    "X-Webhook-Delivery-Id": "header",
                },
            )
        },
        "/livez": {"get": _route(200), "head": _route(200)},
        "/readyz": {
            "get": _route(200, 401, Authorization="header", Forwarded="header"),
            "head": _route(200, 401),
        },
    },
}  # fmt: skip
SCHEMA = schemathesis.openapi.from_dict(CONTRACT)
CASES = st.one_of(*(operation.ok().as_strategy() for operation in SCHEMA.get_all_operations()))
LIGHT = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck]
)


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    door = Door(World(), CAMPAIGNS_WEBHOOK_SIGNING_SECRET=SIGNING)
    yield door
    door.close()


@pytest.fixture(scope="module")
def keyed() -> Iterator[Door]:
    door = Door(World(), CAMPAIGNS_API_KEYS="vck_one_0123456789abcdef")
    yield door
    door.close()


def ask(door: Door, case: Case, host: str = "localhost", **headers: str) -> httpx.Response:
    """The request that the case describes, and its answer."""
    said = case.as_transport_kwargs(base_url=f"http://{host}")
    request = httpx.Request(
        said["method"],
        said["url"],
        params=said.get("params"),
        json=said.get("json"),
        headers={**_sendable(said.get("headers") or {}), **headers},
    )
    parts = urlsplit(str(request.url))
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    kept = [(k, v) for k, v in request.headers.items() if k.lower() != "host"]
    return door.ask(request.method, path, request.content, kept, host=host)


def _sendable(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if value.isascii() and value.isprintable() and name.lower() != "content-length"
    }


def test_the_contract_names_every_route(door: Door) -> None:
    served = {
        (route.path, method.lower())
        for route in door.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    named = {(path, method) for path, ways in CONTRACT["paths"].items() for method in ways}
    # /metrics is no JSON; /v1 has a contract of its own (test_http_api_contract.py).
    assert {one for one in served if not one[0].startswith(("/metrics", "/v1/"))} == named


@LIGHT
@given(case=CASES)
def test_every_answer_is_a_documented_one(door: Door, case: Case) -> None:
    answer = ask(door, case)
    assert answer.status_code < 500
    case.validate_response(answer)
    if answer.status_code >= 400 and case.method != "HEAD":
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["status"] == answer.status_code
        assert problem["title"] == HTTPStatus(answer.status_code).phrase
    assert answer.headers["x-content-type-options"] == "nosniff"


@LIGHT
@given(case=CASES, method=st.sampled_from(["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]))
def test_another_method_is_refused_as_a_problem(door: Door, case: Case, method: str) -> None:
    answer = door.ask(method, case.path.replace("{", "").replace("}", ""))
    assert answer.status_code == 405
    assert answer.json()["status"] == 405


STRANGERS = (
    {"x-forwarded-for": "203.0.113.9"},
    {"forwarded": "for=203.0.113.9"},
    {"via": "1.1 tunnel"},
    {"cf-ray": "1"},
    {"x-real-ip": "127.0.0.1"},
)


@LIGHT
@given(
    path=st.sampled_from(["/readyz", "/metrics", "/v1/campaigns", "/docs", "/openapi.json", "/"])
    | st.text("abc/%.", max_size=8).map(lambda text: f"/{text.lstrip('/')}"),
    stranger=st.sampled_from(STRANGERS),
)
def test_who_came_through_a_tunnel_is_shown_nothing(
    door: Door, path: str, stranger: Mapping[str, str]
) -> None:
    answer = door.ask("GET", path, headers=stranger)
    assert answer.status_code == 401
    assert answer.json()["status"] == 401


@LIGHT
@given(case=CASES, host=st.sampled_from(["example.test", "10.0.0.1", "localhost.example.test"]))
def test_a_foreign_host_reaches_the_open_doors_only(door: Door, case: Case, host: str) -> None:
    open_to_all = case.path.startswith(("/hooks/", "/livez"))
    assert (ask(door, case, host=host).status_code == 401) is not open_to_all


@LIGHT
@given(case=CASES, shown=st.sampled_from(["", "Bearer", "Bearer x", "Basic dmNr"]))
def test_with_keys_nothing_but_a_key_is_proof(keyed: Door, case: Case, shown: str) -> None:
    open_to_all = case.path.startswith(("/hooks/", "/livez"))
    assert (ask(keyed, case, authorization=shown).status_code == 401) is not open_to_all


@LIGHT
@given(case=SCHEMA["/hooks/v1/{key_id}/{attempt_id}/{mac}"]["POST"].as_strategy())
def test_no_made_up_address_stores_anything(door: Door, case: Case) -> None:
    assert ask(door, case).status_code == 404
    assert door.events() == []


@settings(LIGHT, max_examples=8)
@given(body=st.dictionaries(st.text(), st.text(), max_size=3))
def test_a_genuine_event_is_in_the_table_once_it_was_taken(body: Mapping[str, str]) -> None:
    world = World()
    world.submit(1)
    world.settle()
    door = Door(world)
    attempt_id = str(world.attempts()[0]["id"])
    said = {**body, "event": "call.ringing", "call_id": "call_1"}
    assert door.post(attempt_id, said).status_code == 200
    assert [event["attempt_id"] for event in door.events()] == [attempt_id]
    assert door.post(attempt_id, said).status_code == 200
    assert len(door.events()) == 1
    *_, key_id, id, mac = door.address(attempt_id).split("/")
    assert verify(key_id, id, mac, door.keys)
    door.close()
