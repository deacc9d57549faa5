"""How one environment value is read: each reader takes the text and answers a value, or says
what was expected instead. URLs and secrets are never quoted in a fault.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from campaigns.core.calls import Limit


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """At most `count` requests in any `window`."""

    count: int
    window: timedelta

    def __str__(self) -> str:
        return f"{self.count}/{self.window.total_seconds():g}s"


_MOST_CALLS = 10_000


class Wrong(Exception):
    """A value that cannot be used; carries the rest of the fault's sentence."""

    def __init__(self, expected: str, *, got: str = "", hint: str = "") -> None:
        self.expected, self.got, self.hint = expected, got, hint
        super().__init__(expected)


def duration(text: str) -> timedelta:
    """`1s`, `6.2s`, `500ms`, `2m`, `1h`; at most a day."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|min|m|h)", text)
    if match is None:
        raise Wrong("a duration such as 1s, 500ms or 2m", got=text)
    seconds = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600}[match[2]]
    span = timedelta(seconds=float(match[1]) * seconds)
    if span > timedelta(hours=24):
        raise Wrong("a duration of at most 24h", got=text)
    return span


def rate(text: str) -> Rate:
    """`10/60s`: ten in any sixty seconds."""
    count, _, window = (piece.strip() for piece in text.partition("/"))
    if not window or not re.fullmatch(r"\d{1,6}", count):
        raise Wrong("a limit such as 10/60s", got=text)
    span = duration(window)
    if int(count) < 1 or span < timedelta(seconds=1):
        raise Wrong("at least 1 in a window of at least 1s", got=text)
    return Rate(count=int(count), window=span)


def calls(text: str) -> int:
    """So many calls at once."""
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= _MOST_CALLS:
        raise Wrong(f"a whole number from 1 to {_MOST_CALLS}, or nothing", got=text)
    return int(text)


def limits(text: str) -> dict[Limit, Rate]:
    """`status:60/60s,sessions:30/60s`: only those that differ from the default."""
    allowed = [limit.value for limit in Limit if limit is not Limit.START]
    found: dict[Limit, Rate] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name not in allowed:
            hint = "use CAMPAIGNS_START_LIMIT" if name == Limit.START else near(name, allowed)
            raise Wrong(f"one of {', '.join(allowed)}", got=name, hint=hint)
        if Limit(name) in found:
            raise Wrong("each limit once", got=f"{name} twice")
        found[Limit(name)] = rate(value)
    return found


def _split(text: str, schemes: set[str], expected: str) -> SplitResult:
    """A URL of one of these schemes. Never quoted in a fault: it may hold a password."""
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        raise Wrong(expected, got="an address that cannot be read") from None
    if url.scheme not in schemes:
        raise Wrong(expected, got=f"{url.scheme}://…" if "://" in text else "no such address")
    return url


def _closed_network(host: str) -> bool:
    """Whether a host is this machine, a private address, or a name inside a composition."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(".localhost")
    return address.is_loopback or address.is_private


def web_url(text: str) -> str:
    """An http address without its last slash; clear text only inside a closed network."""
    url = _split(text, {"http", "https"}, "an address such as https://host")
    if not url.hostname or url.username or url.password or url.query or url.fragment:
        raise Wrong("an address such as https://host, without user, query and fragment")
    if url.scheme == "http" and not _closed_network(url.hostname):
        raise Wrong("https", got="http", hint="keys would cross the network in clear text")
    return text.rstrip("/")


def database_url(text: str) -> str:
    """PostgreSQL, always by psycopg, or an SQLite file by its absolute path."""
    expected = "postgresql://user:password@host/name or sqlite:////absolute/path"
    scheme, _, rest = text.partition("://")
    postgres = {"postgres", "postgresql", "postgresql+psycopg"}
    _split(text, {*postgres, "sqlite"}, expected)
    if scheme in postgres:
        return f"postgresql+psycopg://{rest}"
    if not re.fullmatch(r"//[^/].*", rest):
        raise Wrong(expected, got=text, hint="four slashes: state never depends on a directory")
    return text


def redis_url(text: str) -> SecretStr:
    """The broker; secret as a whole, since a password usually rides in it."""
    expected = "redis://host:6379/0, rediss://… or redis+socket:///path"
    _split(text, {"redis", "rediss", "redis+socket"}, expected)
    return SecretStr(text)


THEIRS = "copy the whole of it from the provider's dashboard"
"""Where a secret comes from that is not ours to make."""


def secret(
    at_least: int, hint: str = "make one with: openssl rand -base64 32"
) -> Callable[[str], SecretStr]:
    """A reader of secrets that are long enough and survive a shell. `hint`: where to get one."""

    def read(text: str) -> SecretStr:
        if len(text) < at_least:
            raise Wrong(f"{at_least} characters or more", got=f"{len(text)}", hint=hint)
        if not re.fullmatch(r"[!-~]+", text):
            raise Wrong("letters, digits and signs without spaces")
        return SecretStr(text)

    return read


def secrets(at_least: int) -> Callable[[str], tuple[SecretStr, ...]]:
    """A reader of secrets separated by commas or lines."""
    one = secret(at_least)

    def read(text: str) -> tuple[SecretStr, ...]:
        pieces = (piece.strip() for piece in re.split(r"[,\n]", text))
        return tuple(one(piece) for piece in pieces if piece)

    return read


def port(text: str) -> int:
    """A TCP port."""
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= 65535:
        raise Wrong("a port from 1 to 65535", got=text)
    return int(text)


def host(text: str) -> str:
    """A name or an address to listen on."""
    if not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", text):
        raise Wrong("a host name or address", got=text)
    return text


def region(text: str) -> str:
    """A country for numbers without one."""
    if not re.fullmatch(r"[A-Za-z]{2}", text):
        raise Wrong("a country by its two letters, such as US", got=text)
    return text.upper()


def one_of(*words: str) -> Callable[[str], str]:
    """A reader of one word out of a few."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise Wrong(f"one of {', '.join(words)}", got=text, hint=near(text, words))
        return text.lower()

    return read


def near(name: str, known: Iterable[str]) -> str:
    """A hint that names the known word which a typo probably meant."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else ""
