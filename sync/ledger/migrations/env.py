"""Alembic's entry: runs the steps on the connection, and in the transaction, that the ledger hands over."""

from alembic import context

from sync.ledger.database.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite can roll back what a migration did to tables; Alembic does not expect that by itself.
    transactional_ddl=True,
    # SQLite cannot alter most of a table: it is copied instead.
    render_as_batch=True,
)

with context.begin_transaction():
    context.run_migrations()
