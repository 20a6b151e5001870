"""The ids by which a CRM's histories name its users, where those are not the ids that own records.

Users are the CRMs' own, kept for a day: the next Run reads them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.drop_table("users")
    op.create_table(
        "users",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("writes_as", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("system", "id", name=op.f("pk_users")),
    )
    op.execute("DELETE FROM cursors WHERE object = 'users'")
