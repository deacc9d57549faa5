"""Which agent and which number a phone sees, from the file to the call, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.core.callers import one_of
from campaigns.core.calls import CallStatus as C
from campaigns.core.contacts import Contact
from campaigns.core.definition import Anchor, Retry, Schedule, Touch
from campaigns.core.offsets import read
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from tests.support.anchored import anchored
from tests.support.cli import Shell
from tests.support.engine import START, World, contact

A, B, D = "+16175550101", "+16175550102", "+16175550104"
LIST = {"from_number": A, "from_numbers": (A, B)}


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield World(spacing=0)
        return
    found = World(database=Database(request.getfixturevalue("postgres_store_url")), spacing=0)
    found.parts = replace(found.parts, dice=SystemDice())
    yield found
    found.store.close()


ON_THE_TESTS_CLOCK = pytest.mark.parametrize("world", ["memory"], indirect=True)


def seen(world: World) -> list[tuple[str, str]]:
    return [(one.to_number[-1], one.from_number) for _, one in world.provider.rung]


def test_each_contact_sees_the_number_that_its_key_chooses(world: World) -> None:
    world.submit(6, **LIST)
    world.settle(ticks=7)
    assert seen(world) == [(str(n), one_of((A, B), f"k{n}")) for n in range(6)]
    assert {number for _, number in seen(world)} == {A, B}
    kept = world.rows("SELECT from_number FROM contact ORDER BY id")
    assert [row["from_number"] for row in kept] == [number for _, number in seen(world)]


@ON_THE_TESTS_CLOCK
def test_a_contact_keeps_its_number_when_the_list_grows_and_loses_it_with_the_list(
    world: World,
) -> None:
    retry = Retry(max_attempts=4, no_answer=(timedelta(minutes=30),))
    world.submit(1, retry=retry, **LIST)
    first = one_of((A, B), "k0")
    other = B if first == A else A
    lists = [(A, B), (D, other, first), (other, D)]
    for n, numbers in enumerate(lists):
        digest = f"d{n + 1}"
        callers = {"from_number": numbers[0], "from_numbers": numbers}
        world.submit(1, digest=digest, retry=retry, **callers)
        world.settle()
        world.say(str(world.attempts()[n]["id"]), C.NO_ANSWER)
        world.run_for(8 * 60)
        world.clock.forward(minutes=30)
    assert [number for _, number in seen(world)][:2] == [first, first]
    assert seen(world)[2][1] == one_of((other, D), "k0")


@ON_THE_TESTS_CLOCK
def test_the_next_touch_shows_the_same_number_and_may_have_another_agent(world: World) -> None:
    visit = (START + timedelta(days=2)).replace(tzinfo=None)
    touches = (
        Touch(name="early", offset=read("-1d")),
        Touch(name="late", offset=read("-3h"), agent_id="agent_late"),
    )
    schedule = Schedule(anchor=Anchor(column="visit_at", timezone="UTC"), touches=touches)
    fields = {"key": "k0", "name": "Ann", "visit_at": f"{visit:%Y-%m-%d %H:%M}", "language": "es"}
    header = ("key", "name", "to_number", "visit_at", "language")
    person = contact(0, anchor=anchored(visit, zone="UTC"), fields=fields)
    assert isinstance(person, Contact)
    common = {"schedule": schedule, "header": header, "agent_id": "agent_{{ language }}"}
    world.submit([person], **common, **LIST)
    world.run_for(30 * 3600)
    grown = {"from_number": D, "from_numbers": (D, B, A)}
    world.submit([person], digest="d2", **common, **grown)
    world.run_for(20 * 3600)
    assert [request.agent_id for _, request in world.provider.rung] == ["agent_es", "agent_late"]
    (_, first), (_, second) = seen(world)
    assert first == second == one_of((A, B), "k0")


@ON_THE_TESTS_CLOCK
def test_a_template_that_changes_holds_for_who_waits(world: World) -> None:
    """Also where no row says anything new, so that no contact is written."""
    later = world.store.policy_now().policy + timedelta(hours=1)
    people = [contact(0, not_before=later)]
    world.submit(people, from_number=A, agent_id="one_{{ key }}")
    world.submit(people, digest="d2", from_number=B, agent_id="two_{{ key }}")
    world.clock.forward(hours=2)
    world.settle(ticks=2)
    ((_, request),) = world.provider.rung
    assert (request.agent_id, request.from_number) == ("two_k0", B)


# --- from the file --------------------------------------------------------------------------

HEADER = "to_number,language,clinic\n"
FILE = """\
name: reminders
agent_id: "agent_{{ language }}"
from_number: "{{ clinic }}"
contacts: {file: people.csv, region: US}
calling_hours: always
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def test_templates_are_checked_stored_and_dialled(shell: Shell) -> None:
    shell.write("campaign.yaml", FILE)
    rows = "+16175550123,es,617 555 0142\n+16175550124,e n,617 555 0142\n+16175550125,en,\n"
    shell.write("people.csv", HEADER + rows)
    said = shell("check", "campaign.yaml")
    assert "people.csv:3: agent_id: the template must give an id without spaces" in said.err
    assert "people.csv:4: clinic: empty" in said.err
    assert "0142, agent agent_es" in said.out
    assert '"agent_id": "agent_es"' in said.out
    shell("submit", "campaign.yaml", "--yes")
    with shell.world() as world:
        world.settle(ticks=2)
        ((_, request),) = world.provider.rung
    assert (request.agent_id, request.from_number) == ("agent_es", "+16175550142")


def test_a_slip_in_a_template_is_told_with_its_line(shell: Shell) -> None:
    shell.write("campaign.yaml", FILE.replace("{{ clinic }}", "{{ clinc }}"))
    shell.write("people.csv", HEADER + "+16175550123,es,617 555 0142\n")
    said = shell("check", "campaign.yaml", code=1)
    assert "campaign.yaml:3: from_number:" in said.err
    assert "did you mean clinic?" in said.err


def test_check_names_every_number_of_a_list_and_the_one_of_each_request(shell: Shell) -> None:
    listed = FILE.replace('"{{ clinic }}"', f'["{A}", "{B}"]')
    shell.write("campaign.yaml", listed)
    rows = "".join(f"+161755501{n:02},es,\n" for n in range(10, 40))
    shell.write("people.csv", HEADER + rows)
    said = shell("check", "campaign.yaml").out
    (line,) = [line for line in said.splitlines() if line.startswith("from ")]
    assert "0101" in line
    assert "0102" in line
