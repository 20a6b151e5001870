"""What people are asked is about two Records each; a group of more becomes its pairs, under keys that stay.

What was decided of a group holds for each of its pairs. An open group is asked again as pairs by the next Run, which
knows which of them are worth asking.
"""

import hashlib
import json
from base64 import b32encode
from itertools import combinations
from typing import Any

import sqlalchemy as sa
from alembic import op

from sync.errors import LedgerDamaged

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MATCHES = sa.table(
    "matches",
    *(
        sa.column(name)
        for name in (
            *("id", "kind", "key", "members", "evidence", "state", "opened_at"),
            *("decided_by", "decided_at", "note", "score", "left_alone"),
        )
    ),
)
_RECORDS = sa.table(
    "records",
    *(sa.column(name) for name in ("system", "id", "link_id", "state")),
    sa.column("unmatched", sa.Boolean()),
)
_Key = tuple[str, str]


def upgrade() -> None:
    op.add_column("matches", sa.Column("score", sa.Float(), nullable=True))
    op.add_column("matches", sa.Column("left_alone", _TEXT, nullable=True))
    op.create_table(
        "scope_matched",
        sa.Column("digest", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_scope_matched")),
    )
    connection = op.get_bind()
    rows = [dict(row._mapping) for row in connection.execute(sa.select(_MATCHES).order_by(_MATCHES.c.id))]  # noqa: SLF001
    pairs: dict[str, dict[str, Any]] = {}
    look_again: set[_Key] = set()
    for row in rows:
        members = _members(row)
        if row["state"] == "open" and len(members) > 2:
            look_again |= set(members)
            continue
        if row["state"] != "accepted":
            made = [_pair(row, pair) for pair in combinations(members, 2)]
        else:
            made = _accepted(connection, row, members)
        # What was said last holds.
        pairs.update((pair["key"], pair) for pair in made)
    connection.execute(sa.delete(_MATCHES))
    taken: set[int] = set()
    for pair in pairs.values():
        # A number that people know stays with the first pair of its group.
        number = {} if pair["id"] in taken else {"id": pair["id"]}
        taken.add(pair.pop("id"))
        pair.update(number)
    # Those with a number first: the others get numbers that are free.
    for pair in sorted(pairs.values(), key=lambda pair: "id" not in pair):
        if "id" not in pair:
            pair["id"] = max(taken) + 1
            taken.add(pair["id"])
        connection.execute(sa.insert(_MATCHES).values(pair))
    if connection.dialect.name == "postgresql" and taken:
        connection.execute(
            sa.text("SELECT setval(pg_get_serial_sequence('matches', 'id'), :most)"), {"most": max(taken)}
        )
    for system, id in sorted(look_again):
        connection.execute(
            sa.update(_RECORDS)
            .where(_RECORDS.c.system == system, _RECORDS.c.id == id, _RECORDS.c.state == "present")
            .values(unmatched=True)
        )


def _members(row: dict[str, Any]) -> list[_Key]:
    try:
        return sorted({(str(system), str(id)) for system, id in json.loads(row["members"])})
    except (ValueError, TypeError) as error:
        raise LedgerDamaged(
            f"the ledger could not be brought up to date: the members of match {row['id']} cannot be read; it stands "
            "as it was",
            remedy="run `tandem ledger restore` with a backup",
        ) from error


def _accepted(connection: sa.Connection, row: dict[str, Any], members: list[_Key]) -> list[dict[str, Any]]:
    """Those that became one account by it; who had none then was left alone."""
    links: dict[_Key, str | None] = {}
    for system, id in members:
        found = connection.execute(
            sa.select(_RECORDS.c.link_id).where(_RECORDS.c.system == system, _RECORDS.c.id == id)
        ).one_or_none()
        if found is not None:
            links[system, id] = found.link_id
    linked = [key for key in members if links.get(key) is not None]
    made = [_pair(row, (one, other)) for one, other in combinations(linked, 2) if links[one] == links[other]]
    for alone in (key for key in members if key in links and links[key] is None):
        if linked:
            beside = next((key for key in linked if key[0] == alone[0]), linked[0])
            pair = _pair(row, tuple(sorted((beside, alone))))
            made.append(pair | {"left_alone": _json([list(alone)])})
    return made


def _pair(row: dict[str, Any], members: tuple[_Key, ...]) -> dict[str, Any]:
    told = "\0".join(part for member in members for part in member)
    key = "m" + b32encode(hashlib.sha256(told.encode()).digest())[:12].decode().lower()
    return row | {
        "key": key,
        "members": _json([list(member) for member in members]),
        "score": None,
        "left_alone": None,
    }


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
