"""Who but Tandem writes the fields that it keeps in step, as findings: people, other apps, HubSpot's own connector."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from connector.base import Identity, NativeRecord, Rule, Version
from mappings.model import Mapping as FieldMapping
from mappings.systems import SystemKind
from sync.checks import Check, State
from sync.people import Directory
from sync.sources import ITS_CONNECTOR, WORKFLOWS, in_words

LATELY = timedelta(days=30)
#: Users that are no people are called so, in a CRM that tells users and not apps.
_NO_PERSON = re.compile(
    r"\b(integrations?|connector|sync|api|hubspot|marketo|pardot|zapier|workato|mulesoft|boomi|segment|census|hightouch"
    r"|automat\w*|service|bot|system|admin user|data ?loader)\b",
    re.IGNORECASE,
)


def writer_checks(
    system: str,
    identity: Identity,
    history: Mapping[str, Mapping[str, Sequence[Version]]],
    people: Directory,
    now: datetime,
) -> Iterator[Check]:
    """Who but Tandem set the synced fields of a sample of linked accounts lately, by the fields' own history."""
    its_connector: Counter[str] = Counter()
    apps: Counter[tuple[str, str]] = Counter()
    persons: Counter[str] = Counter()
    for fields in history.values():
        for name, versions in fields.items():
            for version in versions:
                if now - version.at > LATELY or (version.by is not None and version.by == identity.acting_as):
                    continue
                who = people.name_of(version.by) or version.by or version.source or "somebody"
                if version.source == ITS_CONNECTOR:
                    its_connector[name] += 1
                elif version.source in WORKFLOWS:
                    apps[str(in_words(version.source)), name] += 1
                elif version.by_app:
                    apps[f"app {version.by or 'unknown'}", name] += 1
                elif _NO_PERSON.search(who):
                    apps[who, name] += 1
                else:
                    persons[who] += 1
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
            message=f"{app} set {names} {looked}",
            remedy=_one_of_two(system),
        )
    if persons:
        told = ", ".join(f"{name} {count}" for name, count in persons.most_common(5))
        yield Check(about=system, name="edits by people", message=f"{told} {looked}")


def _one_of_two(system: str) -> str:
    return (
        "Let one of the two write these fields: take them out of that app, or give them the rule "
        f"`direction: from_{system}`."
    )


def saver_checks(
    system: str,
    identity: Identity,
    records: Iterable[NativeRecord],
    untracked: Sequence[str],
    people: Directory,
    now: datetime,
) -> Iterator[Check]:
    """Who saved a sample of linked accounts last, where the history of some fields is not kept: whoever did may have
    set these fields, and nothing tells."""
    if not untracked:
        return
    records = list(records)
    savers = Counter(
        people.name_of(record.modified_by) or record.modified_by
        for record in records
        if record.modified_by is not None
        and record.modified_by != identity.acting_as
        and now - record.modified_at <= LATELY
    )
    looked = f"in {LATELY.days} days, of {len(records)} accounts looked at"
    machines = {name: count for name, count in savers.items() if _NO_PERSON.search(name)}
    persons = {name: count for name, count in savers.items() if name not in machines}
    for name, count in machines.items():
        yield Check(
            about=system,
            name="second writer",
            state=State.WARN,
            message=f"{name} was the last to save {count:,} {looked}; whether it set {', '.join(untracked)} is not "
            "known, for their history is not tracked",
            remedy="Track these fields (tandem provision plan), and look again. " + _one_of_two(system),
        )
    if persons:
        told = ", ".join(f"{name} {count}" for name, count in Counter(persons).most_common(5))
        yield Check(about=system, name="last saved by", message=f"{told} {looked}")


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


def coexistence_checks(
    system: str, mapping: FieldMapping, history: Mapping[str, Mapping[str, Sequence[Version]]], now: datetime
) -> Iterator[Check]:
    """HubSpot's own Salesforce connector is there: which of its mappings to switch off, and that the rest may stay.

    ``history``: of a sample of linked accounts; empty where nothing is linked yet.
    """
    ours = mapping.systems[system]
    theirs = next((one for one in mapping.systems.values() if one.kind is SystemKind.SALESFORCE), None)
    pairs = [
        f"{native.name} ↔ {theirs.fields[name].name}"
        if theirs is not None and name in theirs.fields
        else native.name
        for name, native in ours.fields.items()
    ]
    wrote = {
        name
        for fields in history.values()
        for name, versions in fields.items()
        for version in versions
        if version.source == ITS_CONNECTOR and now - version.at <= LATELY
    }
    if history and not wrote:
        message = (
            f"HubSpot's own Salesforce connector is here, and left these fields alone for {LATELY.days} days"
        )
        yield Check(about=system, name="coexistence", message=message, details=tuple(pairs))
        return
    yield Check(
        about=system,
        name="coexistence",
        state=State.WARN,
        message="HubSpot's own Salesforce connector is here, and "
        + ("writes fields that Tandem keeps" if wrote else "may write the fields that Tandem keeps"),
        remedy="In HubSpot: Settings, Integrations, Connected apps, Salesforce, Companies. Set Don't sync for "
        f"{', '.join(pairs)}; leave all other mappings to it (docs/coexistence.md).",
        details=tuple(pairs),
    )
