"""The wall between rehearsal and real calls."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.errors import ConfigurationError
from campaigns.provider.world import DEFAULT_URL, is_near, open_gateway

REAL = "tk_a-real-key"
SIM = "sim_anything"


@pytest.mark.parametrize(
    ("url", "near_only"),
    [
        (DEFAULT_URL, False),
        ("https://api.thinnest.ai/", False),
        ("https://10.0.0.5:8443", False),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://gateway:8000", True),
    ],
)
def test_a_real_key_goes_over_tls_or_stays_in_this_network(url: str, near_only: bool) -> None:
    gateway = open_gateway(api_key=REAL, base_url=url, world="real")
    assert gateway.near_only is near_only
    assert not gateway.url.endswith("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9",
        "http://[::1]:9",
        "http://192.168.1.4",
        "http://simulator:8000",
        "https://sim.internal",
    ],
)
def test_a_rehearsal_speaks_to_near_addresses_and_checks_each_peer(url: str) -> None:
    assert open_gateway(api_key=SIM, base_url=url, world="rehearsal").near_only


@pytest.mark.parametrize(
    ("key", "url", "world"),
    [
        (SIM, DEFAULT_URL, "real"),
        (SIM, "http://localhost", "real"),
        (REAL, "http://localhost", "rehearsal"),
        (SIM, DEFAULT_URL, "rehearsal"),
        (SIM, "http://8.8.8.8", "rehearsal"),
        (SIM, "http://2130706433.example.com", "rehearsal"),
        (REAL, "http://api.thinnest.ai", "real"),
        (REAL, "http://8.8.8.8", "real"),
        (REAL, "http://169.254.169.254", "real"),
        (REAL, "", "real"),
        (REAL, "api.thinnest.ai", "real"),
        (REAL, "ftp://api.thinnest.ai", "real"),
        (REAL, "https://user:pass@api.thinnest.ai", "real"),
        (REAL, "https://api.thinnest.ai?x=1", "real"),
        (REAL, "https://api.thinnest.ai#x", "real"),
        (REAL, "https://api.thinnest.ai:port", "real"),
        (REAL, "https://[::1", "real"),
        (REAL, "https://api.thinnest.ai\nHost: x", "real"),
        ("", DEFAULT_URL, "real"),
        ("two words", DEFAULT_URL, "real"),
        ("line\nbreak", DEFAULT_URL, "real"),
        ("clé", DEFAULT_URL, "real"),
    ],
)
def test_the_wrong_key_or_place_is_refused_without_repeating_the_key(
    key: str, url: str, world: Any
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_gateway(api_key=key, base_url=url, world=world)
    assert not key or key not in str(refused.value)
    assert "pass" not in str(refused.value)


def test_all_faults_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_gateway(api_key="", base_url="ftp://x", world="real")
    assert len(refused.value.faults) == 2


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("192.168.0.1", True),
        ("::1", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("fe80::1%eth0", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_near_is_loopback_or_private(address: str, near: bool) -> None:
    assert is_near(address) is near
