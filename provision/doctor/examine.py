"""Examine a set-up: what is reached, as whom, what is missing, who has no counterpart; each finding with a remedy.

Nothing is written, neither to a CRM nor to the ledger. One System that fails hides nothing of the others.
"""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from connector.base import Connector, Identity, Quota, User
from connector.errors import AuthFailed, ConnectorError, Retryable
from mappings.model import Mapping as FieldMapping
from provision.doctor.checks import Check, State
from provision.fields.state import Action, Line
from provision.fields.survey import Survey, survey
from sync.errors import LedgerError, LedgerMissing
from sync.ledger.ledger import Ledger
from sync.ledger.lifecycle import file
from sync.ledger.systems import KnownSystem
from sync.local_time import MINUTES, in_words
from sync.settings.systems import SalesforceSystem, System

#: Share of the day's calls, whoever made them, from which on a warning is due.
NEARLY_SPENT = 0.8


@dataclass(slots=True, kw_only=True)
class Visit:
    """What one System said."""

    checks: list[Check] = field(default_factory=list)
    users: Sequence[User] | None = None
    #: None where it could not be reached.
    identity: Identity | None = None
    #: The definitions, with the vendor's own fields in their place in its mapping; None where they could not be read.
    survey: Survey | None = None


# -- one System ------------------------------------------------------------------------------------------------


def visit(
    system: System,
    connector: Connector,
    mapping: FieldMapping,
    known: KnownSystem | None,
    clock: Callable[[], datetime],
) -> Visit:
    """Ask one System everything; where it cannot be reached at all, there is one check that says why."""
    found = Visit()
    name = connector.name
    began = clock()
    try:
        identity = connector.identity()
    except ConnectorError as error:
        found.checks.append(_failure(name, "reached", error))
        return found
    took = (clock() - began).total_seconds()
    found.checks.append(Check(about=name, name="reached", message=f"answered in {took:.1f} s"))
    found.identity = identity
    found.checks += _identity_checks(name, identity, system, known)
    with _told(found, name, "quota"):
        found.checks.append(quota_check(name, connector.quota(), system.quota_share))
    with _told(found, name, "fields"):
        surveyed = survey(connector, mapping)
        found.survey = surveyed
        found.checks += field_checks(name, surveyed.lines)
        found.checks += _builtin_checks(name, mapping, surveyed)
    with _told(found, name, "stages"):
        stages = [stage for stage in connector.stages() if stage.active]
        won = sum(1 for stage in stages if stage.won)
        found.checks.append(
            Check(about=name, name="stages", message=f"{len(stages)} opportunity stages, {won} of them won")
        )
    with _told(found, name, "users"):
        found.users = connector.users()
    return found


@contextmanager
def _told(found: Visit, system: str, name: str) -> Iterator[None]:
    """What fails here becomes a check of that name, and the next one is still made."""
    try:
        yield
    except ConnectorError as error:
        found.checks.append(_failure(system, name, error))


def _failure(system: str, name: str, error: ConnectorError) -> Check:
    return Check(
        about=system, name=name, state=State.FAIL, message=str(error), remedy=error.remedy or _remedy(error)
    )


def _remedy(error: ConnectorError) -> str:
    if isinstance(error, AuthFailed):
        return (
            "Correct the credentials under auth: in tandem.yaml, or the rights of the connected user or app."
        )
    if isinstance(error, Retryable):
        return "Check the address in tandem.yaml and the way there, then run again: tandem doctor"
    return "Read what the CRM said, fix it there, then run again: tandem doctor"


def _identity_checks(
    name: str, identity: Identity, system: System, known: KnownSystem | None
) -> Iterator[Check]:
    if known is not None and known.identity != identity.id:
        yield Check(
            about=name,
            name="identity",
            state=State.FAIL,
            message=f"{identity.name} ({identity.id}), but the ledger belongs to {known.identity_name} "
            f"({known.identity})",
            remedy="Correct the credentials, or name another ledger for this org in tandem.yaml (ledger:).",
        )
    else:
        first = "" if known is not None else "; not in the ledger yet"
        key = "expect_org_id" if isinstance(system, SalesforceSystem) else "expect_portal_id"
        told = f", as {key} says" if _expected(system) else f"; {key} is not set"
        yield Check(about=name, name="identity", message=f"{identity.name} ({identity.id}){told}{first}")
    yield Check(
        about=name,
        name="environment",
        message="emulator, on this machine" if is_local(system) else identity.environment,
    )
    acting = identity.acting_as_name or identity.acting_as
    yield Check(
        about=name, name="acting as", message=acting or "the app of the credentials, which has no user's name"
    )
    facts = [fact for fact in (identity.time_zone, identity.currency) if fact]
    if facts:
        yield Check(about=name, name="set to", message=", ".join(facts))


def _expected(system: System) -> str | None:
    return system.expect_org_id if isinstance(system, SalesforceSystem) else system.expect_portal_id


