"""What the background service tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """What ``tandem status`` tells of the service."""

    pid: int
    host: str
    since: datetime
    seen_at: datetime
    #: Job -> when it is due next.
    next: Mapping[str, datetime]
    #: Job -> why it is not going as planned.
    troubles: Mapping[str, str]
    #: What it does right now.
    doing: str | None
