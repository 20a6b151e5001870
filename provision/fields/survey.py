"""One System's definitions as they stand now, against the mapping."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from connector.base import Connector, FieldDefinition, ObjectSchema, ValueSet
from mappings.definitions import DesiredField
from mappings.model import Mapping as FieldMapping
from provision.fields.compare import compare
from provision.fields.compare_looks import OF_VALUE_SET, OF_WORDS, group_key
from provision.fields.state import Line, Standing
from provision.fields.translate import standing_of, with_hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One System's definitions against the mapping, as they stand now."""

    system: str
    #: With the vendor's own fields in their place.
    mapping: FieldMapping
    schema: ObjectSchema
    #: The same in the words of the core.
    standing: Standing
    #: Fields of the mapping that are hidden from the connected user, and could be read all the same.
    hidden: Mapping[str, FieldDefinition]
    lines: tuple[Line, ...]


def survey(
    connector: Connector,
    mapping: FieldMapping,
    *,
    settling: Mapping[str, str] | None = None,
    destructive: Collection[str] = (),
) -> Survey:
    """Read one System's definitions and compare them. ``settling``: fields written moments ago, with the digest of
    what was written; a field that should by now be otherwise is not among them."""
    name = connector.name
    schema = connector.schema(mapping.systems[name].account_object)
    mapping = mapping.with_builtin(name, schema.fields)
    every = mapping.definitions(name)
    wanted = {field.name: digest(field) for field in every}
    wanted |= {group_key(field.group.name): field.group.label for field in every if field.group is not None}
    fresh = {written for written, digest in (settling or {}).items() if wanted.get(written) == digest}
    unseen = [field.name for field in mapping.definitions(name) if field.name in schema.invisible]
    hidden = connector.stored_fields(schema.object, unseen) if unseen else {}
    standing = with_hidden(standing_of(schema, connector.kind), hidden, connector.kind)
    lines = compare(mapping, name, standing, fresh, destructive)
    shared = connector.value_sets(schema.object, _with_values_to_change(lines, standing))
    stored = connector.stored_fields(schema.object, _told_otherwise(lines, schema))
    if shared or stored:
        schema = replace(schema, fields={**schema.fields, **_in_stored_words(schema, stored, shared)})
        standing = with_hidden(standing_of(schema, connector.kind), hidden, connector.kind)
        fields = {
            field: replace(held, value_set=shared[field].name if field in shared else "")
            for field, held in standing.fields.items()
        }
        standing = replace(standing, fields=fields)
        lines = compare(mapping, name, standing, fresh, destructive)
    return Survey(system=name, mapping=mapping, schema=schema, standing=standing, hidden=hidden, lines=lines)


def _told_otherwise(lines: Iterable[Line], schema: ObjectSchema) -> list[str]:
    """Fields whose words differ, or whose values are to be written: describe may have told them in translation
    (Salesforce Help, "Translation Workbench"), and a translation must neither be fixed nor written back."""
    seen = (line.field for line in lines if line.attribute in OF_WORDS)
    return [
        name
        for name in dict.fromkeys(seen)
        if name in schema.fields and schema.fields[name].custom and not schema.fields[name].managed
    ]


def _in_stored_words(
    schema: ObjectSchema, stored: Mapping[str, FieldDefinition], shared: Mapping[str, ValueSet]
) -> dict[str, FieldDefinition]:
    """Fields with label, help and labels of values as they are stored."""
    found: dict[str, FieldDefinition] = {}
    for name in dict.fromkeys((*stored, *shared)):
        told = schema.fields.get(name)
        if told is None:
            continue
        if name in stored:
            told = replace(told, label=stored[name].label, help=stored[name].help)
        source = shared[name].options if name in shared else stored[name].options
        labels = {option.value: option.label for option in source}
        options = [replace(option, label=labels.get(option.value, option.label)) for option in told.options]
        found[name] = replace(told, options=tuple(options))
    return found


def _with_values_to_change(lines: Iterable[Line], standing: Standing) -> list[str]:
    """Picklists of which it matters now whether they share their values with others."""
    return list(
        dict.fromkeys(
            line.field
            for line in lines
            if line.attribute in OF_VALUE_SET
            and not line.blocks
            and (held := standing.fields.get(line.field)) is not None
            and held.options
        )
    )


def digest(wanted: DesiredField) -> str:
    """The same for two definitions that are to be alike."""
    return hashlib.sha256(repr(wanted).encode()).hexdigest()
