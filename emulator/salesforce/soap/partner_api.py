"""The partner API's calls that REST has no like of: login, merge, undelete. Source: Salesforce, SOAP API guide.

Each answer is the inner XML of the response element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.salesforce.data import dml, input_rows, recycle
from emulator.salesforce.data.ids import long_id
from emulator.salesforce.data.store import Row
from emulator.salesforce.errors import IS_DELETED, RecordError, reject
from emulator.salesforce.metadata.choices import as_list
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import SObject
from emulator.salesforce.sessions import LoginRefused
from emulator.salesforce.soap.envelope import TYPE, SoapFault, elements, errors

NAMESPACE = "urn:partner.soap.sforce.com"
FAULTS = "urn:fault.partner.soap.sforce.com"
MOST_MERGES, MOST_ROWS = 10, 200

Arguments = Mapping[str, Any]


def login(org: Org, arguments: Arguments, *, server: str, version: str) -> str:
    """Open a session for a username and password. Raises Fault INVALID_LOGIN."""
    try:
        user_id = org.sessions.check_password(
            str(arguments.get("username", "")), str(arguments.get("password", ""))
        )
    except LoginRefused:
        raise SoapFault(
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
            kind="LoginFault",
        ) from None
    short = org.id[:15]
    result = {
        "metadataServerUrl": f"{server}/services/Soap/m/{version}/{short}",
        "passwordExpired": False,
        "sandbox": bool(next(iter(org.store.rows("Organization"))).get("IsSandbox")),
        "serverUrl": f"{server}/services/Soap/u/{version}/{short}",
        "sessionId": org.sessions.open(user_id),
        "userId": user_id,
        "userInfo": _user_info(org, user_id),
    }
    return elements({"result": result})


def answer(org: Org, caller: Caller, operation: str, arguments: Arguments) -> str:
    """Do one call of a user who is logged in. Raises Fault for a call that is not there."""
    work = _WORK.get(operation)
    if work is None:
        raise SoapFault(
            "INVALID_OPERATION", f"{operation} is not among the partner API calls that this server answers"
        )
    return work(org, caller, arguments)


def limit_header(org: Org) -> str:
    """The header that tells how many calls of the day are used."""
    info = {"current": org.usage.used(), "limit": org.usage.limit, "type": "API REQUESTS"}
    return f'<LimitInfoHeader xmlns="{NAMESPACE}">{elements({"limitInfo": info})}</LimitInfoHeader>'


def _user_info(org: Org, user_id: str) -> dict[str, Any]:
    user, organization = org.user(user_id), next(iter(org.store.rows("Organization")))
    return {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": "$",
        "orgAttachmentFileSizeLimit": 5_242_880,
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": False,
        "organizationId": org.id,
        "organizationMultiCurrency": False,
        "organizationName": organization.get("Name") or "",
        "profileId": user.get("ProfileId") or "",
        "roleId": None,
        "sessionSecondsValid": org.settings.session_seconds,
        "userDefaultCurrencyIsoCode": None,
        "userEmail": user.get("Email") or "",
        "userFullName": user.get("Name") or "",
        "userId": user_id,
        "userLanguage": user.get("LanguageLocaleKey") or "en_US",
        "userLocale": user.get("LocaleSidKey") or "en_US",
        "userName": user.get("Username") or "",
        "userTimeZone": user.get("TimeZoneSidKey") or "GMT",
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }


def _who(org: Org, caller: Caller, _arguments: Arguments) -> str:
    return elements({"result": _user_info(org, caller.user_id)})


def _when(org: Org, _caller: Caller, _arguments: Arguments) -> str:
    return elements({"result": {"timestamp": org.now().replace("+0000", "Z")}})


def _merge(org: Org, caller: Caller, arguments: Arguments) -> str:
    requests = as_list(arguments.get("request"))
    if len(requests) > MOST_MERGES:
        raise SoapFault("LIMIT_EXCEEDED", f"A call takes at most {MOST_MERGES} merge requests")
    results: list[dict[str, Any]] = []
    for request in requests:
        try:
            with org.store.savepoint():
                results.append(_merge_one(org, caller, request))
        except RecordError as error:
            results.append({"errors": errors(error), "id": None, "success": False})
    return elements({"result": results})


def _merge_one(org: Org, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
    record = request.get("masterRecord")
    if not isinstance(record, Mapping):
        raise reject("MISSING_ARGUMENT", "masterRecord not specified")
    object_ = org.schema.get(str(record.get("type")))
    if object_ is None:
        raise reject("INVALID_TYPE", f"sObject type '{record.get('type')}' is not supported.")
    master = _living(org, caller, object_, str(record.get("Id") or record.get("id") or ""))
    losers = [_living(org, caller, object_, str(item)) for item in as_list(request.get("recordToMergeIds"))]
    taken = input_rows.read(org, caller, object_, _given(record), "update")
    if taken.problems:
        raise RecordError(*taken.problems)
    moved = recycle.merge(org, caller, object_, master, losers, taken.values)
    return {
        "id": master["Id"],
        "mergedRecordIds": [row["Id"] for row in losers],
        "success": True,
        "updatedRelatedIds": moved,
    }


def _given(record: Mapping[str, Any]) -> dict[str, Any]:
    """The master's new values: what stands in the record, and nulls for fieldsToNull."""
    values = {
        key: value for key, value in record.items() if key not in (TYPE, "type", "Id", "id", "fieldsToNull")
    }
    return {**values, **{str(name): None for name in as_list(record.get("fieldsToNull")) if name}}


def _living(org: Org, caller: Caller, object_: SObject, record_id: str) -> Row:
    row = dml.find(org, caller, object_, record_id)
    if row.get("IsDeleted"):
        raise RecordError(IS_DELETED)
    return row


def _undelete(org: Org, caller: Caller, arguments: Arguments) -> str:
    ids = as_list(arguments.get("ids"))
    if len(ids) > MOST_ROWS:
        raise SoapFault("LIMIT_EXCEEDED", f"A call takes at most {MOST_ROWS} ids")
    results: list[dict[str, Any]] = []
    for item in ids:
        target = org.target(str(item))
        try:
            if target is None:
                raise reject("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            with org.store.savepoint():
                dml.undelete(org, caller, target[0], str(item))
            results.append({"id": long_id(str(item)), "success": True})
        except RecordError as error:
            results.append({"errors": errors(error), "id": long_id(str(item)), "success": False})
    return elements({"result": results})


_WORK: Mapping[str, Callable[[Org, Caller, Arguments], str]] = {
    "getUserInfo": _who,
    "getServerTimestamp": _when,
    "merge": _merge,
    "undelete": _undelete,
}
