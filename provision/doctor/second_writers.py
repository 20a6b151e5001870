"""Who but Tandem writes the fields that it keeps in step, as findings: people, other apps, HubSpot's own connector."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connector.base import OWN_CONNECTOR, Identity, NativeRecord, Rule, Version
from mappings.fields import DirectionKind, FieldType
from mappings.model import Mapping as FieldMapping
from mappings.systems import NativeField, SystemKind
from provision.doctor.checks import Check, State
from sync.model.users import UserDirectory

LATELY = timedelta(days=30)
#: What users are called that were made for HubSpot.
_HUBSPOT = re.compile("hubspot", re.IGNORECASE)
#: Users that are no people are called so, in a CRM that tells users and not apps.
_NO_PERSON = re.compile(
    r"\b(integrations?|connector|sync|api|hubspot|marketo|pardot|zapier|workato|mulesoft|boomi|segment|census|hightouch"
    r"|automat\w*|service|bot|system|admin user|data ?loader)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """Who but Tandem set the synced fields of a sample of accounts in one System lately."""

    #: Accounts looked at.
    looked: int = 0
    #: HubSpot's own Salesforce connector is, or was, installed in this portal.
    beside_connector: bool = False
    #: Programs, by what they are called, with the fields that they set, or may have set, by the System's own names.
    programs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()


def writers(
    system: str,
    identity: Identity,
    history: Mapping[str, Mapping[str, Sequence[Version]]],
    people: UserDirectory,
    now: datetime,
    *,
    looked: int,
    beside_connector: bool = False,
) -> Writers:
    """By the fields' own history. ``looked``: accounts that were asked about."""
    programs: dict[str, dict[str, None]] = {}
    persons: Counter[str] = Counter()
    for fields in history.values():
        for name, versions in fields.items():
            for version in versions:
                if now - version.at > LATELY or (version.by is not None and version.by == identity.acting_as):
                    continue
                who, person = _who(version, people)
                if person:
                    persons[who] += 1
                else:
                    programs.setdefault(who, {})[name] = None
    told = f"in {LATELY.days} days, of {looked} accounts looked at"
    checks = [
        Check(
            about=system,
            name="second writer",
            state=State.WARN,
            message=f"{who} set {', '.join(names)} {told}",
            remedy="In its settings set the mappings of these fields to Don't sync, and leave the rest to it; the "
            "owner is a case of its own (docs/guides/coexistence.md)."
            if who == OWN_CONNECTOR
            else _one_of_two(system),
        )
        for who, names in sorted(programs.items(), key=lambda pair: pair[0] != OWN_CONNECTOR)
    ]
    if persons:
        names = ", ".join(f"{name} {count}" for name, count in persons.most_common(5))
        checks.append(Check(about=system, name="edits by people", message=f"{names} {told}"))
    return Writers(
        looked=looked,
        beside_connector=beside_connector,
        programs={who: frozenset(names) for who, names in programs.items()},
        checks=tuple(checks),
    )


def _who(version: Version, people: UserDirectory) -> tuple[str, bool]:
    """Whose edit it was, and whether that is a person."""
    if version.by_app or version.automatic:
        return str(version.author), False
    name = people.name_of(version.by)
    if name is not None:
        return name, _NO_PERSON.search(name) is None
    if version.source is None:
        # Salesforce, whose users are all known but for those that are none: automation, sites, integrations.
        return f"user {version.by}, who is none of the org's people", False
    return f"user {version.by}" if version.by is not None else version.source, True


def _one_of_two(system: str) -> str:
    return (
        "Let one of the two write these fields: take them out of that app, or give them the rule "
        f"`direction: from_{system}`."
    )


