"""Column types that mean the same on PostgreSQL and SQLite, and the one MetaData."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.operators import OperatorType, is_, is_not
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: timestamptz on PostgreSQL, microseconds since 1970 on SQLite.

    SQLite has no time type; integers compare and index as instants should, texts need luck.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """An aware instant on its way in."""
        if value is None or dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An aware UTC instant on its way out."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=int(value))


class Sealer(Protocol):
    """What seals and opens; a `Database` gives its own to its dialect."""

    def seal(self, text: str, label: str) -> str: ...

    def open(self, sealed: str, label: str) -> str: ...


SEALER = "campaigns_sealer"
"""The dialect's attribute that holds it."""


class _Closed(TypeDecorator.Comparator[Any]):
    """A sealed value is another one each time: to compare it can only be a mistake."""

    def operate(self, op: OperatorType, *other: Any, **kwargs: Any) -> Any:
        if op not in (is_, is_not):
            raise TypeError("a sealed column cannot be compared: look up by its index")
        return super().operate(op, *other, **kwargs)


class Sealed(TypeDecorator[str]):
    """A text that is sealed on its way in and opened on its way out; `label` names the column."""

    impl = Text
    cache_ok = True
    comparator_factory = _Closed

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Seal it."""
        return None if value is None else _sealer(dialect).seal(value, self.label)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Open it."""
        return None if value is None else _sealer(dialect).open(value, self.label)


class SealedJson(TypeDecorator[Any]):
    """The same for a JSON value: one sealed JSON string in its place. An empty one says nothing."""

    impl = JSON(none_as_null=True)
    cache_ok = True
    comparator_factory = _Closed

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(JSON(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Seal it."""
        return _sealer(dialect).seal(_written(value), self.label) if value else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Open it."""
        return json.loads(_sealer(dialect).open(value, self.label)) if value else value


_written = json.JSONEncoder(separators=(",", ":")).encode


def _sealer(dialect: Dialect) -> Sealer:
    sealer: Sealer = vars(dialect)[SEALER]
    return sealer


BigId = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
