"""The ledger's tables.

Each migration in ``migrations/versions`` brings a ledger to what stands here; a test builds both and demands no
difference.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    false,
    text,
)

from sync.ledger.database.column_types import PLAIN, AnyText, DateText, Json, UtcText

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

#: SQLite hands out row numbers only for its own INTEGER PRIMARY KEY.
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def _number(name: str = "id") -> Column[int]:
    return Column(name, _NUMBER, primary_key=True, autoincrement=True)


def _text(name: str, *, null: bool = False, key: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, AnyText, nullable=null, primary_key=key, server_default=default)


def _time(name: str, *, null: bool = False) -> Column[datetime]:
    return Column(name, UtcText, nullable=null)


def _json(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Json, nullable=null)


def _json_of_nothing(name: str) -> Column[Any]:
    return Column(name, Json, nullable=False, server_default="{}")


def _list_of_nothing(name: str) -> Column[Any]:
    return Column(name, Json, nullable=False, server_default="[]")


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=false())


def _link(*, null: bool = False, index: bool = True, key: bool = False) -> Column[str]:
    return Column("link_id", PLAIN, ForeignKey("links.id"), nullable=null, index=index, primary_key=key)


def _run(name: str = "run_id", *, null: bool = False, index: bool = False) -> Column[str]:
    return Column(name, PLAIN, ForeignKey("runs.id"), nullable=null, index=index)


# Of the partial indexes only SQLite's condition stands here. The tables are made by the migrations, which have
# PostgreSQL's too; to name it here would make everybody wait for the import of all of PostgreSQL's drivers.


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where))


def _flagged(name: str, *columns: str, flag: str) -> Index:
    # SQLite uses a partial index only where the query repeats its condition to the letter: SQLAlchemy writes
    # ``flag = 1`` there.
    return Index(name, *columns, sqlite_where=text(f"{flag} = 1"))


#: Holds one row: which Tandem brought the ledger to its present form (``migrate.WRITTEN_BY``). It stays as the first
#: version had it, because an older Tandem looks there for what to tell of a ledger that is too new for it.
meta = Table("meta", METADATA, _text("key", key=True), _text("value"))

systems = Table(
    "systems",
    METADATA,
    _text("name", key=True),
    _text("kind"),
    #: Org or portal id at first sight.
    _text("identity"),
    _text("identity_name"),
    _time("first_seen_at"),
)

users = Table(
    "users",
    METADATA,
    _text("system", key=True),
    _text("id", key=True),
    _text("email", null=True),
    _text("name"),
    _flag("active"),
    #: The id by which the CRM's histories name them, where it is another one.
    _text("writes_as", null=True),
)

cursors = Table(
    "cursors",
    METADATA,
    _text("system", key=True),
    _text("object", key=True),
    _text("position", null=True),
    _time("read_at"),
    _time("full_at", null=True),
)

links = Table(
    "links",
    METADATA,
    _text("id", key=True),
    _text("label"),
    Column("domain", AnyText, nullable=True, index=True),
    _text("evidence"),
    _json("base"),
    #: Something other than a Record's value asks for a look: a decision, a score, a retry that is due.
    _flag("wake"),
    _time("opened_at"),
    _time("closed_at", null=True),
    _text("close_reason", null=True),
    _flagged("ix_links_wake", "id", flag="wake"),
)

records = Table(
    "records",
    METADATA,
    _text("system"),
    _text("id"),
    _link(null=True, index=False),
    _text("name", null=True),
    _text("domain", null=True),
    _text("tandem_id", null=True),
    _json("current"),
    _json("observed"),
    _json("unreadable"),
    _json("echo"),
    _time("stamp", null=True),
    _time("not_before", null=True),
    _text("modified_by", null=True),
    _text("state"),
    #: The survivor's native id, where this record was merged away.
    _text("merged_into", null=True),
    _time("seen_at"),
    _time("first_seen_at"),
    #: Linked, present, and something about it waits for a decision.
    _flag("dirty"),
    #: New, or changed in what matching looks at, since matching last looked.
    _flag("unmatched"),
    #: Field -> a person's edit that our write covered: value, instead_of, at, by.
    _json_of_nothing("covered"),
    #: Domains beside ``domain`` that its fields name.
    _list_of_nothing("more_domains"),
    #: Addresses below its domains that may tell one company from another.
    _list_of_nothing("sites"),
    # The id comes first so that a native id is found without knowing its System.
    PrimaryKeyConstraint("id", "system"),
    # A Link holds at most one Record of each System.
    Index("uq_records_link_id_system", "link_id", "system", unique=True),
    Index("ix_records_system_state", "system", "state"),
    Index("ix_records_domain", "domain"),
    _partial("ix_records_tandem_id", "tandem_id", where="tandem_id IS NOT NULL"),
    _partial("ix_records_merged_into", "merged_into", where="merged_into IS NOT NULL"),
    _partial("ix_records_gone", "link_id", where="state <> 'present'"),
    _flagged("ix_records_dirty", "link_id", flag="dirty"),
    _flagged("ix_records_unmatched", "domain", "tandem_id", "system", "id", flag="unmatched"),
)

#: The further domains of Records, to find a Record by.
further_domains = Table(
    "further_domains",
    METADATA,
    _text("domain"),
    _text("system"),
    _text("id"),
    PrimaryKeyConstraint("domain", "id", "system"),
)

#: What was known of Records within the Link that they left last, until they belong to one again.
left_records = Table(
    "left_records",
    METADATA,
    _text("system", key=True),
    _text("id", key=True),
    _link(index=False),
    #: The Link's, when the Record left it.
    _json("base"),
    _json("observed"),
    _json("echo"),
    _json("current"),
)

runs = Table(
    "runs",
    METADATA,
    _text("id", key=True),
    _text("kind"),
    _text("trigger"),
    _time("started_at"),
    _time("finished_at", null=True),
    _text("outcome", null=True),
    _json("counts"),
    _json("calls"),
    _text("error", null=True),
    Index("ix_runs_kind_started_at", "kind", "started_at"),
)

writes = Table(
    "writes",
    METADATA,
    _number(),
    _run(index=True),
    _link(),
    _text("system"),
    _text("native_id", null=True),
    _text("kind"),
    _json("fields"),
    _text("state"),
    _time("intended_at"),
    _time("settled_at", null=True),
    _json("refusal", null=True),
    #: Whether it covered somebody's edit is still to be looked up.
    _flag("unchecked"),
    _flagged("ix_writes_unchecked", "id", flag="unchecked"),
    _partial("ix_writes_open", "id", where="state IN ('intended', 'unknown')"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    METADATA,
    _text("system", key=True),
    #: The System's own id of a bulk job that may write, or have written, what nobody has confirmed yet.
    _text("id", key=True),
    _run(),
    _time("begun_at"),
)

events = Table(
    "events",
    METADATA,
    _number(),
    _time("at"),
    _run(null=True, index=True),
    _text("link_id", null=True),
    _text("system", null=True),
    _text("field", null=True),
    _text("kind"),
    _text("old", null=True),
    _text("new", null=True),
    _text("rule", null=True),
    _text("by", null=True),
    _text("note", null=True),
    Index("ix_events_link_id_field", "link_id", "field"),
    sqlite_autoincrement=True,
)

conflicts = Table(
    "conflicts",
    METADATA,
    _number(),
    _link(),
    _text("field"),
    _text("reason"),
    _text("base", null=True),
    _flag("has_base"),
    _json("sides"),
    _json("proposals"),
    _text("state"),
    _json("decision", null=True),
    _text("decided_by", null=True),
    _time("decided_at", null=True),
    _run("opened_run", null=True),
    _time("opened_at"),
    _time("closed_at", null=True),
    _text("close_reason", null=True),
    _partial("uq_conflicts_standing", "link_id", "field", where="state <> 'closed'", unique=True),
    _partial("ix_conflicts_standing", "id", where="state <> 'closed'"),
    sqlite_autoincrement=True,
)

held = Table(
    "held",
    METADATA,
    _link(index=False, key=True),
    _text("system", key=True),
    #: Empty where the whole Record is held.
    _text("field", key=True),
    _text("code"),
    _text("message"),
    _text("remedy", null=True),
    Column("attempts", Integer, nullable=False),
    _time("first_at"),
    _time("last_at"),
    _time("next_try_at"),
    #: Of what was refused; other values are another matter and start anew.
    _text("digest"),
    Index("ix_held_next_try_at", "next_try_at"),
)

matches = Table(
    "matches",
    METADATA,
    _number(),
    _text("kind"),
    Column("key", AnyText, nullable=False, unique=True),
    _json("members"),
    _text("evidence"),
    Column("state", AnyText, nullable=False, index=True),
    _time("opened_at"),
    _text("decided_by", null=True),
    _time("decided_at", null=True),
    _text("note", null=True),
    Column("score", Float),
    #: Those of the members that a person leaves alone; most often nobody.
    _json("left_alone", null=True),
    sqlite_autoincrement=True,
)

scores = Table(
    "scores",
    METADATA,
    _text("key", key=True),
    #: What ``key`` is: ``domain``, ``tandem_id``, or the name of the System whose native id it is.
    _text("key_kind"),
    _text("score"),
    _time("as_of"),
    _time("imported_at"),
    _text("source"),
    _link(null=True),
)

outcomes = Table(
    "outcomes",
    METADATA,
    _text("system", key=True),
    _text("id", key=True),
    _link(null=True),
    _text("account_id", null=True),
    _text("name"),
    _text("stage"),
    _text("stage_label", null=True),
    _text("buyer_stage", null=True),
    _text("pipeline", null=True),
    _text("amount", null=True),
    _text("currency", null=True),
    Column("close_date", DateText, nullable=True),
    _flag("closed"),
    _flag("won"),
    Column("probability", Float, nullable=True),
    _text("owner_email", null=True),
    _time("created_at"),
    _time("modified_at"),
    _time("removed_at", null=True),
    Index("ix_outcomes_system_account_id", "system", "account_id"),
)

outcome_history = Table(
    "outcome_history",
    METADATA,
    _number("number"),
    _text("system"),
    _text("id"),
    _time("at"),
    _text("stage"),
    _text("amount", null=True),
    Column("close_date", DateText, nullable=True),
    _flag("closed"),
    _flag("won"),
    Index("ix_outcome_history_system_id_at", "system", "id", "at"),
    sqlite_autoincrement=True,
)

#: When the users of a System were last read.
users_read = Table("users_read", METADATA, _text("system", key=True), _time("at"))

# -- fields and definitions. ``name`` and ``native`` are the System's own names, ``field`` is a canonical one --------

fields_read = Table(
    "fields_read",
    METADATA,
    _text("system", key=True),
    _text("name", key=True),
    #: The System would not show it to the last Run, though it did before.
    _flag("hidden"),
)

native_names = Table(
    "native_names",
    METADATA,
    _text("system", key=True),
    _text("field", key=True),
    _text("native"),
)

builtin_fields = Table("builtin_fields", METADATA, _text("system", key=True), _json("present"))

definitions_seen = Table(
    "definitions_seen", METADATA, _text("system", key=True), _time("at"), _text("digest")
)

definitions_written = Table(
    "definitions_written",
    METADATA,
    _text("system", key=True),
    _text("name", key=True),
    _text("digest"),
    _time("at"),
)

probe_marks = Table(
    "probe_marks", METADATA, _text("system", key=True), _text("object"), _text("record"), _json("marks")
)

# -- at most one row each ----------------------------------------------------------------------------------------

drift = Table(
    "drift",
    METADATA,
    Column("since", UtcText, primary_key=True),
    _json("lines"),
    #: Definitions were written since.
    _flag("look_again"),
)

service = Table(
    "service",
    METADATA,
    _text("host", key=True),
    Column("pid", Integer, primary_key=True, autoincrement=False),
    _time("since"),
    _time("seen_at"),
    _json("next"),
    _json("troubles"),
    _text("doing", null=True),
)

#: What matching has looked at all Records with that it left alone: another scope has them looked at again.
scope_matched = Table("scope_matched", METADATA, _text("digest", key=True))

restored = Table("restored", METADATA, Column("as_of", UtcText, primary_key=True))

#: A row stays when its lease is given back, with no holder: the fence must go on growing.
lease = Table(
    "lease",
    METADATA,
    _text("name", key=True),
    _text("holder"),
    Column("pid", Integer, nullable=False),
    _text("host"),
    _time("since"),
    _time("expires_at"),
    Column("fence", BigInteger, nullable=False),
    _text("boot"),
    _text("pid_space"),
    _text("time_space"),
    _text("started"),
    Column("ends", Float, nullable=True),
)

calls = Table(
    "calls",
    METADATA,
    _text("system"),
    _time("minute"),
    Column("calls", Integer, nullable=False),
    PrimaryKeyConstraint("system", "minute"),
)

allowances = Table(
    "allowances",
    METADATA,
    _text("system", key=True),
    Column("calls", Integer, nullable=False),
    Column("share", Float, nullable=False),
    _time("resets_at", null=True),
)
