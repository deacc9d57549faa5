"""`doctor`: is this machine ready? Each check says what is wrong and what cures it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

import typer
from rich.text import Text

from campaigns import bootstrap
from campaigns.cli import options, screen, state
from campaigns.cli.health import broker_fault
from campaigns.config import Settings
from campaigns.core import rules
from campaigns.embedded import broker, home
from campaigns.errors import CampaignsError, ConfigurationError, WorldError
from campaigns.store.reads import PROMISED

_FAILED = 3
_NEEDED = timedelta(seconds=2)
_LEAST_FREE, _LITTLE_FREE = 200 * 2**20, 2**30
_FEWEST_ZONES = 400


class Verdict(StrEnum):
    """What a check found."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One check. `cure` is what to do about it."""

    name: str
    verdict: Verdict
    said: str
    cure: str = ""


def doctor(as_json: options.AsJson = False) -> None:
    """Check this machine's setup, and say what cures what is wrong."""
    findings = list(_findings())
    wrong = any(one.verdict is Verdict.WRONG for one in findings)
    if as_json:
        screen.emit({"ok": not wrong, "checks": findings})
    else:
        styles = {Verdict.OK: "green", Verdict.NOTE: "yellow", Verdict.WRONG: "bold red"}
        for one in findings:
            screen.say(
                Text(f"{one.verdict:<6}", style=styles[one.verdict]), f"{one.name:<12}{one.said}"
            )
            if one.cure:
                screen.say(f"{'':18}→ {one.cure}")
    if wrong:
        raise typer.Exit(_FAILED)


def _findings() -> Iterator[Finding]:
    yield _python()
    yield _zones()
    yield _rules()
    try:
        found = state.settings()
    except ConfigurationError as error:
        for fault in error.faults:
            yield Finding(
                name="environment",
                verdict=Verdict.WRONG,
                said=str(fault),
                cure="correct it and run `campaigns doctor` again",
            )
        return
    yield Finding(name="environment", verdict=Verdict.OK, said="every variable can be read")
    for check in _CHECKS:
        yield check(found)


def _ok(name: str, said: str) -> Finding:
    return Finding(name=name, verdict=Verdict.OK, said=said)


def _note(name: str, said: str, cure: str) -> Finding:
    return Finding(name=name, verdict=Verdict.NOTE, said=said, cure=cure)


def _wrong(name: str, said: str, cure: str) -> Finding:
    return Finding(name=name, verdict=Verdict.WRONG, said=said, cure=cure)


def _python() -> Finding:
    said = f"{sys.version_info.major}.{sys.version_info.minor}, SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < (3, 35):
        return _wrong("python", said, "use a Python whose SQLite is 3.35 or newer")
    return _ok("python", said)


def _zones() -> Finding:
    known = len(zoneinfo.available_timezones())
    if known < _FEWEST_ZONES:
        return _wrong("time zones", f"{known} known", "pip install tzdata")
    return _ok("time zones", f"{known} known")


def _rules() -> Finding:
    today = datetime.now(UTC).date()
    late = [row.key for row in rules.rows() if rules.overdue(row, today)]
    if late:
        cure = "upgrade, or look up what the law asks today: running campaigns go on by these rows"
        return _note("rules", f"{len(late)} past their review date: {', '.join(late[:4])}", cure)
    return _ok("rules", f"{len(rules.rows())} rows, none past its review date")


def _home(found: Settings) -> Finding:
    try:
        home.create(found.home)
        with tempfile.NamedTemporaryFile(dir=found.home):
            pass
    except ConfigurationError as error:
        return _wrong("home", str(error), "set CAMPAIGNS_HOME to a directory of yours")
    except OSError as error:
        return _wrong(
            "home",
            f"{state.shortened(found.home)}: {error.strerror}",
            "set CAMPAIGNS_HOME to a directory of yours",
        )
    return _ok("home", state.shortened(found.home))


def _disk(found: Settings) -> Finding:
    try:
        free = shutil.disk_usage(found.home if found.home.exists() else "/").free
    except OSError as error:
        return _note("disk", error.strerror or "cannot be asked", "look at the home's disk")
    said = f"{free / 2**30:.1f} GB free"
    if free < _LEAST_FREE:
        return _wrong("disk", said, "make room: a full disk stops the engine")
    if free < _LITTLE_FREE:
        return _note("disk", said, "make room before it is full")
    return _ok("disk", said)


