"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "cursors",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("object", _TEXT, nullable=False),
        sa.Column("position", _TEXT, nullable=True),
        sa.Column("read_at", _TEXT, nullable=False),
        sa.Column("full_at", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("system", "object", name=op.f("pk_cursors")),
    )
    op.create_table(
        "lease",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("holder", _TEXT, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", _TEXT, nullable=False),
        sa.Column("since", _TEXT, nullable=False),
        sa.Column("expires_at", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "links",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("label", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=True),
        sa.Column("evidence", _TEXT, nullable=False),
        sa.Column("base", _TEXT, nullable=False),
        sa.Column("wake", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("opened_at", _TEXT, nullable=False),
        sa.Column("closed_at", _TEXT, nullable=True),
        sa.Column("close_reason", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_domain"), "links", ["domain"], unique=False)
    op.create_index(
        "ix_links_wake",
        "links",
        ["id"],
        unique=False,
        sqlite_where=sa.text("wake = 1"),
        postgresql_where=sa.text("wake"),
    )
    op.create_table(
        "matches",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("members", _TEXT, nullable=False),
        sa.Column("evidence", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("opened_at", _TEXT, nullable=False),
        sa.Column("decided_by", _TEXT, nullable=True),
        sa.Column("decided_at", _TEXT, nullable=True),
        sa.Column("note", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
        sa.UniqueConstraint("key", name=op.f("uq_matches_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_matches_state"), "matches", ["state"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "outcome_history",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("at", _TEXT, nullable=False),
        sa.Column("stage", _TEXT, nullable=False),
        sa.Column("amount", _TEXT, nullable=True),
        sa.Column("close_date", _TEXT, nullable=True),
        sa.Column("closed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("won", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outcome_history")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outcome_history_system_id_at", "outcome_history", ["system", "id", "at"], unique=False
    )
    op.create_table(
        "runs",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("trigger", _TEXT, nullable=False),
        sa.Column("started_at", _TEXT, nullable=False),
        sa.Column("finished_at", _TEXT, nullable=True),
        sa.Column("outcome", _TEXT, nullable=True),
        sa.Column("counts", _TEXT, nullable=False),
        sa.Column("calls", _TEXT, nullable=False),
        sa.Column("error", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_kind_started_at", "runs", ["kind", "started_at"], unique=False)
    op.create_table(
        "systems",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("identity", _TEXT, nullable=False),
        sa.Column("identity_name", _TEXT, nullable=False),
        sa.Column("first_seen_at", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_systems")),
    )
    op.create_table(
        "users",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("email", _TEXT, nullable=True),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("system", "id", name=op.f("pk_users")),
    )
    op.create_table(
        "conflicts",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("link_id", _TEXT, nullable=False),
        sa.Column("field", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("base", _TEXT, nullable=True),
        sa.Column("has_base", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("sides", _TEXT, nullable=False),
        sa.Column("proposals", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("decision", _TEXT, nullable=True),
        sa.Column("decided_by", _TEXT, nullable=True),
        sa.Column("decided_at", _TEXT, nullable=True),
        sa.Column("opened_run", _TEXT, nullable=True),
        sa.Column("opened_at", _TEXT, nullable=False),
        sa.Column("closed_at", _TEXT, nullable=True),
        sa.Column("close_reason", _TEXT, nullable=True),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_conflicts_link_id")),
        sa.ForeignKeyConstraint(["opened_run"], ["runs.id"], name=op.f("fk_conflicts_opened_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_conflicts_link_id"), "conflicts", ["link_id"], unique=False)
    op.create_index(
        "ix_conflicts_standing",
        "conflicts",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "uq_conflicts_standing",
        "conflicts",
        ["link_id", "field"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_table(
        "events",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", _TEXT, nullable=False),
        sa.Column("run_id", _TEXT, nullable=True),
        sa.Column("link_id", _TEXT, nullable=True),
        sa.Column("system", _TEXT, nullable=True),
        sa.Column("field", _TEXT, nullable=True),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("old", _TEXT, nullable=True),
        sa.Column("new", _TEXT, nullable=True),
        sa.Column("rule", _TEXT, nullable=True),
        sa.Column("by", _TEXT, nullable=True),
        sa.Column("note", _TEXT, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_events_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_link_id_field", "events", ["link_id", "field"], unique=False)
    op.create_index(op.f("ix_events_run_id"), "events", ["run_id"], unique=False)
    op.create_table(
        "held",
        sa.Column("link_id", _TEXT, nullable=False),
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("field", _TEXT, nullable=False),
        sa.Column("code", _TEXT, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("remedy", _TEXT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", _TEXT, nullable=False),
        sa.Column("last_at", _TEXT, nullable=False),
        sa.Column("next_try_at", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_held_link_id")),
        sa.PrimaryKeyConstraint("link_id", "system", "field", name=op.f("pk_held")),
    )
    op.create_index("ix_held_next_try_at", "held", ["next_try_at"], unique=False)
    op.create_table(
        "outcomes",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("link_id", _TEXT, nullable=True),
        sa.Column("account_id", _TEXT, nullable=True),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("stage", _TEXT, nullable=False),
        sa.Column("stage_label", _TEXT, nullable=True),
        sa.Column("buyer_stage", _TEXT, nullable=True),
        sa.Column("pipeline", _TEXT, nullable=True),
        sa.Column("amount", _TEXT, nullable=True),
        sa.Column("currency", _TEXT, nullable=True),
        sa.Column("close_date", _TEXT, nullable=True),
        sa.Column("closed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("won", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("owner_email", _TEXT, nullable=True),
        sa.Column("created_at", _TEXT, nullable=False),
        sa.Column("modified_at", _TEXT, nullable=False),
        sa.Column("removed_at", _TEXT, nullable=True),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_outcomes_link_id")),
        sa.PrimaryKeyConstraint("system", "id", name=op.f("pk_outcomes")),
    )
    op.create_index(op.f("ix_outcomes_link_id"), "outcomes", ["link_id"], unique=False)
    op.create_index("ix_outcomes_system_account_id", "outcomes", ["system", "account_id"], unique=False)
    op.create_table(
        "records",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("link_id", _TEXT, nullable=True),
        sa.Column("name", _TEXT, nullable=True),
        sa.Column("domain", _TEXT, nullable=True),
        sa.Column("tandem_id", _TEXT, nullable=True),
        sa.Column("current", _TEXT, nullable=False),
        sa.Column("observed", _TEXT, nullable=False),
        sa.Column("unreadable", _TEXT, nullable=False),
        sa.Column("echo", _TEXT, nullable=False),
        sa.Column("stamp", _TEXT, nullable=True),
        sa.Column("not_before", _TEXT, nullable=True),
        sa.Column("modified_by", _TEXT, nullable=True),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("merged_into", _TEXT, nullable=True),
        sa.Column("seen_at", _TEXT, nullable=False),
        sa.Column("first_seen_at", _TEXT, nullable=False),
        sa.Column("dirty", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("unmatched", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("covered", _TEXT, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_records_link_id")),
        sa.PrimaryKeyConstraint("id", "system", name=op.f("pk_records")),
    )
    op.create_index(
        "ix_records_dirty",
        "records",
        ["link_id"],
        unique=False,
        sqlite_where=sa.text("dirty = 1"),
        postgresql_where=sa.text("dirty"),
    )
    op.create_index("ix_records_domain", "records", ["domain"], unique=False)
    op.create_index(
        "ix_records_gone",
        "records",
        ["link_id"],
        unique=False,
        sqlite_where=sa.text("state <> 'present'"),
        postgresql_where=sa.text("state <> 'present'"),
    )
    op.create_index(
        "ix_records_merged_into",
        "records",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index("ix_records_system_state", "records", ["system", "state"], unique=False)
    op.create_index(
        "ix_records_tandem_id",
        "records",
        ["tandem_id"],
        unique=False,
        sqlite_where=sa.text("tandem_id IS NOT NULL"),
        postgresql_where=sa.text("tandem_id IS NOT NULL"),
    )
    op.create_index(
        "ix_records_unmatched",
        "records",
        ["domain", "tandem_id", "system", "id"],
        unique=False,
        sqlite_where=sa.text("unmatched = 1"),
        postgresql_where=sa.text("unmatched"),
    )
    op.create_index("uq_records_link_id_system", "records", ["link_id", "system"], unique=True)
    op.create_table(
        "scores",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("key_kind", _TEXT, nullable=False),
        sa.Column("score", _TEXT, nullable=False),
        sa.Column("as_of", _TEXT, nullable=False),
        sa.Column("imported_at", _TEXT, nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("link_id", _TEXT, nullable=True),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_scores_link_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_scores")),
    )
    op.create_index(op.f("ix_scores_link_id"), "scores", ["link_id"], unique=False)
    op.create_table(
        "writes",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("link_id", _TEXT, nullable=False),
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("native_id", _TEXT, nullable=True),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("fields", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("intended_at", _TEXT, nullable=False),
        sa.Column("settled_at", _TEXT, nullable=True),
        sa.Column("refusal", _TEXT, nullable=True),
        sa.Column("unchecked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_writes_run_id")),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_writes_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_writes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_writes_link_id"), "writes", ["link_id"], unique=False)
    op.create_index(
        "ix_writes_open",
        "writes",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('intended', 'unknown')"),
        postgresql_where=sa.text("state IN ('intended', 'unknown')"),
    )
    op.create_index(
        "ix_writes_unchecked",
        "writes",
        ["id"],
        unique=False,
        sqlite_where=sa.text("unchecked = 1"),
        postgresql_where=sa.text("unchecked"),
    )
    op.create_index(op.f("ix_writes_run_id"), "writes", ["run_id"], unique=False)
