"""Writing values: by record id, and by unique property. What one row holds never stops another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.base import NativeValue, RowUpdate, RowUpsert, WriteResult
from connector.errors import ConnectorError, Refusal, Retryable
from connector.hubspot.api.bodies import BATCH, result_of, update_body, upsert_body
from connector.hubspot.api.errors import NOT_FOUND, PROPERTY_MISSING, Refused
from connector.hubspot.api.transport import Transport
from connector.hubspot.properties.properties import Definitions
from connector.hubspot.records.read import Reader, chunks
from connector.hubspot.records.row_errors import (
    condemned_rows,
    is_conflict,
    refusal_of,
    refusal_of_error,
    row_errors,
)

#: Rows by record id or by unique key.
Rows = Mapping[str, Mapping[str, NativeValue]]
Results = dict[str, WriteResult]
#: Sends one batch and sorts its answer by row.
Send = Callable[[Rows], Results]

#: The one property that HubSpot itself moves, and forward only.
LIFECYCLE = "lifecyclestage"
#: Seconds to wait, one after the other, while a property that was just created is not yet known to writes.
_NEW_PROPERTY_WAITS = (1.0, 2.0, 4.0, 8.0)
_NOT_YET = "The property was created moments ago, and HubSpot's writes do not know it yet: try again in some minutes."


class Writing:
    """Writes to one portal's records. Safe to share between threads.

    HubSpot has no conditional write: the last write wins, so the caller compares before it writes.
    """

    def __init__(self, transport: Transport, definitions: Definitions, reading: Reader) -> None:
        self._transport = transport
        self._definitions = definitions
        self._reading = reading

    def update(self, object: str, rows: Sequence[RowUpdate]) -> list[WriteResult]:
        """Set values by record id, 100 rows a call."""
        by_id = {row.id: row.values for row in rows}
        if len(by_id) != len(rows):
            raise ValueError(
                "the ids of one update must be distinct: HubSpot refuses a batch that repeats one"
            )
        results = self._in_batches(object, by_id, lambda part: self._update_batch(object, part))
        if back := self._not_gone_back(object, by_id, results):
            results |= self._go_back(object, back, results)
        return [results[row.id] for row in rows]

    def upsert(self, object: str, key_field: str, rows: Sequence[RowUpsert]) -> list[WriteResult]:
        """Create or update by a unique property, 100 rows a call."""
        by_key = {row.key: row.values for row in rows}
        if len(by_key) != len(rows):
            raise ValueError(
                "the keys of one upsert must be distinct: HubSpot refuses two rows for one record"
            )
        results = self._in_batches(object, by_key, lambda part: self._upsert_batch(object, key_field, part))
        taken = [key for key, result in results.items() if result.refusal and is_conflict(result.refusal)]
        if taken:
            results |= self._after_conflict(object, key_field, {key: by_key[key] for key in taken}, results)
        return [results[row.key] for row in rows]

    def _not_gone_back(self, object: str, rows: Rows, results: Results) -> Rows:
        """Rows whose lifecycle stage HubSpot kept although another was sent."""
        sent = {
            id: values for id, values in rows.items() if values.get(LIFECYCLE) and _is_written(results[id])
        }
        untold = [id for id in sent if LIFECYCLE not in results[id].stored]
        try:
            read = self._reading.read(object, (LIFECYCLE,), untold) if untold else {}
        except ConnectorError:
            # The rows are written; what stands there now is found out when they are read.
            read = {}
        stands = {id: record.values.get(LIFECYCLE) for id, record in read.items()}
        stands |= {id: results[id].stored[LIFECYCLE] for id in sent if id not in untold}
        return {
            id: values
            for id, values in sent.items()
            if stands.get(id, values[LIFECYCLE]) != values[LIFECYCLE]
        }

    def _go_back(self, object: str, rows: Rows, results: Results) -> Results:
        """A lifecycle stage goes back only if it is cleared first; else HubSpot says 200 and keeps it (HubSpot:
        lifecycle stages)."""
        cleared = self._set_stage(object, dict.fromkeys(rows, ""))
        stages = {id: rows[id][LIFECYCLE] for id, result in cleared.items() if _is_written(result)}
        done = {**cleared, **self._set_stage(object, stages)}
        return {
            id: replace(result, stored={**results[id].stored, **result.stored}) for id, result in done.items()
        }

    def _set_stage(self, object: str, stages: Mapping[str, NativeValue]) -> Results:
        part = {id: {LIFECYCLE: stage} for id, stage in stages.items()}
        try:
            return self._in_batches(object, part, lambda batch: self._update_batch(object, batch))
        except ConnectorError as error:
            # Other fields of these rows are written, so nothing may be raised any more.
            return _all_refused(part, error)

    # -- batches ---------------------------------------------------------------------------------------------

    def _in_batches(self, object: str, rows: Rows, send: Send) -> Results:
        """All rows, 100 a call. An error is raised while no row was touched; later it is the refusal of the rest."""
        results: Results = {}
        failed: ConnectorError | None = None
        for part in chunks(list(rows), BATCH):
            batch = {id: rows[id] for id in part}
            if failed is None:
                try:
                    results |= self._batch_patiently(object, batch, send)
                    continue
                except ConnectorError as error:
                    if not results:
                        raise
                    failed = error
            results |= _all_refused(batch, failed)
        return results

    def _batch_patiently(self, object: str, rows: Rows, send: Send) -> Results:
        """One batch, and again after a moment the rows that met a property which we have just created and which
        HubSpot's writes do not know yet."""
        results = self._batch(rows, send)
        for wait in _NEW_PROPERTY_WAITS:
            early = {
                id: rows[id]
                for id, result in results.items()
                if result.refusal and self._names_new_properties(object, result.refusal)
            }
            if not early:
                break
            self._transport.pace.sleep(wait)
            results |= self._spare(results, early, send)
        for id, result in results.items():
            if result.refusal and self._names_new_properties(object, result.refusal):
                results[id] = replace(result, refusal=replace(result.refusal, remedy=_NOT_YET))
        return results

    def _spare(self, results: Results, rows: Rows, send: Send) -> Results:
        """Send some more rows; an error is raised only while no other row was written."""
        try:
            return self._batch(rows, send)
        except ConnectorError as error:
            if not any(result.refusal is None for result in results.values()):
                raise
            return _all_refused(rows, error)

    def _batch(self, rows: Rows, send: Send) -> Results:
        """One batch. HubSpot may refuse it whole for one bad row, naming none: the rows at fault are then found by
        what the refusal quotes, or by halving, and the others are written."""
        try:
            return send(rows)
        except Refused as error:
            said = error.said
        if len(rows) == 1:
            return {id: _refused(refusal_of(said)) for id in rows}
        condemned = condemned_rows(said, rows)
        results: Results = {id: _refused(refusal) for id, refusal in condemned.items()}
        rest = [id for id in rows if id not in condemned]
        pieces = [rest] if condemned else [rest[: len(rest) // 2], rest[len(rest) // 2 :]]
        for piece in filter(None, pieces):
            results |= self._spare(results, {id: rows[id] for id in piece}, send)
        return results

    def _names_new_properties(self, object: str, refusal: Refusal) -> bool:
        return (
            refusal.code == PROPERTY_MISSING
            and bool(refusal.fields)
            and all(self._definitions.is_new(object, name) for name in refusal.fields)
        )

    # -- the two calls ---------------------------------------------------------------------------------------

    def _update_batch(self, object: str, rows: Rows) -> Results:
        answer = self._transport.write_values(
            self._transport.paths.batch(object, "update"), update_body(rows)
        ).data
        results = _sorted_answer(answer, rows, lambda item: str(item["id"]))
        if silent := [id for id in rows if id not in results]:
            results |= self._ask_for_silent(object, silent)
        return results

    def _upsert_batch(self, object: str, key_field: str, rows: Rows) -> Results:
        answer = self._transport.write_values(
            self._transport.paths.batch(object, "upsert"), upsert_body(key_field, rows)
        ).data
        results = _sorted_answer(answer, rows, lambda item: str(item["properties"].get(key_field)))
        for key in rows:
            if key not in results:
                results[key] = _refused(_SILENT)
        return results

    def _ask_for_silent(self, object: str, ids: Sequence[str]) -> Results:
        """Rows that an answer of success does not mention were not written (HubSpot: batch endpoints)."""
        try:
            living = self._reading.read(object, (), ids)
        except ConnectorError as error:
            # The rest of the batch is written, so nothing may be raised any more.
            return {id: _refused(refusal_of_error(error)) for id in ids}
        return {id: _refused(_SILENT if id in living and living[id].id == id else _GONE) for id in ids}

    def _after_conflict(self, object: str, key_field: str, rows: Rows, results: Results) -> Results:
        """Rows whose unique value somebody took first. Where that was another upsert of the same key, the record is
        there by now and is updated; where another record holds another unique value, that one is named."""
        try:
            held = self._reading.read_by_key(object, (), key_field, list(rows))
        except ConnectorError as error:
            # Other rows of the same call are written, so nothing may be raised any more.
            return dict.fromkeys(rows, _refused(refusal_of_error(error)))
        found: Results = {}
        try:
            if by_id := {record.id: key for key, record in held.items()}:
                updated = self.update(
                    object, [RowUpdate(id=id, values=rows[key]) for id, key in by_id.items()]
                )
                found |= dict(zip(by_id.values(), updated, strict=True))
            again = {
                key: values for key, values in rows.items() if key not in held and not _holder(results[key])
            }
            if again:
                found |= self._in_batches(
                    object, again, lambda part: self._upsert_batch(object, key_field, part)
                )
        except ConnectorError as error:
            found |= _all_refused({key: rows[key] for key in rows if key not in found}, error)
        return found


_SILENT = Refusal(
    code="NOT_WRITTEN",
    message="HubSpot answered with success, but did not write this record",
    remedy="Check that the id is a HubSpot record id.",
)
_GONE = Refusal(code=NOT_FOUND, message="The record is no longer there under this id", gone=True)


def _sorted_answer(
    answer: Mapping[str, Any], rows: Rows, row_of: Callable[[Mapping[str, Any]], str]
) -> Results:
    """An answer by row: by trace id where HubSpot repeats it, else by what names the row; never by order."""
    results: Results = {}
    for item in answer["results"]:
        trace = item.get("objectWriteTraceId")
        row = trace if trace in rows else row_of(item)
        if row in rows:
            results[row] = result_of(item, rows[row])
    nameless: Refusal | None = None
    for error in row_errors(answer):
        named = [row for row in (*error.trace_ids, *error.ids) if row in rows]
        for row in named:
            results.setdefault(row, _refused(error.refusal))
        if not named:
            nameless = error.refusal
    if nameless is not None:
        for row in rows:
            results.setdefault(row, _refused(nameless))
    return results


def _refused(refusal: Refusal) -> WriteResult:
    return WriteResult(id=None, refusal=refusal)


def _all_refused(rows: Rows, error: ConnectorError) -> Results:
    """An error of a whole call, as the fate of each of its rows: refused, or unknown."""
    if isinstance(error, Retryable) and error.maybe_done:
        return dict.fromkeys(rows, WriteResult(id=None, lost=error))
    return dict.fromkeys(rows, _refused(refusal_of_error(error)))


def _is_written(result: WriteResult) -> bool:
    return result.refusal is None and result.lost is None


def _holder(result: WriteResult) -> str | None:
    return result.refusal.holder if result.refusal else None
