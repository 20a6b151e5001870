"""Further domains of a record, and addresses below a domain that tell one company from another.

They are read with the record the next time; nothing that stands is other for it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    # SQLite adds a column behind the table's constraints: the table is made anew, so that it reads as it is written.
    anew = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("records", recreate="always" if anew else "never") as records:
        records.add_column(sa.Column("more_domains", _TEXT, server_default="[]", nullable=False))
        records.add_column(sa.Column("sites", _TEXT, server_default="[]", nullable=False))
    op.create_table(
        "further_domains",
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("domain", "id", "system", name=op.f("pk_further_domains")),
    )
