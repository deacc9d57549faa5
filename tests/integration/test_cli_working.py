"""What `run` waits for: the last call's details before results, and nobody who is not needed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigns import bootstrap
from campaigns.bootstrap import REHEARSAL
from campaigns.cli import services, state
from campaigns.cli.working import details, ended
from campaigns.config import Settings
from campaigns.core.calls import CallStatus, Unknown
from campaigns.core.instants import BREAKER_HOLD
from campaigns.embedded.broker import prepare
from tests.support.cli import Shell

START = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, monkeypatch)
    found.campaign("+16175550123,Jane")
    found("submit", "campaign.yaml", "--yes")
    return found


def asked(shell: Shell) -> int:
    """How often it waited for details; somebody interrupts at the third time."""
    pauses: list[timedelta] = []

    def pause(length: timedelta) -> bool:
        pauses.append(length)
        return len(pauses) == 3

    with state.opened() as installation:
        details(installation, "reminders", pause=pause)
    return len(pauses)


def test_results_wait_for_the_cost_of_an_answered_call(shell: Shell) -> None:
    assert asked(shell) == 0  # nobody has answered: nothing is waited for
    with shell.world() as world:
        world.settle()
        (one,) = world.attempts()
        world.say(str(one["id"]), CallStatus.IN_PROGRESS, settle=False)
        world.say(str(one["id"]), CallStatus.COMPLETED, duration=42.0, call_id="call_1")
    assert asked(shell) == 3


@pytest.mark.parametrize("heard", [True, False])
def test_calls_wait_for_the_webhook_door_only_where_the_provider_reaches_it(
    tmp_path: Path, *, heard: bool
) -> None:
    broker = prepare(tmp_path)
    try:
        plan = services.Plan(environ={}, http_port=1, heard=heard)
        (serve,) = (one for one in services.children(plan, broker) if one.name == "serve")
    finally:
        broker.forget()
    assert (serve.ready is not None) is heard


def test_the_clock_of_a_rehearsal_starts_where_it_is_told(tmp_path: Path) -> None:
    settings = Settings.load({"CAMPAIGNS_HOME": str(tmp_path)})
    bootstrap.upgrade(settings, world=REHEARSAL, starts_at=START - timedelta(days=1))
    installation = bootstrap.connect(settings, world=REHEARSAL)
    try:
        before = installation.database.policy_now()
        bootstrap.start_clock(installation, START, speed=60)
        after = installation.database.policy_now()
    finally:
        installation.close()
    assert before.speed == 1
    assert before.policy < START <= after.policy
    assert after.speed == 60


def test_a_breaker_that_lets_nobody_through_ends_a_run_once_its_trial_call_has_failed_too(
    shell: Shell,
) -> None:
    with shell.world() as world:
        world.provider.answers.extend([Unknown(why="status 500")] * 3)
        world.submit(3, name="others")
        world.settle()
    with state.opened() as installation:
        figures = state.look(installation, lambda reads: reads.campaign_figures("others"))
    assert figures.account.probing
    assert ended(figures, held=2 * BREAKER_HOLD, rehearsal=False) is None
    over = ended(figures, held=3 * BREAKER_HOLD, rehearsal=False)
    assert over is not None
    assert over.code == 3
    assert "answers that say nothing" in over.sentence
    assert ended(figures, held=3 * BREAKER_HOLD, rehearsal=True) is None
