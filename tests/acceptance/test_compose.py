"""docker-compose.yml without a docker engine: what every service must have, and that it fits us.

Read as data, with the variables filled in as compose does. `docker compose config` checks the
grammar where the client is installed.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from campaigns.config import INTERNAL, Settings

ROOT = Path(__file__).resolve().parents[2]
FILLED = {
    "POSTGRES_PASSWORD": "pw",
    "CAMPAIGNS_SECRET": "k" * 44,
    "THINNESTAI_API_KEY": "sim_demo1",
    "CAMPAIGNS_METRICS_KEY": "m" * 44,
}
OURS = {"migrate", "api", "worker", "beat", "simulator"}
ONE_SHOT = {"migrate"}


def _fill(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _fill(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner) for inner in value]
    if not isinstance(value, str):
        return value

    def one(match: re.Match[str]) -> str:
        name, default = match[1], match[3] if match[2] == ":-" else None
        filled = FILLED.get(name) or default
        assert filled is not None, f"{name} has no value and no default"
        return filled

    return re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", one, value).replace("$$", "$")


COMPOSE = _fill(YAML(typ="safe").load(ROOT / "docker-compose.yml"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
every_service = pytest.mark.parametrize("name", SERVICES)
our_service = pytest.mark.parametrize("name", sorted(OURS))


def test_the_services_that_people_expect() -> None:
    assert set(SERVICES) == OURS | {"postgres", "redis", "prometheus"}
    optional = {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one}
    assert optional == {"simulator": ["demo"], "prometheus": ["obs"]}


@every_service
def test_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].partition(":")[0] not in {"", "0", "root"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert not service.get("privileged")


@every_service
def test_a_post_in_flight_outlives_a_stop(name: str) -> None:
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= 45


@every_service
def test_health_is_asked_for(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    if name in ONE_SHOT:
        assert check == {"disable": True}
        return
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(check)


@pytest.mark.parametrize("name", ["worker", "beat"])
@pytest.mark.parametrize(("age", "healthy"), [(0, True), (59, True), (61, False), (None, False)])
def test_a_worker_is_healthy_while_it_gets_on(
    name: str, age: int | None, healthy: bool, tmp_path: Path
) -> None:
    alive = tmp_path / "alive"
    if age is not None:
        subprocess.run(["touch", "-d", f"{age} seconds ago", alive], check=True)
    _, command = SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["environment"]["CAMPAIGNS_ALIVE_FILE"].startswith("/tmp/")
    done = subprocess.run(
        ["sh", "-c", command],
        env={"PATH": "/usr/bin:/bin", "CAMPAIGNS_ALIVE_FILE": str(alive)},
        capture_output=True,
    )
    assert (done.returncode == 0) is healthy


@our_service
def test_every_setting_is_one_that_we_know(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    settings = Settings.load({"CAMPAIGNS_HOME": "/state"} | environment)
    if name != "simulator":
        assert settings.database_url == "postgresql+psycopg://campaigns:pw@postgres:5432/campaigns"
        assert settings.redis_url is not None
        assert settings.secret is not None
    assert not set(environment) & (INTERNAL - {"CAMPAIGNS_ALIVE_FILE"})


def test_all_engines_share_the_database_the_broker_and_the_secret() -> None:
    shared = ("CAMPAIGNS_DATABASE_URL", "CAMPAIGNS_REDIS_URL", "CAMPAIGNS_SECRET")
    engines = [SERVICES[name]["environment"] for name in sorted(OURS - {"simulator"})]
    assert all(e[name] == engines[0][name] for e in engines for name in shared)


@our_service
def test_every_command_exists(name: str) -> None:
    from campaigns.cli.main import whole

    command = whole()
    for word in SERVICES[name]["command"]:
        if word.startswith("-"):
            options = {option for p in command.params for option in p.opts}
            assert word in options, f"{name}: no option {word}"
        elif hasattr(command, "commands"):
            assert word in command.commands, f"{name}: no command {word}"
            command = command.commands[word]
    assert not hasattr(command, "commands"), f"{name}: {command.name} wants a sub-command"


def test_only_the_api_and_the_alerts_are_published_and_only_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8080:8080"], "prometheus": ["127.0.0.1:9090:9090"]}


def test_prometheus_is_handed_our_rules_and_a_key_and_can_write_nothing_else() -> None:
    service = SERVICES["prometheus"]
    mounted = dict(one.split(":", 1) for one in service["volumes"])
    assert all((ROOT / path).is_file() for path in mounted if path.startswith("./"))
    assert [path for path, target in mounted.items() if not target.endswith(":ro")] == [
        "prometheus"
    ]
    config = YAML(typ="safe").load(ROOT / "ops/prometheus.yml")
    assert {f"{path}:ro" for path in config["rule_files"]} <= set(mounted.values())
    (job,) = config["scrape_configs"]
    (secret,) = service["secrets"]
    assert job["authorization"] == {"credentials_file": f"/run/secrets/{secret}"}
    assert COMPOSE["secrets"][secret] == {"environment": "CAMPAIGNS_METRICS_KEY"}


def test_database_and_broker_cannot_be_reached_from_outside() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis", "simulator"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_the_broker_never_evicts_and_keeps_a_log() -> None:
    words = SERVICES["redis"]["command"]
    assert words[words.index("--maxmemory-policy") + 1] == "noeviction"
    assert words[words.index("--appendonly") + 1] == "yes"


def test_nobody_starts_before_the_schema_is_there() -> None:
    for name in ("api", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"] == {
            "condition": "service_completed_successfully"
        }
    assert SERVICES["migrate"]["restart"] == "no"


def test_the_image_is_built_from_pinned_packages_without_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes" in dockerfile
    assert "requirements-dev" not in dockerfile
    assert re.search(r"^USER 10001$", dockerfile, re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")
    }
    assert {word for line in copied for word in line.split()} == kept


def test_a_compose_client_reads_it() -> None:
    client = shutil.which("docker-compose")
    command = [client] if client else ["docker", "compose"]
    if not client and (
        not shutil.which("docker")
        or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
    ):
        pytest.skip("no compose client here")
    done = subprocess.run(
        [*command, "--file", str(ROOT / "docker-compose.yml"), "--profile", "*", "config"],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"} | FILLED,
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
