"""What one cell says once everything invisible is gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.cells import clean, folded, yes_or_no


@given(text=st.text(max_size=80))
def test_cleaning_removes_what_cannot_be_seen_and_is_done_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once == once.strip()
    assert once.encode() is not None
    assert not any(ord(char) < 32 or ord(char) == 127 for char in once)
    if text.isascii() and text.isprintable():
        assert once == text.strip()


@given(word=st.sampled_from(["yes", "TRUE", " y ", "1", "On"]))
def test_yes(word: str) -> None:
    assert yes_or_no(word) is True


@given(word=st.sampled_from(["no", "False", " n ", "0", "OFF"]))
def test_no(word: str) -> None:
    assert yes_or_no(word) is False


def test_what_shapes_letters_stays_and_what_hides_goes() -> None:
    assert clean("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"
    assert clean("\ufeffJane\u202e \u200bDoe") == "Jane Doe"
    assert clean("\ud800x\ue000") == "x"


def test_names_fold_as_people_mean_them() -> None:
    assert folded("Phone Number") == folded("phone_number") == folded("PhoneNumber")
    assert folded("phone") != folded("phones")


def test_anything_else_is_neither_yes_nor_no() -> None:
    assert yes_or_no("perhaps") is None
    assert yes_or_no("") is None
