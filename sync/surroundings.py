"""What surrounds Tandem in a System, as findings: the clock, rights by name, rules that refuse, and who else writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from connector.base import Connector, Identity, Surroundings, Version
from connector.errors import ConnectorError
from mappings.model import Mapping as FieldMapping
from mappings.systems import SystemKind
from sync.doctor import Check, State
from sync.errors import LedgerError
from sync.ledger.ledger import Ledger

#: A clock that is further off signs log-ins that are refused, and reads records too early or twice.
SKEW = timedelta(seconds=30)
#: Linked accounts that are looked at for other writers.
SAMPLE = 50
LATELY = timedelta(days=30)

#: Right -> what it is for, and whether Tandem works without it once its fields stand.
_SALESFORCE_RIGHTS: Mapping[str, tuple[str, bool]] = {
    "ApiEnabled": ("use the API at all", False),
    "CustomizeApplication": ("make fields", True),
    "ViewSetup": ("see definitions", True),
    "AssignPermissionSets": ("give the permission set", True),
}
_HUBSPOT_SCOPES: Mapping[str, tuple[str, bool]] = {
    "crm.objects.companies.read": ("read companies", False),
    "crm.objects.companies.write": ("write companies", False),
    "crm.objects.deals.read": ("read deals, for outcomes", False),
    "crm.objects.owners.read": ("match owners", False),
    "crm.schemas.companies.read": ("see definitions", False),
    "crm.schemas.companies.write": ("make properties", True),
}
#: HubSpot's word for what its own Salesforce connector writes (HubSpot: property history).
_ITS_CONNECTOR = "SALESFORCE"


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
    connector: Connector, mapping: FieldMapping, sample: Sequence[str], clock: Callable[[], datetime]
) -> list[Check]:
    """Everything about one System that answers. What cannot be asked is left out, and said."""
    system = mapping.systems[connector.name]
    names = [native.name for native in system.fields.values()]
    found: list[Check] = []
    try:
        told = connector.surroundings(system.account_object, names)
        found += clock_checks(connector.name, told, clock())
        found += right_checks(connector.name, system.kind, told)
        found += rule_checks(connector.name, told)
        if sample:
            present = connector.schema(system.account_object).fields
            here = [name for name in names if name in present]
            history = connector.history(system.account_object, here, sample)
            people = {user.id: user.name for user in connector.users()}
            found += writer_checks(connector.name, connector.identity(), history, people, clock())
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


def right_checks(system: str, kind: SystemKind, told: Surroundings) -> Iterator[Check]:
    """Each right or scope that Tandem needs, by the CRM's own name."""
    if not told.rights:
        return
    wanted = _SALESFORCE_RIGHTS if kind is SystemKind.SALESFORCE else _HUBSPOT_SCOPES
    held = [name for name in wanted if told.rights.get(name)]
    yield Check(about=system, name="rights", message=", ".join(held) or "none of those that Tandem needs")
    where = (
        "Tick it in a permission set of the connected user"
        if kind is SystemKind.SALESFORCE
        else "Add the scope to the private app, and use its new token"
    )
    for name, (what, dispensable) in wanted.items():
        if name not in held:
            yield Check(
                about=system,
                name="rights",
                state=State.WARN if dispensable else State.FAIL,
                message=f"{name} is missing, which it takes to {what}",
                remedy=f"{where}{', or let an administrator deploy: tandem provision export' if dispensable else ''}.",
            )


def rule_checks(system: str, told: Surroundings) -> Iterator[Check]:
    """Rules of administrators that may refuse what Tandem writes."""
    for rule in told.rules:
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


def writer_checks(
    system: str,
    identity: Identity,
    history: Mapping[str, Mapping[str, Sequence[Version]]],
    people: Mapping[str, str],
    now: datetime,
) -> Iterator[Check]:
    """Who but Tandem set the synced fields of a sample of linked accounts lately."""
    its_connector: Counter[str] = Counter()
    apps: Counter[tuple[str, str]] = Counter()
    persons: Counter[str] = Counter()
    for fields in history.values():
        for name, versions in fields.items():
            for version in versions:
                if now - version.at > LATELY or (version.by is not None and version.by == identity.acting_as):
                    continue
                if version.source == _ITS_CONNECTOR:
                    its_connector[name] += 1
                elif version.by_app:
                    apps[version.by or "an app", name] += 1
                else:
                    persons[people.get(version.by or "", version.by or version.source or "somebody")] += 1
    looked = f"in {LATELY.days} days, of {len(history)} accounts looked at"
    if its_connector:
        yield Check(
            about=system,
            name="second writer",
            state=State.WARN,
            message=f"HubSpot's own Salesforce connector set {', '.join(its_connector)} {looked}",
            remedy="In its settings set the mappings of these fields to Don't sync, and leave the rest to it "
            "(docs/coexistence.md).",
        )
    for app in dict.fromkeys(app for app, _ in apps):
        names = ", ".join(name for other, name in apps if other == app)
        yield Check(
            about=system,
            name="second writer",
            state=State.WARN,
            message=f"app {app} set {names} {looked}",
            remedy="Let one of the two write these fields: take them out of that app, or give them the rule "
            f"`direction: from_{system}`.",
        )
    if persons:
        told = ", ".join(f"{name} {count}" for name, count in persons.most_common(5))
        yield Check(about=system, name="edits by people", message=f"{told} {looked}")
