"""One portal: its records, definitions, pipelines, owners, links and settings, in memory and in the state file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from random import Random
from threading import Event, Thread
from typing import Any
from uuid import UUID
from weakref import ref

from emulator.hubspot.data import rules
from emulator.hubspot.data.associations import Associations, LinkType
from emulator.hubspot.data.definitions import Definition, Definitions
from emulator.hubspot.data.index import Index
from emulator.hubspot.data.owners import Owners
from emulator.hubspot.data.pipelines import Pipelines
from emulator.hubspot.data.records import Record, Records, Source, loaded
from emulator.hubspot.data.stamps import instant, read_moment
from emulator.hubspot.data.stock import (
    GROUPS,
    OBJECT_TYPES,
    ObjectType,
    options_of,
    properties,
    stage_date,
)
from emulator.hubspot.errors import unknown_object_type
from emulator.hubspot.limits import Limits, Usage
from emulator.hubspot.tokens import Token, Tokens
from emulator.hubspot.webhooks import Webhooks
from emulator.kit.clock import Clock
from emulator.kit.state import StateFile

IMPORT = Source("IMPORT", "seed", "Import")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What kind of account it is.

    `index_lag`: seconds until search sees a write. `courier`: webhooks leave by themselves once a target is set;
    without it they wait for the control door.
    """

    portal_id: int = 24_680_135
    account_type: str = "STANDARD"
    time_zone: str = "US/Eastern"
    currency: str = "USD"
    abm: bool = True
    index_lag: float = 3.0
    limits: Limits = field(default_factory=Limits)
    courier: bool = True


Seed = Callable[["Portal"], None]


@dataclass(kw_only=True)
class Shelf:
    """One object type with all that belongs to it."""

    type: ObjectType
    definitions: Definitions
    records: Records
    index: Index
    hits: dict[str, Any] = field(default_factory=dict)


