"""What is personal lies nowhere in clear; it can be shown, and it can be erased."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.core.calls import CallStatus
from campaigns.core.contacts import Contact
from campaigns.engine import control
from campaigns.engine.erase import erase
from campaigns.errors import Conflict
from campaigns.store.database import Database
from campaigns.store.reads import Reads
from campaigns.store.tables import attempt, contact, event, phone
from tests.support.cli import Shell
from tests.support.engine import RunningClock, World
from tests.support.engine import contact as person

NAMES = ("Ann Example", "Bob Example", "Cleo Example")
ANN, BOB, CLEO = "+16175550001", "+16175550002", "+16175550003"
KEYS = ("ann@example.com", BOB, "cleo-key-3")


def entries() -> list[Contact]:
    return [
        person(n, key=key, to_number=number, fields={"name": name, "key": key})
        for n, (key, number, name) in enumerate(
            zip(KEYS, (ANN, BOB, CLEO), NAMES, strict=True), start=1
        )
    ]


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    name = "sqlite_store_url" if request.param == "sqlite" else "postgres_store_url"
    clock = RunningClock()
    database = Database(
        str(request.getfixturevalue(name)),
        **({"clock": clock.wall} if request.param == "sqlite" else {}),
    )
    yield World(database=database, clock=clock, spacing=0)
    database.close()


@pytest.fixture
def called(world: World) -> World:
    """Everybody was called, and Ann's call was answered."""
    world.submit(entries())
    world.settle()
    answer(world, ANN)
    return world


def answer(world: World, number: str) -> str:
    """The call to a number is answered and over; its attempt."""
    with world.store.read() as tx:
        rows = Reads(tx).held(number)
    assert rows is not None
    (call,) = rows["calls"]
    world.say(call["id"], CallStatus.COMPLETED, duration=5)
    return str(call["id"])


def test_nothing_personal_lies_in_the_file(fresh_sqlite: str) -> None:
    clock = RunningClock()
    database = Database(fresh_sqlite, clock=clock.wall)
    world = World(database=database, clock=clock, spacing=0)
    world.submit(entries())
    world.settle()
    for number in (ANN, BOB, CLEO):
        answer(world, number)
    assert {task["outcome"] for task in world.tasks()} == {"completed"}
    assert [request.context["name"] for _, request in world.provider.rung] == list(NAMES)
    control.suppress([CLEO], world.parts, who="test", reason="asked")
    path = Path(fresh_sqlite.removeprefix("sqlite:///"))
    files = {one.name: one.read_bytes() for one in path.parent.glob(f"{path.name}*")}
    database.close()
    assert f"{path.name}-wal" in files
    lying = b"".join(files.values())
    for clear in (*NAMES, ANN, BOB, CLEO, *KEYS, *(one[1:] for one in (ANN, BOB, CLEO))):
        assert clear.encode() not in lying
    assert b"agent_reminder" in lying  # what is not personal is: this test can find things


def test_everything_held_about_a_number_is_shown(called: World) -> None:
    with called.store.read() as tx:
        held = Reads(tx).held(ANN)
        assert Reads(tx).held("+16175559999") is None
    assert held is not None
    (stored,), (task,), (call,) = held["contacts"], held["dial_tasks"], held["calls"]
    assert (stored["key"], stored["fields"]["name"]) == (KEYS[0], NAMES[0])
    assert (task["outcome"], task["campaign"]) == ("completed", "reminders")
    assert call["snapshot"]["context"] == {"name": NAMES[0]}
    assert [said["status"] for said in call["events"]] == ["completed"]
    assert not any(name in repr(held) for name in NAMES[1:])


def test_an_erased_person_is_gone_and_the_outcome_stays(called: World) -> None:
    erased = erase(ANN, called.parts, who="test")
    assert (erased.contacts, erased.calls, erased.ended) == (1, 1, 0)
    with called.store.read() as tx:
        held = Reads(tx).held(ANN)
        (line, *_) = Reads(tx).results("reminders", limit=1).items
        rest = [
            dict(row)
            for table in (phone, contact, attempt, event)
            for row in tx.connection.execute(table.select()).mappings()
        ]
    assert (line["key"], line["to_number"], line["outcome"]) == ("erased-1", None, "completed")
    assert held is not None
    assert held["calls"][0]["snapshot"]["agent_id"]
    assert "context" not in held["calls"][0]["snapshot"]
    for clear in (NAMES[0], ANN, KEYS[0]):
        assert clear not in repr(rest)
    assert NAMES[1] in repr(rest)
    audit = called.rows("SELECT what, detail FROM audit ORDER BY id")
    assert audit[-1]["what"] == "erase"
    assert ANN not in repr(audit)


def test_an_erased_number_is_never_called_again(called: World) -> None:
    erase(ANN, called.parts, who="test")
    rung = len(called.provider.rung)
    called.submit(entries()[:1], digest="d2", name="again")
    called.settle()
    assert len(called.provider.rung) == rung
    assert called.tasks()[-1]["outcome"] == "suppressed"


def test_without_suppression_a_new_list_may_bring_the_number_again(called: World) -> None:
    erase(ANN, called.parts, who="test", suppress=False)
    rung = len(called.provider.rung)
    called.submit(entries()[:1], digest="d2", name="again")
    called.settle()
    assert [request.to_number for _, request in called.provider.rung[rung:]] == [ANN]


