"""The Metadata API over SOAP, as simple-salesforce's ``mdapi`` speaks it, on our own HTTP session and in our errors."""

from __future__ import annotations

import logging
import re
from typing import Any

import requests
import zeep.exceptions
from simple_salesforce.api import Salesforce

from connector.errors import ConnectorError, Unavailable
from connector.salesforce.api import errors

# At DEBUG it logs whole envelopes, and each of them carries the session.
logging.getLogger("zeep.transports").setLevel(logging.INFO)

#: What ``mdapi`` raises where a component was refused: ``(CODE, words), `` for each error.
_REFUSED = re.compile(r"\((?P<code>[A-Z_]+), (?P<words>.*?)\)(?:, |\Z)", re.DOTALL)
_BAD_REQUEST, _SERVER_ERROR = 400, 500


def metadata_api(client: Salesforce, http: requests.Session) -> Any:
    """``mdapi`` of a client; its first use reads the WSDL that the library carries, which takes a second or two."""
    api = client.mdapi
    # By itself it would open a session of its own, without our time limits, proxy and certificates.
    transport: Any = api._client.transport  # noqa: SLF001 - the library offers no other way
    transport.session = http
    return api


def metadata_error(error: Exception) -> ConnectorError | None:
    """What an exception of ``mdapi`` means; None for one that is not the library's."""
    if isinstance(error, zeep.exceptions.Fault):
        code = str(error.code or "").rpartition(":")[2]
        message = str(error.message or code).removeprefix(f"{code}: ")
        return errors.error_from(
            _BAD_REQUEST, [{"errorCode": code or "UNKNOWN_EXCEPTION", "message": message}]
        )
    if isinstance(error, zeep.exceptions.TransportError):
        return errors.error_from(error.status_code or _SERVER_ERROR, _text(error.content))
    if isinstance(error, zeep.exceptions.Error):
        return Unavailable(
            f"the Metadata API answered with something that could not be read: {error}", maybe_done=True
        )
    # It raises plain Exception for a component that was refused.
    refused = _REFUSED.search(str(error)) if type(error) is Exception else None
    if refused is None:
        return None
    return errors.error_from(_BAD_REQUEST, [{"errorCode": refused["code"], "message": refused["words"]}])


def _text(content: object) -> str:
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content or "")
