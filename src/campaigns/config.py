"""The environment, read once into one frozen `Settings`.

Every fault is reported at once, each with the variable's name and the cure. An unknown CAMPAIGNS_…
name is a fault too: a mistyped limit must not silently fall back to its default. Secrets are
hidden from every repr, and `redacted()` is what may be shown on a screen.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from campaigns import config_values as read
from campaigns.config_values import Rate, Wrong, near
from campaigns.core.calls import Limit
from campaigns.errors import ConfigurationError, Fault

__all__ = ["INTERNAL", "NAMES", "VARIABLES", "Rate", "Settings"]

INTERNAL = frozenset(
    {"CAMPAIGNS_SUPERVISOR_FD", "CAMPAIGNS_WORLD", "CAMPAIGNS_RUN_ID", "CAMPAIGNS_ALIVE_FILE"}
)
"""Names that a supervisor hands to its children; nobody types them."""

HIDDEN = "••••"

_MINUTE = timedelta(minutes=1)
_DEFAULT_LIMITS: Mapping[Limit, Rate] = {
    Limit.START: Rate(count=10, window=_MINUTE),
    Limit.STATUS: Rate(count=60, window=_MINUTE),
    Limit.SESSIONS: Rate(count=30, window=_MINUTE),
    Limit.VOICE_START: Rate(count=30, window=_MINUTE),
    Limit.OTHER: Rate(count=120, window=_MINUTE),
}


class Settings(BaseModel):
    """What the environment says, checked. Made by `Settings.load(os.environ)`."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    home: Path
    database_url: str = Field(repr=False)
    api_key: SecretStr | None = None
    provider_url: str = "https://api.thinnest.ai"
    redis_url: SecretStr | None = None
    public_url: str | None = None
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    start_limit: Rate = _DEFAULT_LIMITS[Limit.START]
    start_spacing: timedelta = timedelta(seconds=1)
    concurrent_calls: int | None = None
    limits: Mapping[Limit, Rate] = Field(default_factory=lambda: dict(_DEFAULT_LIMITS))
    secret: SecretStr | None = None
    secret_previous: tuple[SecretStr, ...] = ()
    api_keys: tuple[SecretStr, ...] = ()
    webhook_signing_secret: SecretStr | None = None
    region: str | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read every variable; raises ConfigurationError with all faults."""
        faults = _unknown_names(environ)
        values: dict[str, Any] = {}
        for name, variable in VARIABLES.items():
            try:
                text = _text(environ, name, variable)
                if text:
                    values[variable.field] = variable.read(text)
            except Wrong as wrong:
                faults.append(
                    Fault(at=name, expected=wrong.expected, got=wrong.got, hint=wrong.hint)
                )
        try:
            values["home"] = home = _home(values.get("home"), environ.get("HOME", ""))
            values.setdefault("database_url", f"sqlite:///{home}/campaigns.db")
        except Wrong as wrong:
            faults.append(Fault(at="CAMPAIGNS_HOME", expected=wrong.expected, got=wrong.got))
        if faults:
            raise ConfigurationError(faults)
        named = values.pop("limits", {})
        start = values.get("start_limit", _DEFAULT_LIMITS[Limit.START])
        return cls(**values, limits={**_DEFAULT_LIMITS, **named, Limit.START: start})

    def redacted(self) -> dict[str, str | None]:
        """Name → effective value for a screen; secrets and passwords hidden, None if unset."""
        return {name: _shown(getattr(self, v.field)) for name, v in VARIABLES.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One row of the environment's table. `from_file`: NAME_FILE may name a file instead."""

    field: str
    read: Callable[[str], Any]
    from_file: bool = False


