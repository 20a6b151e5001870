"""The records of one object type: identity, values, history, and the rules of uniqueness."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from emulator.hubspot.data.definitions import Definitions
from emulator.hubspot.data.stamps import instant
from emulator.hubspot.data.stock import ObjectType


class Source(NamedTuple):
    """Who wrote a value, in HubSpot's words: `INTEGRATION` with an app id, `CRM_UI` with a user."""

    type: str
    id: str
    label: str | None = None
    user_id: int | None = None


CALCULATED = Source("CALCULATED", "CalculatedPropertyComputer")


class Version(NamedTuple):
    """One value that a property had."""

    value: str
    at: str
    source: Source

    def as_json(self) -> dict[str, Any]:
        doc: dict[str, Any] = {
            "value": self.value,
            "timestamp": self.at,
            "sourceType": self.source.type,
            "sourceId": self.source.id,
        }
        if self.source.label:
            doc["sourceLabel"] = self.source.label
        if self.source.user_id is not None:
            doc["updatedByUserId"] = self.source.user_id
        return doc


@dataclass(kw_only=True, slots=True)
class Record:
    """One record. `values` is replaced, never edited in place: the search index keeps the older ones."""

    id: str
    values: Mapping[str, str]
    origin: Source
    history: dict[str, list[Version]] = field(default_factory=dict)
    archived_at: str | None = None
    merged_into: str | None = None

    @property
    def live(self) -> bool:
        """Neither archived nor merged away."""
        return self.archived_at is None and self.merged_into is None

    def versions(self, name: str) -> list[Version]:
        """The values of a property, newest first."""
        kept = self.history.get(name)
        if kept is not None:
            return kept[::-1]
        value = self.values.get(name)
        return [Version(value, self.values["createdate"], self.origin)] if value is not None else []

    def as_doc(self) -> dict[str, Any]:
        """The record for the state file."""
        return {
            "v": self.values,
            "o": self.origin,
            "h": self.history,
            "a": self.archived_at,
            "m": self.merged_into,
        }

    @classmethod
    def from_doc(cls, record_id: str, doc: Mapping[str, Any]) -> "Record":
        history = {
            name: [Version(value, at, Source(*source)) for value, at, source in versions]
            for name, versions in doc["h"].items()
        }
        return cls(
            id=record_id,
            values=doc["v"],
            origin=Source(*doc["o"]),
            history=history,
            archived_at=doc["a"],
            merged_into=doc["m"],
        )


class ValueTaken(Exception):
    """A unique value is held by another record."""

    def __init__(self, name: str, value: str, holder: str) -> None:
        super().__init__(f"{name}={value} is held by {holder}")
        self.name = name
        self.value = value
        self.holder = holder