def with_savers(
    found: Writers,
    system: str,
    identity: Identity,
    records: Iterable[NativeRecord],
    untracked: Sequence[str],
    people: UserDirectory,
    now: datetime,
) -> Writers:
    """And who saved the accounts last, where the history of some fields is not kept: whoever did may have set these
    fields, and nothing tells."""
    savers: Counter[str] = Counter()
    persons: Counter[str] = Counter()
    for record in records:
        by = record.modified_by
        if by is None or by == identity.acting_as or now - record.modified_at > LATELY:
            continue
        name = people.name_of(by)
        if name is not None and _NO_PERSON.search(name) is None:
            persons[name] += 1
        else:
            savers[name or f"user {by}, who is none of the org's people,"] += 1
    told = f"in {LATELY.days} days, of {found.looked} accounts looked at"
    checks = [
        Check(
            about=system,
            name="second writer",
            state=State.WARN,
            message=f"{name} was the last to save {count:,} {told}; whether it set {', '.join(untracked)} is not "
            "known, for their history is not tracked",
            remedy="Track these fields (tandem provision plan), and look again. " + _one_of_two(system),
        )
        for name, count in savers.items()
    ]
    if persons:
        names = ", ".join(f"{name} {count}" for name, count in persons.most_common(5))
        checks.append(Check(about=system, name="last saved by", message=f"{names} {told}"))
    programs = dict(found.programs)
    for name in savers:
        programs[name] = programs.get(name, frozenset()) | frozenset(untracked)
    return replace(found, programs=programs, checks=(*found.checks, *checks))


def automation_checks(system: str, rules: Iterable[Rule], kinds: Sequence[str]) -> Iterator[Check]:
    """Flows and triggers that run whenever an account is saved: what they set looks like whoever saved it."""
    for kind in kinds:
        names = [rule.name for rule in rules if rule.kind == kind]
        if names:
            yield Check(
                about=system,
                name="automation",
                state=State.WARN,
                message=f"{len(names)} {kind}{'s' if len(names) > 1 else ''} on accounts may set fields too: "
                + ", ".join(names),
                remedy="See that none of them sets a field that Tandem keeps, or give that field the rule "
                f"`direction: from_{system}`.",
                details=tuple(names),
            )


def kept(mapping: FieldMapping, system: str) -> dict[str, NativeField]:
    """The fields of a System that Tandem keeps in step, by their names in the mapping."""
    return {
        name: native
        for name, native in mapping.systems[system].fields.items()
        if mapping.fields[name].rule.direction.kind is not DirectionKind.NONE
    }


def coexistence_checks(mapping: FieldMapping, found: Mapping[str, Writers]) -> Iterator[Check]:
    """Where HubSpot's own Salesforce connector is: which of its mappings to switch off, and that the rest may stay.

    ``found``: by System. What it writes to HubSpot is told there by its name, what it writes to Salesforce by the name
    of the user that it was given.
    """
    orgs = {name: one for name, one in mapping.systems.items() if one.kind is SystemKind.SALESFORCE}
    in_orgs = {
        name: (user, fields)
        for name in orgs
        for user, fields in (found[name].programs if name in found else {}).items()
        if _HUBSPOT.search(user)
    }
    for system, writers in found.items():
        if not writers.beside_connector:
            continue
        pairs: list[str] = []
        owners: list[str] = []
        for name, native in kept(mapping, system).items():
            theirs = dict.fromkeys(org.fields[name].name for org in orgs.values() if name in org.fields)
            pair = f"{native.name} ↔ {'/'.join(theirs)}" if theirs else native.name
            (owners if mapping.fields[name].type is FieldType.USER else pairs).append(pair)
        wrote = writers.programs.get(OWN_CONNECTOR, frozenset())
        told = [f"in {system}: {', '.join(sorted(wrote))}"] if wrote else []
        told += [
            f"in {org} as {user}: {', '.join(sorted(fields))}" for org, (user, fields) in in_orgs.items()
        ]
        if not told and writers.looked:
            yield Check(
                about=system,
                name="coexistence",
                message="HubSpot's own Salesforce connector is here, and left these fields alone for "
                f"{LATELY.days} days",
                details=(*pairs, *owners),
            )
            continue
        yield Check(
            about=system,
            name="coexistence",
            state=State.WARN,
            message="HubSpot's own Salesforce connector is here, and "
            + (
                f"writes fields that Tandem keeps ({'; '.join(told)})"
                if told
                else "may write the fields that Tandem keeps"
            ),
            remedy="In HubSpot: Settings, Integrations, Connected apps, Salesforce, Companies. Set Don't sync for "
            f"{', '.join(pairs)}; leave all other mappings to it (docs/guides/coexistence.md)."
            + (
                f" {', '.join(owners)} can only be two-way there: have owners changed in Salesforce alone, or leave "
                "them to it with the rule `direction: none`."
                if owners
                else ""
            ),
            details=(*pairs, *owners),
        )
