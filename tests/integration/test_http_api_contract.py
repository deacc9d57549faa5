"""Every route of /v1 against the OpenAPI document that the server itself answers.

Whatever is sent: no 5xx, every refusal is an RFC 9457 problem, and nobody without proof is let in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case

from tests.integration.test_http_api import CAMPAIGN
from tests.support.engine import World
from tests.support.hooks import Door

DOOR = Door(World())
SCHEMA = schemathesis.openapi.from_dict(
    {
        **DOOR.app.openapi(),
        "paths": {
            path: ways for path, ways in DOOR.app.openapi()["paths"].items() if "/v1/" in path
        },
    }
)
CASES = st.one_of(*(operation.ok().as_strategy() for operation in SCHEMA.get_all_operations()))
LIGHT = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck]
)


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    content = json.dumps(CAMPAIGN).encode()
    kind = {"content-type": "application/json"}
    assert DOOR.ask("PUT", "/v1/campaigns/visits", content, kind).status_code == 201
    yield DOOR
    DOOR.close()


def ask(door: Door, case: Case, name: str, **headers: str) -> httpx.Response:
    """The request of a case, half of them about a campaign that exists."""
    if "name" in case.path_parameters:
        case.path_parameters["name"] = name
    said = case.as_transport_kwargs(base_url="http://localhost")
    request = httpx.Request(
        said["method"], said["url"], params=said.get("params"), json=said.get("json")
    )
    parts = urlsplit(str(request.url))
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    kept = {"content-type": request.headers.get("content-type", "application/json"), **headers}
    return door.ask(request.method, path, request.content, kept)


def test_the_document_names_every_route_and_says_what_it_does(door: Door) -> None:
    answer = door.ask("GET", "/docs")
    paths = answer.json()["paths"]
    assert "/v1/campaigns/{name}/contacts/{key}" in paths
    routes: list[dict[str, Any]] = [
        way for path, ways in paths.items() if path.startswith("/v1/") for way in ways.values()
    ]
    assert len(routes) > 12
    assert all(way.get("description") for way in routes)


@LIGHT
@given(case=CASES, name=st.sampled_from(["visits", "nobody"]))
def test_whatever_is_sent_is_answered_and_refusals_are_problems(
    door: Door, case: Case, name: str
) -> None:
    answer = ask(door, case, name)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["status"], problem["title"]) == (
            answer.status_code,
            HTTPStatus(answer.status_code).phrase,
        )


@LIGHT
@given(case=CASES)
def test_who_came_through_a_tunnel_is_let_in_nowhere(door: Door, case: Case) -> None:
    assert ask(door, case, "visits", **{"x-forwarded-for": "203.0.113.9"}).status_code == 401
