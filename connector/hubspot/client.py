"""HubSpot as a Connector: each subject is a module of its own, and this one joins them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from connector.base import (
    Begun,
    Bundle,
    Capabilities,
    Connector,
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
from connector.clock import Pace
from connector.hubspot.account import PortalAccount
from connector.hubspot.api.bodies import BATCH, LIST_PAGE
from connector.hubspot.api.row_ids import is_id
from connector.hubspot.api.settings import HubSpotSettings
from connector.hubspot.api.transport import Transport
from connector.hubspot.properties.properties import Definitions
from connector.hubspot.records.deals import Deals
from connector.hubspot.records.history import history
from connector.hubspot.records.read import Reader
from connector.hubspot.records.value_counts import latest, value_counts
from connector.hubspot.records.write import Writing
from connector.network import Network
from connector.retry import RetryPolicy
from connector.row_ids import updated

CAPABILITIES = Capabilities(
    # The search shows a new record seconds after it was made, under load later (HubSpot: search the CRM).
    search_lag=timedelta(seconds=60),
    # HubSpot community: properties.
    definition_lag=timedelta(minutes=5),
    blank="",
    record_types=False,
)


class HubSpotConnector:
    """One HubSpot portal. Safe to share between threads; see :class:`connector.base.Connector` for each method."""

    def __init__(
        self, settings: HubSpotSettings, *, pace: Pace, retry: RetryPolicy, network: Network
    ) -> None:
        self._transport = Transport(settings, pace=pace, retry=retry, network=network)
        self._workers = ThreadPoolExecutor(
            max_workers=settings.in_flight, thread_name_prefix=f"{settings.name}-call"
        )
        self._definitions = Definitions(self._transport)
        self._account = PortalAccount(self._transport)
        self._reading = Reader(self._transport, self._definitions, self._workers)
        self._writing = Writing(self._transport, self._definitions, self._reading)
        self._deals = Deals(self._transport, self._reading, self._account)

    @property
    def name(self) -> str:
        return self._transport.settings.name

    @property
    def kind(self) -> str:
        return "hubspot"

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    def limits(self) -> Limits:
        return Limits(write_batch=BATCH, read_batch=BATCH, page=LIST_PAGE, news=2)

    @property
    def calls(self) -> int:
        return self._transport.budget.calls

    def identity(self) -> Identity:
        return self._account.identity()

    def quota(self) -> Quota:
        return self._account.quota()

    def surroundings(self, object: str, fields: Sequence[str]) -> Surroundings:
        return self._account.surroundings(self._definitions.names(object))

    # -- records -----------------------------------------------------------------------------------------

    def changes(
        self, object: str, fields: Sequence[str], position: str | None, seen: Seen | None = None
    ) -> Iterator[Page]:
        return self._reading.changes(object, fields, position, seen)

    def read(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Mapping[str, NativeRecord]:
        return self._reading.read(object, fields, [id for id in ids if is_id(id)])

    def read_by_key(
        self, object: str, fields: Sequence[str], key_field: str, keys: Sequence[str]
    ) -> Mapping[str, NativeRecord]:
        return self._reading.read_by_key(object, fields, key_field, keys)

    def fate(self, object: str, ids: Sequence[str]) -> Mapping[str, Removal]:
        return self._reading.fate(object, [id for id in ids if is_id(id)])

    def update(
        self,
        object: str,
        rows: Sequence[RowUpdate],
        *,
        watch: Sequence[str] = (),
        begun: Begun = nobody_asks,
    ) -> list[WriteResult]:
        """``watch`` is left to ``history``: HubSpot cannot read and write in one call, and forgets no value."""
        self._account.guard()
        return updated(rows, is_id, lambda sound: self._writing.update(object, sound))

    def upsert(
        self, object: str, key_field: str, rows: Sequence[RowUpsert], *, begun: Begun = nobody_asks
    ) -> list[WriteResult]:
        self._account.guard()
        return self._writing.upsert(object, key_field, rows)

    def finish(self, job: str) -> Mapping[str, WriteResult]:
        """Nothing: every write of HubSpot's is done when it answers."""
        return {}

    def history(
        self, object: str, fields: Sequence[str], ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Version]]]:
        return history(self._transport, self._workers, object, fields, [id for id in ids if is_id(id)])

    def remembers(self, object: str) -> frozenset[str]:
        """None: a history begins with the record, so that no value is missing from it."""
        return frozenset()

    # -- people, deals -----------------------------------------------------------------------------------

    def users(self) -> Sequence[User]:
        return self._account.users()

    def opportunities(self, position: str | None) -> Iterator[OpportunityPage]:
        return self._deals.opportunities(position)

    def stages(self) -> Sequence[Stage]:
        return self._deals.stages()

    def latest(self, object: str, most: int) -> Sequence[str]:
        return latest(self._transport, object, most)

    def value_counts(self, object: str, field: str, *, besides: Sequence[str] = ()) -> ValueCounts:
        self._definitions.require(object, [field])
        text = self._definitions.is_text(object, field)
        return value_counts(self._transport, object, field, besides, text=text)

    # -- definitions -------------------------------------------------------------------------------------

    def schema(self, object: str) -> ObjectSchema:
        return self._definitions.schema(object)

    def create_field(self, object: str, definition: FieldDefinition) -> None:
        self._account.guard()
        self._definitions.create(object, definition)

    def update_field(self, object: str, definition: FieldDefinition, *, narrow: bool = False) -> None:
        """``narrow`` changes nothing: a property has neither length nor digits, and is always restricted."""
        self._account.guard()
        self._definitions.update(object, definition)

    def stored_fields(self, object: str, fields: Sequence[str]) -> Mapping[str, FieldDefinition]:
        """None: a property that the app does not see is told nowhere, and no definition is translated."""
        return {}

    def value_sets(self, object: str, fields: Sequence[str]) -> Mapping[str, ValueSet]:
        """None: each property has options of its own."""
        return {}

    def count_beyond(
        self, object: str, field: str, *, length: int | None = None, size: int | None = None
    ) -> int | None:
        """None: a property has neither length nor digits that could be too few."""
        return None

    def track_history(self, object: str, fields: Sequence[str] = ()) -> None:
        """Nothing to do: HubSpot keeps the history of every property."""

    def offer_values(self, object: str, record_type: str, values: Mapping[str, Sequence[str]]) -> None:
        """Nothing to do: HubSpot has no record types."""

    def label_group(self, object: str, name: str, label: str) -> None:
        self._account.guard()
        self._definitions.label_group(object, name, label)

    def create_stages(self, stages: Sequence[Stage]) -> None:
        self._account.guard()
        self._deals.create_stages(stages)

    def rights(self, object: str, users: Sequence[str] = (), profiles: Sequence[str] = ()) -> Rights | None:
        """None: what a HubSpot app may do is in its scopes."""
        return None

    def bundle(self) -> Bundle:
        """Nothing: an app has all that its scopes give."""
        return Bundle()

    def powers(self, object: str) -> Mapping[Power, tuple[str, bool]]:
        return self._account.powers(object)

    def grant(self, object: str, fields: Sequence[str], assignees: Sequence[str] = ()) -> None:
        """Nothing to do: a HubSpot app may use every property that its scopes let it see."""

    @property
    def allowance(self) -> Quota | None:
        return self._transport.allowance

    def before_calls(self, look: Callable[[], None]) -> None:
        self._transport.budget.before_call = look

    def recall(self, calls: Sequence[tuple[datetime, int]]) -> None:
        self._transport.budget.recall(calls)

    def before_writes(self, look: Callable[[float], None]) -> None:
        self._transport.budget.before_write = look

    def close(self) -> None:
        self._workers.shutdown(cancel_futures=True)
        self._transport.close()


def connect(
    settings: HubSpotSettings,
    *,
    pace: Pace | None = None,
    retry: RetryPolicy | None = None,
    network: Network | None = None,
) -> Connector:
    """A Connector to the portal of ``settings``. Nothing is sent yet.

    ``network``: certificates and proxy (default: those that the process's environment names).
    """
    return HubSpotConnector(
        settings, pace=pace or Pace.real(), retry=retry or RetryPolicy(), network=network or Network.of()
    )
