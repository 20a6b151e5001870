"""Each acquisition of a lease has a number, and tells which process it was in words that no other process has.

Whoever holds a lease while this happens loses it: it is a Tandem that does not know how to look at the number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.drop_table("lease")
    op.create_table(
        "lease",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("holder", _TEXT, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", _TEXT, nullable=False),
        sa.Column("since", _TEXT, nullable=False),
        sa.Column("expires_at", _TEXT, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("boot", _TEXT, nullable=False),
        sa.Column("pid_space", _TEXT, nullable=False),
        sa.Column("time_space", _TEXT, nullable=False),
        sa.Column("started", _TEXT, nullable=False),
        sa.Column("ends", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
