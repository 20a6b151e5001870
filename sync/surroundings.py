"""What surrounds Tandem in a System, as findings: the clock, rights and scopes by name, rules that refuse, and who else
writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from connector.base import Connector, Surroundings, User
from connector.errors import ConnectorError
from mappings.model import Mapping as FieldMapping
from sync.checks import Check, State
from sync.edition import feature_checks, version_check
from sync.errors import LedgerError
from sync.ledger.ledger import Ledger
from sync.owner_map import owned_checks
from sync.people import Directory
from sync.second_writers import automation_checks, coexistence_checks, saver_checks, writer_checks
from sync.settings import AccessToken, System
from sync.survey import Survey

#: What cannot be done without a right on records.
_WITHOUT: Mapping[str, str] = {
    "read": "outcomes cannot be read",
    "create": "accounts that only another System has are not made here",
    "edit": "nothing is carried here",
}
#: A clock that is further off signs log-ins that are refused, and reads records too early or twice.
SKEW = timedelta(seconds=30)
#: Linked accounts that are looked at for other writers.
SAMPLE = 50

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
_REFUSING = frozenset({"validation rule", "duplicate rule"})
_WRITING = ("flow", "Apex trigger")


def linked_sample(url: str, clock: Callable[[], datetime]) -> dict[str, list[str]]:
    """Some linked records of each System, by their ids; nothing where the ledger cannot be read."""
    found: dict[str, list[str]] = {}
    try:
        with Ledger.open(url, clock, read_only=True) as ledger:
            for account in islice(ledger.accounts.all_linked(), SAMPLE):
                for system, record in account.records.items():
                    found.setdefault(system, []).append(record.id)
    except LedgerError:
        return {}
    return found


def surroundings_checks(
    connector: Connector,
    settings: System,
    mapping: FieldMapping,
    survey: Survey | None,
    sample: Sequence[str],
    users: Sequence[User],
    clock: Callable[[], datetime],
) -> list[Check]:
    """Everything about one System that answers. What cannot be asked is left out, and said.

    ``survey``: its definitions, where they could be read. ``sample``: linked records, by their ids. ``users``:
    everybody who can own a record, as far as that could be asked.
    """
    mapping = survey.mapping if survey is not None else mapping
    system = mapping.systems[connector.name]
    names = [native.name for native in system.fields.values()]
    found: list[Check] = []
    try:
        told = connector.surroundings(system.account_object, names)
        found.append(version_check(connector.name, settings, told, clock()))
        found += feature_checks(connector.name, told)
        found += clock_checks(connector.name, told, clock())
        found += right_checks(connector.name, settings, told)
        found += rule_checks(connector.name, told)
        found += automation_checks(connector.name, told.rules, _WRITING)
        if users:
            found += owned_checks(connector, mapping, users, told.rights)
        if survey is not None:
            found += _writers(connector, survey, told, sample, users, clock())
    except ConnectorError as error:
        found.append(
            Check(
                about=connector.name,
                name="surroundings",
                state=State.WARN,
                message=f"not all could be asked: {error}",
                remedy=error.remedy
                or "Give the connected user the right to look, then run again: tandem doctor",
            )
        )
    return found


def _writers(
    connector: Connector,
    survey: Survey,
    told: Surroundings,
    sample: Sequence[str],
    users: Sequence[User],
    now: datetime,
) -> Iterator[Check]:
    system, present = survey.mapping.systems[connector.name], survey.schema.fields
    here = [native.name for native in system.fields.values() if native.name in present]
    directory = Directory(users)
    history = connector.history(system.account_object, here, sample) if sample else {}
    if sample:
        identity = connector.identity()
        yield from writer_checks(connector.name, identity, history, directory, now)
        untracked = [name for name in here if present[name].tracked is False]
        if untracked:
            records = connector.read(system.account_object, [system.identity.name], sample)
            yield from saver_checks(connector.name, identity, records.values(), untracked, directory, now)
    if told.features.get("Salesforce connector"):
        yield from coexistence_checks(connector.name, survey.mapping, history, now)


def clock_checks(system: str, told: Surroundings, now: datetime) -> Iterator[Check]:
    """This machine's clock against the System's."""
    if told.server_time is None:
        return
    off = now - told.server_time
    ahead = "ahead of" if off > timedelta(0) else "behind"
    # The System tells whole seconds, and its answer took its time.
    if abs(off) > SKEW:
        yield Check(
            about=system,
            name="clock",
            state=State.WARN,
            message=f"this machine is {abs(off).total_seconds():.0f} s {ahead} the System",
            remedy="Let this machine keep its time by NTP (timedatectl set-ntp true).",
        )
    else:
        yield Check(about=system, name="clock", message="agrees with the System's")


_EXPORT = ", or let an administrator deploy: tandem provision export"


def right_checks(system: str, settings: System, told: Surroundings) -> Iterator[Check]:
    """Each right and scope that Tandem needs, by the CRM's own name."""
    if told.rights:
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
    yield from _access_checks(system, told)
    if told.scopes is None:
        return
    if settings.kind == "salesforce":
        # A token without the API's own scope is refused at the log-in.
        yield Check(about=system, name="scopes", message=", ".join(sorted(told.scopes)))
        return
    held = [name for name in _SCOPES if name in told.scopes]
    yield Check(about=system, name="scopes", message=", ".join(held) or "none of those that Tandem needs")
    private = isinstance(settings.auth, AccessToken)
    where = "the private app, and use its new token" if private else "the app, and have it installed again"
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


def _access_checks(system: str, told: Surroundings) -> Iterator[Check]:
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


def rule_checks(system: str, told: Surroundings) -> Iterator[Check]:
    """Rules of administrators that may refuse what Tandem writes."""
    unread = [rule.name for rule in told.rules if rule.kind == "validation rule" and not rule.fields]
    for rule in told.rules:
        if rule.kind not in _REFUSING or rule.name in unread:
            continue
        touches = f" looks at {', '.join(rule.fields)}" if rule.fields else " is active"
        yield Check(
            about=system,
            name="rules",
            state=State.WARN,
            message=f"the {rule.kind} {rule.name}{touches}",
            remedy="See that it lets the connected user's writes through; a refused value is held and told in status."
            if rule.fields
            else "An account that Tandem creates may be refused as a duplicate; it is held then, for you to match.",
        )
    if unread:
        yield Check(
            about=system,
            name="rules",
            state=State.WARN,
            message=f"{len(unread)} further validation rules were not looked into",
            remedy="See in Setup, Object Manager, Validation Rules whether one of them looks at a field that Tandem "
            "keeps.",
            details=tuple(unread),
        )
