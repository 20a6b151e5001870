"""Which Records matching must look at together."""

from __future__ import annotations

from collections.abc import Iterator

from sync.ledger.store import Store
from sync.records import Record


def groups(store: Store) -> Iterator[list[Record]]:
    raise NotImplementedError
    yield []
