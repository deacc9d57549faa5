"""`status`: one screen of health, for a person who is woken up by it."""

from __future__ import annotations

from datetime import datetime, timedelta

import typer
from rich.text import Text

from campaigns.cli import options, screen, state, words
from campaigns.config import Settings
from campaigns.core.figures import AccountFigures, Health
from campaigns.core.report import SILENT, problems

_BROKER_WITHIN = 2.0
_DEGRADED = 3


def status(as_json: options.AsJson = False) -> None:
    """One screen of health: database, broker, heartbeat, workers, accounts; exit 3 if degraded."""
    found = state.settings()
    with state.opened() as installation:
        health = state.look(installation, lambda reads: reads.health())
        broken = state.look(installation, lambda reads: reads.broken(live_only=True))
    broker = broker_fault(found)
    wrong = [*([broker] if broker is not None else []), *problems(health)]
    wrong += [f"a promise is broken ({one}): `campaigns doctor`" for one in broken]
    if as_json:
        facts = {"ok": not wrong, "problems": wrong, "broker_away": broker is not None}
        screen.emit({**facts, **screen.plain(health)})
    else:
        _show(found, health, broker)
        for line in wrong:
            screen.say(Text("! ", style="bold red"), line)
        if not wrong:
            screen.say(_well(health))
    if wrong:
        raise typer.Exit(_DEGRADED)


def broker_fault(found: Settings) -> str | None:
    """Why the broker of a fleet cannot be used; None: it answers, or there is only our own."""
    if found.redis_url is None:
        return None
    import redis  # noqa: PLC0415  # half of a command's start, and needed by two of them

    from campaigns.witness import redis_url  # noqa: PLC0415

    url = redis_url(found.redis_url.get_secret_value())
    try:
        with redis.Redis.from_url(
            url, socket_timeout=_BROKER_WITHIN, socket_connect_timeout=_BROKER_WITHIN
        ) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        # Its text may quote the URL, and that a password.
        return (
            f"the broker does not answer ({type(error).__name__}): nothing is lost, calls wait;"
            " look at CAMPAIGNS_REDIS_URL and at the server"
        )
    return None


def _well(health: Health) -> Text:
    """The last line where nothing is wrong: a person's pause is no fault, but it is not nothing."""
    paused = ", ".join(f"{pause.scope} {pause.name}" for pause in health.pauses)
    if health.approvals:
        return Text("nothing is wrong; first calls wait for a person's approval", style="yellow")
    if paused:
        return Text(f"nothing is wrong; paused by a person: {paused}", style="yellow")
    return Text("all is well", style="green")


def _show(found: Settings, health: Health, broker: str | None) -> None:
    own = "embedded, started by `run` and `up`"
    answers = "does not answer" if broker else "answers"
    alive = [one for one in health.workers if health.real - one.at <= SILENT]
    screen.facts(
        [
            ("database", f"{state.place(found)}, {health.world}"),
            ("broker", own if found.redis_url is None else answers),
            ("heartbeat", _ago(health.tick_at, health.real, "never heard")),
            ("workers", f"{len(alive)} alive" if alive else "none"),
            ("campaigns", _running(health)),
            ("unknown", _count(health.unknown, "settled by evidence, never by a second call")),
            ("unresolved", _count(health.unresolved, "nobody will ever tell how they ended")),
            ("webhooks", _webhooks(found, health)),
            ("late", _late(health)),
        ],
        indent=0,
    )
    for account in health.accounts:
        screen.say()
        _account(account, health.policy)
    if health.pauses:
        screen.say()
        for pause in health.pauses:
            since = f", {screen.distance(pause.at, health.policy)}" if pause.at else ""
            screen.say(
                Text("paused ", style="yellow"),
                f"{pause.scope} {pause.name}: {screen.shown(pause.why)} (by {pause.who}{since})",
            )
    for name in health.approvals:
        screen.say(Text("waits ", style="yellow"), f"campaign {name}: {words.approval(name)}")
    screen.say()


def _account(account: AccountFigures, now: datetime) -> None:
    limit = f"{account.limit} starts in any {screen.span(account.window)}"
    screen.say(Text(f"account {account.name}", style="bold"), f"  {limit}")
    spacing = f"{account.spacing / timedelta(seconds=1):g} s"
    most = account.concurrent_calls
    screen.facts(
        [
            ("at once", "" if most is None else f"{account.live} of {most} calls"),
            ("slots", f"{account.slots_busy} of {account.limit} busy, spacing {spacing}"),
            ("next", screen.distance(account.next_start_at, now)),
            ("last start", _ago(account.last_start_at, now, "none yet")),
            ("last 429", _ago(account.last_429_at, now, "none")),
            ("held", _held(account, now)),
            ("paused", screen.shown(account.paused_why)),
        ]
    )


def _held(account: AccountFigures, now: datetime) -> str:
    if account.held_until is None and not account.probing:
        return ""
    until = f"{screen.distance(account.held_until, now)}, " if account.held_until else ""
    probing = ", then one call is let through" if account.probing else ""
    return f"{until}{screen.shown(account.held_why) or 'no reason kept'}{probing}"


def _running(health: Health) -> str:
    calls = screen.count(health.open_tasks, "call")
    return f"{health.running:,} running, {calls} to go"


def _webhooks(found: Settings, health: Health) -> str:
    newest = _ago(health.newest_event_at, health.policy, "none yet")
    unread = (
        f", the oldest unread {screen.distance(health.oldest_unfolded_at, health.policy)}"
        if health.oldest_unfolded_at is not None
        else ""
    )
    if found.public_url is None:
        return f"none, outcomes come by polling; newest event {newest}{unread}"
    return f"newest event {newest}{unread}"


def _late(health: Health) -> str:
    if health.oldest_late_at is None:
        return "none"
    return (
        f"the oldest call could have left {screen.distance(health.oldest_late_at, health.policy)}"
    )


def _ago(at: datetime | None, now: datetime, never: str) -> str:
    return never if at is None else screen.distance(at, now)


def _count(number: int, aside: str) -> str:
    return f"{number:,} calls: {aside}" if number else "none"
