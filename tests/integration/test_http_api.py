"""/v1 as a program uses it: campaigns as JSON or YAML, one contact at a time, what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from campaigns.engine.submit import Submitted, submit
from campaigns.errors import Conflict
from campaigns.loading import load
from campaigns.store.database import Database
from tests.support.engine import RunningClock, World
from tests.support.hooks import Door

CAMPAIGN: dict[str, Any] = {
    "agent_id": "agent_reminder",
    "from_number": "+16175550199",
    "max_duration": 120,
    "recording": False,
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
YAML = """\
agent_id: agent_reminder
from_number: "+16175550199"
calling_hours: always
contacts: {key: id, columns: [id, to_number, name], rows: []}
context: {name: "{{ name }}"}
"""
VISITS = "/v1/campaigns/visits"


@pytest.fixture(params=["sqlite_store_url", "postgres_store_url"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    clock = RunningClock()
    database = Database(request.getfixturevalue(request.param), clock=clock.wall)
    door = Door(World(database=database, clock=clock, spacing=0.0))
    yield door
    door.close()
    database.close()


def ask(door: Door, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
    content = body.encode() if isinstance(body, str) else b"" if body is None else _json(body)
    return door.ask(method, path, content, {"content-type": "application/json", **headers})


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def put(door: Door, path: str = VISITS, **changes: object) -> httpx.Response:
    return ask(door, "PUT", path, {**CAMPAIGN, **changes})


def people(*numbers: int) -> Mapping[str, object]:
    rows = [{"id": n, "to_number": f"+1617555{n:04}", "name": f"Person {n}"} for n in numbers]
    return {"key": "id", "rows": rows}


def counts(answer: httpx.Response) -> dict[str, int]:
    return {key: n for key, n in answer.json().items() if isinstance(n, int) and n}


def rung(door: Door) -> dict[str, str]:
    door.world.settle(ticks=2)
    return {one.to_number: one.context["name"] for _, one in door.world.provider.rung}


# --- a campaign ----------------------------------------------------------------------------


def test_a_campaign_is_created_changed_and_left_alone(door: Door) -> None:
    created = put(door)
    assert (created.status_code, created.json()["effect"]) == (201, "created")
    assert counts(created) == {"lines": 2, "added": 2}
    again = put(door)
    assert (again.status_code, again.json()["effect"]) == (200, "unchanged")
    assert counts(again) == {"lines": 2, "unchanged": 2}
    rows = [{**CAMPAIGN["contacts"]["rows"][0], "name": "Anna"}, *people(3)["rows"]]  # type: ignore[misc]
    changed = put(door, contacts={"key": "id", "rows": rows})
    assert changed.status_code == 200
    assert counts(changed) == {"lines": 2, "added": 1, "changed": 1, "withdrawn": 1}
    assert rung(door) == {"+16175550101": "Anna", "+16175550003": "Person 3"}


def test_it_may_be_tried_before(door: Door) -> None:
    tried = put(door, f"{VISITS}?dry_run=true")
    assert (tried.status_code, tried.json()["effect"], tried.json()["refused"]) == (
        200,
        "created",
        None,
    )
    assert ask(door, "GET", VISITS).status_code == 404
    created = put(door)
    assert set(created.json()) | {"refused", "forecast"} == set(tried.json())
    assert counts(created) == counts(tried)
    tried = put(door, f"{VISITS}?dry_run=true", contacts=people(1, 2, 3))
    assert counts(tried) == {"lines": 3, "added": 1, "changed": 2}
    assert rung(door) == {"+16175550101": "Ann", "+16175550102": "Ben"}


def test_what_the_rules_warn_of_is_said_before_and_after(door: Door) -> None:
    """No purpose is stated; the keys say where, as those of faults do."""
    tried, created = put(door, f"{VISITS}?dry_run=true"), put(door)
    assert tried.json()["warnings"] == created.json()["warnings"]
    (purpose,) = [one for one in created.json()["warnings"] if one["key"] == "purpose"]
    assert purpose["at"]
    assert set(purpose) == {"at", "key", "expected", "got", "hint"}
    again = put(door)
    assert (again.json()["effect"], again.json()["warnings"]) == (
        "unchanged",
        created.json()["warnings"],
    )
    quiet = put(door, purpose="appointment", disclosure="A robot calls.")
    assert "purpose" not in {one["key"] for one in quiet.json()["warnings"]}


def test_half_a_list_is_refused_and_changes_nothing(door: Door) -> None:
    put(door, contacts=people(*range(20)))
    answer = put(door, contacts=people(*range(10)))
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert "max_withdrawn" in answer.json()["detail"]
    assert answer.json()["difference"]["withdrawn"] == 10
    tried = put(door, f"{VISITS}?dry_run=true", contacts=people(*range(10)))
    assert "max_withdrawn" in tried.json()["refused"]
    answer = put(door, f"{VISITS}?allow_withdraw=true", contacts=people(*range(10)))
    assert (answer.status_code, counts(answer)["withdrawn"]) == (200, 10)


def test_a_first_list_that_cannot_be_right_is_refused(door: Door) -> None:
    bad = {"key": "id", "rows": [{"id": 1, "to_number": "12"}]}
    answer = put(door, contacts=bad, context={})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "visits: nothing was stored: not one row can be called",
    )
    assert ask(door, "GET", VISITS).status_code == 404


def test_every_fault_is_told_with_its_place(door: Door) -> None:
    answer = put(door, max_duration="soon", name="other")
    assert [one["key"] for one in answer.json()["errors"]] == ["name"]
    answer = put(door, "/v1/campaigns/My%20Visits")
    assert [one["at"] for one in answer.json()["errors"]] == ["/name"]
    answer = put(door, max_duration="soon", max_retries=3)
    assert answer.status_code == 422
    found = {one["key"]: one for one in answer.json()["errors"]}
    assert found["max_duration"]["at"] == "/max_duration"
    assert "write max_attempts: 4" in found["max_retries"]["hint"]
    assert set(found["max_retries"]) == {"at", "key", "expected", "got", "hint"}


def test_marketing_without_consent_is_refused_before_anything_is_stored(door: Door) -> None:
    for path in (VISITS, f"{VISITS}?dry_run=true"):
        answer = put(door, path, purpose="marketing", disclosure="A robot calls.")
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["at"], error["key"], error["got"]) == ("/consent", "consent", "none")
    assert ask(door, "GET", VISITS).status_code == 404
    put(door)
    answer = put(door, purpose="marketing", disclosure="A robot calls.")
    assert answer.status_code == 422
    answer = put(
        door, purpose="marketing", disclosure="A robot calls.", consent={"attested": "form 7"}
    )
    assert (answer.status_code, counts(answer)) == (200, {"lines": 2, "unchanged": 2})


def test_no_file_of_the_server_is_read(door: Door) -> None:
    answer = put(door, contacts="/etc/passwd")
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["key"]) == (422, "contacts")
    assert "no file is read here" in fault["hint"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", "application/json", 422),
        ("[]", "application/json", 422),
        ("", "application/json", 422),
        ("a: [", "application/yaml", 422),
        ("a=b", "application/x-www-form-urlencoded", 415),
        ('{"a": "' + "x" * 1_000_000 + '"}', "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(
    door: Door, body: str, kind: str, status: int
) -> None:
    answer = ask(door, "PUT", VISITS, body, **{"content-type": kind})
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_the_file_itself_may_be_sent_and_wait_for_people(door: Door) -> None:
    answer = ask(door, "PUT", VISITS, YAML, **{"content-type": "application/yaml"})
    assert (answer.status_code, counts(answer)) == (201, {})
    row = {"to_number": "+16175550107", "name": "Cleo"}
    added = ask(door, "PUT", f"{VISITS}/contacts/7", {"row": row})
    assert (added.status_code, added.json()["effect"]) == (200, "added")
    assert rung(door) == {"+16175550107": "Cleo"}


def test_a_campaign_may_begin_paused(door: Door) -> None:
    put(door, f"{VISITS}?start=paused")
    assert rung(door) == {}
    assert ask(door, "POST", f"{VISITS}/resume").json()["state"] == "running"
    assert len(rung(door)) == 2


# --- the same request twice ----------------------------------------------------------------


def test_a_campaign_that_a_file_keeps_is_not_changed_by_chance(door: Door, tmp_path: Path) -> None:
    (tmp_path / "visits.yaml").write_text(
        "name: visits\nagent_id: agent_of_the_file\nfrom_number: '+16175550199'\n"
        "contacts:\n  key: id\n  rows: [{id: v1, to_number: '+16175550101', name: Ann}]\n"
    )
    mine = load(tmp_path / "visits.yaml").submission()
    submit(mine, door.world.parts, who="test")
    refused = put(door, contacts=people(1, 2))
    assert refused.status_code == 409
    assert "is kept by" in refused.json()["detail"]
    assert "?take_over=true" in refused.json()["detail"]
    tried = put(door, f"{VISITS}?dry_run=true", contacts=people(1, 2)).json()
    assert "is kept by" in tried["refused"]
    assert put(door, f"{VISITS}?take_over=true", contacts=people(1, 2)).status_code == 200
    assert put(door, contacts=people(1, 2, 3)).status_code == 200
    with pytest.raises(Conflict, match="kept by an HTTP client"):
        submit(mine, door.world.parts, who="test")


def test_a_request_sent_again_has_the_same_answer(door: Door) -> None:
    first = ask(door, "PUT", VISITS, CAMPAIGN, **{"idempotency-key": "k1"})
    again = ask(door, "PUT", VISITS, CAMPAIGN, **{"idempotency-key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    other = ask(door, "PUT", VISITS, {**CAMPAIGN, "x-a": 1}, **{"idempotency-key": "k1"})
    assert other.status_code == 422
    elsewhere = ask(door, "PUT", f"{VISITS}-2", CAMPAIGN, **{"idempotency-key": "k1"})
    assert elsewhere.status_code == 201


def test_what_was_refused_may_be_sent_again(door: Door) -> None:
    keyed = {"idempotency-key": "k1"}
    path = f"{VISITS}/contacts/7"
    row = {"row": {"id": 7, "to_number": "+16175550107", "name": "Cleo"}}
    assert ask(door, "PUT", path, row, **keyed).status_code == 404
    put(door)
    assert ask(door, "PUT", path, row, **keyed).json()["effect"] == "added"
    assert ask(door, "PUT", path, row, **keyed).json()["effect"] == "added"
    assert ask(door, "PUT", path, row).json()["effect"] == "unchanged"


def test_one_that_is_under_way_is_not_done_twice(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go = threading.Event(), threading.Event()
    answers: list[int] = []

    def slowly(*args: Any, **kwargs: Any) -> Submitted:
        inside.set()
        go.wait(10)
        return submit(*args, **kwargs)

    monkeypatch.setattr("campaigns.web.campaigns.submit", slowly)
    keyed = {"idempotency-key": "k1"}
    first = threading.Thread(
        target=lambda: answers.append(ask(door, "PUT", VISITS, CAMPAIGN, **keyed).status_code)
    )
    first.start()
    assert inside.wait(10)
    assert ask(door, "PUT", VISITS, CAMPAIGN, **keyed).status_code == 409
    go.set()
    first.join()
    assert answers == [201]


# --- one contact ---------------------------------------------------------------------------


def test_one_contact_is_put_looked_at_and_withdrawn(door: Door) -> None:
    put(door)
    path = f"{VISITS}/contacts/1"
    row = {"to_number": "+16175550101", "name": "Anna"}
    answer = ask(door, "PUT", path, {"row": row, "updated_at": "2026-03-02T10:00:00Z"})
    assert answer.status_code == 200
    assert answer.json()["effect"] == "changed"
    assert answer.json()["live_call"] is None
    seen = ask(door, "GET", path).json()
    assert seen["row"] == {"id": "1", **row}
    assert (seen["updated_at"], seen["withdrawn"]) == ("2026-03-02T10:00:00Z", False)
    assert [task["state"] for task in seen["tasks"]] == ["waiting"]
    older = ask(door, "PUT", path, {"row": row, "updated_at": "2026-03-01T10:00:00Z"})
    assert older.status_code == 409
    older = ask(door, "DELETE", f"{path}?updated_at=2026-03-01T10:00:00Z")
    assert older.status_code == 409
    assert ask(door, "DELETE", path).json()["effect"] == "withdrawn"
    assert ask(door, "GET", path).json()["withdrawn"] is True
    assert rung(door) == {"+16175550102": "Ben"}


def test_a_call_that_is_live_is_told(door: Door) -> None:
    put(door)
    rung(door)
    answer = ask(door, "DELETE", f"{VISITS}/contacts/1").json()
    ids = {one["id"] for one in door.world.attempts()}
    assert answer["live_call"]["attempt_id"] in ids
    assert answer["live_call"]["since"].endswith("Z")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "/row"),
        ({"row": []}, "/row"),
        ({"row": {"name": [1]}}, "/row/name"),
        ({"row": {"name": "x"}, "more": 1}, "/more"),
        ({"row": {"name": "x"}, "updated_at": "noon"}, "/updated_at"),
        ({"row": {"name": "x"}, "updated_at": "2026-03-02T10:00:00"}, "/updated_at"),
        ({"row": {"to_number": "12"}}, "/row"),
    ],
)
def test_a_contact_that_cannot_be_read_says_where(door: Door, body: object, at: str) -> None:
    put(door)
    answer = ask(door, "PUT", f"{VISITS}/contacts/9", body)
    assert answer.status_code == 422
    assert [one["at"] for one in answer.json()["errors"]] == [at]


def test_a_known_one_that_cannot_be_read_is_held(door: Door) -> None:
    put(door)
    answer = ask(door, "PUT", f"{VISITS}/contacts/1", {"row": {"to_number": "12"}})
    assert (answer.status_code, answer.json()["held"]) == (422, True)
    assert ask(door, "GET", f"{VISITS}/contacts/1").json()["held"] is True
    assert rung(door) == {"+16175550102": "Ben"}


def test_a_key_may_hold_anything_that_is_written(door: Door) -> None:
    put(door)
    row = {"to_number": "+16175550109", "name": "Dee"}
    for key in ("a%2Fb", "a/c", "%2B1%20x", "%C3%A9"):
        answer = ask(door, "PUT", f"{VISITS}/contacts/{key}", {"row": row})
        assert (answer.status_code, answer.json()["effect"]) == (200, "added")
    for key in ("", "%00", "x%0Ay", "k" * 300):
        assert ask(door, "PUT", f"{VISITS}/contacts/{key}", {"row": row}).status_code == 404


def test_contacts_come_in_pages(door: Door) -> None:
    put(door, contacts=people(*range(5)))
    found, after = [], ""
    while True:
        page = ask(door, "GET", f"{VISITS}/contacts?limit=2{after}").json()
        found += [one["key"] for one in page["contacts"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == ["0", "1", "2", "3", "4"]
    assert ask(door, "GET", f"{VISITS}/contacts?state=done").json()["contacts"] == []
    assert ask(door, "GET", f"{VISITS}/contacts?limit=0").status_code == 422
    assert ask(door, "GET", f"{VISITS}/contacts?after=x").status_code == 422


def test_rows_that_became_no_contact_are_listed(door: Door) -> None:
    rows = [*people(1)["rows"], {"id": 2, "to_number": "12", "name": "x"}]  # type: ignore[misc]
    assert counts(put(door, contacts={"key": "id", "rows": rows}))["rejected"] == 1
    (bad,) = ask(door, "GET", f"{VISITS}/contacts?rejected=true").json()["rows"]
    assert (bad["line"], bad["column"]) == (2, "to_number")


# --- decisions -----------------------------------------------------------------------------


def test_campaigns_are_listed_paused_resumed_and_cancelled(door: Door) -> None:
    put(door)
    put(door, f"{VISITS}-2")
    page = ask(door, "GET", "/v1/campaigns?limit=1").json()
    assert [one["name"] for one in page["campaigns"]] == ["visits-2"]
    page = ask(door, "GET", f"/v1/campaigns?after={page['next']}").json()
    assert ([one["name"] for one in page["campaigns"]], page["next"]) == (["visits"], None)
    paused = ask(door, "POST", f"{VISITS}/pause", {"reason": "lunch"})
    assert paused.json() == {"campaign": "visits", "state": "paused", "paused_why": "lunch"}
    assert ask(door, "GET", VISITS).json()["summary"]["paused_by"] == "http"
    assert ask(door, "POST", f"{VISITS}/resume").json()["state"] == "running"
    assert ask(door, "POST", f"{VISITS}/resume").status_code == 409
    assert ask(door, "POST", f"{VISITS}/cancel").json()["state"] == "cancelled"
    assert put(door).status_code == 409
    assert put(door, f"{VISITS}?dry_run=true").status_code == 409


def test_the_first_calls_are_heard_before_the_others_are_made(door: Door) -> None:
    put(door, pacing={"first": 1})
    early = ask(door, "POST", f"{VISITS}/approve")
    assert (early.status_code, early.json()["detail"]) == (
        409,
        "nobody of visits has been called yet: there is nothing to hear",
    )
    assert len(rung(door)) == 1
    assert ask(door, "GET", VISITS).json()["summary"]["state"] == "waiting_for_approval"
    approved = ask(door, "POST", f"{VISITS}/approve")
    assert (approved.status_code, approved.json()["state"]) == (200, "running")
    assert len(rung(door)) == 2


def test_one_number_is_told_over_all_campaigns(door: Door) -> None:
    put(door)
    rung(door)
    said = ask(door, "GET", "/v1/numbers/%2B16175550101").json()
    assert (said["known"], len(said["calls"])) == (True, 1)
    assert [(cap["rule"], cap["used"], cap["calls"]) for cap in said["caps"]] == [
        ("house_cap", 1, 4)
    ]
    assert [(task["campaign"], task["source_line"]) for task in said["tasks"]] == [("visits", 1)]
    assert not ask(door, "GET", "/v1/numbers/%2B16175550199").json()["known"]
    assert ask(door, "GET", "/v1/numbers/12").status_code == 422


def test_everything_may_be_paused_at_once(door: Door) -> None:
    put(door)
    assert ask(door, "POST", "/v1/pause", {"reason": "storm"}).json() == {"paused": ["default"]}
    assert rung(door) == {}
    assert ask(door, "POST", "/v1/resume", {"account": "nobody"}).status_code == 404
    assert ask(door, "POST", "/v1/resume", {"reason": "x"}).status_code == 422
    assert ask(door, "POST", "/v1/resume").json() == {"resumed": ["default"]}
    assert len(rung(door)) == 2


def test_who_is_suppressed_is_not_called(door: Door) -> None:
    put(door)
    path = "/v1/suppressions"
    said = {"to_number": "+16175550101", "reason": "asked"}
    assert ask(door, "POST", path, said).json() == {"added": True, "dropped": 1}
    assert ask(door, "POST", path, said).json() == {"added": False, "dropped": 0}
    (one,) = ask(door, "GET", path).json()["suppressions"]
    assert (one["to_number"], one["source"]) == ("+16175550101", "http")
    assert rung(door) == {"+16175550102": "Ben"}
    assert ask(door, "DELETE", f"{path}?to_number=%2B16175550101").json() == {"removed": True}
    assert ask(door, "DELETE", f"{path}?to_number=%2B16175550101").status_code == 404
    assert ask(door, "DELETE", f"{path}?to_number=12").status_code == 422


def test_who_is_suppressed_in_one_campaign_is_called_by_another(door: Door) -> None:
    put(door)
    path = "/v1/suppressions"
    said = {"to_number": "+16175550101", "campaign": "visits"}
    assert ask(door, "POST", path, said).json() == {"added": True, "dropped": 1}
    assert ask(door, "POST", path, {**said, "campaign": "none"}).status_code == 404
    assert ask(door, "GET", path).json()["suppressions"] == []
    (one,) = ask(door, "GET", f"{path}?campaign=visits").json()["suppressions"]
    assert (one["to_number"], one["campaign"]) == ("+16175550101", "visits")
    assert ask(door, "GET", f"{path}?campaign=none").status_code == 404
    (told,) = ask(door, "GET", "/v1/numbers/%2B16175550101").json()["suppressed"]
    assert told["campaign"] == "visits"
    number = f"{path}?to_number=%2B16175550101"
    assert ask(door, "DELETE", number).status_code == 404
    assert ask(door, "DELETE", f"{number}&campaign=visits").json() == {"removed": True}


def test_why_one_contact_is_not_yet_called_is_told(door: Door) -> None:
    put(door)
    keys = [one["key"] for one in ask(door, "GET", f"{VISITS}/contacts").json()["contacts"]]
    ask(door, "POST", f"{VISITS}/pause", {"reason": "lunch"})
    said = ask(door, "GET", f"{VISITS}/contacts/{keys[0]}/explain").json()
    assert (said["campaign"], said["state"]) == ("visits", "paused")
    assert said["contact"]["to_number"] == "+16175550101"
    (task,) = said["tasks"]
    assert [(one["rule"], one["lifted_by"]) for one in task["next"]["needs"]] == [
        ("running", "person")
    ]
    (listed,) = ask(door, "GET", "/v1/campaigns").json()["campaigns"]
    assert [(why["reason"], why["count"]) for why in listed["waiting"]] == [("paused", 2)]
    assert ask(door, "GET", f"{VISITS}/contacts/nobody/explain").status_code == 404


def test_a_page_that_somebody_looks_at_decides_nothing(door: Door) -> None:
    put(door)
    origin = {"origin": "https://example.com", "content-type": "text/plain"}
    assert door.ask("POST", f"{VISITS}/cancel", headers=origin).status_code == 401
    assert len(rung(door)) == 2


def test_whoever_has_no_key_is_told_nothing() -> None:
    door = Door(World(), CAMPAIGNS_API_KEYS="vck_one_0123456789abcdef")
    for method, path in (("GET", VISITS), ("PUT", VISITS), ("DELETE", f"{VISITS}/contacts/1")):
        assert ask(door, method, path).status_code == 401
    key = {"authorization": "Bearer vck_one_0123456789abcdef"}
    assert ask(door, "PUT", VISITS, CAMPAIGN, **key).status_code == 201
    door.close()


def test_no_log_line_names_a_person_or_a_key(door: Door) -> None:
    with capture_logs() as lines:
        put(door)
        row = {"to_number": "+16175550107", "name": "Cleo"}
        ask(door, "PUT", f"{VISITS}/contacts/secret-key", {"row": row})
        ask(door, "PUT", f"{VISITS}/contacts/secret-key", {"row": {"to_number": "12 Cleo"}})
        ask(door, "DELETE", f"{VISITS}/contacts/secret-key")
        ask(door, "DELETE", "/v1/suppressions?to_number=%2B16175550107")
    said = str(lines)
    assert "/v1/campaigns/{name}/contacts/{key:path}" in said
    for personal in ("secret-key", "Cleo", "5550107"):
        assert personal not in said
