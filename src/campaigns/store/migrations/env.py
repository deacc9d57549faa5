"""Alembic's entry: runs the migrations on the connection that store/schema.py hands over."""

from __future__ import annotations

from alembic import context

from campaigns.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="tables.",
)
with context.begin_transaction():
    context.run_migrations()
