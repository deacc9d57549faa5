"""What is sealed opens under its secret and in its column, and nowhere else."""

from __future__ import annotations

import base64

import pytest

from campaigns.store.sealing import Keys, Unopened, blind, new_index_key

OLD, NEW = "o" * 40, "n" * 40
NUMBER = "+16175550123"


def test_a_value_opens_as_it_was() -> None:
    keys = Keys.from_secret(OLD)
    for text in (NUMBER, "", "José · 電話", "\ud800", "x" * 100_000):
        assert keys.open(keys.seal(text, "phone.e164"), "phone.e164") == text


def test_the_same_value_is_another_one_each_time_and_says_nothing() -> None:
    keys = Keys.from_secret(OLD)
    sealed = {keys.seal(NUMBER, "phone.e164") for _ in range(100)}
    assert len(sealed) == 100
    assert not any(NUMBER[1:] in one for one in sealed)


def test_it_does_not_open_in_another_column() -> None:
    keys = Keys.from_secret(OLD)
    with pytest.raises(Unopened):
        keys.open(keys.seal(NUMBER, "phone.e164"), "contact.key")


def test_it_does_not_open_under_another_secret() -> None:
    sealed = Keys.from_secret(OLD).seal(NUMBER, "phone.e164")
    with pytest.raises(Unopened):
        Keys.from_secret(NEW).open(sealed, "phone.e164")


def test_not_a_bit_of_it_can_be_changed() -> None:
    keys = Keys.from_secret(OLD)
    head, _, encoded = keys.seal(NUMBER, "phone.e164").rpartition("$")
    body = base64.b64decode(encoded)
    for at in range(8 * len(body)):
        changed = bytearray(body)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(Unopened):
            keys.open(f"{head}${base64.b64encode(changed).decode()}", "phone.e164")


@pytest.mark.parametrize("text", ["", NUMBER, "$1$", "$1$00000000$", "$2$x$y"])
def test_what_is_not_sealed_is_not_taken_for_it(text: str) -> None:
    with pytest.raises(Unopened):
        Keys.from_secret(OLD).open(text, "phone.e164")


def test_an_earlier_secret_opens_and_the_current_one_seals() -> None:
    before = Keys.from_secret(OLD).seal(NUMBER, "phone.e164")
    both = Keys.from_secret(NEW, [OLD])
    assert both.open(before, "phone.e164") == NUMBER
    assert not both.is_current(before)
    after = both.seal(NUMBER, "phone.e164")
    assert both.is_current(after)
    assert Keys.from_secret(NEW).open(after, "phone.e164") == NUMBER


def test_keys_are_not_shown() -> None:
    assert "AESGCM" not in repr(Keys.from_secret(OLD, [NEW]))


def test_an_index_is_the_same_each_time_and_another_one_under_another_key() -> None:
    key, other = (bytes.fromhex(new_index_key()) for _ in range(2))
    assert blind(key, NUMBER) == blind(key, NUMBER)
    assert blind(key, NUMBER) != blind(other, NUMBER)
    assert len({blind(key, f"+1617555{n:04d}") for n in range(10_000)}) == 10_000
    assert not blind(key, NUMBER).startswith("+")
    assert len(blind(key, NUMBER)) == 20
