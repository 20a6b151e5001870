"""Facts that stood in ``meta`` under keys put together by hand, and in a Cursor that was none, get tables of their own.

What tells which Tandem wrote the ledger stays in ``meta``: an older one looks for it there.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from sync.errors import LedgerDamaged

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_META = sa.table("meta", sa.column("key"), sa.column("value"))
#: A table, and what stands in one row of it.
_Row = tuple[str, dict[str, Any]]


def upgrade() -> None:
    op.create_table(
        "builtin_fields",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("present", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_builtin_fields")),
    )
    op.create_table(
        "definitions_seen",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("at", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_definitions_seen")),
    )
    op.create_table(
        "definitions_written",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("at", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", "name", name=op.f("pk_definitions_written")),
    )
    op.create_table(
        "drift",
        sa.Column("since", _TEXT, nullable=False),
        sa.Column("lines", _TEXT, nullable=False),
        sa.Column("look_again", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("since", name=op.f("pk_drift")),
    )
    op.create_table(
        "fields_read",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("system", "name", name=op.f("pk_fields_read")),
    )
    op.create_table(
        "native_names",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("field", _TEXT, nullable=False),
        sa.Column("native", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", "field", name=op.f("pk_native_names")),
    )
    op.create_table(
        "probe_marks",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("object", _TEXT, nullable=False),
        sa.Column("record", _TEXT, nullable=False),
        sa.Column("marks", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_probe_marks")),
    )
    op.create_table(
        "restored",
        sa.Column("as_of", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("as_of", name=op.f("pk_restored")),
    )
    op.create_table(
        "service",
        sa.Column("host", _TEXT, nullable=False),
        sa.Column("pid", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", _TEXT, nullable=False),
        sa.Column("seen_at", _TEXT, nullable=False),
        sa.Column("next", _TEXT, nullable=False),
        sa.Column("troubles", _TEXT, nullable=False),
        sa.Column("doing", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("host", "pid", name=op.f("pk_service")),
    )
    op.create_table(
        "users_read",
        sa.Column("system", _TEXT, nullable=False),
        sa.Column("at", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_users_read")),
    )
    _carry_over(op.get_bind())


def _carry_over(connection: sa.Connection) -> None:
    notes = {str(row.key): str(row.value) for row in connection.execute(sa.select(_META))}
    for key, value in notes.items():
        kind, _, system = key.partition(":")
        try:
            rows = _ROWS[kind](system, value, notes) if kind in _ROWS else []
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LedgerDamaged(
                f"the ledger could not be brought up to date: what stands under {key!r} in its table meta cannot be "
                "read; it stands as it was",
                remedy="run `tandem ledger restore` with a backup, or `tandem ledger rebuild` with the Tandem that "
                "wrote it",
            ) from error
        for table, row in rows:
            columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in row]
            connection.execute(sa.insert(sa.table(table, *columns)).values(row))
    connection.execute(
        sa.text(
            "INSERT INTO users_read (system, at) SELECT system, read_at FROM cursors WHERE object = 'users'"
        )
    )
    connection.execute(sa.text("DELETE FROM cursors WHERE object = 'users'"))
    connection.execute(sa.text("DELETE FROM meta WHERE key <> 'written_by'"))


# -- each note as rows of the table that has its place; an empty one said that there was nothing to say ---------------


def _fields(system: str, value: str, notes: Mapping[str, str]) -> list[_Row]:
    hidden = notes.get(f"lost:{system}", "").split()
    return [
        ("fields_read", {"system": system, "name": name, "hidden": name in hidden}) for name in value.split()
    ]


def _names(system: str, value: str, _notes: Mapping[str, str]) -> list[_Row]:
    return [
        ("native_names", {"system": system, "field": field, "native": native})
        for field, native in json.loads(value or "{}").items()
    ]


def _builtin(system: str, value: str, _notes: Mapping[str, str]) -> list[_Row]:
    # None of them is another thing than no note: the System was asked.
    return [("builtin_fields", {"system": system, "present": _json(sorted(value.split()))})]


def _definitions(system: str, value: str, _notes: Mapping[str, str]) -> list[_Row]:
    if not value:
        return []
    seen = json.loads(value)
    return [("definitions_seen", {"system": system, "at": _utc(seen["at"]), "digest": seen["shown"]})]


def _provisioned(system: str, value: str, _notes: Mapping[str, str]) -> list[_Row]:
    if not value:
        return []
    written = json.loads(value)
    at = _utc(written["at"])
    return [
        ("definitions_written", {"system": system, "name": name, "digest": digest, "at": at})
        for name, digest in written["fields"].items()
    ]


def _probing(system: str, value: str, _notes: Mapping[str, str]) -> list[_Row]:
    if not value:
        return []
    left = json.loads(value)
    row = {"system": system, "object": left["object"], "record": left["record"]}
    return [("probe_marks", {**row, "marks": _json(left["marks"])})]


def _drift(part: str, value: str, notes: Mapping[str, str]) -> list[_Row]:
    if part or not value:
        return []
    state = json.loads(value)
    again = bool(notes.get("drift:look_again"))
    return [("drift", {"since": _utc(state["since"]), "lines": _json(state["lines"]), "look_again": again})]


def _service(_: str, value: str, _notes: Mapping[str, str]) -> list[_Row]:
    if not value:
        return []
    state = json.loads(value)
    return [
        (
            "service",
            {
                "host": state["host"],
                "pid": state["pid"],
                "since": _utc(state["since"]),
                "seen_at": _utc(state["seen_at"]),
                "next": _json({job: _utc(at) for job, at in state["next"].items()}),
                "troubles": _json(state["troubles"]),
                "doing": state["doing"],
            },
        )
    ]


def _restored(_: str, value: str, _notes: Mapping[str, str]) -> list[_Row]:
    return [("restored", {"as_of": _utc(value)})] if value else []


_ROWS: Mapping[str, Callable[[str, str, Mapping[str, str]], list[_Row]]] = {
    "fields": _fields,
    "names": _names,
    "builtin": _builtin,
    "definitions": _definitions,
    "provisioned": _provisioned,
    "probing": _probing,
    "drift": _drift,
    "service": _service,
    "restored": _restored,
}


def _utc(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
