"""The home is private, made once, and a rehearsal's is gone afterwards."""

import os
import stat
from pathlib import Path

import pytest

from campaigns.embedded.home import create, ensure_secret, private_dir, throwaway, write_private
from campaigns.errors import ConfigurationError, Conflict


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _careless_umask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_home_is_private_and_said_to_be_new(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    assert create(home)
    assert mode(home) == 0o700
    (home / "x").touch()
    assert not create(home)


def test_an_empty_directory_is_new_too(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert create(tmp_path)
    assert mode(tmp_path) == 0o755, "what was there before is not re-permissioned"


def test_a_home_that_anybody_may_write_to_is_refused_with_the_cure(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(ConfigurationError, match=f"chmod 700 {tmp_path}"):
        create(tmp_path)


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    for home in (tmp_path / "home", tmp_path / "home" / "below"):
        with pytest.raises(ConfigurationError) as error:
            create(home)
        assert "CAMPAIGNS_HOME" in str(error.value)
        assert "\n" not in str(error.value)


def test_directories_inside_are_private(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    assert mode(private_dir(tmp_path / "logs")) == 0o700
    assert mode(private_dir(tmp_path / "broker")) == 0o700


def test_the_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    secret = ensure_secret(tmp_path)
    assert len(secret) >= 43
    assert ensure_secret(tmp_path) == secret
    assert mode(tmp_path / "secret") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_secret_that_others_could_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s" * 40)
    (tmp_path / "secret").chmod(0o644)
    assert ensure_secret(tmp_path) == "s" * 40
    assert mode(tmp_path / "secret") == 0o600


@pytest.mark.parametrize("content", ["", "short", "ü" * 40])
def test_a_damaged_secret_is_never_replaced(content: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(content)
    with pytest.raises(ConfigurationError, match="backup") as error:
        ensure_secret(tmp_path)
    assert (tmp_path / "secret").read_text() == content
    assert not content or content not in str(error.value)


def test_of_two_that_start_at_once_the_first_secret_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def overtaken(draft: Path, path: Path) -> None:
        path.write_text("o" * 40)
        link(draft, path)

    monkeypatch.setattr(os, "link", overtaken)
    assert ensure_secret(tmp_path) == "o" * 40
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "f", "one")
    write_private(tmp_path / "f", "two")
    assert (tmp_path / "f").read_text() == "two"
    assert mode(tmp_path / "f") == 0o600
    assert len(list(tmp_path.iterdir())) == 1


def test_a_rehearsal_leaves_no_home() -> None:
    with throwaway() as home:
        assert mode(home) == 0o700
        (home / "x").touch()
    assert not home.exists()


def test_a_rehearsal_s_home_goes_also_when_the_rehearsal_fails() -> None:
    with pytest.raises(KeyboardInterrupt), throwaway() as home:
        raise KeyboardInterrupt
    assert not home.exists()


def test_a_rehearsal_may_be_kept_in_a_directory_of_its_own(tmp_path: Path) -> None:
    with throwaway(tmp_path / "kept") as home:
        (home / "x").touch()
    assert (tmp_path / "kept" / "x").exists()
    with pytest.raises(Conflict, match="not empty"), throwaway(tmp_path / "kept"):
        pass
