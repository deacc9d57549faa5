"""Who may tell us how a call ended, and what a body says whatever it is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.calls import CallEvent, CallStatus
from campaigns.errors import ConfigurationError
from campaigns.provider.webhooks import (
    HookKeys,
    digest,
    hook_path,
    read_account_event,
    read_event,
    verify,
)

NOW = datetime(2026, 3, 7, 10, 2, 30, tzinfo=UTC)
SECRET = "a-long-enough-secret"
KEYS = HookKeys.from_secret(SECRET)
ATTEMPT = "0b7e6f0e-5a4e-4f0d-9a6c-2f1f4f9d8c11"


def parts(path: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"/hooks/v1/([0-9a-f]{8})/([^/]+)/([A-Za-z0-9_-]{32})", path)
    assert found
    return found[1], found[2], found[3]


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


# The address


def test_an_address_verifies_for_its_own_attempt_only() -> None:
    key_id, attempt, mac = parts(hook_path(KEYS, ATTEMPT))
    assert attempt == ATTEMPT
    assert verify(key_id, ATTEMPT, mac, KEYS)
    assert not verify(key_id, ATTEMPT.replace("0b", "0c"), mac, KEYS)
    assert not verify("00000000", ATTEMPT, mac, KEYS)
    assert not verify(key_id, ATTEMPT, "", KEYS)
    assert not verify(key_id, ATTEMPT, mac[:-1], KEYS)
    assert not verify(key_id, ATTEMPT, mac + "A", KEYS)


def test_an_unknown_key_id_verifies_nothing_also_under_a_key_of_zeros() -> None:
    zeros = HookKeys(current="00000000", keys={"00000000": bytes(32)})
    assert not verify(*parts(hook_path(zeros, ATTEMPT)), KEYS)


def test_the_mac_is_the_documented_one() -> None:
    key_id, _, mac = parts(hook_path(KEYS, ATTEMPT))
    plain = hmac.new(KEYS.keys[key_id], f"hook|v1|{ATTEMPT}".encode(), hashlib.sha256).digest()
    assert mac == base64.urlsafe_b64encode(plain).decode()[:32]


@given(st.integers(0, 31), st.integers(0, 6))
def test_no_flipped_bit_of_a_mac_verifies(place: int, bit: int) -> None:
    key_id, _, mac = parts(hook_path(KEYS, ATTEMPT))
    forged = mac[:place] + chr(ord(mac[place]) ^ (1 << bit)) + mac[place + 1 :]
    assert not verify(key_id, ATTEMPT, forged, KEYS)


@given(st.text(), st.text(), st.text())
def test_nothing_made_up_verifies_or_raises(key_id: str, attempt: str, mac: str) -> None:
    assert not verify(key_id, attempt, mac, KEYS)
    assert not verify(KEYS.current, attempt, mac, KEYS)


@given(st.uuids().map(str))
def test_every_attempt_verifies(attempt: str) -> None:
    assert verify(*parts(hook_path(KEYS, attempt)), KEYS)


def test_after_a_rotation_old_addresses_still_verify_and_new_ones_use_the_new_key() -> None:
    rotated = HookKeys.from_secret("another-long-secret", previous=[SECRET])
    old, new = parts(hook_path(KEYS, ATTEMPT)), parts(hook_path(rotated, ATTEMPT))
    assert verify(*old, rotated)
    assert verify(*new, rotated)
    assert new[0] == rotated.current != old[0]
    assert not verify(*new, KEYS)
    # A MAC of one key is worth nothing under the name of another.
    assert not verify(new[0], ATTEMPT, old[2], rotated)
    dropped = HookKeys.from_secret("another-long-secret")
    assert not verify(*old, dropped)


def test_keys_are_derived_the_same_everywhere_and_never_shown() -> None:
    assert HookKeys.from_secret(SECRET) == KEYS
    assert SECRET not in repr(KEYS)
    assert repr(KEYS.keys[KEYS.current]) not in repr(KEYS)


def test_a_short_secret_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigurationError) as refused:
        HookKeys.from_secret("hunter2")
    assert "hunter2" not in str(refused.value)


# The body


def test_the_form_with_an_event() -> None:
    body = {
        "event": "call.completed",
        "call_id": "call_abc123",
        "status": "completed",
        "duration": 145,
        "timestamp": "2026-03-07T10:02:30Z",
    }
    assert read_event(encode(body)) == CallEvent(
        call_id="call_abc123",
        status=CallStatus.COMPLETED,
        word="completed",
        duration_s=145.0,
        at=NOW,
    )


def test_the_older_form() -> None:
    body = {"call_id": "call_1", "status": "no_answer", "timestamp": 1772877750}
    assert read_event(encode(body)) == CallEvent(
        call_id="call_1", status=CallStatus.NO_ANSWER, word="no_answer", at=NOW
    )


@pytest.mark.parametrize("status", list(CallStatus))
def test_every_documented_word_in_either_place(status: CallStatus) -> None:
    assert read_event(encode({"status": status.value})).status is status
    assert read_event(encode({"event": f"call.{status.value}"})).status is status


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"event": "call.teleported", "status": "teleported"}, None, "teleported"),
        ({"event": "call.teleported"}, None, "call.teleported"),
        ({"status": "teleported"}, None, "teleported"),
        ({"event": "call.no_answer", "status": "teleported"}, CallStatus.NO_ANSWER, "no_answer"),
        ({"event": "call.no_answer", "status": "completed"}, CallStatus.COMPLETED, "completed"),
        ({"event": "call.completed", "status": "no_answer"}, CallStatus.COMPLETED, "completed"),
        ({"event": "call.completed", "status": 7}, CallStatus.COMPLETED, "completed"),
        ({"data": {"call_id": "c", "status": "busy"}}, CallStatus.BUSY, "busy"),
        ({"event": "voice.call.started", "data": {}}, CallStatus.INITIATING, "voice.call.started"),
        ({"event": "voice.call.ended", "data": {}}, None, "voice.call.ended"),
        (
            {"event": "voice.call.ended", "data": {"ended_reason": "busy"}},
            CallStatus.BUSY,
            "voice.call.ended",
        ),
        (
            {"event": "voice.call.ended", "data": {"status": "ended", "duration_seconds": 9}},
            CallStatus.COMPLETED,
            "ended",
        ),
        ({}, None, ""),
        ([], None, "unreadable"),
    ],
)
def test_unknown_words_are_kept_and_a_contradiction_takes_the_higher_rank(
    body: Any, status: CallStatus | None, word: str
) -> None:
    event = read_event(encode(body))
    assert (event.status, event.word) == (status, word)


KEYS_OF_EVENTS = st.sampled_from(
    ["event", "call_id", "status", "duration", "timestamp", "data", "ended_reason", "transcript"]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["call.completed", "voice.call.ended", "ended", "busy"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS_OF_EVENTS, inner, max_size=5),
    max_leaves=12,
)


@given(st.binary() | JSON.map(encode))
def test_any_body_is_an_event_that_can_be_stored(body: bytes) -> None:
    event = read_event(body)
    assert len(event.word) <= 100
    assert "\0" not in event.word
    event.word.encode()
    assert event.duration_s is None or event.duration_s >= 0
    assert event.at is None or event.at.tzinfo is not None
    assert len(digest(body)) == 64


def test_the_digest_knows_a_repetition_in_another_spelling() -> None:
    assert digest(b'{"a": 1, "b": 2}') == digest(b'{"b":2,\n"a":1}')
    assert digest(b'{"a": 1}') != digest(b'{"a": 2}')
    assert digest(b"junk") != digest(b"junk ")
    assert digest(b"[" * 100_000) != digest(b"[" * 99_999)


# Signed, account-level


def signed(
    body: bytes, *, at: datetime = NOW, secret: str = SECRET, **changes: str
) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "X-Webhook-Signature": f"sha256={mac}",
        "X-Webhook-Timestamp": stamp,
        "X-Webhook-Delivery-Id": "d-1",
        "X-Webhook-Event": "voice.call.ended",
    }
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}


ENDED = encode(
    {"event": "voice.call.ended", "agent_id": "g", "data": {"call_id": "c", "status": "completed"}}
)


def test_a_signed_event_is_read() -> None:
    got = read_account_event(signed(ENDED), ENDED, SECRET, NOW)
    assert got is not None
    delivery, event = got
    assert delivery == "d-1"
    assert (event.call_id, event.status) == ("c", CallStatus.COMPLETED)
    lower = {name.lower(): value for name, value in signed(ENDED).items()}
    assert read_account_event(lower, ENDED, SECRET, NOW) == got


def test_without_a_delivery_id_the_content_stands_for_it() -> None:
    headers = signed(ENDED)
    del headers["X-Webhook-Delivery-Id"]
    got = read_account_event(headers, ENDED, SECRET, NOW)
    assert got is not None
    assert got[0] == digest(ENDED)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(ENDED, secret="another"),
        signed(ENDED + b" "),
        signed(ENDED, at=NOW - timedelta(minutes=5, seconds=2)),
        signed(ENDED, at=NOW + timedelta(minutes=5, seconds=2)),
        signed(ENDED, X_Webhook_Timestamp=str(int(NOW.timestamp()) - 1)),
        signed(ENDED, X_Webhook_Timestamp="soon"),
        signed(ENDED, X_Webhook_Timestamp="١٧٧٢٨٧٧٧٥٠"),
        signed(ENDED, X_Webhook_Timestamp="9" * 5000),
        signed(ENDED, X_Webhook_Signature=""),
        signed(ENDED, X_Webhook_Signature="sha256=é"),
    ],
)
def test_what_is_not_genuine_says_nothing(headers: dict[str, str]) -> None:
    assert read_account_event(headers, ENDED, SECRET, NOW) is None


def test_without_a_secret_nothing_is_genuine() -> None:
    assert read_account_event(signed(ENDED, secret=""), ENDED, "", NOW) is None


@given(st.integers(0, 63), st.integers(0, 6))
def test_no_flipped_bit_of_a_signature_verifies(place: int, bit: int) -> None:
    headers = signed(ENDED)
    good = headers["X-Webhook-Signature"].removeprefix("sha256=")
    flipped = good[:place] + chr(ord(good[place]) ^ (1 << bit)) + good[place + 1 :]
    headers["X-Webhook-Signature"] = f"sha256={flipped}"
    # The case of a hex digit is no information.
    genuine = flipped.lower() == good
    assert (read_account_event(headers, ENDED, SECRET, NOW) is not None) is genuine