class Records:
    """All records of one object type, those archived or merged away too, in order of their ids."""

    def __init__(self, object_type: ObjectType, definitions: Definitions) -> None:
        self.object_type = object_type
        self.definitions = definitions
        self._records: dict[str, Record] = {}
        self._ids: list[int] = []
        self._holders: dict[str, dict[str, str]] = {}
        self._next_id = object_type.first_id

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def new_id(self) -> str:
        """The next id; ids rise and have gaps, as at the real service."""
        record_id = str(self._next_id)
        self._next_id += 1 + int(record_id[-1]) % 3
        return record_id

    def restore_from(self, docs: Mapping[str, Mapping[str, Any]]) -> None:
        """Take over the records of the state file."""
        self._records = {key: Record.from_doc(key, doc) for key, doc in docs.items()}
        self._ids = sorted(int(key) for key in self._records)
        self._next_id = max([self.object_type.first_id, *(number + 1 for number in self._ids[-1:])])
        self.rebuild_holders()

    def rebuild_holders(self) -> None:
        """Find out anew who holds which unique value: after a load, or when a unique property came or went."""
        self._holders = {name: {} for name in self.definitions.unique_names()}
        for record in self._records.values():
            if record.live:
                self._claim(record)

    def add_all(self, records: Iterable[Record]) -> None:
        """The fast way in for many new records."""
        for record in records:
            self._records[record.id] = record
            self._ids.append(int(record.id))
            self._next_id = max(self._next_id, int(record.id) + 1)
            self._claim(record)
        self._ids.sort()

    def find(self, record_id: str) -> Record | None:
        """A record by id, archived or not; an id that was merged away gives the survivor."""
        record = self._records.get(record_id)
        while record is not None and record.merged_into is not None:
            record = self._records.get(record.merged_into)
        return record

    def find_by(self, name: str, value: str) -> Record | None:
        """The live record that holds a value of a unique property."""
        holder = self._holders.get(name, {}).get(_key(name, value))
        return self._records[holder] if holder is not None else None

    def page(self, *, after: int, limit: int, archived: bool) -> tuple[list[Record], bool]:
        """Records with ids above `after` in order, and whether more follow."""
        found: list[Record] = []
        for number in self._ids[bisect_right(self._ids, after) :]:
            record = self._records[str(number)]
            if record.merged_into is None and (record.archived_at is not None) == archived:
                if len(found) == limit:
                    return found, True
                found.append(record)
        return found, False

    def check_unique(self, record_id: str | None, values: Mapping[str, str]) -> None:
        """Raises Taken when another live record holds one of the unique values."""
        for name, holders in self._holders.items():
            value = values.get(name)
            if value:
                holder = holders.get(_key(name, value))
                if holder is not None and holder != record_id:
                    raise ValueTaken(name, value, holder)

    def insert(self, values: Mapping[str, str], *, by: Source, now: datetime, record_id: str) -> Record:
        """A new record; `values` are checked and settled already."""
        stamp = instant(now)
        user = (
            {"hs_created_by_user_id": str(by.user_id), "hs_updated_by_user_id": str(by.user_id)}
            if by.user_id
            else {}
        )
        system = {
            "createdate": values.get("createdate", stamp),
            self.object_type.modified: stamp,
            "hs_object_id": record_id,
            "hs_object_source": by.type,
            "hs_object_source_id": by.id,
            "hs_object_source_label": by.type,
            **user,
        }
        record = Record(id=record_id, values={**values, **system}, origin=by)
        self._records[record_id] = record
        insort(self._ids, int(record_id))
        self._claim(record)
        return record

    def write(
        self,
        record: Record,
        changes: Mapping[str, str],
        *,
        by: Source,
        now: datetime,
        derived: Mapping[str, str] | None = None,
        stamp_only: bool = False,
    ) -> dict[str, str]:
        """Set values ("" clears) and the stamp of the last change. Answers what really changed."""
        at = instant(now)
        values = dict(record.values)
        changed: dict[str, str] = {}
        self._release(record)
        for source, part in ((by, changes), (CALCULATED, derived or {})):
            for name, value in part.items():
                before = values.get(name)
                if value == (before or ""):
                    continue
                if name not in record.history and before is not None:
                    record.history[name] = record.versions(name)[::-1]
                record.history.setdefault(name, []).append(Version(value, at, source))
                changed[name] = value
                if value == "":
                    values.pop(name, None)
                else:
                    values[name] = value
        values[self.object_type.modified] = at
        if by.user_id is not None and not stamp_only:
            values["hs_updated_by_user_id"] = str(by.user_id)
        record.values = values
        if record.live:
            self._claim(record)
        return changed

    def archive(self, record: Record, *, now: datetime) -> None:
        """Into the recycle bin: the unique values are free again."""
        self._release(record)
        record.archived_at = instant(now)

    def restore(self, record: Record) -> None:
        """Out of the recycle bin, with the same id."""
        record.archived_at = None
        self._claim(record)

    def merge_away(self, record: Record, into: str) -> None:
        """Let this id lead to another record from now on."""
        self._release(record)
        record.merged_into = into

    def _claim(self, record: Record) -> None:
        for name, holders in self._holders.items():
            value = record.values.get(name)
            if value:
                holders.setdefault(_key(name, value), record.id)

    def _release(self, record: Record) -> None:
        for name, holders in self._holders.items():
            value = record.values.get(name)
            if value and holders.get(_key(name, value)) == record.id:
                del holders[_key(name, value)]


def _key(name: str, value: str) -> str:
    """E-mails are one in any case; every other unique value is compared as it stands."""
    return value.lower() if name == "email" else value


def loaded(
    object_type: ObjectType, row: Mapping[str, str], *, record_id: str, stamp: str, origin: Source
) -> Record:
    """A record from a seeding row, taken as it is: no value is checked. `createdate` and the stamp may be given."""
    created = row.get("createdate") or stamp
    values = {
        **{name: value for name, value in row.items() if value != ""},
        "createdate": created,
        object_type.modified: row.get(object_type.modified) or created,
        "hs_object_id": record_id,
        "hs_object_source": origin.type,
        "hs_object_source_id": origin.id,
        "hs_object_source_label": origin.type,
    }
    return Record(id=record_id, values=values, origin=origin)
