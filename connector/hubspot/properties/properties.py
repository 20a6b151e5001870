"""Property definitions of a portal: read, created, brought up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from connector.base import FieldDefinition, FieldKind, ObjectSchema
from connector.errors import Rejected, Unsupported
from connector.hubspot.api.errors import PROPERTY_EXISTS, Missing
from connector.hubspot.api.transport import Transport
from connector.hubspot.properties.bodies import (
    GROUP,
    change_of,
    creation_of,
    definition_of,
    differences,
    group_creation,
    missing_options,
    with_options_of,
)

#: Seconds after a change of a definition in which reads may still serve the old copy.
SETTLING = 300.0
#: Seconds for which the names of an object's properties are trusted.
_NAMES_TRUSTED = 600.0

#: Seconds to wait, one after the other, for a definition that is there and that reads do not show yet.
_LATE = (1.0, 2.0, 4.0, 8.0)
_ARCHIVED = [("archived", "true")]


class Definitions:
    """The definitions of one portal's objects. Safe to share between threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._paths = transport.paths
        self._pace = transport.pace
        self._lock = threading.Lock()
        #: The kinds of all living properties by name, and when they were asked for.
        self._kinds: dict[str, tuple[float, Mapping[str, FieldKind]]] = {}
        self._changed: dict[str, float] = {}
        self._created: dict[tuple[str, str], float] = {}

    def schema(self, object: str) -> ObjectSchema:
        """Definitions as HubSpot serves them now: one call for the living, one for the archived, one for the groups."""
        fields = self._list(object)
        groups = self._transport.read(self._paths.property_groups(object)).data["results"]
        archived = self._transport.read(self._paths.properties(object), _ARCHIVED).data["results"]
        return ObjectSchema(
            object=object,
            label=object,
            fields=fields,
            archived={item["name"]: definition_of(item) for item in archived if item["name"] not in fields},
            groups={item["name"]: item["label"] for item in groups if item.get("archived") is not True},
            unsettled=self._within(self._changed.get(object), SETTLING),
        )

    def names(self, object: str, *, fresh: bool = False) -> frozenset[str]:
        """The names of all living properties; one call, repeated only after ten minutes."""
        return frozenset(self._known(object, fresh=fresh))

    def is_text(self, object: str, name: str) -> bool:
        """Whether a property holds free text; a call at most where names are asked for too."""
        return self._known(object, fresh=False).get(name) is FieldKind.TEXT

    def _known(self, object: str, *, fresh: bool) -> Mapping[str, FieldKind]:
        held = self._kinds.get(object)
        if held is not None and not fresh and self._within(held[0], _NAMES_TRUSTED):
            return held[1]
        return {name: field.kind for name, field in self._list(object).items()}

    def require(self, object: str, fields: Iterable[str], *, fresh: bool = False) -> None:
        """Raise ``Unsupported`` that names every field the object does not have: HubSpot leaves an unknown
        property out of its answers without a word."""
        wanted = set(fields)
        unknown = wanted - self.names(object, fresh=fresh)
        if unknown and not fresh:
            # It may have been created a moment ago.
            unknown = wanted - self.names(object, fresh=True)
        unknown -= {name for name in unknown if self.is_new(object, name)}
        if unknown:
            error = Unsupported(
                f"HubSpot {object} have no property {', '.join(sorted(unknown))}, or the app may not see it",
                code="UNKNOWN_PROPERTY",
                remedy="Create it with: tandem provision apply. Or correct the name in the mapping.",
                fields=tuple(sorted(unknown)),
            )
            error.system = self._transport.settings.name
            raise error

    def is_new(self, object: str, name: str) -> bool:
        """Whether we created the property so lately that parts of HubSpot may not know it yet."""
        return self._within(self._created.get((object, name)), SETTLING)

    def create(self, object: str, wanted: FieldDefinition) -> None:
        """Create a property and its group. A name that is archived comes back with its old values, as the
        definition that is sent with it (HubSpot: properties); where its type was another, that would retype
        them, so it is refused. Options that only the archived one has are sent too: records may hold them."""
        archived = self._archived(object, wanted)
        body = creation_of(wanted if archived is None else with_options_of(archived, wanted))
        self._ensure_group(object, wanted.group or GROUP, wanted.group_label)
        try:
            answer = self._transport.write("POST", self._paths.properties(object), body)
        except Rejected as error:
            if error.code != PROPERTY_EXISTS:
                raise
            # Somebody else's, or our own after an answer that got lost.
            self._compare(object, wanted, self._read_late(object, wanted.name))
            return
        self._note_change(object, wanted.name)
        held = definition_of(answer.data)
        if change := change_of(held, wanted):
            self._transport.write("PATCH", self._paths.property(object, wanted.name), change)

    def update(self, object: str, wanted: FieldDefinition) -> None:
        """Bring label, help, group, form and options to what is wanted; one call to read, one to write if need be."""
        held = self.read(object, wanted.name)
        if wrong := differences(held, wanted):
            raise Rejected(
                f"{wanted.name} on {object} cannot be brought to what is wanted: {' and '.join(wrong)}",
                code="ANOTHER_KIND",
                fields=(wanted.name,),
                remedy="Choose another property in the mapping.",
            )
        if held.managed:
            raise Rejected(
                f"HubSpot does not let anybody change the definition of {wanted.name}",
                code="READ_ONLY_DEFINITION",
                fields=(wanted.name,),
                remedy="Map the field to a property of your own.",
            )
        if change := change_of(held, wanted):
            if "groupName" in change:
                self._ensure_group(object, change["groupName"], wanted.group_label)
            self._transport.write("PATCH", self._paths.property(object, wanted.name), change)
            self._note_change(object)

    def label_group(self, object: str, name: str, label: str) -> None:
        """See ``Connector.label_group``."""
        self._transport.write("PATCH", self._paths.property_group(object, name), {"label": label})
        self._note_change(object)

    def read(self, object: str, name: str) -> FieldDefinition:
        """One definition as it stands. Raises ``Rejected`` (gone) where there is none."""
        return definition_of(self._transport.look_up(self._paths.property(object, name)).data)

    def _read_late(self, object: str, name: str) -> FieldDefinition:
        """A definition that is known to be there, which reads may not show for some minutes after it was made."""
        for wait in _LATE:
            try:
                return self.read(object, name)
            except Missing:
                self._pace.sleep(wait)
        try:
            return self.read(object, name)
        except Missing as error:
            raise Rejected(
                f"HubSpot has a property {name} on {object}, and does not show its definition yet",
                code="UNSETTLED_DEFINITION",
                fields=(name,),
                remedy="Nothing is wrong: run the same command again in some minutes.",
            ) from error

    def _list(self, object: str) -> Mapping[str, FieldDefinition]:
        items = self._transport.read(self._paths.properties(object)).data["results"]
        fields = {item["name"]: definition_of(item) for item in items if item.get("archived") is not True}
        with self._lock:
            kinds = {name: field.kind for name, field in fields.items()}
            self._kinds[object] = (self._pace.now(), kinds)
        return fields

    def _archived(self, object: str, wanted: FieldDefinition) -> FieldDefinition | None:
        """The archived property of the name, if there is one; ``Rejected`` where it is of another type."""
        try:
            item = self._transport.look_up(self._paths.property(object, wanted.name), _ARCHIVED).data
        except Missing:
            return None
        if item.get("archived") is not True:
            return None
        held = definition_of(item)
        if wrong := differences(held, wanted):
            raise Rejected(
                f"An archived property is named {wanted.name}, and {' and '.join(wrong)}",
                code="ARCHIVED_UNDER_ANOTHER_TYPE",
                fields=(wanted.name,),
                remedy="Choose another name in the mapping; HubSpot forgets an archived property after 90 days.",
            )
        return held

    def _ensure_group(self, object: str, name: str, label: str | None) -> None:
        try:
            self._transport.look_up(self._paths.property_group(object, name))
        except Missing:
            try:
                self._transport.write(
                    "POST", self._paths.property_groups(object), group_creation(name, label)
                )
            except Rejected:
                # Made by somebody else meanwhile, or by our own call whose answer was lost: then it is there.
                self._transport.look_up(self._paths.property_group(object, name))

    def _compare(self, object: str, wanted: FieldDefinition, held: FieldDefinition) -> None:
        wrong = differences(held, wanted)
        if missing := missing_options(held, wanted):
            wrong.append(f"it lacks the options {', '.join(missing)}")
        if wrong:
            raise Rejected(
                f"A property named {wanted.name} exists on {object}, and {' and '.join(wrong)}",
                code=PROPERTY_EXISTS,
                fields=(wanted.name,),
                remedy="Run 'tandem provision plan' again, or choose another name in the mapping.",
            )

    def _note_change(self, object: str, created: str | None = None) -> None:
        with self._lock:
            now = self._pace.now()
            self._changed[object] = now
            self._kinds.pop(object, None)
            if created is not None:
                self._created[object, created] = now

    def _within(self, at: float | None, seconds: float) -> bool:
        return at is not None and self._pace.now() - at < seconds