def _database(found: Settings) -> Finding:
    place = state.place(found)
    try:
        at, needed = state.revisions(found)
    except (CampaignsError, sqlite3.Error) as error:
        cure = "start it, or correct CAMPAIGNS_DATABASE_URL"
        if state.embedded(found):
            cure = "restore it from a backup, or name another home with CAMPAIGNS_HOME"
        return _wrong("database", f"{place}: {error}", cure)
    if at == needed:
        try:
            bootstrap.connect(found.model_copy(update={"public_url": None})).close()
        except CampaignsError as error:
            return _wrong("database", str(error), "docs/production.md, Back up the secret")
        return _ok("database", f"{place}, schema {at}")
    if at is None and state.embedded(found):
        return _ok("database", f"{place}: none yet, the first command makes it")
    return _wrong(
        "database", f"{place}: schema {at or 'none'}, needed {needed}", "campaigns db upgrade"
    )


def _promises(found: Settings) -> Finding:
    try:
        at, needed = state.revisions(found)
        if at != needed:
            return _ok("promises", "nothing to hold them against yet")
        installation = bootstrap.connect(found.model_copy(update={"public_url": None}))
    except (CampaignsError, sqlite3.Error):
        return _note("promises", "not checked: the database cannot be used", "see database, above")
    try:
        broken = state.look(installation, lambda reads: reads.broken())
    except WorldError as error:
        return _note("promises", f"not checked: {error}", "see database, above")
    finally:
        installation.close()
    if broken:
        return _wrong(
            "promises",
            "; ".join(map(str, broken)),
            'campaigns pause --all --reason "promise broken", then report it',
        )
    return _ok("promises", f"all {len(PROMISED)} kinds hold")


def _clock(found: Settings) -> Finding:
    if state.embedded(found):
        return _ok("clock", "the database's clock is this machine's")
    try:
        installation = bootstrap.connect(found.model_copy(update={"public_url": None}))
    except (WorldError, CampaignsError):
        return _note("clock", "not compared: the database cannot be used", "see database, above")
    try:
        before = datetime.now(UTC)
        real = installation.database.policy_now().real
        after = datetime.now(UTC)
    except WorldError as error:
        return _note("clock", f"not compared: {error}", "see database, above")
    finally:
        installation.close()
    off = max(before - real, real - after, timedelta(0))
    if off > _NEEDED:
        return _wrong(
            "clock",
            f"{screen.span(off)} apart from the database's",
            "let NTP set both clocks: the database's decides when people are called",
        )
    return _ok("clock", "agrees with the database's")


def _broker(found: Settings) -> Finding:
    if found.redis_url is not None:
        fault = broker_fault(found)
        return _wrong("broker", fault, "start it") if fault else _ok("broker", "answers")
    try:
        server = broker.find_server()
    except WorldError as error:
        return _wrong("broker", str(error), "see above: one of the three is enough")
    return _ok("broker", f"embedded, {server.name}")


def _key(found: Settings) -> Finding:
    if found.api_key is None:
        return _wrong("api key", "THINNESTAI_API_KEY is not set", "export THINNESTAI_API_KEY=…")
    if found.api_key.get_secret_value().startswith("sim_"):
        return _wrong(
            "api key",
            "a key of the simulator",
            "set a real one; `campaigns run --simulate` brings its own",
        )
    return _ok("api key", "set (whether the provider takes it shows at the first call)")


def _provider(found: Settings) -> Finding:
    url = urlsplit(found.provider_url)
    host = url.hostname or ""
    if url.scheme == "http" or _is_near(host):
        return _note(
            "provider",
            f"{host} is this machine or its network: no real phone is reached there",
            "unset CAMPAIGNS_PROVIDER_URL for real calls",
        )
    return _ok("provider", host)


def _public(found: Settings) -> Finding:
    if found.public_url is None:
        return _note(
            "webhooks",
            "none: outcomes come by polling, up to half a minute later",
            "set CAMPAIGNS_PUBLIC_URL to where the provider reaches `campaigns serve`",
        )
    url = urlsplit(found.public_url)
    host = url.hostname or ""
    if url.scheme == "http" or _is_near(host):
        return _wrong(
            "webhooks",
            f"{host} cannot be reached by the provider",
            "set CAMPAIGNS_PUBLIC_URL to a public https:// address, or unset it",
        )
    if found.secret is None and not state.embedded(found):
        return _wrong("webhooks", "CAMPAIGNS_SECRET is not set", "openssl rand -hex 32 makes one")
    return _ok("webhooks", host)


def _is_near(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


_CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _home,
    _disk,
    _database,
    _promises,
    _clock,
    _broker,
    _key,
    _provider,
    _public,
)
