"""Which rows of a batch HubSpot refused, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import ConnectorError, Refusal, Rejected, Retryable
from connector.hubspot.api.errors import (
    CONFLICTS,
    NOT_FOUND,
    OF_THE_PROPERTY,
    PASSING,
    REMEDIES,
    UNIQUE_CONFLICT,
    Detail,
    ErrorBody,
    Refused,
    body_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """One entry of ``errors`` in a partial answer (207), and the rows that it concerns."""

    refusal: Refusal
    ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()

    @property
    def conflict(self) -> bool:
        """Somebody else took the unique value first; a second try finds the record there."""
        return self.refusal.code in CONFLICTS


def row_errors(answer: Mapping[str, Any]) -> list[RowError]:
    """The refused rows of a batch answer."""
    found = []
    for item in answer.get("errors") or []:
        said = body_of(item)
        found.append(
            RowError(
                refusal=refusal_of(said),
                ids=(*said.context.get("ids", ()), *((said.row,) if said.row else ())),
                trace_ids=said.context.get("objectWriteTraceId", ()),
            )
        )
    return found


def refusal_of(said: ErrorBody) -> Refusal:
    """An error body as a row's refusal."""
    code = said.code or "VALIDATION_ERROR"
    return Refusal(
        code=code,
        message=said.sentence,
        fields=said.fields,
        remedy=REMEDIES.get(code),
        retryable=(said.category or "") in PASSING or code in PASSING,
        gone=code == NOT_FOUND,
        holder=said.holder,
    )


def refusal_of_error(error: ConnectorError) -> Refusal:
    """An error that concerns a whole call, as the refusal of each of its rows."""
    if isinstance(error, Refused):
        return refusal_of(error.said)
    return Refusal(
        code=error.code or type(error).__name__,
        message=str(error),
        fields=error.fields if isinstance(error, Rejected) else (),
        remedy=error.remedy,
        retryable=isinstance(error, Retryable),
        gone=isinstance(error, Rejected) and error.gone,
    )


def is_conflict(refusal: Refusal) -> bool:
    """Whether a unique value (or the record itself) is there already."""
    return refusal.code in CONFLICTS


def condemned_rows(said: ErrorBody, rows: Mapping[str, Mapping[str, object]]) -> dict[str, Refusal]:
    """Which rows of a batch that was refused as a whole are surely at fault, each with its own refusal.

    A whole-batch 400 names properties and values but no record (HubSpot: batch endpoints). A row is at fault
    where the text names its id, where it carries a property that nobody may write, or where it carries exactly
    the value that HubSpot quotes. Empty where the text does not tell: the batch must then be halved.
    """
    if said.row is not None and said.row in rows:
        return {said.row: refusal_of(said)}
    found: dict[str, Refusal] = {}
    if said.code == UNIQUE_CONFLICT and said.held_value is not None:
        name, value = said.held_value
        found = {id: refusal_of(said) for id, values in rows.items() if str(values.get(name)) == value}
    for detail in said.details:
        refusal = Refusal(
            code=detail.code,
            message=f"{detail.message} (correlation id {said.correlation_id})"
            if said.correlation_id
            else detail.message,
            fields=detail.fields,
            remedy=REMEDIES.get(detail.code),
        )
        for id, values in rows.items():
            if id not in found and _at_fault(detail, values):
                found[id] = refusal
    return found


def _at_fault(detail: Detail, values: Mapping[str, object]) -> bool:
    carried = [name for name in detail.fields if name in values]
    if detail.code in OF_THE_PROPERTY:
        return bool(carried)
    # As in: gold was not one of the allowed options; abc was not a valid long
    quoted = detail.message.partition(" was not ")[0].strip().strip("\"'")
    return any(quoted and quoted == str(values[name]).strip() for name in carried)
