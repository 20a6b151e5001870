"""What a Connector does with a CRM's definitions: fields, options, stages, rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from connector.schemas import (
    Bundle,
    FieldDefinition,
    ObjectSchema,
    Power,
    Rights,
    Stage,
    Surroundings,
    ValueSet,
)


class DefinitionCalls(Protocol):
    """Reading and changing definitions, and what surrounds them."""

    def surroundings(self, object: str, fields: Sequence[str]) -> Surroundings:
        """Clock, rights and scopes by name, features, and the rules on an object that touch fields. For a person who
        looks why something is refused. Salesforce: eight calls and one for each validation rule; HubSpot: one that is
        not counted, and one for the names of properties."""
        ...

    def schema(self, object: str) -> ObjectSchema:
        """Definitions as they stand now (not from a cache)."""
        ...

    def stored_fields(self, object: str, fields: Sequence[str]) -> Mapping[str, FieldDefinition]:
        """These custom fields as they are stored: whether or not the connected user sees them, and in the words that
        they were given, not in a translation into that user's language. Salesforce: two calls for each. HubSpot:
        none, for a definition is served as it is stored."""
        ...

    def value_sets(self, object: str, fields: Sequence[str]) -> Mapping[str, ValueSet]:
        """Of these picklists those that share their values with others, and the set. Salesforce: two calls for each
        field and one for each set. HubSpot has none."""
        ...

    def count_beyond(
        self, object: str, field: str, *, length: int | None = None, size: int | None = None
    ) -> int | None:
        """How many living records hold a text of more than ``length`` characters, or a number of ``size`` or more
        on either side of zero; None where the CRM cannot tell. Salesforce: one call."""
        ...

    def create_field(self, object: str, definition: FieldDefinition) -> None:
        """Define a field (and its group). Succeeds if it exists already in the same form."""
        ...

    def update_field(self, object: str, definition: FieldDefinition, *, narrow: bool = False) -> None:
        """Bring label, help, default, options, group and form to ``definition``, begin to track it, and widen a text or
        number that is too small for it. Options are read, merged and written whole, so that nobody else's value is
        lost; nothing is retyped or deleted, and only with ``narrow`` is a text or number made smaller, or a picklist
        closed to other values."""
        ...

    def track_history(self, object: str, fields: Sequence[str] = ()) -> None:
        """Let the object's history be tracked, and these standard fields with it; a custom field says so in its own
        definition. Safe to repeat. Salesforce: one call, two with fields. HubSpot keeps every property's history."""
        ...

    def offer_values(self, object: str, record_type: str, values: Mapping[str, Sequence[str]]) -> None:
        """Have a record type, by API name, offer these values too; nothing that it offers is taken away. Safe to
        repeat. Salesforce: two calls. HubSpot has none."""
        ...

    def label_group(self, object: str, name: str, label: str) -> None:
        """Relabel a group of fields. Safe to repeat. HubSpot: one call. Salesforce has none."""
        ...

    def stages(self) -> Sequence[Stage]:
        """Every opportunity stage of every pipeline."""
        ...

    def create_stages(self, stages: Sequence[Stage]) -> None:
        """Define opportunity stages that are missing; one that stands inactive is made active again.

        ``order`` is a stage's place, from 0, among the active stages of its pipeline once all are there. Nothing that
        stands is renamed, redefined, deactivated or removed, though it may move down. Safe to repeat: what stands
        already, by label or id, is passed over. Salesforce: the value set is read, merged and written whole, three
        calls. HubSpot: one call, one for each new stage, and one for each that moves down; the id is HubSpot's own.
        """
        ...

    def rights(self, object: str, users: Sequence[str] = (), profiles: Sequence[str] = ()) -> Rights | None:
        """What the bundle of rights gives on an object's fields, and who lacks it of the connected user, the users of
        these usernames and all active users of these profiles. None where there is no such thing (HubSpot), or where
        the connected user may not look. Salesforce: one call."""
        ...

    def bundle(self) -> Bundle:
        """Everything that the bundle of rights gives on fields and objects, of those too that are not ours; nothing
        where it is not there, or where the connected user may not look. Salesforce: one call. HubSpot has none."""
        ...

    def powers(self, object: str) -> Mapping[Power, tuple[str, bool]]:
        """What the connected user or app may do with an object's definitions: the right, by the CRM's own name, and
        whether it is held. A right that the CRM does not tell of is left out. Salesforce: one call; HubSpot: one that
        is not counted."""
        ...

    def grant(self, object: str, fields: Sequence[str], assignees: Sequence[str] = ()) -> None:
        """Make fields readable and writable for the connected user (Salesforce: permission set, field permissions,
        assignment), and for the users of these ids. Safe to repeat. HubSpot has no such step."""
        ...
