"""What stands beside a field itself, over the Metadata API: history tracking, record types, shared values.

Sources: Salesforce, Metadata API developer guide: "CustomObject" (``enableHistory``), "CustomField" (``trackHistory``;
a standard field takes it too), "RecordType" (``picklistValues``), "GlobalValueSet".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from connector.base import OptionDefinition, ValueSet
from connector.errors import Rejected
from connector.salesforce.api.session import Session

#: ASCII punctuation but for the hyphen and the underscore; letters of other scripts stand as they are.
_PUNCTUATION = re.compile(r"[!-,./:-@\[-^`{-~]")


def track_history(session: Session, object: str, fields: Sequence[str]) -> None:
    """See ``Connector.track_history``. What is not said of a standard object or field stays as it is."""
    session.metadata(
        lambda api: api.CustomObject.update([api.CustomObject(fullName=object, enableHistory=True)])
    )
    if fields:
        session.metadata(
            lambda api: api.CustomField.update(
                [api.CustomField(fullName=f"{object}.{name}", trackHistory=True) for name in fields]
            )
        )


def offer_values(
    session: Session, object: str, record_type: str, values: Mapping[str, Sequence[str]]
) -> None:
    """See ``Connector.offer_values``: the record type is read, added to and written whole."""
    full_name = f"{object}.{record_type}"
    held = session.metadata(lambda api: api.RecordType.read([full_name]), writes=False)
    if held is None or not held.fullName:
        raise session.named(
            Rejected(
                f"the record type {full_name} cannot be read",
                code="INVALID_CROSS_REFERENCE_KEY",
                remedy="Look whether it is still there, and belongs to no installed package.",
            )
        )
    if session.metadata(lambda api: _extend(api, held, values)):
        session.metadata(lambda api: api.RecordType.update([held]))


def escaped(value: str) -> str:
    """A picklist's value as a record type spells it: its punctuation is percent-encoded there, and nowhere else."""
    return "".join(f"%{ord(sign):02X}" if _PUNCTUATION.match(sign) else sign for sign in value)


def _extend(api: Any, held: Any, values: Mapping[str, Sequence[str]]) -> bool:
    """Put the values into the record type that was read; whether any was lacking."""
    lists = {str(one.picklist): one for one in held.picklistValues or ()}
    changed = False
    for picklist, wanted in values.items():
        found = lists.get(picklist)
        if found is None:
            found = api.RecordTypePicklistValue(picklist=picklist, values=[])
            held.picklistValues = [*(held.picklistValues or ()), found]
        there = {unquote(str(value.fullName)) for value in found.values or ()}
        lacking = [value for value in wanted if value not in there]
        found.values = [
            *(found.values or ()),
            *(api.PicklistValue(fullName=escaped(value), default=False) for value in lacking),
        ]
        changed = changed or bool(lacking)
    return changed


def read_value_set(session: Session, name: str) -> ValueSet:
    """A global value set, with every value that it has. One API call."""
    held = session.metadata(lambda api: api.GlobalValueSet.read([name]), writes=False)
    return ValueSet(
        name=name,
        label=str(held.masterLabel or name),
        options=tuple(
            OptionDefinition(
                value=str(value.fullName),
                label=str(value.label or value.fullName),
                order=order,
                active=value.isActive is not False,
                description=value.description or None,
            )
            for order, value in enumerate(held.customValue or ())
        ),
    )
