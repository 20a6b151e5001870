"""Who owns accounts in each System, and who of them is nobody, several or inactive in another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from connector.base import Connector, User, ValueCounts
from connector.errors import ConnectorError
from mappings.fields import FieldType
from mappings.model import Mapping as FieldMapping
from mappings.people import NOBODY_SPECIAL, People
from mappings.values.canonical import email as canonical_email
from provision.doctor.checks import Check, State

#: Ids of Salesforce's queues begin so (Salesforce: Object Reference, "Group").
_QUEUE = "00G"


def owner_checks(users: Mapping[str, Sequence[User]]) -> Iterator[Check]:
    """How many people can own accounts in each System, and who of them is nobody, or several, to the others."""
    addresses = {
        system: Counter(_address(user) for user in people if user.active and _address(user))
        for system, people in users.items()
    }
    for system, people in users.items():
        active = [user for user in people if user.active]
        yield Check(about="owners", name=system, message=f"users: {len(people)}, active: {len(active)}")
        nameless = tuple(user.name for user in active if not _address(user))
        if nameless:
            yield _warning(
                system, "without an e-mail", nameless, "Give them one, or accounts they own are held back."
            )
        shared = tuple(sorted(address for address, count in addresses[system].items() if count > 1))
        if shared:
            remedy = "Give each of these users an e-mail of their own; until then it names nobody."
            yield _warning(system, "e-mails shared by several active users", shared, remedy)


def without_counterpart(
    system: str, users: Mapping[str, Sequence[User]], known_as: People = NOBODY_SPECIAL
) -> dict[str, dict[str, str]]:
    """Of each other System the active users of this one that it does not know as active: by native id, their
    addresses."""
    mine = {
        user.id: _person(user, known_as) for user in users[system] if user.active and _person(user, known_as)
    }
    found: dict[str, dict[str, str]] = {}
    for other, people in users.items():
        if other == system:
            continue
        active = {_person(user, known_as) for user in people if user.active}
        left = {_person(user, known_as) for user in people if not user.active}
        found[other] = {
            id: f"{address} (inactive there)" if address in left else address
            for id, address in mine.items()
            if address not in active
        }
    return found


def owned_checks(
    connector: Connector,
    mapping: FieldMapping,
    users: Mapping[str, Sequence[User]],
    rights: Mapping[str, bool],
) -> Iterator[Check]:
    """Accounts whose owner Tandem cannot carry over: without a counterpart elsewhere, inactive, a queue, or nobody who
    could own one. Counted; whoever owns none is in nobody's way.

    ``users``: of every System that could be asked. ``rights``: what our user may do (``Surroundings.rights``); a record
    of an inactive owner takes a right to write.
    """
    system, people = mapping.systems[connector.name], users[connector.name]
    field = next(
        (one for name, one in system.fields.items() if mapping.fields[name].type is FieldType.USER), None
    )
    if field is None:
        return
    known = {user.id: user for user in people}
    apart = without_counterpart(connector.name, users, mapping.people)
    lonely = {id for alone in apart.values() for id in alone}
    try:
        counts = connector.value_counts(
            system.account_object,
            field.name,
            besides=[user.id for user in people if user.active and user.id not in lonely],
        )
    except ConnectorError as error:
        yield Check(
            about="owners",
            name=connector.name,
            state=State.WARN,
            message=f"accounts could not be counted by their owners: {error}",
            remedy=error.remedy
            or "Give the connected user the right to read them, then run again: tandem doctor",
        )
        return
    yield from _apart(connector.name, apart, counts)
    left = {
        known[id].name: count for id, count in counts.values.items() if id in known and not known[id].active
    }
    queues = {id: count for id, count in counts.values.items() if id.startswith(_QUEUE)}
    nobody = {id: count for id, count in counts.values.items() if id not in known and id not in queues}
    if left:
        right = "Update Records with Inactive Owners"
        refused = rights.get("UpdateWithInactiveOwner") is False
        yield _counted(
            connector.name,
            "accounts owned by inactive users",
            left,
            "Give these accounts to active users"
            + (
                f", or the connected user the right “{right}”: else writes to them are refused."
                if refused
                else "."
            ),
        )
    if queues:
        yield _counted(
            connector.name,
            "accounts owned by queues",
            queues,
            "Give them to people: a queue has no e-mail by which another System would know it.",
        )
    unmatched = "unmatched or " if lonely else ""
    for words, told in (
        ("accounts whose owner is no user that may own records", nobody),
        (
            f"accounts of {unmatched}inactive users or of nobody, too many owners to tell them apart",
            {"accounts": counts.others},
        ),
    ):
        if any(told.values()):
            remedy = "Give these accounts to active users; their owner is held back until then."
            yield _counted(connector.name, words, told, remedy)


def _apart(system: str, apart: Mapping[str, Mapping[str, str]], counts: ValueCounts) -> Iterator[Check]:
    for other, alone in apart.items():
        owning = {alone[id]: count for id, count in counts.values.items() if id in alone}
        if owning:
            remedy = f"Invite or activate them in {other}, or give their accounts to somebody who is in both."
            yield _counted(system, f"accounts of users without a counterpart in {other}", owning, remedy)
        idle = tuple(sorted(address for id, address in alone.items() if id not in counts.values))
        if idle:
            which = "further active users" if owning else "active users"
            none = "own none that is counted" if counts.others else "own no account"
            message = f"{which} without a counterpart in {other}, who {none}: {len(idle):,}"
            yield Check(about="owners", name=system, message=message, details=idle)


def _counted(system: str, words: str, counts: Mapping[str, int], remedy: str) -> Check:
    listed = tuple(f"{name} {count:,}" for name, count in counts.items())
    return Check(
        about="owners",
        name=system,
        state=State.WARN,
        message=f"{words}: {sum(counts.values()):,}",
        remedy=remedy,
        details=listed,
    )


def _warning(system: str, words: str, names: tuple[str, ...], remedy: str) -> Check:
    return Check(
        about="owners",
        name=system,
        state=State.WARN,
        message=f"{words}: {len(names)}",
        remedy=remedy,
        details=names,
    )


def _address(user: User) -> str:
    return (canonical_email(user.email) if user.email is not None else None) or ""


def _person(user: User, known_as: People) -> str:
    """The address under which other Systems know this user, who may have another one there."""
    return known_as.called(_address(user)) or ""