VARIABLES: Mapping[str, Variable] = {
    "THINNESTAI_API_KEY": Variable(
        field="api_key", read=read.secret(8, read.THEIRS), from_file=True
    ),
    "CAMPAIGNS_PROVIDER_URL": Variable(field="provider_url", read=read.web_url, from_file=True),
    "CAMPAIGNS_HOME": Variable(field="home", read=str),
    "CAMPAIGNS_DATABASE_URL": Variable(
        field="database_url", read=read.database_url, from_file=True
    ),
    "CAMPAIGNS_REDIS_URL": Variable(field="redis_url", read=read.redis_url, from_file=True),
    "CAMPAIGNS_PUBLIC_URL": Variable(field="public_url", read=read.web_url, from_file=True),
    "CAMPAIGNS_HTTP_HOST": Variable(field="http_host", read=read.host),
    "CAMPAIGNS_HTTP_PORT": Variable(field="http_port", read=read.port),
    "CAMPAIGNS_START_LIMIT": Variable(field="start_limit", read=read.rate),
    "CAMPAIGNS_START_SPACING": Variable(field="start_spacing", read=read.duration),
    "CAMPAIGNS_CONCURRENT_CALLS": Variable(field="concurrent_calls", read=read.calls),
    "CAMPAIGNS_LIMITS": Variable(field="limits", read=read.limits),
    "CAMPAIGNS_SECRET": Variable(field="secret", read=read.secret(32), from_file=True),
    "CAMPAIGNS_SECRET_PREVIOUS": Variable(
        field="secret_previous", read=read.secrets(32), from_file=True
    ),
    "CAMPAIGNS_API_KEYS": Variable(field="api_keys", read=read.secrets(16), from_file=True),
    "CAMPAIGNS_WEBHOOK_SIGNING_SECRET": Variable(
        field="webhook_signing_secret", read=read.secret(16, read.THEIRS), from_file=True
    ),
    "CAMPAIGNS_REGION": Variable(field="region", read=read.region),
    "CAMPAIGNS_LOG_LEVEL": Variable(
        field="log_level", read=read.one_of("debug", "info", "warning", "error")
    ),
    "CAMPAIGNS_LOG_FORMAT": Variable(field="log_format", read=read.one_of("console", "json")),
}
NAMES = frozenset(VARIABLES) | {f"{n}_FILE" for n, v in VARIABLES.items() if v.from_file}


def _unknown_names(environ: Mapping[str, str]) -> list[Fault]:
    """Every unknown name of ours; of the provider's only what looks like its key mistyped."""
    ours = {name for name in environ if name.startswith("CAMPAIGNS_")}
    key = [name for name in environ if name.startswith("THINNESTAI_")]
    mistyped = difflib.get_close_matches("THINNESTAI_API_KEY", key, n=9, cutoff=0.9)
    return [
        Fault(at=name, expected="a known name", hint=near(name, NAMES) or "unset it")
        for name in sorted({*ours, *mistyped} - NAMES - INTERNAL)
    ]


def _text(environ: Mapping[str, str], name: str, variable: Variable) -> str:
    """The value, from the variable or its file; empty is unset (compose passes empty ones)."""
    text = environ.get(name, "").strip()
    path = environ.get(f"{name}_FILE", "").strip() if variable.from_file else ""
    if not path:
        return text
    if text:
        raise Wrong(f"either it or {name}_FILE", got="both")
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise Wrong(f"a readable file in {name}_FILE", got=path, hint=_why(problem)) from None
    if not text:
        raise Wrong(f"a value in the file that {name}_FILE names", got="an empty file")
    return text


def _why(problem: Exception) -> str:
    return (isinstance(problem, OSError) and problem.strerror) or "it is not UTF-8 text"


def _home(given: str | None, user_home: str) -> Path:
    """State belongs to the user: an absolute path, whatever the working directory."""
    if given is None or given == "~" or given.startswith("~/"):
        if not user_home.startswith("/"):
            raise Wrong("a directory for the state, because HOME is not set")
        return Path(user_home) / (".campaigns" if given is None else given[2:])
    if not given.startswith("/"):
        raise Wrong("an absolute path", got=given)
    return Path(given)


def _shown(value: object) -> str | None:
    match value:
        case None | ():
            return None
        case SecretStr() if "://" in value.get_secret_value():
            return _shown(value.get_secret_value())
        case SecretStr():
            return HIDDEN
        case tuple():
            return ", ".join([HIDDEN] * len(value))
        case timedelta():
            return f"{value.total_seconds():g}s"
        case Mapping():
            return ",".join(f"{k}:{limit}" for k, limit in value.items() if k is not Limit.START)
        case str() if "://" in value:
            shown = re.sub(r"://([^:/@]*):[^/]*@", rf"://\1:{HIDDEN}@", value)
            return re.sub(r"(?i)(password=)[^&]*", rf"\1{HIDDEN}", shown)
        case _:
            return str(value)