def is_local(system: System) -> bool:
    """An emulator: it is neither production nor a test environment."""
    url = system.login_url if isinstance(system, SalesforceSystem) else system.base_url
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def quota_check(name: str, quota: Quota, share: float) -> Check:
    """What is left of the day's API calls, and how much of them is ours."""
    if quota.limit is None or quota.used is None:
        return Check(about=name, name="quota", message=f"not told by the CRM; Tandem's share is {share:.0%}")
    left = max(quota.limit - quota.used, 0)
    message = (
        f"{left:,} of {quota.limit:,} calls left today; Tandem's share is {round(quota.limit * share):,}"
    )
    resets = f" It is reset at {in_words(quota.resets_at, MINUTES)}." if quota.resets_at is not None else ""
    if left == 0:
        return Check(
            about=name,
            name="quota",
            state=State.FAIL,
            message=message,
            remedy=f"Wait for the next day.{resets} See which app spends the calls.",
        )
    if quota.used >= NEARLY_SPENT * quota.limit:
        return Check(
            about=name,
            name="quota",
            state=State.WARN,
            message=message,
            remedy=f"See which app spends the calls; Tandem stops short of the limit.{resets}",
        )
    return Check(about=name, name="quota", message=message)


# -- fields ----------------------------------------------------------------------------------------------------

_MENDED: Mapping[Action, tuple[str, State]] = {
    Action.CREATE: ("missing", State.FAIL),
    Action.GRANT: ("hidden from the connected user, or read only", State.FAIL),
    Action.CHANGE: ("not as the mapping has them", State.WARN),
}


def field_checks(name: str, lines: Sequence[Line]) -> Iterator[Check]:
    """The findings of provisioning as checks: what Tandem fixes in one line each, what a person fixes one by one."""
    well = [line for line in lines if line.action is Action.KEEP]
    if well:
        unique = "".join(f"; {line.field} is unique" for line in well if line.canonical is None)
        message = f"{len(well)} present, visible, writable and of the right type{unique}"
        yield Check(about=name, name="fields", message=message, details=tuple(line.field for line in well))
    for action, (words, state) in _MENDED.items():
        names = tuple(dict.fromkeys(line.field for line in lines if line.action is action))
        if names:
            yield Check(
                about=name,
                name="fields",
                state=state,
                message=f"{words}: {', '.join(names)}",
                remedy="Look with: tandem provision plan. Fix with: tandem provision apply",
                details=names,
            )
    for line in lines:
        if line.action is Action.WRONG:
            sides = f"{line.stands} → {line.should}" if line.should else line.stands
            yield Check(
                about=name,
                name="fields",
                state=State.FAIL if line.blocks else State.WARN,
                message=f"{line.field} {line.attribute} ({sides}): {line.reason}",
                remedy=line.remedy,
            )


def _builtin_checks(name: str, mapping: FieldMapping, surveyed: Survey) -> Iterator[Check]:
    for canonical, native in mapping.systems[name].fields.items():
        if native.builtin is None:
            continue
        used = surveyed.mapping.systems[name].fields[canonical].name
        there = native.builtin in surveyed.schema.fields
        if used == native.builtin:
            message = f"the CRM's own {native.builtin} is used"
        elif there:
            message = f"{used} stays in use beside the CRM's own {native.builtin}"
        else:
            message = f"the CRM's own {native.builtin} is not here; {used} is used instead"
        yield Check(about=name, name=canonical, message=message)


# -- the ledger ------------------------------------------------------------------------------------------------


def ledger_checks(url: str, clock: Callable[[], datetime]) -> tuple[list[Check], Mapping[str, KnownSystem]]:
    """Whether the ledger opens, is sound and is its owner's alone; and the Systems that it knows."""
    parsed = make_url(url)
    where = parsed.render_as_string(hide_password=True)
    found: list[Check] = []
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        path = Path(parsed.database)
        if path.exists():
            found.append(_mode_check(path))
    known: Mapping[str, KnownSystem] = {}
    try:
        if found:
            file.check_writable(Path(str(parsed.database)))
        with Ledger.open(url, clock, read_only=True) as ledger:
            known = ledger.systems.known()
            problems = ledger.check()
    except LedgerMissing:
        message = f"{where} is not there yet; the first command that needs it makes it"
        return [Check(about="ledger", name="opens", message=message)], {}
    except LedgerError as error:
        found.append(
            Check(
                about="ledger", name="opens", state=State.FAIL, message=str(error), remedy=error.remedy or ""
            )
        )
        return found, known
    found.append(Check(about="ledger", name="opens", message=where))
    if problems:
        found += [
            Check(
                about="ledger",
                name="sound",
                state=State.FAIL,
                message=problem,
                remedy="Restore the newest backup: tandem ledger restore",
            )
            for problem in problems
        ]
    else:
        found.append(Check(about="ledger", name="sound", message="no contradictions"))
    return found, known


def _mode_check(path: Path) -> Check:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Check(
            about="ledger",
            name="private",
            state=State.FAIL,
            message=f"{path} can be opened by others (mode {mode:o})",
            remedy=f"chmod 600 {path}",
        )
    return Check(about="ledger", name="private", message="readable by its owner alone")
