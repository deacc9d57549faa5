"""What the environment may say, and that a wrong one says everything that is wrong at once."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.config import INTERNAL, NAMES, Rate, Settings
from campaigns.core.calls import Limit
from campaigns.errors import ConfigurationError

HOME = {"HOME": "/home/ann"}
LONG = "k" * 40


def load(**environ: str) -> Settings:
    return Settings.load(HOME | environ)


def faults(**environ: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(**environ)
    return [str(fault) for fault in caught.value.faults]


def fault(**environ: str) -> str:
    (only,) = faults(**environ)
    return only


class TestDefaults:
    def test_an_empty_environment_needs_nothing_but_a_home(self) -> None:
        settings = load()
        assert settings.home == Path("/home/ann/.campaigns")
        assert settings.database_url == "sqlite:////home/ann/.campaigns/campaigns.db"
        assert settings.provider_url == "https://api.thinnest.ai"
        assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
        assert settings.api_key is None
        assert settings.redis_url is None
        assert settings.public_url is None
        assert settings.secret is None
        assert settings.api_keys == ()

    def test_the_limits_are_the_provider_s_published_ones(self) -> None:
        minute = timedelta(minutes=1)
        assert load().limits == {
            Limit.START: Rate(count=10, window=minute),
            Limit.STATUS: Rate(count=60, window=minute),
            Limit.SESSIONS: Rate(count=30, window=minute),
            Limit.VOICE_START: Rate(count=30, window=minute),
            Limit.OTHER: Rate(count=120, window=minute),
        }
        assert load().start_spacing == timedelta(seconds=1)
        assert load().concurrent_calls is None

    def test_an_empty_value_is_an_unset_one(self) -> None:
        assert load(**dict.fromkeys(NAMES, "")) == load()

    def test_settings_do_not_change(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            load().http_port = 1


class TestHome:
    def test_without_home_it_says_what_to_do(self) -> None:
        with pytest.raises(ConfigurationError, match=r"CAMPAIGNS_HOME: .* HOME is not set"):
            Settings.load({})

    def test_campaigns_home_needs_no_home(self) -> None:
        assert Settings.load({"CAMPAIGNS_HOME": "/srv/c"}).home == Path("/srv/c")

    def test_the_tilde_is_the_environment_s(self) -> None:
        assert load(CAMPAIGNS_HOME="~/calls").home == Path("/home/ann/calls")

    def test_state_never_depends_on_the_working_directory(self) -> None:
        assert "absolute path" in fault(CAMPAIGNS_HOME="state")

    def test_the_database_lies_in_it(self) -> None:
        settings = load(CAMPAIGNS_HOME="/srv/c")
        assert settings.database_url == "sqlite:////srv/c/campaigns.db"


class TestUrls:
    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
    def test_every_spelling_of_postgresql_means_psycopg(self, scheme: str) -> None:
        settings = load(CAMPAIGNS_DATABASE_URL=f"{scheme}://ann:pw@db:5432/calls")
        assert settings.database_url == "postgresql+psycopg://ann:pw@db:5432/calls"

    @pytest.mark.parametrize(
        "url",
        ["mysql://h/x", "sqlite://", "sqlite:///relative.db", "postgresql+asyncpg://h/x", "x"],
    )
    def test_no_other_database(self, url: str) -> None:
        assert fault(CAMPAIGNS_DATABASE_URL=url).startswith("CAMPAIGNS_DATABASE_URL: expected")

    def test_a_password_is_not_in_the_fault(self) -> None:
        assert "hunter2" not in fault(CAMPAIGNS_DATABASE_URL="mysql://ann:hunter2@h/x")

    def test_a_web_address_loses_its_last_slash(self) -> None:
        assert load(CAMPAIGNS_PUBLIC_URL="https://c.example/").public_url == "https://c.example"

    @pytest.mark.parametrize(
        "url",
        ["http://127.0.0.1:9000", "http://localhost:9", "http://simulator:9", "http://10.0.0.8"],
    )
    def test_clear_text_inside_a_closed_network(self, url: str) -> None:
        assert load(CAMPAIGNS_PROVIDER_URL=url).provider_url == url

    def test_no_clear_text_outside(self) -> None:
        assert "expected https" in fault(CAMPAIGNS_PROVIDER_URL="http://api.example.com")

    @pytest.mark.parametrize("url", ["api.example.com", "https://", "https://u:p@h", "https://h:x"])
    def test_what_is_no_address(self, url: str) -> None:
        assert fault(CAMPAIGNS_PROVIDER_URL=url).startswith("CAMPAIGNS_PROVIDER_URL: expected")

    @pytest.mark.parametrize(
        "url", ["redis://r:6379/0", "rediss://r", "redis+socket:///run/r.sock"]
    )
    def test_brokers(self, url: str) -> None:
        secret = load(CAMPAIGNS_REDIS_URL=url).redis_url
        assert secret is not None
        assert secret.get_secret_value() == url


class TestRates:
    def test_the_start_limit_is_among_the_limits(self) -> None:
        settings = load(CAMPAIGNS_START_LIMIT="100/60s")
        assert settings.start_limit == Rate(count=100, window=timedelta(minutes=1))
        assert settings.limits[Limit.START] == settings.start_limit

    def test_limits_not_named_keep_their_default(self) -> None:
        limits = load(CAMPAIGNS_LIMITS="status:6/1m, other:1/1s").limits
        assert limits[Limit.STATUS] == Rate(count=6, window=timedelta(minutes=1))
        assert limits[Limit.OTHER] == Rate(count=1, window=timedelta(seconds=1))
        assert limits[Limit.SESSIONS] == Rate(count=30, window=timedelta(minutes=1))

    @given(count=st.integers(1, 99_999), seconds=st.integers(1, 86_400))
    def test_a_rate_reads_back_as_it_is_shown(self, count: int, seconds: int) -> None:
        rate = Rate(count=count, window=timedelta(seconds=seconds))
        assert load(CAMPAIGNS_START_LIMIT=f"{count}/{seconds}s").start_limit == rate
        if seconds < 1_000_000:
            assert load(CAMPAIGNS_START_LIMIT=str(rate)).start_limit == rate

    @pytest.mark.parametrize(
        "text", ["10", "10/", "/60s", "0/60s", "-1/60s", "10/0s", "10/60", "x/1s"]
    )
    def test_what_is_no_rate(self, text: str) -> None:
        assert fault(CAMPAIGNS_START_LIMIT=text).startswith("CAMPAIGNS_START_LIMIT: expected")

    @pytest.mark.parametrize(
        ("text", "seconds"), [("1s", 1), ("6.2s", 6.2), ("500ms", 0.5), ("2m", 120), ("0s", 0)]
    )
    def test_durations(self, text: str, seconds: float) -> None:
        assert load(CAMPAIGNS_START_SPACING=text).start_spacing == timedelta(seconds=seconds)

    @pytest.mark.parametrize(("text", "calls"), [("1", 1), ("20", 20), ("10000", 10_000)])
    def test_how_many_calls_at_once(self, text: str, calls: int) -> None:
        settings = load(CAMPAIGNS_CONCURRENT_CALLS=text)
        assert settings.concurrent_calls == calls
        assert settings.redacted()["CAMPAIGNS_CONCURRENT_CALLS"] == text
        assert load().redacted()["CAMPAIGNS_CONCURRENT_CALLS"] is None

    @pytest.mark.parametrize("text", ["0", "-1", "10001", "1.5", "many", "20/60s"])
    def test_what_is_no_number_of_calls(self, text: str) -> None:
        said = "CAMPAIGNS_CONCURRENT_CALLS: expected a whole number from 1 to 10000, or nothing"
        assert fault(CAMPAIGNS_CONCURRENT_CALLS=text).startswith(said)

    def test_a_limit_nobody_knows(self) -> None:
        assert "did you mean sessions?" in fault(CAMPAIGNS_LIMITS="session:1/1s")

    def test_the_start_limit_has_a_name_of_its_own(self) -> None:
        assert "CAMPAIGNS_START_LIMIT" in fault(CAMPAIGNS_LIMITS="start:10/60s")

    def test_a_limit_said_twice(self) -> None:
        assert "status twice" in fault(CAMPAIGNS_LIMITS="status:1/1s,status:2/1s")


class TestSecrets:
    def test_they_are_hidden(self) -> None:
        settings = load(
            THINNESTAI_API_KEY=LONG,
            CAMPAIGNS_SECRET=LONG,
            CAMPAIGNS_SECRET_PREVIOUS=f"{LONG}3,{LONG}4",
            CAMPAIGNS_API_KEYS=f"{LONG},{LONG}2",
            CAMPAIGNS_WEBHOOK_SIGNING_SECRET=LONG,
            CAMPAIGNS_DATABASE_URL=f"postgresql://ann:{LONG}@h/x",
            CAMPAIGNS_REDIS_URL=f"redis://:{LONG}@h/0",
        )
        assert LONG not in repr(settings)
        assert LONG not in repr(settings.redacted())
        assert settings.redacted()["CAMPAIGNS_REDIS_URL"] == "redis://:••••@h/0"
        assert [key.get_secret_value() for key in settings.api_keys] == [LONG, f"{LONG}2"]

    def test_a_password_in_the_query_is_hidden_too(self) -> None:
        settings = load(CAMPAIGNS_DATABASE_URL="postgresql://h/x?user=a&password=hunter2")
        assert "hunter2" not in repr(settings.redacted())

    def test_redacted_names_every_variable(self) -> None:
        shown = load().redacted()
        assert set(shown) == {name for name in NAMES if not name.endswith("_FILE")}
        assert shown["CAMPAIGNS_START_LIMIT"] == "10/60s"
        assert shown["CAMPAIGNS_DATABASE_URL"] == "sqlite:////home/ann/.campaigns/campaigns.db"
        assert shown["CAMPAIGNS_SECRET"] is None

    def test_a_short_secret_is_told_how_to_grow(self) -> None:
        said = fault(CAMPAIGNS_SECRET="hunter2")
        assert "32 characters" in said
        assert "openssl rand" in said
        assert "hunter2" not in said

    def test_a_key_pasted_with_its_header(self) -> None:
        assert "spaces" in fault(THINNESTAI_API_KEY="Bearer abcdefgh")


class TestFiles:
    def test_secrets_and_urls_may_lie_in_files(self, tmp_path: Path) -> None:
        path = tmp_path / "key"
        path.write_text(f"{LONG}\n")
        key = load(THINNESTAI_API_KEY_FILE=str(path)).api_key
        assert key is not None
        assert key.get_secret_value() == LONG

    def test_not_both(self, tmp_path: Path) -> None:
        assert "got both" in fault(CAMPAIGNS_SECRET=LONG, CAMPAIGNS_SECRET_FILE=str(tmp_path))

    def test_a_file_that_is_not_there(self) -> None:
        said = fault(CAMPAIGNS_SECRET_FILE="/nowhere/secret")
        assert "CAMPAIGNS_SECRET_FILE" in said
        assert "No such file" in said

    def test_an_empty_file(self, tmp_path: Path) -> None:
        path = tmp_path / "empty"
        path.write_text("\n")
        assert "an empty file" in fault(CAMPAIGNS_SECRET_FILE=str(path))

    def test_a_binary_file(self, tmp_path: Path) -> None:
        path = tmp_path / "binary"
        path.write_bytes(b"\xff\xfe\x00")
        assert "UTF-8" in fault(CAMPAIGNS_SECRET_FILE=str(path))

    def test_a_plain_setting_has_no_file(self) -> None:
        assert "CAMPAIGNS_REGION_FILE" in fault(CAMPAIGNS_REGION_FILE="/x")


class TestNames:
    def test_a_mistyped_name_is_told_the_right_one(self) -> None:
        said = fault(CAMPAIGNS_STARTLIMIT="1/60s")
        assert said == (
            "CAMPAIGNS_STARTLIMIT: expected a known name (did you mean CAMPAIGNS_START_LIMIT?)"
        )

    def test_a_mistyped_key_too(self) -> None:
        assert "did you mean THINNESTAI_API_KEY?" in fault(THINNESTAI_APIKEY=LONG)

    def test_other_people_s_names_are_theirs(self) -> None:
        load(THINNESTAI_BASE_URL="x", CAMPAIGN="x", DATABASE_URL="x")

    def test_what_a_supervisor_hands_down_is_known(self) -> None:
        load(CAMPAIGNS_SUPERVISOR_FD="3", CAMPAIGNS_WORLD="rehearsal", CAMPAIGNS_RUN_ID="x")


def test_no_code_reads_a_name_that_settings_would_refuse() -> None:
    root = Path(__file__).resolve().parents[2]
    used = {
        name
        for top in ("src", "workers")
        for path in (root / top).rglob("*.py")
        for name in re.findall(r"\bCAMPAIGNS_[A-Z_]+[A-Z]\b", path.read_text())
    }
    assert used <= NAMES | INTERNAL


def test_the_example_names_every_variable_and_no_other() -> None:
    example = (Path(__file__).resolve().parents[2] / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE))
    composed = {"POSTGRES_PASSWORD", "CAMPAIGNS_WORLD"}
    assert {name.removesuffix("_FILE") for name in NAMES} == named - composed
    assert composed <= named
    set_lines = [line for line in example.splitlines() if line and not line.startswith("#")]
    load(**dict(line.split("=", 1) for line in set_lines))


def test_every_fault_is_said_at_once() -> None:
    said = faults(
        CAMPAIGNS_HTTP_PORT="70000",
        CAMPAIGNS_HTTP_HOST="a b",
        CAMPAIGNS_REGION="USA",
        CAMPAIGNS_LOG_LEVEL="loud",
        CAMPAIGNS_LOG_FORMAT="jsn",
        CAMPAIGNS_TYPO="1",
        CAMPAIGNS_HOME="relative",
    )
    assert {text.partition(":")[0] for text in said} == {
        "CAMPAIGNS_HTTP_PORT",
        "CAMPAIGNS_HTTP_HOST",
        "CAMPAIGNS_REGION",
        "CAMPAIGNS_LOG_LEVEL",
        "CAMPAIGNS_LOG_FORMAT",
        "CAMPAIGNS_TYPO",
        "CAMPAIGNS_HOME",
    }
    assert any("did you mean json?" in text for text in said)


def test_words_in_any_case() -> None:
    settings = load(CAMPAIGNS_REGION="us", CAMPAIGNS_LOG_LEVEL="DEBUG", CAMPAIGNS_LOG_FORMAT="JSON")
    assert (settings.region, settings.log_level, settings.log_format) == ("US", "debug", "json")
