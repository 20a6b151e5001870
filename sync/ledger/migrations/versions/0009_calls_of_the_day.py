"""API calls are counted for all commands together, by the minute, beside what each System allows in a day."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("minute", _TEXT, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("system", "minute", name=op.f("pk_calls")),
    )
    op.create_table(
        "allowances",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("resets_at", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_allowances")),
    )
