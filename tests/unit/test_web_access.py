"""Who may see more than the webhook door: a key, or this machine itself."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from campaigns.web.access import is_local, shows_key

KEYS = (b"first-key-0123456789", b"second-key-0123456789")


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.lower().encode(), text.encode("latin-1")) for name, text in pairs])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "LOCALHOST:8080",
        "127.0.0.1",
        "127.0.0.1:8080",
        "127.8.9.1",
        "[::1]",
        "[::1]:8080",
    ],
)
def test_this_machine_by_its_own_names_is_local(host: str) -> None:
    assert is_local(headers(("Host", host)))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com",
        "localhost.example.com",
        "localhost@example.com",
        "notlocalhost",
        "127.0.0.1.example.com",
        "127.0.0.1:8080.example.com",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.1.5:8080",
        "[::]",
        "[::1",
        "[::1]example.com",
        "::1",
        "localhost:80:80",
        "localhost:x",
        "2130706433",
    ],
)
def test_every_other_name_is_not(host: str) -> None:
    assert not is_local(headers(("Host", host)))


def test_a_request_without_a_host_or_with_two_is_not_local() -> None:
    assert not is_local(headers())
    assert not is_local(headers(("Host", "localhost"), ("Host", "localhost")))


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Anything",
        "X-Real-IP",
        "CF-Connecting-IP",
        "True-Client-IP",
        "CDN-Loop",
        "Ngrok-Trace-Id",
        "Tailscale-User-Login",
    ],
)
def test_whatever_a_proxy_or_tunnel_passed_on_is_not_local(name: str) -> None:
    assert not is_local(headers(("Host", "localhost"), (name, "")))


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]"])
def test_a_page_of_this_machine_is_local(origin: str) -> None:
    assert is_local(headers(("Host", "localhost"), ("Origin", origin)))


@pytest.mark.parametrize(
    "origin",
    ["null", "", "https://example.com", "http://localhost.example.com", "file://", "localhost"],
)
def test_a_page_from_elsewhere_is_not_local_though_its_browser_is(origin: str) -> None:
    assert not is_local(headers(("Host", "localhost"), ("Origin", origin)))


@pytest.mark.parametrize("key", [key.decode() for key in KEYS])
def test_each_key_opens(key: str) -> None:
    assert shows_key(headers(("Authorization", f"Bearer {key}")), KEYS)
    assert shows_key(headers(("Authorization", f"bearer  {key} ")), KEYS)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer first-key-012345678",
        "Bearer first-key-01234567890",
        "Bearer first-key-0123456789,second-key-0123456789",
        "Basic first-key-0123456789",
        "first-key-0123456789",
        "Bearer kéy",
    ],
)
def test_nothing_else_does(said: str) -> None:
    assert not shows_key(headers(("Authorization", said)), KEYS)


def test_two_authorizations_are_none() -> None:
    right = ("Authorization", f"Bearer {KEYS[0].decode()}")
    assert not shows_key(headers(right, right), KEYS)
    assert not shows_key(headers(), KEYS)
