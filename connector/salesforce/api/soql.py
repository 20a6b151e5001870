"""Every SOQL statement that Tandem sends, as text. Pure.

Names are checked and values escaped here and nowhere else. Datetimes are bare literals, never quoted
(Salesforce: SOQL and SOSL Reference, "Date Formats and Date Literals").
"""

# ruff: noqa: S608 - building statements is what this module is for; name() and literal() guard each part

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

#: Characters of one IN list. Salesforce takes 100,000 in a statement; far less keeps every gate on the way content.
_LIST_CHARS = 12_000
#: A field, an object, or a path of relationships.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*")
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\0": ""}
)

#: The last row that was read: its SystemModstamp and Id.
Key = tuple[datetime, str]


def name(text: str) -> str:
    """An object's or field's name, unchanged; ValueError for anything that is not one."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not the API name of a Salesforce field or object")
    return text


def literal(text: str) -> str:
    """A string literal, quoted and escaped."""
    return f"'{text.translate(_ESCAPES)}'"


def moment(at: datetime) -> str:
    """A datetime literal in UTC, in milliseconds. ``at`` must be aware."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def columns(*groups: Iterable[str]) -> list[str]:
    """Field names in order, each once whatever its case."""
    found: dict[str, str] = {}
    for group in groups:
        for column in group:
            found.setdefault(column.lower(), name(column))
    return list(found.values())


def scan(
    object: str,
    fields: Sequence[str],
    *,
    since: datetime | None = None,
    after: Key | None = None,
    conditions: Sequence[str] = (),
) -> str:
    """Rows in the order of (SystemModstamp, Id), from a moment on or after a row.

    Stamps are whole seconds and bulk loads give thousands of rows the same one, so that only the pair
    tells where a read stopped.
    """
    where = list(conditions)
    if after is not None:
        stamp, id = after
        where.insert(
            0,
            f"((SystemModstamp = {moment(stamp)} AND Id > {literal(id)}) OR SystemModstamp > {moment(stamp)})",
        )
    elif since is not None:
        where.insert(0, f"SystemModstamp >= {moment(since)}")
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    return f"SELECT {', '.join(columns(fields))} FROM {name(object)}{clause} ORDER BY SystemModstamp, Id"


def by_values(
    object: str, fields: Sequence[str], field: str, values: Sequence[str], conditions: Sequence[str] = ()
) -> str:
    """Rows whose field holds one of the values."""
    listed = ",".join(literal(value) for value in values)
    more = "".join(f" AND {condition}" for condition in conditions)
    return f"SELECT {', '.join(columns(fields))} FROM {name(object)} WHERE {name(field)} IN ({listed}){more}"


def in_lists(values: Iterable[str], most: int = 500) -> Iterator[list[str]]:
    """Cut values into lists that fit one statement each."""
    chunk: list[str] = []
    size = 0
    for value in values:
        length = len(literal(value)) + 1
        if chunk and (size + length > _LIST_CHARS or len(chunk) >= most):
            yield chunk
            chunk, size = [], 0
        chunk.append(value)
        size += length
    if chunk:
        yield chunk


USERS = (
    "SELECT Id, Name, Email, IsActive FROM User WHERE UserType IN ('Standard', 'PowerPartner') ORDER BY Id"
)
STAGES = (
    "SELECT Id, ApiName, MasterLabel, SortOrder, IsActive, IsClosed, IsWon, DefaultProbability "
    "FROM OpportunityStage ORDER BY SortOrder"
)
ORGANIZATION = "SELECT Id, Name, IsSandbox, OrganizationType, TimeZoneSidKey FROM Organization"


def latest(object: str, most: int) -> str:
    """The records that changed last."""
    return f"SELECT Id FROM {name(object)} ORDER BY SystemModstamp DESC LIMIT {most}"


#: Rows of an aggregate, which has no second page (Salesforce: SOQL, "GROUP BY").
MOST_GROUPS = 2000


def counts_by_value(object: str, field: str, conditions: Sequence[str] = ()) -> str:
    """How many records hold each value of a field, the most frequent first, ``MOST_GROUPS`` of them."""
    return (
        f"SELECT {name(field)}, COUNT(Id) records FROM {name(object)} WHERE {filled(field, conditions)} "
        f"GROUP BY {name(field)} ORDER BY COUNT(Id) DESC LIMIT {MOST_GROUPS}"
    )


def filled(field: str, conditions: Sequence[str] = ()) -> str:
    """The field holds something, and these conditions hold too."""
    return " AND ".join([f"{name(field)} != null", *conditions])


def count_where(object: str, condition: str) -> str:
    """How many records a condition of this module holds for."""
    return f"SELECT COUNT(Id) records FROM {name(object)} WHERE {condition}"


def longer_than(field: str, length: int) -> str:
    """A text of more characters; in LIKE an underscore stands for any one of them."""
    return f"{name(field)} LIKE '{'_' * (length + 1)}%'"


def as_large_as(field: str, size: int) -> str:
    """A number at least so far from zero."""
    return f"({name(field)} >= {size} OR {name(field)} <= -{size})"


def user(id: str) -> str:
    """The one user."""
    return f"SELECT Id, Name, Username FROM User WHERE Id = {literal(id)}"


