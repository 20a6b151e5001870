"""The search index of one object type: an older view of the records, some seconds behind the store."""

from bisect import insort
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from emulator.hubspot.data.records import Record
from emulator.hubspot.data.stamps import read_moment, to_ms


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as the index knows it."""

    number: int
    id: str
    modified_ms: int
    values: Mapping[str, str]


class Index:
    """Takes in what changed once it is older than the lag. What leaves the portal leaves the index at once."""

    def __init__(self, modified: str) -> None:
        self._modified = modified
        self._entries: dict[int, Entry] = {}
        self._order: list[int] = []
        self._waiting: deque[tuple[datetime, Entry]] = deque()
        self._gone: set[int] = set()
        self._listed: tuple[int, list[Entry]] = (-1, [])
        self.version = 0

    def _entry(self, record: Record) -> Entry:
        modified = to_ms(read_moment(record.values[self._modified]))
        return Entry(int(record.id), record.id, modified, record.values)

    def fill(self, records: Iterable[Record]) -> None:
        """Know these records, and no others, at once."""
        self._entries = {int(record.id): self._entry(record) for record in records if record.live}
        self._order = sorted(self._entries)
        self._waiting.clear()
        self._gone.clear()
        self.version += 1

    def add(self, records: Iterable[Record]) -> None:
        """Know these records too, at once."""
        added = {int(record.id): self._entry(record) for record in records if record.live}
        self._order = sorted({*self._order, *added})
        self._entries |= added
        self.version += 1

    def note(self, record: Record, now: datetime) -> None:
        """A record was written: it will be seen so later."""
        if int(record.id) in self._gone:
            self._gone.discard(int(record.id))
            self.version += 1
        self._waiting.append((now, self._entry(record)))

    def drop(self, record: Record) -> None:
        """A record was archived or merged away: search never returns it."""
        self._gone.add(int(record.id))
        self.version += 1

    def entries(self, now: datetime, lag: timedelta) -> list[Entry]:
        """What search sees, in order of ids."""
        while self._waiting and now - self._waiting[0][0] >= lag:
            _, entry = self._waiting.popleft()
            if entry.number not in self._entries:
                insort(self._order, entry.number)
            self._entries[entry.number] = entry
            self.version += 1
        if self._listed[0] != self.version:
            entries, gone = self._entries, self._gone
            self._listed = (self.version, [entries[number] for number in self._order if number not in gone])
        return self._listed[1]
