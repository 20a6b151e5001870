"""Which of the vendor's own fields a System has in place of ours, asked once and remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.base import Connector
from mappings.model import Mapping as FieldMapping
from sync.ledger.ledger import Ledger
from sync.model.records import SystemName


def with_builtin_fields(
    mapping: FieldMapping, connectors: Mapping[SystemName, Connector], ledger: Ledger
) -> FieldMapping:
    """The mapping with the vendor's own fields where a System has them. Which it has is asked once, and again by
    provisioning: a field must not change its place because a portal was upgraded overnight."""
    for name, connector in connectors.items():
        system = mapping.systems[name]
        if not any(native.builtin for native in system.fields.values()):
            continue
        known = ledger.fields.builtin(name)
        if known is None:
            known = remember_builtin_fields(
                mapping, name, connector.schema(system.account_object).fields, ledger
            )
        mapping = mapping.with_builtin(name, known)
    return mapping


def remember_builtin_fields(
    mapping: FieldMapping, system: SystemName, present: Iterable[str], ledger: Ledger
) -> frozenset[str]:
    """Keep which of the vendor's fields (and of ours in their place) a System has; returns their names."""
    spelled = mapping.systems[system]
    names = {native.builtin for native in spelled.fields.values()} | set(spelled.native_names)
    known = frozenset(name for name in present if name in names)
    ledger.fields.keep_builtin(system, known)
    return known
