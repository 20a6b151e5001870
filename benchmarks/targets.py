"""What Tandem is held to: calls, memory and time."""

from __future__ import annotations

from dataclasses import dataclass

#: Calls of a Run that finds nothing to do, to each System.
IDLE_CALLS = 3
#: Megabytes of memory at the most, over 10,000 accounts.
PEAK_MB = 300.0
#: Milliseconds of Tandem's own processor time for each record that a Run writes.
CPU_MS = 1.0
#: HubSpot: calls of a private app in any ten seconds.
HUBSPOT_CALLS = 190
#: Help, version and a completion, in units of starting Python with click and rich.
LIST_UNITS = 3.0
#: `tandem status`, in the same units. Its libraries alone take most of it (`benchmarks.startup` shows how much).
STATUS_UNITS = 8.0
#: Calls beside those that write: who is there and what is defined (Salesforce tells both in one), what changed.
_BESIDE = {"salesforce": 2, "hubspot": 3}
#: Salesforce would take 1,000; one of five parts reads what stands there before it is written over.
_ROWS_OF_A_CALL = {"salesforce": 800, "hubspot": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured."""

    what: str
    figure: float
    target: float | None = None
    unit: str = ""

    @property
    def shown(self) -> str:
        """As the table shows it: four digits are more than any of these can be trusted for."""
        whole = self.unit in {"", "calls"}
        return f"{self.figure:,.0f} {self.unit}" if whole else f"{self.figure:,.4g} {self.unit}"

    @property
    def missed(self) -> bool:
        return self.target is not None and self.figure > self.target


def writing_calls(system: str, rows: int) -> int:
    """Calls that a Run may make to a System in which it changes so many accounts, and which has no news itself."""
    return -(-rows // _ROWS_OF_A_CALL[system]) + _BESIDE[system]
