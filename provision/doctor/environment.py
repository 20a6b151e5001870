"""What surrounds Tandem in a System, as findings: the clock, rights and scopes by name, rules that refuse, and who else
writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.base import Connector, Surroundings, User
from connector.errors import ConnectorError
from mappings.model import Mapping as FieldMapping
from provision.doctor.api_versions import feature_checks, login_checks, version_check
from provision.doctor.checks import Check, State
from provision.doctor.examine import NEARLY_SPENT
from provision.doctor.permissions import record_checks, right_checks, scope_checks
from provision.doctor.second_writers import Writers, automation_checks, kept, with_savers, writers
from provision.fields.survey import Survey
from sync.errors import LedgerError
from sync.ledger.ledger import Ledger
from sync.model.users import UserDirectory
from sync.settings.systems import System

#: A clock that is further off signs log-ins that are refused, and reads records too early or twice.
SKEW = timedelta(seconds=30)
#: Linked accounts that are looked at for other writers.
SAMPLE = 50

_REFUSING = frozenset({"validation rule", "duplicate rule"})
_WRITING = ("flow", "Apex trigger")


def linked_sample(url: str, clock: Callable[[], datetime]) -> dict[str, list[str]]:
    """The linked records of each System that changed last, by their ids; nothing where the ledger cannot be read."""
    found: dict[str, list[str]] = {}
    try:
        with Ledger.open(url, clock, read_only=True) as ledger:
            for account in ledger.accounts.latest(SAMPLE):
                for system, record in account.records.items():
                    found.setdefault(system, []).append(record.id)
    except LedgerError:
        return {}
    return found


@dataclass(slots=True)
class Looked:
    """What surrounds Tandem in one System."""

    checks: list[Check] = field(default_factory=list)
    #: See ``connector.base.Surroundings.rights``.
    rights: Mapping[str, bool] = field(default_factory=dict)
    writers: Writers = field(default_factory=Writers)


def look_around(
    connector: Connector,
    settings: System,
    mapping: FieldMapping,
    survey: Survey | None,
    sample: Sequence[str],
    users: Sequence[User],
    clock: Callable[[], datetime],
) -> Looked:
    """Everything about one System that answers. What cannot be asked is left out, and said.

    ``survey``: its definitions, where they could be read. ``sample``: linked records, by their ids. ``users``:
    everybody who can own a record, as far as that could be asked.
    """
    looked = Looked()
    mapping = survey.mapping if survey is not None else mapping
    system = mapping.systems[connector.name]
    names = [native.name for native in system.fields.values()]
    found = looked.checks
    try:
        told = connector.surroundings(system.account_object, names)
        found.append(version_check(connector.name, settings, told, clock()))
        found += login_checks(connector.name, settings)
        found += feature_checks(connector.name, told)
        found += allowance_checks(connector.name, told)
        found += clock_checks(connector.name, told, clock())
        found += right_checks(connector.name, settings, told)
        found += record_checks(connector.name, told)
        found += scope_checks(connector.name, settings, told)
        found += rule_checks(connector.name, told)
        found += automation_checks(connector.name, told.rules, _WRITING)
        looked.rights = told.rights
        if survey is not None:
            looked.writers = _writers(connector, survey, told, sample, users, clock())
            found += looked.writers.checks
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
    return looked


def _writers(
    connector: Connector,
    survey: Survey,
    told: Surroundings,
    sample: Sequence[str],
    users: Sequence[User],
    now: datetime,
) -> Writers:
    system, present = survey.mapping.systems[connector.name], survey.schema.fields
    here = [native.name for native in kept(survey.mapping, connector.name).values() if native.name in present]
    # Before anything is linked, what changed last in the System tells as much.
    ids = list(sample) or connector.latest(system.account_object, SAMPLE)
    directory, identity = UserDirectory(users, people=survey.mapping.people), connector.identity()
    found = writers(
        connector.name,
        identity,
        connector.history(system.account_object, here, ids) if ids else {},
        directory,
        now,
        looked=len(ids),
        beside_connector=told.features.get("Salesforce connector", False),
    )
    untracked = [name for name in here if present[name].tracked is False]
    if not untracked or not ids:
        return found
    records = connector.read(system.account_object, [system.identity.name], ids)
    return with_savers(found, connector.name, identity, records.values(), untracked, directory, now)


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


def allowance_checks(system: str, told: Surroundings) -> Iterator[Check]:
    """What is left of the day's allowances beside API calls; whoever spends them is not told by the CRM."""
    for name, quota in told.allowances.items():
        if quota.limit is None or quota.used is None:
            continue
        left = max(quota.limit - quota.used, 0)
        message = f"{left:,} of {quota.limit:,} left today"
        if quota.used < NEARLY_SPENT * quota.limit:
            yield Check(about=system, name=name, message=message)
        else:
            yield Check(
                about=system,
                name=name,
                state=State.WARN,
                message=message,
                remedy="See in Setup, Bulk Data Load Jobs, which program spends them: without any left, thousands of "
                "rows cannot be written at once.",
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
