"""What Tandem may do in a System, as findings: rights of the connected user, what it may do with records, scopes of its
token; each by the CRM's own name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.base import Surroundings
from provision.doctor.checks import Check, State
from sync.settings.systems import AccessTokenAuth, SalesforceSystem, System

#: Right -> as Setup calls it, what it is for, and whether Tandem works without it once its fields stand.
_RIGHTS: Mapping[str, tuple[str, str, bool]] = {
    "ApiEnabled": ("API Enabled", "use the API at all", False),
    "ViewSetup": ("View Setup and Configuration", "see definitions", True),
    "CustomizeApplication": ("Customize Application", "make fields", True),
    "ModifyMetadata": (
        "Modify Metadata Through Metadata API Functions",
        "extend opportunity stages and record types",
        True,
    ),
    "ManageProfilesPermissionsets": (
        "Manage Profiles and Permission Sets",
        "make the permission set and show its fields",
        True,
    ),
    "AssignPermissionSets": ("Assign Permission Sets", "give the permission set to users", True),
}
#: HubSpot's scopes: what each is for, and whether Tandem works without it once its properties stand.
_SCOPES: Mapping[str, tuple[str, bool]] = {
    "crm.objects.companies.read": ("read companies", False),
    "crm.objects.companies.write": ("write companies", False),
    "crm.objects.deals.read": ("read deals, for outcomes", False),
    "crm.objects.owners.read": ("match owners", False),
    "crm.schemas.companies.read": ("see definitions", False),
    "crm.schemas.companies.write": ("make properties", True),
    "crm.schemas.deals.read": ("see deal stages", True),
    "crm.schemas.deals.write": ("make deal stages (tandem stages apply --create-missing)", True),
}
#: What cannot be done without a right on records.
_WITHOUT: Mapping[str, str] = {
    "read": "outcomes cannot be read",
    "create": "accounts that only another System has are not made here",
    "edit": "nothing is carried here",
}
_EXPORT = ", or let an administrator deploy: tandem provision export"


def right_checks(system: str, settings: System, told: Surroundings) -> Iterator[Check]:
    """Each right of the connected Salesforce user that Tandem needs."""
    if not isinstance(settings, SalesforceSystem):
        return
    if not told.rights:
        yield Check(
            about=system,
            name="rights",
            state=State.WARN,
            message="the connected user may not look at its own rights",
            remedy=f"Tick “{_RIGHTS['ViewSetup'][0]}” in a permission set of the connected user, and look again.",
        )
        return
    held = [name for name in _RIGHTS if told.rights.get(name)]
    yield Check(about=system, name="rights", message=", ".join(held) or "none of those that Tandem needs")
    for name, (label, what, dispensable) in _RIGHTS.items():
        if name not in held:
            yield Check(
                about=system,
                name="rights",
                state=State.WARN if dispensable else State.FAIL,
                message=f"{name} is missing, which it takes to {what}",
                remedy=f"Tick “{label}” in a permission set of the connected user"
                f"{_EXPORT if dispensable else ''}.",
            )


def record_checks(system: str, told: Surroundings) -> Iterator[Check]:
    """What the connected user may do with records, each by the name that it has among object permissions."""
    lacking = [name for name, there in told.access.items() if not there]
    if told.access and not lacking:
        yield Check(about=system, name="records", message=", ".join(told.access))
    for name in lacking:
        object, _, right = name.partition(": ")
        yield Check(
            about=system,
            name="records",
            state=State.FAIL if right == "edit" else State.WARN,
            message=f"the connected user may not {right} {object} records, so that {_WITHOUT[right]}",
            remedy=f"Tick {right.title()} under Object Settings, {object}, in a permission set of the connected user.",
        )


def scope_checks(system: str, settings: System, told: Surroundings) -> Iterator[Check]:
    """Each scope that the app needs. A Salesforce token without ``api`` was refused at the log-in already."""
    if isinstance(settings, SalesforceSystem):
        if told.scopes is not None:
            yield Check(about=system, name="scopes", message=", ".join(sorted(told.scopes)))
        return
    if told.scopes is None:
        yield Check(
            about=system,
            name="scopes",
            state=State.WARN,
            message="HubSpot does not tell the scopes of this token",
            remedy=f"See in the app's settings that it has {', '.join(_SCOPES)}.",
        )
        return
    held = [name for name in _SCOPES if name in told.scopes]
    yield Check(about=system, name="scopes", message=", ".join(held) or "none of those that Tandem needs")
    private = isinstance(settings.auth, AccessTokenAuth)
    where = (
        "the service key or private app, and use the new key"
        if private
        else "the app, and have it installed again"
    )
    for name, (what, dispensable) in _SCOPES.items():
        if name not in held:
            export = _EXPORT if name == "crm.schemas.companies.write" else ""
            yield Check(
                about=system,
                name="scopes",
                state=State.WARN if dispensable else State.FAIL,
                message=f"{name} is missing, which it takes to {what}",
                remedy=f"Add the scope to {where}{export}.",
            )