class Portal:
    """The store behind the server. Everything changed through it is written to the state file."""

    def __init__(self, state: StateFile, clock: Clock, settings: Settings, seed: Seed | None = None) -> None:
        self.state = state
        self.clock = clock
        self.settings = settings
        self._courier: Thread | None = None
        self._begin()
        if state.load("portal"):
            self._read()
        else:
            self._found(seed)
        state.mark()
        if self.webhooks.settings is not None:
            self.send_off_webhooks()

    def send_off_webhooks(self) -> None:
        """Start the courier, unless one is under way or the settings keep it at home."""
        if self.settings.courier and not (self._courier and self._courier.is_alive()):
            self._courier = _send_off(self)

    # -- beginnings ------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.random = Random(self.settings.portal_id)
        self.index_lag = self.settings.index_lag
        self.usage = Usage(self.settings.limits, zone=self.settings.time_zone)
        self.owners = Owners()
        self.associations = Associations()
        self.tokens = Tokens(self.random)
        self.pipelines = {name: Pipelines(name) for name in ("deals", "companies", "contacts")}
        self.shelves: dict[str, Shelf] = {}
        for kind in OBJECT_TYPES:
            definitions = Definitions(portal_id=self.settings.portal_id)
            self.shelves[kind.name] = Shelf(
                type=kind,
                definitions=definitions,
                records=Records(kind, definitions),
                index=Index(kind.modified),
            )
        self.webhooks = Webhooks(portal_id=self.settings.portal_id, random=self.random)

    def _found(self, seed: Seed | None) -> None:
        """A fresh portal: HubSpot's own definitions and stages, then what the seed adds."""
        now = self.clock.now()
        with self.state.transaction():
            for pipelines in self.pipelines.values():
                pipelines.fill(instant(now))
            for shelf in self.shelves.values():
                definitions = shelf.definitions
                for order, (name, label) in enumerate(GROUPS[shelf.type.name]):
                    definitions.create_group({"name": name, "label": label, "displayOrder": order})
                for spec in properties(shelf.type, abm=self.settings.abm):
                    self._define_stock(definitions, spec, now)
                self.keep_definitions(shelf)
            for name in self.pipelines:
                self.keep_pipelines(name)
            self.state.put("portal", "portal", {"id": self.settings.portal_id})
            for shelf in self.shelves.values():
                shelf.records.rebuild_holders()
            if seed is not None:
                seed(self)
            if not self.owners.by_id:
                self.add_owner(email="admin@example.com", first="Ada", last="Admin")

    @staticmethod
    def _define_stock(definitions: Definitions, spec: Mapping[str, Any], now: datetime) -> None:
        made = definitions.create(spec, now=now, user=None)
        made.doc["hubspotDefined"] = True

    def _read(self) -> None:
        """Take over what the state file holds."""
        for shelf in self.shelves.values():
            name = shelf.type.name
            stored = self.state.load(f"{name}.schema")
            shelf.definitions.groups = stored.get("groups", {})
            for key, doc in stored.get("properties", {}).items():
                shelf.definitions.properties[key] = Definition(
                    doc=doc["doc"],
                    created=read_moment(doc["created"]),
                    archived=doc["archived"],
                    used_by=doc["used_by"],
                )
            shelf.records.restore_from(self.state.load(name))
            shelf.index.fill(shelf.records)
        for name, doc in self.state.load("pipelines").items():
            self.pipelines[name].by_id = doc["by_id"]
            self.pipelines[name].audits = doc["audits"]
        self.owners.by_id = self.state.load("owners")
        self.associations.restore_from(self.state.load("links"), self.state.load("labels"))
        self.tokens.restore_from(self.state.load("tokens"))
        self.webhooks.restore_from(self.state.load("webhooks"))

    def reset(self, empty: bool) -> None:  # noqa: FBT001 - the control door's form
        """Back to the beginning, or to a fresh portal without the seed."""
        if empty:
            self.state.clear()
        else:
            self.state.rewind()
        self._begin()
        if empty:
            self._found(None)
        else:
            self._read()

    # -- names -----------------------------------------------------------------------------------------------

    def shelf(self, name: str) -> Shelf:
        """An object type by any of its names; 400 for an unknown one."""
        lowered = name.lower()
        for shelf in self.shelves.values():
            if lowered in shelf.type.names():
                return shelf
        raise unknown_object_type(name)

    def correlation(self) -> UUID:
        """A fresh correlation id."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def person(self, name: str) -> Source:
        """Somebody at the screen, by e-mail, user id or owner id; `salesforce` is HubSpot's own connector. Raises
        LookupError in words."""
        if name == "salesforce":
            return Source("SALESFORCE", "SalesforceSync")
        owner = self.owners.person(name)
        if owner is None:
            known = ", ".join(owner["email"] for owner in self.owners.by_id.values())
            raise LookupError(f"no user {name} in this portal (known: {known})")
        user_id = owner["userIdIncludingInactive"]
        return Source("CRM_UI", f"userId:{user_id}", f"{owner['firstName']} {owner['lastName']}", user_id)

    @staticmethod
    def app(token: Token) -> Source:
        """The writer behind an access token: all tokens of an app share one id."""
        return Source("INTEGRATION", str(token.app_id))

    # -- the state file --------------------------------------------------------------------------------------

    def keep(self, shelf: Shelf, record: Record) -> None:
        self.state.put(shelf.type.name, record.id, record.as_doc())

    def keep_definitions(self, shelf: Shelf) -> None:
        docs = {
            name: {
                "doc": found.doc,
                "created": instant(found.created),
                "archived": found.archived,
                "used_by": found.used_by,
            }
            for name, found in shelf.definitions.properties.items()
        }
        self.state.put(f"{shelf.type.name}.schema", "properties", docs)
        self.state.put(f"{shelf.type.name}.schema", "groups", shelf.definitions.groups)

    def keep_pipelines(self, name: str) -> None:
        """Keep the pipelines, and let the properties that follow from stages follow."""
        pipelines = self.pipelines[name]
        self.state.put("pipelines", name, {"by_id": pipelines.by_id, "audits": pipelines.audits[-200:]})
        shelf = self.shelves[name]
        now = self.clock.now()
        group = GROUPS[name][0][0]
        stages = [stage for _, stage in pipelines.all_stages()]
        for stage in stages:
            dates = {f"hs_v2_date_entered_{stage['id']}": f'Date entered "{stage["label"]}"'}
            dates[f"hs_v2_date_exited_{stage['id']}"] = f'Date exited "{stage["label"]}"'
            if name != "deals":
                dates[f"hs_lifecyclestage_{stage['id']}_date"] = f"Became a {stage['label']} Date"
            for property_name, label in dates.items():
                if property_name not in shelf.definitions.properties:
                    self._define_stock(shelf.definitions, stage_date(property_name, label, group), now)
        if name != "deals":
            lifecycle = shelf.definitions.existing("lifecyclestage")
            lifecycle.doc = {
                **lifecycle.doc,
                "options": options_of(tuple((stage["id"], stage["label"]) for stage in stages)),
            }
        self.keep_definitions(shelf)

    def keep_links(self) -> None:
        """Keep the links that changed."""
        self.state.put_many("links", self.associations.drain())

    def keep_label(self, kind: LinkType) -> None:
        self.state.put("labels", str(kind.id), asdict(kind))

    # -- in-process doors for seeding and tests --------------------------------------------------------------

    def load(self, object_name: str, rows: Iterable[Mapping[str, str]]) -> list[str]:
        """Add many records at once, values taken as they are, and answer their ids.

        A row maps property names to text. `hs_object_id`, `createdate` and the stamp of the last change
        (`hs_lastmodifieddate`, contacts: `lastmodifieddate`) may be given. What follows from a deal's stage is
        filled in where the row lacks it. Search sees the records at once. One call for many rows is fast.
        """
        shelf = self.shelf(object_name)
        now = self.clock.now()
        stages = {stage["id"]: stage for _, stage in self.pipelines["deals"].all_stages()}
        records = []
        for row in rows:
            values = row
            if shelf.type.name == "deals":
                born = read_moment(row["createdate"]) if row.get("createdate") else now
                settled = rules.settle_deal({}, {"pipeline": "default", **row}, stages=stages, now=born)
                values = {**settled.derived, **settled.wanted}
            record_id = row.get("hs_object_id") or shelf.records.new_id()
            records.append(loaded(shelf.type, values, record_id=record_id, stamp=instant(now), origin=IMPORT))
        shelf.records.add_all(records)
        shelf.index.add(records)
        self.state.put_many(shelf.type.name, ((record.id, record.as_doc()) for record in records))
        return [record.id for record in records]

    def add_owner(
        self,
        *,
        email: str,
        first: str,
        last: str,
        owner_id: str | None = None,
        user_id: int | None = None,
        archived: bool = False,
    ) -> dict[str, Any]:
        """A new owner, kept."""
        owner = self.owners.add(
            email=email,
            first=first,
            last=last,
            at=instant(self.clock.now()),
            owner_id=owner_id,
            user_id=user_id,
            archived=archived,
        )
        self.state.put("owners", owner["id"], owner)
        return owner

    def define(self, object_name: str, spec: Mapping[str, Any]) -> Definition:
        """A new property, as `POST /crm/v3/properties/{object}` takes it; its group is made when it is missing."""
        shelf = self.shelf(object_name)
        group = str(spec["groupName"])
        if group not in shelf.definitions.groups:
            shelf.definitions.create_group({"name": group, "label": group.replace("_", " ").capitalize()})
        made = shelf.definitions.create(spec, now=self.clock.now(), user=None)
        self.keep_definitions(shelf)
        if made.unique:
            shelf.records.rebuild_holders()
        return made

    def associate(
        self, from_object: str, from_id: str, to_object: str, to_id: str, type_ids: Iterable[int] = ()
    ) -> None:
        """Link two records; without type ids by the default, unlabelled type."""
        origin, goal = self.shelf(from_object).type.name, self.shelf(to_object).type.name
        kinds = [self.associations.types[type_id] for type_id in type_ids]
        self.associations.link(origin, from_id, goal, to_id, kinds)
        self.keep_links()

    def entries(self, shelf: Shelf, *, lag: float | None = None) -> list[Any]:
        """What search sees of an object type now."""
        return shelf.index.entries(
            self.clock.now(), timedelta(seconds=self.index_lag if lag is None else lag)
        )


_PAUSE = 0.2
"""Seconds of the machine's time between two looks; what is due is told by the portal's clock."""


def _send_off(portal: Portal) -> Thread:
    """Deliver for as long as the portal lives and its webhooks have a target."""
    held = ref(portal)

    def run() -> None:
        pause = Event()
        while (portal := held()) is not None and portal.webhooks.settings is not None:
            portal.webhooks.pump(portal.clock.now())
            del portal
            pause.wait(_PAUSE)

    thread = Thread(target=run, name="hubspot-courier", daemon=True)
    thread.start()
    return thread
