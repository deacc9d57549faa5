"""A newer schema that only adds: older programs go on with it, and any other stops them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config

from campaigns.errors import DatabaseAway
from campaigns.store import migrating, schema
from campaigns.store.database import Database
from tests.support.engine import World

LATER = """
revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None
{mark}


def upgrade() -> None:
    op.add_column("account", sa.Column("added_later", sa.Integer(), nullable=True))
"""


@pytest.fixture
def database(fresh_sqlite: str) -> Iterator[Database]:
    found = Database(fresh_sqlite)
    yield found
    found.close()


def upgraded_by_a_newer_program(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch, *, mark: str
) -> None:
    """Its migrations are ours and one more; afterwards we are the older program again."""
    scripts = folder / "migrations"
    shutil.copytree(Path(schema.__file__).parent / "migrations", scripts)
    text = "import sqlalchemy as sa\nfrom alembic import op\n" + LATER.format(
        head=schema.head(), mark=mark
    )
    (scripts / "versions" / "9999_later.py").write_text(text)
    config = Config()
    config.set_main_option("script_location", str(scripts))
    with monkeypatch.context() as newer:
        newer.setattr(migrating, "config", lambda: config)
        newer.setattr(schema, "HERE", scripts)
        schema.upgrade(database, kind="real")
    assert schema.current(database) == "9999"


def test_an_older_program_starts_and_works_where_only_something_was_added(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(database=database)
    upgraded_by_a_newer_program(database, tmp_path, monkeypatch, mark="expands = True")
    schema.require_current(database)
    world.submit(1)
    world.settle()
    assert len(world.provider.rung) == 1


@pytest.mark.parametrize("mark", ["", "expands = False"])
def test_an_older_program_refuses_any_other_change(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    schema.upgrade(database, kind="real")
    upgraded_by_a_newer_program(database, tmp_path, monkeypatch, mark=mark)
    with pytest.raises(DatabaseAway, match="9999"):
        schema.require_current(database)


def test_a_newer_program_refuses_an_older_schema(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.upgrade(database, kind="real")
    monkeypatch.setattr(schema, "head", lambda: "9999")
    with pytest.raises(DatabaseAway, match="db upgrade"):
        schema.require_current(database)
