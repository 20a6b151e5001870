"""What an org says beside its records: its clock, what the connected user may do, rules that may refuse a write.

Sources: Salesforce Object Reference, "Profile", "PermissionSetAssignment", "DuplicateRule"; Tooling API,
"ValidationRule" (its formula is told for one rule at a time).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from connector.base import Rule, Surroundings
from connector.errors import AuthFailed, Rejected, Unsupported
from connector.salesforce import soql
from connector.salesforce.session import Session

#: API names without ``Permissions``, which is written before each.
RIGHTS = ("ApiEnabled", "CustomizeApplication", "ViewSetup", "AssignPermissionSets")
#: Rules of which the formula is read; each is a call.
_MOST_RULES = 20
_REFUSED = (AuthFailed, Rejected, Unsupported)


def surroundings(session: Session, object: str, fields: Sequence[str]) -> Surroundings:
    """See ``Connector.surroundings``. What we may not look at is left out."""
    answer = session.query(soql.ORGANIZATION)
    return Surroundings(
        server_time=answer.at,
        rights=_rights(session, session.token.user_id),
        rules=(*_validation_rules(session, object, fields), *_duplicate_rules(session, object)),
    )


def _rights(session: Session, user_id: str | None) -> Mapping[str, bool]:
    """By profile or by any permission set."""
    if user_id is None:
        return {}
    columns = [f"Permissions{name}" for name in RIGHTS]
    try:
        profile = session.everything(soql.rights_of_profile(user_id, columns))
        sets = session.everything(soql.rights_of_sets(user_id, columns))
    except _REFUSED:
        return {}
    given = [row.get("Profile") or {} for row in profile] + [row.get("PermissionSet") or {} for row in sets]
    return {name: any(one.get(f"Permissions{name}") for one in given) for name in RIGHTS}


def _validation_rules(session: Session, object: str, fields: Sequence[str]) -> list[Rule]:
    found = []
    try:
        for row in session.everything(soql.validation_rules(object, _MOST_RULES), path="tooling/query"):
            (rule,) = session.everything(soql.validation_rule(str(row["Id"])), path="tooling/query")
            formula = (rule.get("Metadata") or {}).get("errorConditionFormula") or ""
            touched = tuple(
                name for name in fields if re.search(rf"\b{re.escape(name)}\b", formula, re.IGNORECASE)
            )
            if touched:
                found.append(Rule(kind="validation rule", name=str(row["ValidationName"]), fields=touched))
    except _REFUSED:
        return found
    return found


def _duplicate_rules(session: Session, object: str) -> list[Rule]:
    try:
        rows = session.everything(soql.duplicate_rules(object))
    except _REFUSED:
        return []
    return [Rule(kind="duplicate rule", name=str(row["MasterLabel"])) for row in rows]
