"""The ids by which a CRM's histories name its users, where those are not the ids that own records.

Users are the CRMs' own, kept for a day: the next Run reads them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.drop_table("users")
    op.create_table(
        "users",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("email", _TEXT, nullable=True),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("writes_as", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("system", "id", name=op.f("pk_users")),
    )
    op.execute("DELETE FROM cursors WHERE object = 'users'")
