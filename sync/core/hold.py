"""What waits, and why. On its own, because whoever looks at the ledger tells of it without a Plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.model.records import LinkId, SystemName


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A field (or record) that cannot be decided or written now, and why."""

    link_id: LinkId
    label: str
    system: SystemName
    #: Empty for the whole record.
    field: str
    code: str
    message: str
    remedy: str
    #: A System refused it; it is not sent again, unchanged, before this time.
    waits_until: datetime | None = None
