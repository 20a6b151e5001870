"""What an org's objects look like, remembered for a while: describes are large and asked for often."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.errors import Unsupported
from connector.salesforce.api import soql
from connector.salesforce.api.session import Session

#: Seconds for which a describe is believed. A field hidden meanwhile shows up as INVALID_FIELD, which asks anew.
_BELIEVED = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One object as the connected user sees it."""

    object: str
    label: str
    #: Describe's own words, by the field's name in lower case.
    fields: Mapping[str, Mapping[str, Any]]
    #: The record types that the connected user may use, but for the master one that every object has: id -> API name,
    #: which a company's and a person's may share, and label.
    record_types: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    #: What the connected user may do with records beside reading them: ``create``, ``edit``.
    allows: frozenset[str] = frozenset({"create", "edit"})

    def has(self, field: str) -> bool:
        """The connected user sees a field of this name."""
        return field.lower() in self.fields

    def missing(self, fields: Sequence[str]) -> list[str]:
        """Those that are not there. A related object's field is judged by its own object, not here."""
        return [name for name in fields if "." not in name and not self.has(name)]


def path_of(object: str) -> str:
    """Where an object's describe is."""
    return f"sobjects/{soql.name(object)}/describe"


class Describes:
    """Descriptions by object. Thread-safe; two threads may ask for the same one at once, to no harm."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Description, float]] = {}

    def of(self, object: str, *, fresh: bool = False) -> Description:
        """One API call where the object is not known yet, or ``fresh``. ``Unsupported`` where there is none."""
        now = self._session.pace.now()
        with self._lock:
            known = self._known.get(object)
        if known is not None and not fresh and now - known[1] < _BELIEVED:
            return known[0]
        try:
            body = self._session.call("GET", path_of(object)).body
        except Unsupported as error:
            raise self._session.named(
                Unsupported(
                    f"the object {object} does not exist, or the connected user may not see it",
                    code=error.code,
                    remedy=f"Give the connected user read access to {object}.",
                )
            ) from error
        return self.learn(body)

    def learn(self, body: Mapping[str, Any]) -> Description:
        """Remember a describe that came with another answer."""
        found = Description(
            object=body["name"],
            label=body["label"],
            fields={one["name"].lower(): one for one in body["fields"]},
            record_types={
                kind["recordTypeId"]: (kind["developerName"], kind["name"])
                for kind in body.get("recordTypeInfos") or ()
                if kind.get("available") and not kind.get("master")
            },
            allows=frozenset(
                right
                for right, flag in (("create", "createable"), ("edit", "updateable"))
                if body.get(flag, True)
            ),
        )
        with self._lock:
            self._known[found.object] = (found, self._session.pace.now())
        return found

    def forget(self, object: str) -> None:
        """The definitions are about to change, or have."""
        with self._lock:
            self._known.pop(object, None)
