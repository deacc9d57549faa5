"""Which provider may be spoken to with which key: the wall between rehearsal and real calls.

A rehearsal sends only `sim_` keys, and only to a loopback or private address; a real engine
refuses such keys. A name can resolve to anything, so the peer's address is looked at again on
every connection, before the first byte leaves.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from campaigns.errors import ConfigurationError, Fault

Kind = Literal["real", "rehearsal"]
DEFAULT_URL = "https://api.thinnest.ai"
SIMULATOR_PREFIX = "sim_"

_URL_NAME = "CAMPAIGNS_PROVIDER_URL"
_NEAR = tuple(
    ipaddress.ip_network(net)
    for net in (
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7",
    )
)  # fmt: skip
_NEAR_SUFFIXES = (".localhost", ".local", ".internal")


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """A checked place to call through. `near_only`: no connection may leave this network."""

    url: str
    world: Kind
    near_only: bool


def open_gateway(*, api_key: str, base_url: str, world: Kind) -> Gateway:
    """The gateway, or a ConfigurationError with every fault. The key is never repeated."""
    faults = [*_key_faults(api_key, world), *_url_faults(base_url)]
    if faults:
        raise ConfigurationError(faults)
    parts = urlsplit(base_url.strip())
    near = _near_name(parts.hostname or "")
    if world == "rehearsal" and not near:
        faults.append(
            Fault(
                at=_URL_NAME,
                expected="a loopback or private address in a rehearsal",
                got=parts.hostname or "",
                hint="a rehearsal never speaks to the real provider",
            )
        )
    if parts.scheme == "http" and not near:
        faults.append(
            Fault(
                at=_URL_NAME,
                expected="https://",
                got="http:// to a public host",
                hint="the key would travel in clear",
            )
        )
    if faults:
        raise ConfigurationError(faults)
    return Gateway(
        url=base_url.strip().rstrip("/"),
        world=world,
        near_only=world == "rehearsal" or parts.scheme == "http",
    )


def is_near(address: str) -> bool:
    """Whether an IP address is loopback or private."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in net for net in _NEAR if net.version == ip.version)


def _near_name(host: str) -> bool:
    """A near address, or a name that only a local resolver can know; the peer is checked later."""
    if ":" in host or host.replace(".", "").isdigit():
        return is_near(host)
    return "." not in host or host.endswith(_NEAR_SUFFIXES)


def _key_faults(api_key: str, world: Kind) -> list[Fault]:
    name = "provider key"
    if not api_key or not api_key.isascii() or any(not "!" <= c <= "~" for c in api_key):
        return [
            Fault(
                at=name,
                expected="a key of printable characters without spaces",
                got="nothing" if not api_key.strip() else "something else",
                hint="set THINNESTAI_API_KEY",
            )
        ]
    simulated = api_key.startswith(SIMULATOR_PREFIX)
    if world == "rehearsal" and not simulated:
        hint = "a rehearsal never carries a real key"
        return [Fault(at=name, expected="a sim_ key in a rehearsal", got="another", hint=hint)]
    if world == "real" and simulated:
        hint = "sim_ keys belong to the simulator; use --simulate for a rehearsal"
        return [Fault(at=name, expected="a real key", got="a sim_ key", hint=hint)]
    return []


def _url_faults(base_url: str) -> list[Fault]:
    expected = "https://host[:port] without user, query or fragment"
    try:
        parts = urlsplit(base_url.strip())
        sound = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not (parts.username or parts.password or parts.query or parts.fragment)
            and base_url.strip().isascii()
            and base_url.strip().isprintable()
            and " " not in base_url.strip()
        )
    except ValueError:
        sound = False
    return [] if sound else [Fault(at=_URL_NAME, expected=expected, got="something else")]
