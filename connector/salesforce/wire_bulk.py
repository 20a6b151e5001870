"""Errors of Bulk API 2.0, of a row and of a job, as Salesforce spells them there. Pure."""

from __future__ import annotations

import re

from connector.errors import ConnectorError, QuotaSpent, Rejected, Unavailable, Unsupported
from connector.salesforce.wire import INVALID_FIELD, REMEDIES, Fault, fields_named, without_value


def faults_of_cell(text: str) -> tuple[Fault, ...]:
    """The errors of one row of a Bulk job, ``CODE:message:FIELD --``, one after the other where there are several."""
    found: list[Fault] = []
    for part in re.split(r"--\s*;\s*(?=[A-Z][A-Z0-9_]+:)", text.strip()):
        code, _, rest = part.partition(":")
        if not rest or not re.fullmatch(r"[A-Z][A-Z0-9_]+", code):
            found.append(Fault(code="UNKNOWN_EXCEPTION", message=part or "Salesforce gave no reason"))
            continue
        # The message may hold colons of its own; the fields stand behind the last one.
        message, colon, named = rest.removesuffix("--").rstrip().rpartition(":")
        if not colon or not re.fullmatch(r"[\w.,\s]*", named) or named[:1].isspace():
            message, named = rest.removesuffix("--").rstrip(), ""
        fields = tuple(re.split(r"[,\s]+", named.strip())) if named.strip() else ()
        message = without_value(code, message)
        found.append(Fault(code=code, message=message, fields=fields or fields_named(code, message)))
    return tuple(found)


def job_error(message: str) -> ConnectorError:
    """Why a Bulk job failed before its first row, as in ``InvalidBatch : Field name not found : Tier__c``."""
    message = message or "the Bulk job failed and Salesforce gave no reason"
    code, _, _ = message.partition(" : ")
    unknown = re.search(r"Field name not found : (\S+)", message)
    if unknown is not None:
        return Unsupported(message, code=INVALID_FIELD, remedy=REMEDIES[INVALID_FIELD], fields=(unknown[1],))
    if code in {"ExceededQuota", "ApiBatchItems"} or "Limit exceeded" in message:
        return QuotaSpent(
            message, code=code, remedy="Wait until Bulk batches of the last 24 hours fall away."
        )
    if code in {"InternalServerError", "TooManyLockFailure", "ServerUnavailable"}:
        return Unavailable(message, code=code, maybe_done=True)
    return Rejected(message, code=code if " " not in code else "BULK_JOB_FAILED")
