"""The Salesforce connector: the seam's calls, each handed to the part that knows its subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from connector.base import (
    Begun,
    Bundle,
    Capabilities,
    FieldDefinition,
    Identity,
    Limits,
    NativeRecord,
    ObjectSchema,
    OpportunityPage,
    Page,
    Power,
    Quota,
    Removal,
    Rights,
    RowUpdate,
    RowUpsert,
    Seen,
    Stage,
    Surroundings,
    User,
    ValueCounts,
    ValueSet,
    Version,
    WriteResult,
    nobody_asks,
)
from connector.errors import AuthFailed
from connector.row_ids import updated
from connector.salesforce.api.describe_cache import Describes
from connector.salesforce.api.identity import identity
from connector.salesforce.api.row_ids import is_id
from connector.salesforce.api.session import Session
from connector.salesforce.metadata import administration
from connector.salesforce.metadata.fields import Schema
from connector.salesforce.metadata.inspect import surroundings
from connector.salesforce.metadata.permission_set import FieldRights
from connector.salesforce.metadata.stages import create_stages
from connector.salesforce.records import bulk, read, write
from connector.salesforce.records.bulk_or_collections import LargeWriter
from connector.salesforce.records.history import Histories, tracked
from connector.salesforce.records.read import Reader
from connector.salesforce.records.write import Writer

CAPABILITIES = Capabilities(
    # A transaction that works long commits a record after the stamp that it carries.
    search_lag=timedelta(seconds=60),
    definition_lag=timedelta(),
    blank=None,
    record_types=True,
)


class SalesforceConnector:
    """A :class:`connector.base.Connector` for one Salesforce org. Thread-safe."""

    kind = "salesforce"

    def __init__(self, session: Session) -> None:
        self._session = session
        self._describes = Describes(session)
        self._reader = Reader(session, self._describes)
        self._writer = Writer(session)
        self._large = LargeWriter(session, self._writer)
        self._schema = Schema(session, self._describes)
        self._rights = FieldRights(session, self._describes)
        self._histories = Histories(session)
        self._identity: Identity | None = None

    @property
    def name(self) -> str:
        """The System's name in the configuration."""
        return self._session.settings.name

    @property
    def capabilities(self) -> Capabilities:
        """The same for every org."""
        return CAPABILITIES

    @property
    def limits(self) -> Limits:
        """How it wants to be written to; an org that has refused a bulk job in this session is asked for none."""
        return Limits(
            write_batch=write.WATCHED_BATCH,
            read_batch=read.READ_BATCH,
            page=2000,
            bulk_from=None if self._large.refused else self._large.create_from,
            bulk_update_from=None if self._large.refused else self._large.update_from,
            bulk_batch=bulk.BULK_BATCH,
            guarded=self._session.settings.guarded_up_to,
        )

    @property
    def calls(self) -> int:
        """API calls made so far."""
        return self._session.budget.calls

    def identity(self) -> Identity:
        """One call for the org, the user, and Account's describe, which is kept as well."""
        if self._identity is None:
            self._identity = identity(self._session, self._describes)
        return self._identity

    def quota(self) -> Quota:
        """The daily allowance, from any answer's header; asks only before the first."""
        known = self._session.budget.quota
        if known is None:
            daily = self._session.call("GET", "limits").body["DailyApiRequests"]
            known = Quota(limit=daily["Max"], used=daily["Max"] - daily["Remaining"])
            self._session.budget.learn(known)
        return known

    def surroundings(self, object: str, fields: Sequence[str]) -> Surroundings:
        return surroundings(self._session, self._describes, object, fields)

    # -- records ---------------------------------------------------------------------------------------------

    def changes(
        self,
        object: str,
        fields: Sequence[str],
        position: str | None,
        seen: Seen | None = None,
    ) -> Iterator[Page]:
        return self._reader.changes(object, fields, position)

    def read(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Mapping[str, NativeRecord]:
        return self._reader.read(object, fields, [id for id in ids if is_id(id)])

    def read_by_key(
        self, object: str, fields: Sequence[str], key_field: str, keys: Sequence[str]
    ) -> Mapping[str, NativeRecord]:
        return self._reader.read_by_key(object, fields, key_field, keys)

    def fate(self, object: str, ids: Sequence[str]) -> Mapping[str, Removal]:
        return self._reader.fate(object, [id for id in ids if is_id(id)])

    def update(
        self,
        object: str,
        rows: Sequence[RowUpdate],
        *,
        watch: Sequence[str] = (),
        begun: Begun = nobody_asks,
    ) -> list[WriteResult]:
        def write(sound: Sequence[RowUpdate]) -> list[WriteResult]:
            if len(sound) < self._large.update_from:
                return self._writer.update(object, sound, watch=watch)
            return self._large.update(object, sound, watch=watch, begun=begun)

        return updated(rows, is_id, write)

    def upsert(
        self, object: str, key_field: str, rows: Sequence[RowUpsert], *, begun: Begun = nobody_asks
    ) -> list[WriteResult]:
        if len(rows) < self._large.create_from:
            return self._writer.upsert(object, key_field, rows)
        return self._large.upsert(object, key_field, rows, begun=begun)

    def finish(self, job: str) -> Mapping[str, WriteResult]:
        return self._large.finish(job) if is_id(job) else {}

    def history(
        self, object: str, fields: Sequence[str], ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Version]]]:
        return self._histories.of(object, fields, [id for id in ids if is_id(id)])

    def remembers(self, object: str) -> frozenset[str]:
        return frozenset(name for name, kept in (tracked(self._session, object) or {}).items() if kept)

    # -- people, opportunities -------------------------------------------------------------------------------

    def users(self) -> Sequence[User]:
        return self._reader.users()

    def opportunities(self, position: str | None) -> Iterator[OpportunityPage]:
        return self._reader.opportunities(position)

    def stages(self) -> Sequence[Stage]:
        return self._reader.stages()

    def latest(self, object: str, most: int) -> Sequence[str]:
        return self._reader.latest(object, most)

    def value_counts(self, object: str, field: str, *, besides: Sequence[str] = ()) -> ValueCounts:
        return self._reader.value_counts(object, field, besides)

    # -- definitions -----------------------------------------------------------------------------------------

    def schema(self, object: str) -> ObjectSchema:
        return self._schema.read(object)

    def create_field(self, object: str, definition: FieldDefinition) -> None:
        self._schema.create(object, definition)

    def update_field(self, object: str, definition: FieldDefinition, *, narrow: bool = False) -> None:
        self._schema.update(object, definition, narrow=narrow)

    def stored_fields(self, object: str, fields: Sequence[str]) -> Mapping[str, FieldDefinition]:
        return self._schema.stored(object, fields)

    def value_sets(self, object: str, fields: Sequence[str]) -> Mapping[str, ValueSet]:
        names = self._schema.value_set_names(object, fields)
        sets = {
            name: administration.read_value_set(self._session, name) for name in dict.fromkeys(names.values())
        }
        return {field: sets[name] for field, name in names.items()}

    def count_beyond(
        self, object: str, field: str, *, length: int | None = None, size: int | None = None
    ) -> int | None:
        return self._reader.count_beyond(object, field, length, size)

    def track_history(self, object: str, fields: Sequence[str] = ()) -> None:
        administration.track_history(self._session, object, fields)

    def offer_values(self, object: str, record_type: str, values: Mapping[str, Sequence[str]]) -> None:
        administration.offer_values(self._session, object, record_type, values)

    def label_group(self, object: str, name: str, label: str) -> None:
        """Nothing to do: Salesforce has no groups of fields."""

    def create_stages(self, stages: Sequence[Stage]) -> None:
        create_stages(self._session, self._reader.stages(), stages)
        self._describes.forget("Opportunity")

    def rights(self, object: str, users: Sequence[str] = (), profiles: Sequence[str] = ()) -> Rights | None:
        return self._rights.read(object, self._session.token.user_id, users, profiles)

    def bundle(self) -> Bundle:
        return self._rights.bundle()

    def powers(self, object: str) -> Mapping[Power, tuple[str, bool]]:
        return self._rights.powers(self._session.token.user_id)

    def grant(self, object: str, fields: Sequence[str], assignees: Sequence[str] = ()) -> None:
        user_id = self._session.token.user_id
        if user_id is None:
            raise self._session.named(
                AuthFailed(
                    "the login did not tell which user we are, so nothing can be granted to it",
                    remedy="Use another auth method, or assign the permission set Tandem_Sync by hand.",
                )
            )
        self._rights.grant(object, fields, [user_id, *assignees])

    @property
    def allowance(self) -> Quota | None:
        return self._session.budget.quota

    def before_calls(self, look: Callable[[], None]) -> None:
        self._session.budget.before_call = look

    def recall(self, calls: Sequence[tuple[datetime, int]]) -> None:
        self._session.budget.recall(calls)

    def before_writes(self, look: Callable[[float], None]) -> None:
        self._session.budget.before_write = look

    def close(self) -> None:
        self._session.close()
