"""How many API calls the org has left, and the resources that tell it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from emulator.salesforce.errors import Problem
from emulator.salesforce.parts import Home

_KIND = "usage"
#: the daily limit rolls over this many hours (Salesforce: API request limits)
_WINDOW = timedelta(hours=24)
DAILY_LIMIT_REACHED = Problem(code="REQUEST_LIMIT_EXCEEDED", message="TotalRequests Limit exceeded.")
_OTHER_LIMITS = {
    "ActiveScratchOrgs": 3,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 390,
    "DataStorageMB": 1024,
    "FileStorageMB": 1024,
    "HourlyODataCallout": 1000,
    "MassEmail": 5000,
    "PermissionSets": 1500,
    "SingleEmail": 5000,
}


class Usage:
    """API calls by the hour in which they came, over the last day."""

    def __init__(self, org: Home) -> None:
        self._org = org
        self._hours: dict[str, int] = {}

    def reload(self) -> None:
        """Read the counts from the state file."""
        self._hours = dict(self._org.state.load(_KIND).get("hours", {}))

    def note(self, calls: int = 1) -> None:
        """Count calls that came now."""
        hour = self._org.clock.now().strftime("%Y-%m-%dT%H:00:00+00:00")
        self._hours[hour] = self._hours.get(hour, 0) + calls
        self._org.state.put(_KIND, "hours", self._hours)

    def set(self, used: int) -> None:
        """Pretend that this many calls came within the last day."""
        self._hours = {}
        self.note(used)

    def used(self) -> int:
        """Return the calls of the last 24 hours."""
        since = self._org.clock.now() - _WINDOW
        self._hours = {
            hour: count for hour, count in self._hours.items() if datetime.fromisoformat(hour) > since
        }
        return sum(self._hours.values())

    @property
    def limit(self) -> int:
        """The calls that a day may have."""
        return self._org.settings.daily_calls

    def exhausted(self) -> bool:
        """Tell whether the next call is one too many."""
        return self.used() >= self.limit

    def header(self, *, used: int | None = None) -> str:
        """Return the value of ``Sforce-Limit-Info``."""
        return f"api-usage={self.used() if used is None else used}/{self.limit}"

    def as_json(self) -> dict[str, Any]:
        """Return the body of the limits resource."""
        rest = {name: {"Max": most, "Remaining": most} for name, most in _OTHER_LIMITS.items()}
        calls = {"Max": self.limit, "Remaining": max(0, self.limit - self.used())}
        return dict(sorted({**rest, "DailyApiRequests": calls}.items()))
