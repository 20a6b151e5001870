"""Rows of a Bulk API 2.0 job as CSV, and its result files read back. Pure.

Source: Salesforce, Bulk API 2.0 developer guide.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from connector.base import NativeValue
from connector.salesforce import rows

#: Characters of one cell (Salesforce: Bulk API limits).
_LONGEST = 32_000
#: What a cell must say to clear a field: an empty one leaves it as it is (Salesforce: Valid CSV Record Rows).
_NULL = "#N/A"

Row = Mapping[str, NativeValue]


def fits(values: Iterable[NativeValue]) -> bool:
    """Can these values stand in a CSV? A text that reads like the mark for null would clear its field, and there is no
    way to quote it; nor may a cell be longer than 32,000 characters."""
    texts = [value for value in values if isinstance(value, str)]
    return all(len(text) <= _LONGEST and text.strip().upper() != _NULL for text in texts)


def table(key: str, written: Sequence[Row]) -> str:
    """Rows as CSV: the key first, then every other field that any row has, by name. A row's missing field is an empty
    cell, which leaves the field as it is."""
    names = [key, *sorted({name for row in written for name in row} - {key})]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) if name in row else "" for name in names] for row in written)
    return text.getvalue()


def _cell(value: NativeValue) -> str:
    if value is None or value == "":
        # An empty text clears a field in JSON too.
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return rows.plain_decimal(value) or ""


def read(text: str) -> Iterator[dict[str, str]]:
    """The rows of a result file, by column names in lower case: Salesforce may spell them its own way."""
    lines = csv.reader(io.StringIO(text, newline=""))
    header = [name.lower() for name in next(lines, [])]
    for line in lines:
        if line:
            yield dict(zip(header, line, strict=False))
