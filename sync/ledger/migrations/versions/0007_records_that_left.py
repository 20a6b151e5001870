"""What was known of a Record within the Link that it left is kept until it belongs to one again.

Of Links that ended before nothing is known any more: their Records meet as for the first time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "left_records",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("link_id", _TEXT, nullable=False),
        sa.Column("base", _TEXT, nullable=False),
        sa.Column("observed", _TEXT, nullable=False),
        sa.Column("echo", _TEXT, nullable=False),
        sa.Column("current", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_left_records_link_id")),
        sa.PrimaryKeyConstraint("system", "id", name=op.f("pk_left_records")),
    )
