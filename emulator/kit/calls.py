"""Which calls a client made: counted by route, so that a test or a person can hold a client to its price."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request as the fault book and the call log see it. `query` is the raw text after the question mark."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    at: datetime

    def header(self, name: str) -> str | None:
        """A request header, by name in any case."""
        return self.headers.get(name.lower())


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answered call in the ring; `status` is None when the connection was dropped on purpose."""

    at: datetime
    method: str
    path: str
    query: str
    route: str
    status: int | None
    fault: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "route": self.route,
            "status": self.status,
            "fault": self.fault,
        }


class CallLog:
    """Counts by (method, route template) and the last calls. The control door itself is not counted."""

    def __init__(self, *, keep: int = 500) -> None:
        self._recent: deque[Answered] = deque(maxlen=keep)
        self._routes: Counter[str] = Counter()
        self._total = 0
        self._api = 0

    def note(self, answered: Answered, *, counts: bool) -> None:
        """Record a call; `counts` says whether the CRM's own API quota would count it."""
        self._recent.append(answered)
        self._routes[f"{answered.method} {answered.route}"] += 1
        self._total += 1
        self._api += counts

    @property
    def total(self) -> int:
        """All calls since the last reset, token calls included."""
        return self._total

    @property
    def api(self) -> int:
        """The calls that count against the CRM's API quota."""
        return self._api

    @property
    def routes(self) -> dict[str, int]:
        """Calls by `METHOD /route/{template}`."""
        return dict(self._routes)

    @property
    def recent(self) -> list[Answered]:
        """The last calls, oldest first."""
        return list(self._recent)

    def reset(self) -> None:
        """Count from zero."""
        self._recent.clear()
        self._routes.clear()
        self._total = self._api = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "total": self._total,
            "api": self._api,
            "routes": dict(sorted(self._routes.items())),
            "recent": [answered.as_json() for answered in self._recent],
        }
