"""What an org says beside its records: its clock and edition, what the connected user may do, what else has a hand in
a write.

Sources: Salesforce Object Reference, "Profile", "PermissionSetAssignment", "DuplicateRule", "FlowDefinitionView",
"ApexTrigger"; Tooling API, "ValidationRule" (its formula is told for one rule at a time).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from connector.base import Quota, Rule, Surroundings
from connector.errors import AuthFailed, Rejected, Unsupported
from connector.salesforce.api import soql
from connector.salesforce.api.describe_cache import Describes
from connector.salesforce.api.session import Session

#: API names without ``Permissions``, which is written before each.
RIGHTS = (
    "ApiEnabled",
    "ViewSetup",
    "CustomizeApplication",
    "ModifyMetadata",
    "ManageProfilesPermissionsets",
    "AssignPermissionSets",
    "UpdateWithInactiveOwner",
)
VALIDATION_RULE, DUPLICATE_RULE, FLOW, TRIGGER = "validation rule", "duplicate rule", "flow", "Apex trigger"
#: Outcomes are read from it.
OPPORTUNITY = "Opportunity"
#: Rules of which the formula is read; each is a call. Accounts of large orgs have some dozens.
_MOST_RULES = 100
#: Where an object's history stands, if there is any (Salesforce Help, "Field History Tracking").
_HISTORIES = {"Account": "AccountHistory", "Opportunity": "OpportunityFieldHistory"}
#: Allowances by the name that the resource of limits gives them (Salesforce: REST API, "Limits").
_ALLOWANCES = {"DailyBulkApiBatches": "bulk batches"}
_REFUSED = (AuthFailed, Rejected, Unsupported)


def surroundings(session: Session, describes: Describes, object: str, fields: Sequence[str]) -> Surroundings:
    """See ``Connector.surroundings``. What we may not look at is left out."""
    answer = session.query(soql.ORGANIZATION)
    return Surroundings(
        server_time=answer.at,
        rights=_rights(session, session.token.user_id),
        access=_access(describes, object),
        scopes=session.token.scopes,
        features=_features(session, describes, object),
        versions=session.versions(),
        allowances=_allowances(session),
        rules=(
            *_validation_rules(session, object, fields),
            *_named(session, DUPLICATE_RULE, soql.duplicate_rules(object), "MasterLabel"),
            *_named(session, FLOW, soql.flows(object), "Label"),
            *_named(session, TRIGGER, soql.triggers(object), "Name"),
        ),
    )


def _allowances(session: Session) -> Mapping[str, Quota]:
    """What bulk jobs spend of the day; nothing where we may not look (it takes View Setup and Configuration)."""
    try:
        told = session.call("GET", "limits").body
    except _REFUSED:
        return {}
    return {
        name: Quota(limit=told[key]["Max"], used=told[key]["Max"] - told[key]["Remaining"])
        for key, name in _ALLOWANCES.items()
        if key in told
    }


def _access(describes: Describes, object: str) -> Mapping[str, bool]:
    """Object permissions, as describe tells them; an object that may not be read has none."""
    allows = describes.of(object).allows
    found = {
        f"{object}: read": True,
        **{f"{object}: {right}": right in allows for right in ("create", "edit")},
    }
    try:
        describes.of(OPPORTUNITY)
        return {**found, f"{OPPORTUNITY}: read": True}
    except Unsupported:
        return {**found, f"{OPPORTUNITY}: read": False}


def _features(session: Session, describes: Describes, object: str) -> Mapping[str, bool]:
    described = describes.of(object)
    found = {
        "multi-currency": described.has("CurrencyIsoCode"),
        "person accounts": described.has("IsPersonAccount"),
    }
    history = _HISTORIES.get(object)
    if history is not None:
        try:
            session.query(soql.any_row(history))
            found["field history"] = True
        except Unsupported:
            # The object exists once history is switched on for the object whose history it keeps.
            found["field history"] = False
    return found


def _rights(session: Session, user_id: str | None) -> Mapping[str, bool]:
    """By profile or by any permission set. A right that the org's edition or version does not know is not told."""
    if user_id is None:
        return {}
    described = RIGHTS
    try:
        profile = session.everything(soql.rights_of_profile(user_id, _columns(described)))
        sets = session.everything(soql.rights_of_sets(user_id, _columns(described)))
    except _REFUSED:
        return {}
    given = [row.get("Profile") or {} for row in profile] + [row.get("PermissionSet") or {} for row in sets]
    return {name: any(one.get(f"Permissions{name}") for one in given) for name in described}


def _columns(rights: Sequence[str]) -> list[str]:
    return [f"Permissions{name}" for name in rights]


def _validation_rules(session: Session, object: str, fields: Sequence[str]) -> Iterator[Rule]:
    """Those that touch the fields; behind them those whose formulas were not read, for there are so many."""
    try:
        rows = session.everything(soql.validation_rules(object), path="tooling/query")
        for row in rows[:_MOST_RULES]:
            (rule,) = session.everything(soql.validation_rule(str(row["Id"])), path="tooling/query")
            formula = (rule.get("Metadata") or {}).get("errorConditionFormula")
            touched = tuple(name for name in fields if _names(formula or "", name))
            # A managed package hides the formulas of its rules.
            if touched or not formula:
                yield Rule(kind=VALIDATION_RULE, name=str(row["ValidationName"]), fields=touched)
        for row in rows[_MOST_RULES:]:
            yield Rule(kind=VALIDATION_RULE, name=str(row["ValidationName"]))
    except _REFUSED:
        return


def _names(formula: str, field: str) -> bool:
    """Does a formula look at a field, also through the lookup that it is (``Owner.Alias``, ``Owner:User.Alias``)?"""
    pattern = rf"\b{re.escape(field)}\b"
    if field.endswith("Id") and not field.endswith("__c"):
        pattern += rf"|\b{re.escape(field.removesuffix('Id'))}(?::\w+)?\."
    return re.search(pattern, formula, re.IGNORECASE) is not None


def _named(session: Session, kind: str, statement: str, column: str) -> list[Rule]:
    try:
        rows = session.everything(statement)
    except _REFUSED:
        return []
    return [Rule(kind=kind, name=str(row[column])) for row in rows]
