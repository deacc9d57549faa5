"""`doctor`, `db`, `schema`, `config`, and how the program itself answers."""

from pathlib import Path

import pytest

from campaigns.store.database import Database
from tests.support.cli import Shell

POSTGRES_NOWHERE = "postgresql://ann:hunter22@127.0.0.1:1/campaigns"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def checks(shell: Shell, code: int) -> dict[str, str]:
    found = shell("doctor", "--json", code=code).json
    return {one["name"]: one["verdict"] for one in found["checks"]}


# --- doctor ---------------------------------------------------------------------------------


def test_a_machine_with_a_key_is_ready(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINNESTAI_API_KEY", "a-key-of-mine")
    found = checks(shell, 0)
    assert set(found) >= {"python", "home", "disk", "database", "broker", "clock", "api key"}
    assert "wrong" not in found.values()


def test_each_fault_comes_with_its_cure(shell: Shell) -> None:
    out = shell("doctor", code=3).out
    assert "THINNESTAI_API_KEY is not set" in out
    assert "→ export THINNESTAI_API_KEY=…" in out
    assert "→ set CAMPAIGNS_PUBLIC_URL" in out
    assert "none yet, the first command makes it" in out


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("THINNESTAI_API_KEY", "sim_123456789", "api key"),
        ("CAMPAIGNS_PROVIDER_URL", "http://api.example.com", "environment"),
        ("CAMPAIGNS_PUBLIC_URL", "https://localhost:8080", "webhooks"),
        ("CAMPAIGNS_REDIS_URL", "redis://127.0.0.1:1/0", "broker"),
        ("CAMPAIGNS_DATABASE_URL", POSTGRES_NOWHERE, "database"),
        ("CAMPAIGNS_START_LIMIT", "lots", "environment"),
        ("CAMPAIGNS_HOME", "/proc/nowhere", "home"),
    ],
)
def test_what_is_wrong_is_found(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, name: str, value: str, check: str
) -> None:
    monkeypatch.setenv(name, value)
    assert checks(shell, 3)[check] == "wrong"
    said = shell("doctor", code=3)
    assert "hunter22" not in said.out + said.err


def test_a_database_that_is_none_is_found(shell: Shell) -> None:
    shell("list")
    (shell.home / "campaigns.db").write_bytes(b"this is no database at all" * 400)
    for journal in shell.home.glob("campaigns.db-*"):
        journal.unlink()
    assert checks(shell, 3)["database"] == "wrong"
    assert "campaigns doctor" in shell("list", code=3).line


# --- the database ---------------------------------------------------------------------------


def test_db_upgrade_makes_it_and_current_says_where_it_is(shell: Shell) -> None:
    assert "is at nothing" in shell("db", "current", code=3).out
    assert f"{shell.home} is at" in shell("db", "upgrade").out
    assert "as it should be" in shell("db", "current").out
    found = shell("db", "current", "--json").json
    assert found["revision"] == found["needed"]


def test_a_rehearsal_database_is_never_asked_for_real_calls(shell: Shell) -> None:
    shell("db", "upgrade", "--world", "rehearsal")
    said = shell("list", code=1)
    assert "expected a real database, got one stamped rehearsal" in said.line
    assert "never share a database" in shell("db", "upgrade", code=1).line


def test_the_rehearsal_world_says_so(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGNS_WORLD", "rehearsal")
    assert "(rehearsal), NEW" in shell("list").err


def test_a_look_with_another_environment_does_not_change_the_limits(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_START_LIMIT", "5/60s")
    shell("list")
    monkeypatch.delenv("CAMPAIGNS_START_LIMIT")
    assert shell("status", "--json").json["accounts"][0]["limit"] == 5
    shell("db", "upgrade")
    assert shell("status", "--json").json["accounts"][0]["limit"] == 10


def test_a_shared_database_is_upgraded_by_db_upgrade_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("CAMPAIGNS_DATABASE_URL", postgres_url)
    assert "run `campaigns db upgrade`" in shell("list", code=3).line
    shell("db", "upgrade")
    said = shell("list")
    assert said.err.startswith("state: PostgreSQL ")
    assert not (shell.home / "campaigns.db").exists()
    shell.campaign("+16175550123,Jane")
    shell("submit", "campaign.yaml", "--yes")
    assert shell("show", "reminders", "--json").json["summary"]["tasks"]["waiting"] == 1


def test_a_newer_database_is_not_touched(shell: Shell) -> None:
    shell("list")
    database = Database(f"sqlite:///{shell.home}/campaigns.db")
    with database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    assert "upgrade this program" in shell("list", code=3).line


# --- schema and config ----------------------------------------------------------------------


def test_schema_prints_the_whole_one_key_or_the_filters(shell: Shell) -> None:
    assert shell("schema").json["required"] == ["name", "agent_id", "from_number", "contacts"]
    assert "example:" in shell("schema", "retry.no_answer").out
    assert "spoken" in shell("schema", "--filters").out
    assert "spoken" in shell("schema", "--filters", "--json").json
    assert "did you mean retry" in shell("schema", "retri", code=1).line
    assert "not both" in shell("schema", "retry", "--filters", code=2).line


def test_config_hides_secrets_and_says_where_each_value_comes_from(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THINNESTAI_API_KEY", "a-key-of-mine")
    monkeypatch.setenv("CAMPAIGNS_DATABASE_URL", POSTGRES_NOWHERE)
    key = shell.write("secret", "s" * 40)
    monkeypatch.delenv("CAMPAIGNS_SECRET")
    monkeypatch.setenv("CAMPAIGNS_SECRET_FILE", str(key))
    out = shell("config").out
    assert "a-key-of-mine" not in out
    assert "hunter22" not in out
    assert "sss" not in out
    assert "CAMPAIGNS_SECRET_FILE" in out
    assert shell("config", "--json").json["CAMPAIGNS_START_LIMIT"] == "10/60s"


# --- the program itself ---------------------------------------------------------------------


def test_help_groups_the_commands(shell: Shell) -> None:
    out = shell("--help").out
    for word in ("check", "submit", "run", "up", "try", "serve", "worker", "beat", "simulator"):
        assert word in out
    assert shell("--version").out.startswith("campaigns ")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("bogus",), "No such command 'bogus' (see `campaigns --help`)"),
        (("shwo",), "No such command 'shwo'. Did you mean 'show'? (see `campaigns --help`)"),
        (("--bogus",), "No such option: --bogus (see `campaigns --help`)"),
        (("show",), "Missing argument 'NAME' (see `campaigns show --help`)"),
        (("show", "a", "b"), "Got unexpected extra argument"),
    ],
)
def test_a_slip_of_the_keyboard_is_one_line(
    shell: Shell, typed: tuple[str, ...], said: str
) -> None:
    assert shell(*typed, code=2).line.startswith(said)


def test_every_fault_of_the_environment_is_a_line(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_START_LIMIT", "lots")
    monkeypatch.setenv("CAMPAIGNS_HTTP_PORT", "none")
    said = shell("list", code=1)
    assert {line.split(":")[0] for line in said.complaints} == {
        "CAMPAIGNS_START_LIMIT",
        "CAMPAIGNS_HTTP_PORT",
    }