def custom_fields(object: str) -> str:
    """Every custom field of an object, visible to us or not (Tooling API)."""
    return (
        "SELECT Id, DeveloperName, NamespacePrefix, ManageableState FROM CustomField "
        f"WHERE TableEnumOrId = {literal(name(object))}"
    )


def record_types(object: str, *, people: bool) -> str:
    """The record types of an object. ``people``: the org has person accounts, and tells which are theirs."""
    more = ", IsPersonType" if people else ""
    return (
        f"SELECT Id, Name, NamespacePrefix, Description{more} FROM RecordType "
        f"WHERE SobjectType = {literal(name(object))}"
    )


def tracked_fields(object: str) -> str:
    """Which fields of an object have their history tracked (Tooling API)."""
    return (
        "SELECT QualifiedApiName, IsFieldHistoryTracked FROM FieldDefinition "
        f"WHERE EntityDefinitionId = {literal(name(object))}"
    )


def custom_field(object: str, field: str) -> str:
    """The one custom field by its API name, of no package (Tooling API)."""
    developer_name = name(field).removesuffix("__c")
    return (
        f"SELECT Id FROM CustomField WHERE TableEnumOrId = {literal(name(object))} "
        f"AND DeveloperName = {literal(developer_name)} AND NamespacePrefix = null"
    )


def permission_set(name_: str) -> str:
    """The permission set of that name."""
    return f"SELECT Id FROM PermissionSet WHERE Name = {literal(name_)} AND NamespacePrefix = null"


def field_permissions(permission_set_name: str, object: str) -> str:
    """What a permission set grants on an object's fields."""
    return (
        "SELECT Id, Field, PermissionsRead, PermissionsEdit FROM FieldPermissions "
        f"WHERE Parent.Name = {literal(permission_set_name)} AND SobjectType = {literal(name(object))}"
    )


def all_field_permissions(permission_set_name: str) -> str:
    """What a permission set grants on the fields of any object."""
    return (
        "SELECT Field, PermissionsRead, PermissionsEdit FROM FieldPermissions "
        f"WHERE Parent.Name = {literal(permission_set_name)}"
    )


def object_permissions(permission_set_name: str, columns: Sequence[str]) -> str:
    """What a permission set lets people do with records."""
    return (
        f"SELECT SobjectType, {', '.join(map(name, columns))} FROM ObjectPermissions "
        f"WHERE Parent.Name = {literal(permission_set_name)}"
    )


def assignments(permission_set_name: str) -> str:
    """Who has a permission set."""
    return (
        "SELECT Id, AssigneeId FROM PermissionSetAssignment "
        f"WHERE PermissionSet.Name = {literal(permission_set_name)}"
    )


def users_named(user_id: str | None, usernames: Sequence[str], profiles: Sequence[str]) -> str:
    """The active users of these ids, usernames and profiles. Salesforce tells no usernames apart by case."""
    conditions = [f"Id = {literal(user_id or '')}"] if user_id else []
    for column, names in (("Username", usernames), ("Profile.Name", profiles)):
        if names:
            conditions.append(f"{column} IN ({','.join(literal(one) for one in names)})")
    return (
        f"SELECT Id, Username, Profile.Name FROM User WHERE IsActive = true AND ({' OR '.join(conditions)})"
    )


def rights_of_profile(user_id: str, columns: Sequence[str]) -> str:
    """What a user's profile lets the user do."""
    listed = ", ".join(f"Profile.{name(column)}" for column in columns)
    return f"SELECT {listed} FROM User WHERE Id = {literal(user_id)}"


def rights_of_sets(user_id: str, columns: Sequence[str]) -> str:
    """What each permission set of a user lets the user do."""
    listed = ", ".join(f"PermissionSet.{name(column)}" for column in columns)
    return f"SELECT {listed} FROM PermissionSetAssignment WHERE AssigneeId = {literal(user_id)}"


def validation_rules(object: str) -> str:
    """Active validation rules of an object (Tooling API); their formulas are told one at a time."""
    return (
        f"SELECT Id, ValidationName FROM ValidationRule WHERE EntityDefinition.QualifiedApiName = {literal(object)} "
        "AND Active = true ORDER BY ValidationName"
    )


def validation_rule(id: str) -> str:
    """One validation rule with its formula (Tooling API)."""
    return f"SELECT Id, Metadata FROM ValidationRule WHERE Id = {literal(id)}"


def flows(object: str) -> str:
    """Active flows that run when a record of an object is saved."""
    return (
        f"SELECT Label FROM FlowDefinitionView WHERE TriggerObjectOrEventId = {literal(object)} "
        "AND IsActive = true ORDER BY Label"
    )


def triggers(object: str) -> str:
    """Active Apex triggers on an object."""
    return (
        f"SELECT Name FROM ApexTrigger WHERE TableEnumOrId = {literal(object)} "
        "AND Status = 'Active' ORDER BY Name"
    )


def any_row(object: str) -> str:
    """Whether an object can be queried at all."""
    return f"SELECT Id FROM {name(object)} LIMIT 1"


def duplicate_rules(object: str) -> str:
    """Active duplicate rules of an object."""
    return (
        f"SELECT Id, MasterLabel FROM DuplicateRule WHERE SobjectType = {literal(object)} "
        "AND IsActive = true ORDER BY MasterLabel"
    )
