"""Nothing that goes through the logs tells whom we call, what we say or which key we hold."""

import json
import logging
from datetime import UTC, datetime

import pytest
import structlog

from campaigns.errors import DatabaseAway
from campaigns.logs import configure, masked

NUMBER = "+12025550100"


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    return err


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(said(capsys))
    return parsed


@pytest.mark.parametrize("style", ["console", "json"])
def test_numbers_are_masked_wherever_they_stand(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("info", style)
    structlog.get_logger("campaigns.test").warning(
        f"dialing {NUMBER}",
        to=NUMBER,
        nested={"list": [NUMBER, {NUMBER: 1}]},
        error=ValueError(NUMBER),
    )
    text = said(capsys)
    assert NUMBER not in text
    assert text.count("+1••••••0100") == 5


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_traceback_tells_kinds_and_places_and_shows_no_text_or_variable(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("info", style)
    contact_name = "Ann Example"
    try:
        try:
            raise ValueError(f"no {NUMBER} for {contact_name}")
        except ValueError as cause:
            raise DatabaseAway(f"not now, {NUMBER}") from cause
    except DatabaseAway:
        structlog.get_logger().exception("failed")
    text = said(capsys).replace(r"\n", "\n")
    assert "ValueError\n" in text
    assert "DatabaseAway: not now, +1••••••0100" in text
    assert "test_logs.py" in text
    assert contact_name not in text.replace('contact_name = "Ann Example"', "")


@pytest.mark.parametrize(
    "key",
    ["authorization", "Authorization", "token", "mac", "secret", "api_key", "context", "password"],
)
def test_secret_keys_are_dropped_at_any_depth(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    structlog.get_logger().info(
        "x", **{key: "hide", f"hook_{key}": "hide"}, deep={"in": [{key: "hide", "keep": 1}]}
    )
    shown = line(capsys)
    assert "hide" not in json.dumps(shown)
    assert shown["deep"] == {"in": [{"keep": 1}]}


def test_libraries_that_log_go_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    logging.getLogger("some.library").warning("GET %s", f"https://h/x?to=%2B{NUMBER[1:]}")
    shown = line(capsys)
    assert shown["event"] == "GET https://h/x?to=+1••••••0100"
    assert shown["logger"] == "some.library"
    assert shown["level"] == "warning"
    assert str(shown["timestamp"]).endswith("Z")


def test_a_client_s_line_per_request_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    logging.getLogger("httpx").info("HTTP Request: POST")
    assert said(capsys) == ""


def test_the_level_holds(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning")
    structlog.get_logger().info("not shown")
    structlog.get_logger().warning("shown")
    assert "not shown" not in said(capsys)


def test_configured_twice_says_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    configure("info", "json")
    structlog.get_logger().info("once", at=datetime(2026, 11, 21, tzinfo=UTC), n=3)
    shown = line(capsys)
    assert (shown["at"], shown["n"]) == ("2026-11-21T00:00:00+00:00", 3)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+44 20 7946 0958", "+4•••••••0958"),
        ("tel:+1 (202) 555-0100.", "tel:+1••••••0100."),
        ("+1-202-555-0100,+1-202-555-0101", "+1••••••0100,+1••••••0101"),
        ("2026-11-21T10:00:00+00:00", "2026-11-21T10:00:00+00:00"),
        ("a+b 1+1234", "a+b 1+1234"),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer ••••"),
        ("/hooks/v1/k1/9f0e/AbC-_9?x=1", "/hooks/v1/k1/9f0e/••••?x=1"),
        ("redis://:hunter2@r:6379/0", "redis://:••••@r:6379/0"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
