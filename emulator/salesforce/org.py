"""One Salesforce org: its schema, its rows, its settings, and what every API on top of it needs to ask.

Rows are changed through `emulator.salesforce.data.dml`, which checks, derives and stamps them. Definitions are changed
through `emulator.salesforce.definitions`. Both take the org as their first argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from emulator.kit.clock import Clock
from emulator.kit.state import StateFile
from emulator.salesforce.access import Access, View
from emulator.salesforce.bulk.jobs import JobBook
from emulator.salesforce.cursors import Cursors
from emulator.salesforce.data.derive import derived
from emulator.salesforce.data.ids import IdSource, long_id
from emulator.salesforce.data.rules import RuleBook
from emulator.salesforce.data.stamps import stamp
from emulator.salesforce.data.store import Row, Store
from emulator.salesforce.errors import refuse
from emulator.salesforce.limits import Usage
from emulator.salesforce.parts import Caller, Settings
from emulator.salesforce.schema.book import SchemaBook
from emulator.salesforce.schema.model import SObject
from emulator.salesforce.sessions import Sessions

_META = "meta"
_PURGED = "purged:"
#: the master record type that every org has
MASTER_RECORD_TYPE = "012000000000000AAA"


class Org:
    """The store, the schema and the settings behind one emulated org."""

    def __init__(self, state: StateFile, clock: Clock) -> None:
        self.state = state
        self.clock = clock
        self.schema = SchemaBook(state)
        self.store = Store(state)
        self.access = Access(self.schema, self.store)
        self.rules = RuleBook(state)
        self.sessions = Sessions(self)
        self.usage = Usage(self)
        self.cursors = Cursors(self)
        self.jobs = JobBook(self)
        self.ids = IdSource()
        self.settings = Settings()
        #: records that sharing takes away from everybody but their owner
        self.unshared: set[str] = set()
        #: deletes of rows that left the bin for good: object -> id -> stamp of the delete
        self.purged: dict[str, dict[str, str]] = {}
        self.reload()

    def reload(self) -> None:
        """Read everything from the state file."""
        self.schema.reload()
        self.store.reload(item.name for item in self.schema)
        meta = self.state.load(_META)
        self.ids = IdSource(counters=dict(meta.get("ids", {})))
        saved = meta.get("settings")
        self.settings = Settings()
        if saved:
            lists = {name: tuple(saved.get(name, ())) for name in ("tracked", "histories")}
            self.settings = Settings(**{**saved, **lists})
        self.unshared = set(meta.get("unshared", ()))
        self.access.withdrawn = set(meta.get("withdrawn", ()))
        self.purged = {item.name: dict(self.state.load(_PURGED + item.name)) for item in self.schema}
        self.rules.reload()
        self.sessions.reload()
        self.usage.reload()
        self.cursors.close_all()
        self.jobs.reload()
        self._described = None
        self.access.forget()

    # -- who we are ------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The organisation's 18-character id."""
        return next((str(row["Id"]) for row in self.store.rows("Organization")), "00D000000000001EAA")

    def now(self) -> str:
        """The present as a stamp."""
        return stamp(self.clock.now())

    def user(self, user_id: str) -> Row:
        """Return a user's row. Raises CallError for an unknown user."""
        row = self.store.get("User", user_id)
        if row is None:
            raise refuse("INVALID_SESSION_ID", "Session expired or invalid")
        return row

    def find_user(self, name: str) -> Row | None:
        """Return a user by id of either length or by username."""
        found = self.store.get("User", long_id(name) or name)
        return found or next(iter(self.store.find("User", "Username", name)), None)

    # -- objects ---------------------------------------------------------------------------------------------------

    def sobject(self, name: str) -> SObject:
        """Return an object by name in any case. Raises CallError NOT_FOUND."""
        found = self.schema.get(name)
        if found is None:
            raise refuse("NOT_FOUND", "The requested resource does not exist")
        return found

    def view(self, caller: Caller, object_: SObject) -> View:
        """Return the object as the caller sees it: field-level security applied."""
        return self.access.view(caller.user_id, object_)

    def new_id(self, object_: SObject) -> str:
        """Return a fresh record id."""
        assert object_.prefix is not None, f"{object_.name} has no key prefix"
        return self.next_id(object_.prefix)

    def next_id(self, prefix: str) -> str:
        """Return a fresh id with this three-character prefix, for things that are no records too."""
        made = self.ids.next(prefix)
        self.state.put(_META, "ids", self.ids.counters)
        return made

    # -- rows ------------------------------------------------------------------------------------------------------

    def visible(self, caller: Caller, row: Row | None) -> bool:
        """Tell whether sharing lets the caller see the row."""
        if row is None:
            return False
        return row["Id"] not in self.unshared or row.get("OwnerId") == caller.user_id

    def target(self, record_id: str) -> tuple[SObject, Row] | None:
        """Return the object and the row behind any record id of either length, deleted rows included."""
        whole = long_id(record_id)
        if whole is None:
            return None
        object_ = self.schema.by_prefix(whole[:3])
        row = self.store.get(object_.name, whole) if object_ else None
        return (object_, row) if object_ and row else None

    def note_purged(self, object_name: str, record_id: str, deleted_at: str) -> None:
        """Keep a hard-deleted row in the delete log."""
        self.purged.setdefault(object_name, {})[record_id] = deleted_at
        self.state.put(_PURGED + object_name, record_id, deleted_at)

    def load(self, object_name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Put rows as they are, without checks: the fast way to seed. Returns their ids.

        Ids, stamps, owner and the flags that every row carries are filled in where missing; booleans default.
        The first user of the org owns and makes what names nobody.
        """
        object_ = self.sobject(object_name)
        first_user = next((str(row["Id"]) for row in self.store.rows("User")), None)
        now = self.now()
        fill: dict[str, Any] = {
            name: (info.default if info.default is not None else False)
            for name, info in object_.fields.items()
            if info.type == "boolean"
        }
        stamps = {"CreatedDate": now, "LastModifiedDate": now, "SystemModstamp": now}
        people = {"CreatedById": first_user, "LastModifiedById": first_user, "OwnerId": first_user}
        fill |= {
            name: value for name, value in {**stamps, **people}.items() if name in object_.fields and value
        }
        made: list[dict[str, Any]] = []
        for given in rows:
            row = {**fill, **given}
            row["Id"] = (long_id(str(row["Id"])) or row["Id"]) if "Id" in row else self._loaded_id(object_)
            made.append({**row, **derived(self, object_, row, None)})
        self.store.put_many(object_.name, made)
        self.state.put(_META, "ids", self.ids.counters)
        return [row["Id"] for row in made]

    def _loaded_id(self, object_: SObject) -> str:
        assert object_.prefix is not None, f"{object_.name} has no key prefix"
        while (made := self.ids.next(object_.prefix)) in self.store.table(object_.name).rows:
            pass
        return made

    # -- settings --------------------------------------------------------------------------------------------------

    def configure(self, **changes: Any) -> Settings:
        """Change settings by name and keep them. Raises TypeError for an unknown one."""
        self.settings = replace(self.settings, **changes)
        self.state.put(_META, "settings", asdict(self.settings))
        return self.settings

    def unshare(self, record_ids: Iterable[str], *, hidden: bool = True) -> None:
        """Let sharing hide these records from everybody but their owner, or show them again."""
        ids = {long_id(record_id) or record_id for record_id in record_ids}
        self.unshared = self.unshared | ids if hidden else self.unshared - ids
        self.state.put(_META, "unshared", sorted(self.unshared))

    def withdraw(self, names: Iterable[str], *, hidden: bool = True) -> None:
        """Take fields (``Object.Field``) from everybody, or give them back, whatever permission sets say."""
        fields = set(names)
        self.access.withdrawn = self.access.withdrawn | fields if hidden else self.access.withdrawn - fields
        self.state.put(_META, "withdrawn", sorted(self.access.withdrawn))
        self.access.forget()
        self.touch_definitions()

    def touch_definitions(self) -> None:
        """Note that describe answers differently from now on."""
        self.state.put(_META, "described", self.clock.now().isoformat())
        self._described = self.clock.now()

    _described: datetime | None = None

    def described_at(self) -> datetime:
        """When a definition or a right last changed, whole seconds."""
        if self._described is None:
            saved = self.state.load(_META).get("described")
            self._described = datetime.fromisoformat(saved) if saved else datetime(2024, 1, 1, tzinfo=UTC)
        return self._described.replace(microsecond=0)
