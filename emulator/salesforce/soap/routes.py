"""The SOAP addresses: `/services/Soap/u/62.0` (partner) and `/services/Soap/m/62.0` (Metadata)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from emulator.kit.gate import call_of, taken_of
from emulator.salesforce.errors import CallError, RecordError
from emulator.salesforce.limits import DAILY_LIMIT_REACHED
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.rest.surface import NEWEST, OLDEST
from emulator.salesforce.soap import metadata_api, partner_api
from emulator.salesforce.soap.envelope import Message, NotSoap, SoapFault, fault, read, response

_VERSION = re.compile(r"(\d{2})\.0\Z")
_LOST_SESSION = (
    "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash:"
    " a1b2c3. This is expected, it can happen if the session has expired and swept away, or if the user logs out, or"
    " if its just someone trying to hack in."
)


def routes(org: Org) -> Sequence[BaseRoute]:
    """The routes of both APIs; the organisation's id may follow the version, as login's addresses have it."""
    return [
        Route(f"/services/Soap/{api}/{{version}}{tail}", _serve(org, api), methods=["POST"])
        for api in ("u", "m")
        for tail in ("", "/", "/{organization}", "/deployRequest/{deploy}")
    ]


def _serve(org: Org, api: str) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        version = str(request.path_params["version"])
        namespace = metadata_api.NAMESPACE if api == "m" else partner_api.NAMESPACE
        try:
            message = _message(request, version)
            with org.store.savepoint():
                inner = _work(org, api, message, request, version)
        except SoapFault as error:
            faults = metadata_api.NAMESPACE if api == "m" else partner_api.FAULTS
            return _xml(fault(error, faults, detailed=api == "u"), 500)
        header = partner_api.limit_header(org) if api == "u" and message.operation != "login" else ""
        return _xml(response(message.operation, namespace, inner, header=header), 200)

    return handle


def _message(request: Request, version: str) -> Message:
    found = _VERSION.match(version)
    if found is None or not OLDEST <= int(found[1]) <= NEWEST:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {version}")
    try:
        return read(call_of(request).body)
    except NotSoap as error:
        raise SoapFault("XML_PARSER_ERROR", str(error)) from None


def _work(org: Org, api: str, message: Message, request: Request, version: str) -> str:
    if api == "u" and message.operation == "login":
        server = str(request.base_url).rstrip("/")
        return partner_api.login(org, message.arguments, server=server, version=version)
    user_id = org.sessions.user_of(message.session)
    if user_id is None:
        raise SoapFault("INVALID_SESSION_ID", _LOST_SESSION)
    if org.usage.exhausted():
        raise SoapFault(DAILY_LIMIT_REACHED.code, DAILY_LIMIT_REACHED.message)
    org.usage.note()
    if message.operation == "logout":
        org.sessions.revoke(message.session)
        return ""
    caller = Caller(user_id=user_id, version=float(version), taken=taken_of(request))
    work = metadata_api.answer if api == "m" else partner_api.answer
    try:
        return work(org, caller, message.operation, message.arguments)
    except CallError as error:
        raise SoapFault(error.problem.code, error.problem.message) from None
    except RecordError as error:
        raise SoapFault(error.problems[0].code, error.problems[0].message) from None


def _xml(text: str, status: int) -> Response:
    return Response(text.encode(), status_code=status, media_type="text/xml;charset=UTF-8")
