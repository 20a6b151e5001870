"""The Metadata API over SOAP, as simple-salesforce's ``mdapi`` speaks it, on our own HTTP session and in our errors."""

from __future__ import annotations

import inspect
import logging
import re
from functools import cache
from pathlib import Path
from typing import Any

import requests
import zeep
import zeep.exceptions
import zeep.wsdl
from simple_salesforce.api import Salesforce
from simple_salesforce.metadata import SfdcMetadataApi

from connector.errors import ConnectorError, Unavailable
from connector.salesforce.api import errors

# At DEBUG it logs whole envelopes, and each of them carries the session.
logging.getLogger("zeep.transports").setLevel(logging.INFO)

#: What ``mdapi`` raises where a component was refused: ``(CODE, words), `` for each error.
_REFUSED = re.compile(r"\((?P<code>[A-Z_]+), (?P<words>.*?)\)(?:, |\Z)", re.DOTALL)
_BAD_REQUEST, _SERVER_ERROR = 400, 500
_BINDING = "{http://soap.sforce.com/2006/04/metadata}MetadataBinding"
#: zeep, whose own types are few and not right.
_SOAP: Any = zeep
#: Elements come in any order, and newer versions of the API send some that the WSDL does not know.
_LENIENT = zeep.Settings(strict=False, xsd_ignore_sequence_order=True)


def metadata_api(client: Salesforce, http: requests.Session) -> SfdcMetadataApi:
    """``mdapi`` of a client, kept with the client."""
    api = client._mdapi  # noqa: SLF001 - its own ``mdapi`` makes one that is not ours where there is none
    if api is None:
        api = client._mdapi = _MetadataApi(client, http)  # noqa: SLF001
    return api


class _MetadataApi(SfdcMetadataApi):
    """The library's, on our HTTP session with its time limits, proxy and certificates, and on one reading of the WSDL
    for all sessions of a process: by itself it would open a session of its own, and read anew for each client."""

    def __init__(self, client: Salesforce, http: requests.Session) -> None:
        self.session = http
        self.headers, self.metadata_url = client.headers, client.metadata_url
        self._session_id, self._instance = client.session_id, client.sf_instance
        self._api_version, self._deploy_zip = client.sf_version, None
        soap: Any = _SOAP.Client(_wsdl(), transport=_SOAP.Transport(session=http), settings=_LENIENT)
        self._client = soap
        self._service = soap.create_service(_BINDING, self.metadata_url)
        self._session_header = soap.get_element("ns0:SessionHeader")(sessionId=self._session_id)


@cache
def _wsdl() -> zeep.wsdl.Document:
    """What the library carries; to read it takes a second or two."""
    path = Path(inspect.getfile(SfdcMetadataApi)).with_name("metadata.wsdl")
    return zeep.wsdl.Document(path.as_uri(), _SOAP.Transport(), settings=_LENIENT)


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