def test_waiting_calls_end_and_the_others_go_on(world: World) -> None:
    control.pause_account([world.account_id], world.parts, who="test", reason="later")
    world.submit(entries())
    assert erase(BOB, world.parts, who="test").ended == 1
    control.resume_account([world.account_id], world.parts, who="test")
    world.settle()
    assert [request.to_number for _, request in world.provider.rung] == [ANN, CLEO]
    assert [(task["outcome"], task["reason"]) for task in world.tasks()][1] == (
        "suppressed",
        "erased",
    )


def test_a_live_call_is_not_erased(world: World) -> None:
    world.submit(entries()[:1])
    world.settle()
    with pytest.raises(Conflict, match=r"under way, until .* UTC") as refused:
        erase(ANN, world.parts, who="test")
    assert ANN not in str(refused.value)
    answer(world, ANN)
    erase(ANN, world.parts, who="test")


def test_what_is_said_after_an_erasure_is_not_kept(called: World) -> None:
    with called.store.read() as tx:
        held = Reads(tx).held(ANN)
    assert held is not None
    id = held["calls"][0]["id"]
    erase(ANN, called.parts, who="test")
    called.say(id, CallStatus.COMPLETED, duration=7)
    called.run_for(300, step=60)
    with called.store.read() as tx:
        after = Reads(tx).held(ANN)
    assert after is not None
    (call,) = after["calls"]
    assert {said["body"] for said in call["events"]} == {""}
    assert not call["enriched"]
    assert called.tasks()[0]["outcome"] == "completed"


def test_a_number_nobody_knew_is_never_called_either(world: World) -> None:
    erase(ANN, world.parts, who="test")
    world.submit(entries()[:1])
    world.settle()
    assert world.provider.rung == []


# --- at the shell ---------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def test_held_and_erase_at_the_shell(shell: Shell) -> None:
    shell.campaign(f"{ANN},{NAMES[0]}", f"{BOB},{NAMES[1]}")
    shell("submit", "campaign.yaml", "--yes")
    assert "nothing is held" in shell("held", CLEO, "-o", "held.json", code=1).line
    shell("held", "(617) 555-0001", "--region", "US", "-o", "held.json")
    path = shell.directory / "held.json"
    assert json.loads(path.read_text())["contacts"][0]["fields"]["customer_name"] == NAMES[0]
    assert path.stat().st_mode & 0o077 == 0
    with shell.world() as world, world.store.read() as tx:
        audited = tx.connection.exec_driver_sql("SELECT detail FROM audit WHERE what = 'held'")
        assert [json.loads(row[0]).keys() for row in audited] == [{"phone"}]
    assert "--yes" in shell("erase", ANN, code=2).line
    assert "nothing was changed" in shell("erase", ANN, code=1, answer="n\n").err
    said = shell("erase", ANN, "--yes").out
    assert "1 contact" in said
    assert "1 waiting call dropped" in said
    assert ANN not in said
    assert NAMES[0] not in shell("contacts", "reminders").out
    shell("held", BOB, "-o", "held.json")


def test_a_do_not_call_list_comes_back_in_a_new_database(shell: Shell) -> None:
    shell("suppress", "add", ANN, BOB, "--reason", "asked on the phone")
    shell("suppress", "add", CLEO)
    shell("erase", CLEO, "--yes")
    written = shell("suppress", "list", "-o", "list.csv").err
    assert "1 erased number" in written
    before = shell("suppress", "list", "--json").json["suppressed"]
    for one in shell.home.glob("campaigns.db*"):
        one.unlink()
    shell("suppress", "import", "list.csv")
    after = shell("suppress", "list", "--json").json["suppressed"]
    listed = {one["to_number"]: one for one in before if one["reason"] == "asked on the phone"}
    assert {one["to_number"]: one for one in after} == listed
    shell.campaign(f"{ANN},{NAMES[0]}", f"{BOB},{NAMES[1]}")
    shell("submit", "campaign.yaml", "--yes")
    with shell.world() as world:
        world.settle()
        assert world.provider.rung == []


def test_a_database_of_another_secret_is_refused_before_anything_else(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("suppress", "add", ANN)
    monkeypatch.setenv("CAMPAIGNS_SECRET", "another-secret-that-is-long-enough")
    assert "the secret that this database was written with" in shell("list", code=1).err
    monkeypatch.setenv("CAMPAIGNS_SECRET_PREVIOUS", "everything-in-tests-is-sealed-by-this")
    assert "sealed anew" in shell("db", "reseal").out
    assert "current secret" in shell("db", "reseal").out
    monkeypatch.delenv("CAMPAIGNS_SECRET_PREVIOUS")
    assert "0001" in shell("suppress", "list").out


def test_a_shared_database_needs_the_secret_that_everybody_has(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, postgres_store_url: str
) -> None:
    monkeypatch.setenv("CAMPAIGNS_DATABASE_URL", postgres_store_url)
    monkeypatch.delenv("CAMPAIGNS_SECRET")
    for typed in (("db", "upgrade"), ("list",), ("suppress", "add", ANN), ("worker",)):
        assert "openssl rand -hex 32" in shell(*typed, code=1).err
    assert not (shell.home / "secret").exists()
