"""A database of the first release is sealed to its end, and belongs to one secret from then on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import ProgrammingError

from campaigns.core.records import ContactRow
from campaigns.errors import ConfigurationError, DatabaseAway
from campaigns.store import resealing, schema
from campaigns.store.database import Database, SqlTransaction
from campaigns.store.sealing import Keys
from campaigns.store.tables import attempt, event, phone, rejected_row
from tests.support import before
from tests.support.secret import KEYS, SECRET

NEW = "the-secret-that-came-after-the-first-one"


class Killed(Exception):
    """What a process that dies looks like from inside."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    name = "fresh_sqlite" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def old(url: str) -> Iterator[Database]:
    """As 0001 left it."""
    database = Database(url)
    before.fill(database)
    yield database
    database.close()


@pytest.fixture
def sealed(old: Database) -> Database:
    schema.upgrade(old, kind="real")
    return old


def everything(database: Database) -> str:
    """All rows as they lie there."""
    with database.read() as tx:
        rows = [
            tuple(row)
            for name in inspect(tx.connection).get_table_names()
            for row in tx.connection.execute(text(f'SELECT * FROM "{name}"'))
        ]
    return repr(rows)


def open_in(database: Database) -> list[str]:
    lying = everything(database)
    return [one for one in before.CLEAR if one in lying]


def people(tx: SqlTransaction) -> list[ContactRow]:
    book = tx.book(1, before.KEYS)
    return [tx.contact(book[key].id) for key in before.KEYS]


def read_back(database: Database) -> None:
    """Everything is found, and opens as it was."""
    with database.read() as tx:
        assert [one.e164 for one in people(tx)] == list(before.NUMBERS)
        assert [one.fields["name"] for one in people(tx)] == list(before.NAMES)
        assert [bool(one.settings) for one in people(tx)] == [True, False, False]
        ids = {number: tx.phone_of(number) for number in before.NUMBERS}
        assert list(ids.values()) == [1, 2, 3]
        assert [tx.suppressed(id) for id in (1, 2, 3)] == [False, False, True]
        first, second = (tx.attempt(f"attempt-{n}") for n in (1, 2))
        assert first is not None
        assert second is not None
        assert first.snapshot["context"] == {"name": before.NAMES[0]}
        assert (first.enriched, second.enriched) == ({"analysis": "mood of Ann"}, None)
        detail = select(attempt.c.answer_detail).order_by(attempt.c.id)
        assert list(tx.connection.execute(detail).scalars()) == [None, "refused for Bob"]
        bodies = tx.connection.execute(select(event.c.body).order_by(event.c.id)).scalars()
        assert list(bodies) == ['{"note": "said by Ann"}', ""]
        reason = tx.connection.execute(select(rejected_row.c.reason)).scalar_one()
        assert reason == "'cell of Dora' is no number"


def test_an_upgrade_seals_what_lay_open(old: Database) -> None:
    assert set(open_in(old)) == set(before.CLEAR)
    schema.upgrade(old, kind="real")
    assert open_in(old) == []
    schema.require_current(old)
    read_back(old)


def test_the_file_keeps_no_trace_of_it(fresh_sqlite: str) -> None:
    database = Database(fresh_sqlite)
    before.fill(database)
    schema.upgrade(database, kind="real")
    path = Path(fresh_sqlite.removeprefix("sqlite:///"))
    lying = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    database.close()
    assert [one for one in before.CLEAR if one.encode() in lying] == []


@pytest.mark.parametrize("dies_in", ["_phones", "_contacts", "_table", "_rows", "_seal"])
def test_an_upgrade_that_was_killed_is_finished_by_the_next(
    old: Database, monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    whole = getattr(resealing, dies_in)
    calls = 0

    def dies(*given: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Killed
        return whole(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(resealing, "CHUNK", 1)
        patch.setattr(resealing, dies_in, dies)
        with pytest.raises(Killed):
            schema.upgrade(old, kind="real")
    with pytest.raises(DatabaseAway, match="not sealed to its end"):
        schema.require_current(old)
    schema.upgrade(old, kind="real")
    schema.require_current(old)
    assert open_in(old) == []
    read_back(old)


def test_a_process_of_the_release_before_finds_nothing_to_call(sealed: Database) -> None:
    with pytest.raises((DatabaseAway, ProgrammingError)), sealed.read() as tx:
        tx.connection.execute(text("SELECT e164 FROM phone"))


def test_another_secret_is_refused(sealed: Database, url: str) -> None:
    other = Database(url, keys=Keys.from_secret(NEW))
    try:
        for refused in (
            lambda: schema.require_current(other),
            lambda: schema.upgrade(other, kind="real"),
        ):
            with pytest.raises(ConfigurationError, match=r"written with.*another one"):
                refused()
        with pytest.raises(ConfigurationError), other.write() as tx:
            tx.phone_ids([before.NUMBERS[0]])
    finally:
        other.close()
    read_back(sealed)


def test_a_new_secret_beside_the_old_one_opens_everything_and_seals_it_anew(
    sealed: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "CHUNK", 2)
    turning = Database(url, keys=Keys.from_secret(NEW, [SECRET]))
    only = Database(url, keys=Keys.from_secret(NEW))
    try:
        schema.require_current(turning)
        read_back(turning)
        with pytest.raises(ConfigurationError):
            schema.require_current(only)
        assert resealing.reseal(turning) > 0
        assert resealing.reseal(turning) == 0
        schema.require_current(only)
        read_back(only)
        assert f"${KEYS.current}$" not in everything(only)
        with pytest.raises(ConfigurationError):
            schema.require_current(sealed)
    finally:
        turning.close()
        only.close()


def test_a_number_is_the_same_number_before_during_and_after_a_new_secret(
    sealed: Database, url: str
) -> None:
    turning = Database(url, keys=Keys.from_secret(NEW, [SECRET]))
    try:
        with turning.write() as tx:
            assert sorted(tx.phone_ids(before.NUMBERS).values()) == [1, 2, 3]
        resealing.reseal(turning)
        with turning.write() as tx:
            assert sorted(tx.phone_ids(before.NUMBERS).values()) == [1, 2, 3]
            assert tx.suppressed(3)
            ids = select(phone.c.id).order_by(phone.c.id)
            assert list(tx.connection.execute(ids).scalars()) == [1, 2, 3]
    finally:
        turning.close()


def test_resealing_that_was_killed_is_finished_by_the_next(
    sealed: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turning = Database(url, keys=Keys.from_secret(NEW, [SECRET]))
    seal = resealing._seal

    def dies(*given: object, **named: object) -> int:
        if given[1] is attempt:
            raise Killed
        return seal(*given, **named)  # type: ignore[arg-type]  # as it was called

    try:
        with monkeypatch.context() as patch:
            patch.setattr(resealing, "_seal", dies)
            with pytest.raises(Killed):
                resealing.reseal(turning)
        read_back(turning)
        assert resealing.reseal(turning) > 0
        assert f"${KEYS.current}$" not in everything(turning)
    finally:
        turning.close()


def test_without_a_secret_nothing_personal_is_stored(fresh_sqlite: str) -> None:
    database = Database(fresh_sqlite, keys=None)
    with pytest.raises(ConfigurationError, match="CAMPAIGNS_SECRET"):
        schema.upgrade(database, kind="real")
    database.close()


def test_a_sealed_column_refuses_to_be_compared() -> None:
    with pytest.raises(TypeError, match="index"):
        select(phone.c.id).where(phone.c.e164 == before.NUMBERS[0])
