"""The children's logs stay small and private, and the last words can be read."""

import os
import stat
from pathlib import Path

from campaigns.embedded.logfiles import keep_small, open_log, size, tail


def write(path: Path, text: str) -> None:
    log = open_log(path)
    os.write(log, text.encode())
    os.close(log)


def test_a_log_is_private_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    write(path, "one\n")
    write(path, "two\n")
    assert path.read_text() == "one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_last_words_are_the_lines_that_say_something(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, "old\n")
    since = size(path)
    write(path, "\nfirst\n\n  second  \n\n")
    assert tail(path) == ["old", "first", "  second"]
    assert tail(path, since=since) == ["first", "  second"]
    assert tail(path, lines=1) == ["  second"]


def test_no_log_no_words(tmp_path: Path) -> None:
    assert tail(tmp_path / "absent") == []
    assert size(tmp_path / "absent") == 0


def test_what_is_not_text_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\xff\xfe bad\n")
    assert len(tail(tmp_path / "log")) == 1


def test_a_log_that_grew_moves_back_one_generation_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = open_log(path)
    os.write(log, b"x" * 100)
    assert not keep_small(path, largest=100)
    assert keep_small(path, largest=99)
    os.write(log, b"next\n")
    os.close(log)
    assert path.read_text() == "next\n"
    assert (tmp_path / "log.1").read_text() == "x" * 100
    assert stat.S_IMODE((tmp_path / "log.1").stat().st_mode) == 0o600
    assert tail(path, since=100) == ["next"], "an offset of before the cut is no offset"
